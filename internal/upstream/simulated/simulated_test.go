package simulated

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/upstream/upstreamtest"
)

// at makes a model of a profile's options and its endpoint.
func at(t testing.TB, options map[string]any) (*Driver, *upstream.Endpoint) {
	t.Helper()
	m := upstream.Model{Name: "small", ID: "small-1", Vendor: upstream.Vendor{Driver: "simulated"}, Options: options}
	d, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	return d, upstream.NewPool(m, d).Endpoints[0]
}

func body(text, more string) string {
	return fmt.Sprintf(`{"model":"route","messages":[{"role":"user","content":%q}]%s}`, text, more)
}

func call(t testing.TB, e *upstream.Endpoint, stream bool, body string) *upstream.Call {
	return &upstream.Call{Request: upstreamtest.Request(t, chat.OpChat, body), Stream: stream, Model: "small-1", Endpoint: e}
}

// ask gives the text, the reason of the end and the usage of an answer.
func ask(t testing.TB, d *Driver, c *upstream.Call) (text, finish string, used chat.Usage) {
	t.Helper()
	r, err := d.Chat(t.Context(), c)
	if err != nil || r.Status != 200 {
		t.Fatalf("%+v, %v", r, err)
	}
	defer r.Frames.Close()
	for {
		f, err := r.Frames.Next()
		if err == io.EOF {
			return text, finish, used
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.HasUsage {
			used = f.Usage
		}
		if f.Finish != "" {
			finish = f.Finish
		}
		if f.Data == nil {
			continue
		}
		deltas, err := openai.Codec{}.Deltas(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range deltas {
			text += one.Text
		}
	}
}

var quick = map[string]any{"speed": 100_000}

func TestContract(t *testing.T) {
	upstreamtest.Run(t, func(t *testing.T) (upstream.Driver, *upstream.Endpoint, string) {
		d, e := at(t, map[string]any{"first_token": "1ms", "tokens_per_second": 1000, "length": 5000, "length_sigma": 0})
		return d, e, "small-1"
	})
}

func TestEveryAnswerSaysThatItIsSimulated(t *testing.T) {
	d, e := at(t, quick)
	for _, stream := range []bool{false, true} {
		r, err := d.Chat(t.Context(), call(t, e, stream, body("Hello", "")))
		if err != nil {
			t.Fatal(err)
		}
		if r.Header["X-Weir-Simulated"][0] != "true" {
			t.Errorf("stream %v: header %v", stream, r.Header)
		}
		for {
			f, err := r.Frames.Next()
			if err == io.EOF {
				break
			}
			if f.Kind == chat.Done {
				continue
			}
			marked(t, f.Data)
		}
	}
	for _, b := range []string{body("Hello", `,"n":2`), body("Hello", `,"logprobs":true`)} {
		r, err := d.Chat(t.Context(), call(t, e, false, b))
		if err != nil || r.Status != 400 || r.Header["X-Weir-Simulated"] == nil {
			t.Fatalf("%+v, %v", r, err)
		}
		marked(t, r.Body)
	}
	if text, _, _ := ask(t, d, call(t, e, false, body("Hello", ""))); !strings.HasPrefix(text, "[simulated small-1] ") {
		t.Errorf("text %q", text)
	}
}

func marked(t *testing.T, data []byte) {
	t.Helper()
	var got struct {
		Simulated   bool
		Fingerprint string `json:"system_fingerprint"`
		Error       any
	}
	if err := json.Unmarshal(data, &got); err != nil || !got.Simulated || got.Error == nil && got.Fingerprint != "simulated" {
		t.Errorf("%s, %v", data, err)
	}
}

func TestSameSeedSameAnswers(t *testing.T) {
	answers := func(seed int, stream bool) (all []string) {
		d, e := at(t, map[string]any{"speed": 100_000, "seed": seed})
		for i := range 20 {
			text, _, _ := ask(t, d, call(t, e, stream, body(fmt.Sprint("Question ", i%5), "")))
			all = append(all, text)
		}
		return all
	}
	first := answers(1, false)
	if again := answers(1, false); strings.Join(again, "|") != strings.Join(first, "|") {
		t.Error("the same seed gave other answers")
	}
	if streamed := answers(1, true); strings.Join(streamed, "|") != strings.Join(first, "|") {
		t.Error("streamed answers differ from whole ones")
	}
	if other := answers(2, false); other[0] == first[0] {
		t.Error("another seed gave the same answer")
	}
	if first[0] == first[5] {
		t.Error("a request that came again got the same answer, as if luck were part of the question")
	}
	if first[0] == first[1] {
		t.Error("different questions got the same answer")
	}
}

func TestParametersAreAPartOfTheQuestion(t *testing.T) {
	d, e := at(t, quick)
	plain, _, _ := ask(t, d, call(t, e, false, body("Hello", "")))
	d, _ = at(t, quick)
	c := call(t, e, false, body("Hello", ""))
	c.Request.Set("temperature", []byte("0.1"))
	if hot, _, _ := ask(t, d, c); hot == plain {
		t.Error("a parameter changed nothing")
	}
}

func TestTokenLimits(t *testing.T) {
	d, e := at(t, quick)
	for _, c := range []struct {
		more, finish string
		set          string
		most         int64
	}{
		{`,"max_tokens":1`, "length", "", 1},
		{`,"max_tokens":7`, "length", "", 7},
		{`,"max_completion_tokens":5,"max_tokens":9`, "length", "", 5},
		{`,"max_tokens":9`, "length", "3", 3},
		{`,"max_tokens":10000`, "stop", "", 10000},
	} {
		k := call(t, e, false, body("Hello", c.more))
		if c.set != "" {
			k.Request.Set("max_tokens", []byte(c.set))
		}
		text, finish, used := ask(t, d, k)
		if finish != c.finish || used.Output > c.most || c.finish == "length" && used.Output != c.most {
			t.Errorf("%s set %q: finish %s, %d tokens: %q", c.more, c.set, finish, used.Output, text)
		}
		if !strings.HasPrefix(text, "[simulated small-1]") {
			t.Errorf("%s: the mark is cut: %q", c.more, text)
		}
		if used.Input <= 0 {
			t.Errorf("input %d", used.Input)
		}
	}
}

func TestStopSequences(t *testing.T) {
	pieces := []string{"[simulated m]", " One", " two.", "\nquality: good"}
	for stop, want := range map[string]string{
		"":             "[simulated m] One two.\nquality: good",
		"two":          "[simulated m] One ",
		"e tw":         "[simulated m] On",
		" One":         "[simulated m]",
		"[simulated m": "[simulated m] One two.\nquality: good",
		"\nquality":    "[simulated m] One two.",
		"absent":       "[simulated m] One two.\nquality: good",
	} {
		if got := strings.Join(cutAtStop(append([]string(nil), pieces...), []string{stop}), ""); got != want {
			t.Errorf("stop %q: %q, want %q", stop, got, want)
		}
	}
	d, e := at(t, quick)
	for _, more := range []string{`,"stop":"quality"`, `,"stop":["zzz","quality"]`} {
		if text, finish, _ := ask(t, d, call(t, e, true, body("Hello", more))); strings.Contains(text, "quality") || finish != "stop" {
			t.Errorf("%s: %q, %s", more, text, finish)
		}
	}
}

func TestWhatItCannotDoIsRefused(t *testing.T) {
	d, e := at(t, quick)
	for _, c := range []struct {
		more, param string
	}{
		{`,"n":2`, "n"},
		{`,"logprobs":true`, "logprobs"},
		{`,"response_format":{"type":"json_object"}`, "response_format"},
		{`,"tool_choice":"required"`, "tool_choice"},
		{`,"tool_choice":{"type":"function"}`, "tool_choice"},
	} {
		r, err := d.Chat(t.Context(), call(t, e, true, body("Hello", c.more)))
		if err != nil || r.Status != 400 || !strings.Contains(string(r.Body), `"param":"`+c.param+`"`) {
			t.Errorf("%s: %+v %s, %v", c.more, r, r.Body, err)
		}
	}
	for _, more := range []string{`,"n":1`, `,"logprobs":false`, `,"response_format":{"type":"text"}`, `,"tool_choice":"auto"`, `,"tool_choice":null`} {
		if r, err := d.Chat(t.Context(), call(t, e, false, body("Hello", more))); err != nil || r.Status != 200 {
			t.Errorf("%s: %+v, %v", more, r, err)
		}
	}
}

// The shares that a profile declares are the shares that come, within five
// standard errors of a binomial at this many requests.
func TestDeclaredRates(t *testing.T) {
	const n = 4000
	rates := map[string]float64{"failure": 0.05, "reject": 0.1, "truncate": 0.08, "timeout": 0.03, "refusal": 0.2, "good": 0.7}
	d, e := at(t, map[string]any{"speed": 1e6, "length": 10, "failure_rate": "5%", "reject_rate": 0.1, "truncate_rate": 0.08, "timeout_rate": 0.03,
		"refusal_rate": 0.2, "quality": "70 %"})
	count := map[string]int{}
	for i := range n {
		c := call(t, e, false, body(fmt.Sprint("Question ", i), ""))
		l := d.draw(c)
		if l.refuses {
			count["refusal"]++
		}
		if l.good {
			count["good"]++
		}
		switch l.outcome {
		case hangs:
			count["timeout"]++
		case fails:
			count["failure"]++
		case rejects:
			count["reject"]++
		case truncates:
			count["truncate"]++
		}
	}
	for name, rate := range rates {
		got := float64(count[name]) / n
		if slack := 5 * math.Sqrt(rate*(1-rate)/n); math.Abs(got-rate) > slack {
			t.Errorf("%s: %.4f, declared %.4f ± %.4f", name, got, rate, slack)
		}
	}
}

// A profile that always does one thing does it, after the time that it declares.
func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		only := func(option string) (*Driver, *upstream.Endpoint) {
			return at(t, map[string]any{option: 1, "first_token": "200ms", "first_token_sigma": 0})
		}
		d, e := only("failure_rate")
		begin := time.Now()
		r, err := d.Chat(t.Context(), call(t, e, true, body("Hello", "")))
		if err != nil || r.Status != 500 || time.Since(begin) != 200*time.Millisecond {
			t.Errorf("failure: %+v, %v after %v", r, err, time.Since(begin))
		}
		d, e = only("reject_rate")
		if r, err := d.Chat(t.Context(), call(t, e, true, body("Hello", ""))); err != nil || r.Status != 400 {
			t.Errorf("reject: %+v, %v", r, err)
		}
		d, e = only("timeout_rate")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := d.Chat(ctx, call(t, e, false, body("Hello", ""))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("timeout: %v", err)
		}
		d, e = only("truncate_rate")
		_, err = d.Chat(t.Context(), call(t, e, false, body("Hello", "")))
		var u *upstream.Error
		if !errors.As(err, &u) || u.Class != upstream.Body {
			t.Errorf("truncated, whole: %v", err)
		}
		r, err = d.Chat(t.Context(), call(t, e, true, body("Hello", "")))
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for err == nil {
			var f chat.Frame
			if f, err = r.Frames.Next(); f.Visible {
				seen++
			}
		}
		if err != chat.ErrIncomplete || seen == 0 {
			t.Errorf("truncated, streamed: %v after %d tokens", err, seen)
		}
		d, e = only("refusal_rate")
		if text, _, _ := ask(t, d, call(t, e, false, body("Hello", ""))); !strings.Contains(text, "I can't help") {
			t.Errorf("refusal: %q", text)
		}
		for quality, want := range map[float64]string{0: "\nquality: poor", 1: "\nquality: good"} {
			d, e := at(t, map[string]any{"quality": quality})
			if text, _, _ := ask(t, d, call(t, e, false, body("Hello", ""))); !strings.HasSuffix(text, want) {
				t.Errorf("quality %v: %q", quality, text)
			}
		}
	})
}

// Time as declared: the first token, then the rest at its pace, and a reader
// that was late is not late for ever.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := at(t, map[string]any{"first_token": "300ms", "first_token_sigma": 0, "tokens_per_second": 10, "length": 20, "length_sigma": 0, "speed": 2})
		begin := time.Now()
		text, _, used := ask(t, d, call(t, e, true, body("Hello", "")))
		// 150 ms, then 19 more tokens of 50 ms each
		if took := time.Since(begin); took != 150*time.Millisecond+19*50*time.Millisecond || used.Output != 20 {
			t.Errorf("%d tokens streamed in %v: %q", used.Output, took, text)
		}
		begin = time.Now()
		ask(t, d, call(t, e, false, body("Hello", "")))
		if took := time.Since(begin); took != 1100*time.Millisecond {
			t.Errorf("whole in %v", took)
		}
		r, err := d.Chat(t.Context(), call(t, e, true, body("Hello", "")))
		if err != nil || r.Frames.Buffered() {
			t.Fatal("a frame is there before the first token is due", err)
		}
		_, _ = r.Frames.Next() // the role
		if !r.Frames.Buffered() {
			t.Error("the first token is not there with the role")
		}
		_, _ = r.Frames.Next()
		time.Sleep(10 * time.Second)
		begin = time.Now()
		for err == nil {
			_, err = r.Frames.Next()
		}
		if took := time.Since(begin); took != 0 || err != io.EOF {
			t.Errorf("what was due long ago took %v: %v", took, err)
		}
	})
}

func TestLogNormal(t *testing.T) {
	p := Default()
	p.FirstToken, p.FirstTokenSigma, p.Length, p.LengthSigma = time.Second, 0.5, 200, 0.5
	const n = 20_000
	below, tokens := 0, 0
	for i := range uint64(n) {
		l := throw(p, i*0x9e3779b97f4a7c15, 1)
		if l.first < time.Second {
			below++
		}
		tokens += l.length
	}
	// The median splits the draws in half: ± 5 standard errors of a half.
	if d := math.Abs(float64(below)/n - 0.5); d > 5*0.5/math.Sqrt(n) {
		t.Errorf("%d of %d are faster than the median", below, n)
	}
	// A log-normal of mean m has variance m²·(exp(σ²)-1).
	if mean, se := float64(tokens)/n, 200*math.Sqrt((math.Exp(0.25)-1)/n); math.Abs(mean-200) > 5*se+0.5 {
		t.Errorf("mean length %.2f, declared 200", mean)
	}
}

func TestProfileOptions(t *testing.T) {
	p, err := ParseProfile(map[string]any{"seed": uint64(7), "first_token": "1.5s", "failure_rate": "2.5%", "length": int64(9), "quality": 1, "speed": 0.5})
	want := Default()
	want.Seed, want.FirstToken, want.FailureRate, want.Length, want.Quality, want.Speed = 7, 1500*time.Millisecond, 0.025, 9, 1, 0.5
	if err != nil || p != want {
		t.Fatalf("%+v, %v", p, err)
	}
	for want, given := range map[string]map[string]any{
		`unknown option "failure_rat" of a simulated model: did you mean "failure_rate"?`: {"failure_rat": 0.1},
		`unknown option "zzz" of a simulated model: known are failure_rate, first_token`:  {"zzz": 1},
		`option first_token: 150 is not a duration: write it with its unit`:               {"first_token": 150},
		`option first_token: "soon" is not a duration`:                                    {"first_token": "soon"},
		`option length: ten is not a number`:                                              {"length": "ten"},
		`option length: 0 is not between 1 and 100000`:                                    {"length": 0},
		`option quality: 1.1 is not between 0 and 1`:                                      {"quality": 1.1},
		`option quality: "good" is neither a number`:                                      {"quality": "good"},
		`option seed: -1 is not a whole number`:                                           {"seed": -1},
		`option seed: 1.5 is not a whole number`:                                          {"seed": 1.5},
		`option speed: 0 is not between`:                                                  {"speed": 0},
		`their sum 1.2 is more than all requests`:                                         {"failure_rate": 0.6, "timeout_rate": 0.6},
	} {
		if _, err := ParseProfile(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", given, err, want)
		}
	}
	if _, err := New(upstream.Model{Name: "small", Options: map[string]any{"x": 1}}); err == nil {
		t.Error("a model with an option that does not exist was made")
	}
}

// A regression put in while requests run: calls before it are good, calls after
// it fail, and nothing races.
func TestProfileChangesWhileRunning(t *testing.T) {
	d, e := at(t, quick)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 50 {
				r, err := d.Chat(t.Context(), call(t, e, false, body(fmt.Sprint(i), "")))
				if err != nil || r.Status != 200 && r.Status != 500 {
					t.Error(r, err)
				}
			}
		})
	}
	worse := d.Profile()
	worse.FailureRate = 1
	if err := d.SetProfile(worse); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if r, err := d.Chat(t.Context(), call(t, e, false, body("after", ""))); err != nil || r.Status != 500 {
		t.Errorf("%+v, %v", r, err)
	}
	worse.FailureRate = 2
	if err := d.SetProfile(worse); err == nil || d.Profile().FailureRate != 1 {
		t.Error("a profile that cannot be was put in force:", err)
	}
}

func TestModelIDDefaultsToTheName(t *testing.T) {
	m := upstream.Model{Name: "small", Vendor: upstream.Vendor{Driver: "simulated"}}
	d, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := upstream.NewPool(m, d).ModelID(t.Context()); id != "small" || err != nil {
		t.Error(id, err)
	}
}

func TestEmbeddings(t *testing.T) {
	d, e := at(t, quick)
	embed := func(input string) [][]float32 {
		c := &upstream.Call{Request: upstreamtest.Request(t, chat.OpEmbed, `{"model":"r","input":`+input+`}`), Model: "small-1", Endpoint: e}
		r, err := d.Embed(t.Context(), c)
		if err != nil || r.Status != 200 {
			t.Fatalf("%s: %+v, %v", input, r, err)
		}
		f, err := r.Frames.Next()
		if err != nil {
			t.Fatal(err)
		}
		return vectorsOf(t, f.Data)
	}
	for input, n := range map[string]int{`"a"`: 1, `["a","b","a"]`: 3, `[1,2,3]`: 1, `[[1,2],[3]]`: 2} {
		got := embed(input)
		if len(got) != n {
			t.Fatalf("%s: %d vectors", input, len(got))
		}
		for _, v := range got {
			sum := 0.0
			for _, x := range v {
				sum += float64(x) * float64(x)
			}
			if len(v) != dimensions || math.Abs(sum-1) > 1e-5 {
				t.Errorf("%s: %d dimensions, length² %g", input, len(v), sum)
			}
		}
	}
	three := embed(`["a","b","a"]`)
	if fmt.Sprint(three[0]) != fmt.Sprint(three[2]) || fmt.Sprint(three[0]) == fmt.Sprint(three[1]) {
		t.Error("vectors do not belong to their texts")
	}
	if packed := embed(`["a","b"],"encoding_format":"base64"`); fmt.Sprint(packed[1]) != fmt.Sprint(three[1]) {
		t.Error("packed vectors differ from plain ones")
	}
	for _, input := range []string{`[]`, `"a","dimensions":8`} {
		c := &upstream.Call{Request: upstreamtest.Request(t, chat.OpEmbed, `{"model":"r","input":`+input+`}`), Model: "small-1", Endpoint: e}
		if r, err := d.Embed(t.Context(), c); err != nil || r.Status != 400 {
			t.Errorf("%s: %+v, %v", input, r, err)
		}
	}
}

func vectorsOf(t *testing.T, data []byte) [][]float32 {
	t.Helper()
	var got struct {
		Simulated bool
		Data      []struct{ Embedding json.RawMessage }
	}
	if err := json.Unmarshal(data, &got); err != nil || !got.Simulated {
		t.Fatalf("%s: %v", data, err)
	}
	var all [][]float32
	for _, entry := range got.Data {
		var v []float32
		var text string
		if json.Unmarshal(entry.Embedding, &text) == nil {
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(b); i += 4 {
				v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
			}
		} else if err := json.Unmarshal(entry.Embedding, &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}
