package upstream

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/fault"
)

func TestVendorTableHasNoFieldThatNobodyReads(t *testing.T) {
	var rows []Vendor
	d := json.NewDecoder(bytes.NewReader(vendorsJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(&rows); err != nil {
		t.Fatal(err)
	}
}

func TestVendorTableRows(t *testing.T) {
	plain := regexp.MustCompile(`^[a-z0-9.-]+$`)
	envName := regexp.MustCompile(`^[A-Z][A-Z0-9_]*_API_KEY$`)
	seen := map[string]bool{}
	for _, v := range Vendors() {
		t.Run(v.Name, func(t *testing.T) {
			if seen[v.Name] || !plain.MatchString(v.Name) {
				t.Errorf("name is taken or not plain")
			}
			seen[v.Name] = true
			if v.Title == "" {
				t.Error("no title")
			}
			if v.Driver != "openai" && v.Driver != "simulated" {
				t.Errorf("driver %q does not exist", v.Driver)
			}
			docs, err := url.Parse(v.Docs)
			if err != nil || docs.Scheme != "https" || docs.Host == "" {
				t.Errorf("docs %q is not an https URL", v.Docs)
			}
			if v.KeyEnv != "" && !envName.MatchString(v.KeyEnv) {
				t.Errorf("key_env %q", v.KeyEnv)
			}
			for call, path := range v.Paths {
				if call != "chat" && call != "embed" && call != "models" || !strings.HasPrefix(path, "/") {
					t.Errorf("path %q: %q", call, path)
				}
			}
			checkBaseURL(t, v)
		})
	}
	for _, name := range []string{"openai", "vllm", "sglang", "tgi", "tensorrt-llm", "triton", "ollama", "llama.cpp", "gemini",
		"mistral", "groq", "openrouter", "together", "deepseek", "openai-compatible", "simulated"} {
		if !seen[name] {
			t.Errorf("vendor %q is missing", name)
		}
	}
}

// A hosted vendor takes a key, so its address must be https; one that runs here
// takes none, and its address must not leave the machine.
func checkBaseURL(t *testing.T, v Vendor) {
	if v.BaseURL == "" {
		if v.KeyEnv != "" {
			t.Error("hosted, and no base_url")
		}
		return
	}
	u, err := ParseEndpoint(v.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(v.BaseURL, "/") {
		t.Error("base_url ends with a slash")
	}
	if v.KeyEnv != "" && u.Scheme != "https" {
		t.Error("a key would travel in the clear")
	}
	if v.KeyEnv == "" && u.Hostname() != "127.0.0.1" {
		t.Errorf("no key_env, and %s is not this machine", u.Host)
	}
	if u.Scheme == "http" && (u.Port() == "8080" || u.Port() == "8081" || u.Port() == "8082") {
		t.Error("the default endpoint is a port of Weir's own")
	}
}

func TestVendorByName(t *testing.T) {
	if v, err := VendorByName("mistral"); err != nil || v.Title != "Mistral" || v.StreamOptions {
		t.Fatalf("%+v, %v", v, err)
	}
	for wrong, right := range map[string]string{"opnai": "openai", "OpenAI": "openai", "vlm": "vllm", "llamacpp": "llama.cpp", "deep-seek": "deepseek"} {
		_, err := VendorByName(wrong)
		if e := fault.From(err); !fault.Is(err, fault.Invalid) || e.Hint != `Did you mean "`+right+`"?` {
			t.Errorf("%q: %v, hint %q", wrong, err, e.Hint)
		}
	}
	_, err := VendorByName("some-unheard-of-vendor")
	if hint := fault.From(err).Hint; !strings.Contains(hint, "openai-compatible") || strings.Contains(hint, "Did you mean") {
		t.Errorf("hint %q", hint)
	}
}

func TestVendorsIsACopy(t *testing.T) {
	Vendors()[0].Name = "changed"
	if Vendors()[0].Name == "changed" {
		t.Fatal("the table can be changed from outside")
	}
}
