package servers

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func page(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// say writes a value down, "-" for what was not said.
func say(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint(math.Round(*v*1e6) / 1e6)
}

func (r Reading) String() string {
	s := fmt.Sprintf("%s running %s waiting %s kv %s queue %s/%s", r.kind, say(r.Running), say(r.Waiting), say(r.KVUse), say(r.queueSeconds), say(r.queueLeft))
	for _, g := range r.GPUs {
		s += fmt.Sprintf("; %s use %s memory %.0f/%.0f MiB", g.ID, say(g.Use), *g.MemoryUsed/(1<<20), *g.MemoryTotal/(1<<20))
	}
	return s
}

// What each server's page says, once with its kind and once with the kind found
// out. The figures are sums and maxima over the fixture, by hand.
func TestPagesOfEachServer(t *testing.T) {
	for _, c := range []struct{ page, kind, want string }{
		{"vllm", VLLM, "vllm running 12 waiting 2 kv 0.73 queue 16/160"},
		{"vllm-0.8", VLLM, "vllm running 3 waiting 0 kv 0.125 queue -/-"},
		{"tgi", TGI, "tgi running 8 waiting 4 kv - queue 6.3/42"},
		{"trtllm", TensorRTLLM, "tensorrt-llm running 16 waiting 9 kv 0.875 queue 30/20"},
		{"triton", Triton, "triton running 12 waiting 3 kv 0.3 queue 4/200; GPU-a use 0.96 memory 61440/81920 MiB"},
		{"triton-plain", Triton, "triton running - waiting 5 kv - queue -/-"},
		{"sglang", SGLang, "sglang running 11 waiting 4 kv 0.28 queue -/-"},
		{"dcgm", DCGM, "dcgm running - waiting - kv - queue -/-" +
			"; GPU-1111 use 1 memory 80000/81024 MiB; GPU-2222 use 0.37 memory 40000/80960 MiB"},
	} {
		for _, kind := range []string{c.kind, ""} {
			got, err := parse(strings.NewReader(page(t, c.page)), kind)
			if err != nil {
				t.Errorf("%s as %q: %v", c.page, kind, err)
				continue
			}
			if got.String() != c.want {
				t.Errorf("%s as %q:\n  %s, want\n  %s", c.page, kind, got, c.want)
			}
		}
	}
}

// Triton shows the names of the engine inside it too: one of the two queues is
// taken, never their sum.
func TestEngineInsideAnotherServer(t *testing.T) {
	for kind, want := range map[string]string{
		"":     "vllm running 6 waiting 1 kv 0.2 queue -/-",
		VLLM:   "vllm running 6 waiting 1 kv 0.2 queue -/-",
		Triton: "triton running - waiting 40 kv - queue -/-",
	} {
		got, err := parse(strings.NewReader(page(t, "triton-vllm")), kind)
		if err != nil || got.String() != want {
			t.Errorf("as %q: %s %v, want %s", kind, got, err, want)
		}
	}
}

func TestMemoryUse(t *testing.T) {
	got, err := parse(strings.NewReader(page(t, "dcgm")), "")
	if err != nil {
		t.Fatal(err)
	}
	use, ok := got.GPUs[0].MemoryUse()
	if !ok || math.Abs(use-80000./81024) > 1e-9 {
		t.Errorf("%v %v, want 80000/81024", use, ok)
	}
	if got.GPUs[0].Name != "NVIDIA H100 80GB HBM3" {
		t.Errorf("the GPU is called %q", got.GPUs[0].Name)
	}
	if _, ok := (GPU{MemoryUsed: &use}).MemoryUse(); ok {
		t.Error("a share without a whole")
	}
}

func TestPagesThatSayNothing(t *testing.T) {
	for name, c := range map[string]struct{ page, kind, want string }{
		"the statistics of TensorRT-LLM, which are JSON": {page(t, "trtllm-json"), TensorRTLLM, "none of the metrics of tensorrt-llm"},
		"the same, kind unknown":                         {page(t, "trtllm-json"), "", "/prometheus/metrics"},
		"nothing":                                        {"", "", "none of the metrics"},
		"HTML":                                           {"<html><body>hello</body></html>", "", "none of the metrics"},
		"another server's":                               {page(t, "tgi"), VLLM, "none of the metrics of vllm"},
		"comments only":                                  {"# TYPE vllm:num_requests_running gauge\n", "", "none of the metrics"},
		"not a number":                                   {"tgi_queue_size NaN\n", "", "none of the metrics"},
		"below zero":                                     {"tgi_queue_size -1\n", "", "none of the metrics"},
		"no end":                                         {"tgi_queue_size +Inf\n", "", "none of the metrics"},
		"a KV cache of 41, which is no share":            {"vllm:kv_cache_usage_perc 41\n", "", "none of the metrics"},
		"a line cut off":                                 {"vllm:num_requests_running{model_name=\"lla", "", "understand its page"},
		"words for a number":                             {"tgi_queue_size many\n", "", "understand its page"},
	} {
		got, err := parse(strings.NewReader(c.page), c.kind)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s %v, want %q", name, got, err, c.want)
		}
	}
}

// What is wrong with a family that nobody wants must not cost those that are.
func TestFaultsOfOtherFamilies(t *testing.T) {
	for name, other := range map[string]string{
		"declared twice":  "# TYPE a counter\n# TYPE a gauge\na 1\n",
		"a broken line":   "a{b=\"c 1\n",
		"another format":  "# EOF\n",
		"a very long one": strings.Repeat("x", 1<<20) + " 1\n",
		"CRLF":            "a 1\r\n",
	} {
		got, err := parse(strings.NewReader(other+"tgi_queue_size 3\r\n"+other+"tgi_batch_current_size 2"), "")
		if err != nil || say(got.Waiting) != "3" || say(got.Running) != "2" {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b), "")
	}
	f.Fuzz(func(t *testing.T, page, kind string) {
		got, err := parse(strings.NewReader(page), kind)
		if err != nil {
			return
		}
		for _, v := range []*float64{got.Running, got.Waiting, got.KVUse, got.queueSeconds, got.queueLeft} {
			if v != nil && !(*v >= 0) {
				t.Errorf("%v was read", *v)
			}
		}
		if got.KVUse != nil && *got.KVUse > 1 {
			t.Errorf("a KV cache that is full %v times", *got.KVUse)
		}
	})
}
