package definition

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// canary is planted where people put secrets by mistake. It must not come back
// in any message: those go to logs, terminals and pages.
const canary = "sk-canary-0123456789abcdef"

func TestMisplacedSecretsAreNotPrinted(t *testing.T) {
	for name, text := range map[string]string{
		"as a key":               "models: {m: {vendor: openai, key: CANARY}}",
		"after env:":             "models: {m: {vendor: openai, key: env:CANARY}}",
		"in a list":              "models: {m: {vendor: openai, key: [CANARY]}}",
		"in a header":            "models: {m: {vendor: simulated, headers: {Authorization: Bearer CANARY}}}",
		"in a header of its own": "models: {m: {vendor: simulated, headers: {x-service-token: CANARY}}}",
		"as a header's name":     "models: {m: {vendor: simulated, headers: {'x y': CANARY}}}",
		"in a URL":               "models: {m: {vendor: vllm, endpoint: 'http://user:CANARY@host/v1'}}",
		"in a query":             "models: {m: {vendor: vllm, endpoints: ['http://host/v1?key=CANARY']}}",
		"in a wrong URL":         "models: {m: {vendor: vllm, endpoint: 'http://user:CANARY@ho st'}}",
		"as a hash":              "models: {m: {vendor: simulated}}\nkeys: {app: {sha256: CANARY}}",
		"as a hash, too long":    "models: {m: {vendor: simulated}}\nkeys: {app: {sha256: " + strings.Repeat("ab", 32) + "CANARY}}",
		"as a listener's secret": "listen: {secret: CANARY}",
		"as a certificate":       "listen: {tls: {cert: CANARY, key: CANARY}}",
		"where a list belongs":   "models: {m: {vendor: openai, endpoints: CANARY}}",
		"where a number belongs": "models: {m: {vendor: openai, context: CANARY}}",
	} {
		t.Run(name, func(t *testing.T) {
			c, problems := problemsOf(t, strings.ReplaceAll(text, "CANARY", canary))
			if c != nil || !problems.Failed() {
				t.Fatal("it was taken")
			}
			if got := lines(problems) + fmt.Sprintf("%+v %#v", problems, problems); strings.Contains(got, canary) || strings.Contains(got, "canary") {
				t.Errorf("printed: %s", got)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	for _, c := range []struct {
		written, variable, path string
		outside                 bool
	}{
		{"env:OPENAI_API_KEY", "OPENAI_API_KEY", "", false},
		{"file:keys/openai", "", filepath.Join("conf", "keys", "openai"), false},
		{"file:./openai", "", filepath.Join("conf", "openai"), false},
		{"file:/etc/weir/../weir/key", "", "/etc/weir/key", true},
	} {
		doc, problems := Parse([]File{{"conf/weir.yaml", []byte("models: {m: {vendor: openai, key: '" + c.written + "'}}")}})
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		r := doc.Models["m"].Key
		if r.String() != c.written || r.Variable() != c.variable || r.Path() != c.path || r.Outside() != c.outside {
			t.Errorf("%s: variable %q, path %q, outside %v", r, r.Variable(), r.Path(), r.Outside())
		}
	}
	if (Reference{}).String() != "" || !(Reference{}).IsZero() {
		t.Error("no reference is not nothing")
	}
}

func TestHeadersByReference(t *testing.T) {
	c := good(t, "models: {m: {vendor: vllm, price: {input: 0, output: 0}, headers: {x-region: eu, x-tenant-token: env:TENANT, x-max-tokens: 5}}}")
	m := c.Models[0]
	if len(m.Header) != 2 || m.Header["x-region"] != "eu" || m.Header["x-max-tokens"] != "5" {
		t.Errorf("open: %v", m.Header)
	}
	if len(m.SecretHeader) != 1 || m.SecretHeader["x-tenant-token"].Variable() != "TENANT" {
		t.Errorf("secret: %v", m.SecretHeader)
	}
}
