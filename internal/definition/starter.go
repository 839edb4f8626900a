package definition

import (
	"bytes"
	_ "embed"
	"slices"
	"text/template"
)

// offer is a model to begin with when a vendor's key is at hand.
type offer struct {
	Variable string // the customary one, by which the key is found
	Vendor   string // in the table of vendors
	Name     string // for the definition
	ID       string // the vendor's, to be changed at will
}

// offers are in the order in which a baseline is chosen.
var offers = []offer{
	{"OPENAI_API_KEY", "openai", "openai-mini", "gpt-4o-mini"},
	{"GEMINI_API_KEY", "gemini", "gemini-flash", "gemini-2.5-flash"},
	{"MISTRAL_API_KEY", "mistral", "mistral-small", "mistral-small-latest"},
	{"GROQ_API_KEY", "groq", "groq-llama", "llama-3.3-70b-versatile"},
	{"OPENROUTER_API_KEY", "openrouter", "openrouter-mini", "openai/gpt-4o-mini"},
	{"TOGETHER_API_KEY", "together", "together-llama", "meta-llama/Llama-3.3-70B-Instruct-Turbo"},
	{"DEEPSEEK_API_KEY", "deepseek", "deepseek-chat", "deepseek-chat"},
	{"FIREWORKS_API_KEY", "fireworks", "fireworks-llama", "accounts/fireworks/models/llama-v3p3-70b-instruct"},
	{"XAI_API_KEY", "xai", "grok-mini", "grok-3-mini"},
	{"CEREBRAS_API_KEY", "cerebras", "cerebras-llama", "llama-3.3-70b"},
	{"DEEPINFRA_API_KEY", "deepinfra", "deepinfra-llama", "meta-llama/Llama-3.3-70B-Instruct"},
	{"NVIDIA_API_KEY", "nvidia-nim", "nim-llama", "meta/llama-3.3-70b-instruct"},
}

//go:embed starter.yaml.tmpl
var starterText string

// The marks are not the usual braces, which YAML has in every line.
var starter = template.Must(template.New("starter").Delims("<<", ">>").Parse(starterText))

// Starter is a commented first document for whoever has the named environment
// variables: their models where a vendor's customary variable is among them,
// simulated models otherwise. It is good as it stands. Values of variables are
// never asked for.
func Starter(present []string) []byte {
	var have []offer
	for _, o := range offers {
		if slices.Contains(present, o.Variable) {
			have = append(have, o)
		}
	}
	view := struct {
		Schema              string
		Offers              []offer
		Baseline, Candidate string
	}{Schema: SchemaURL, Offers: have}
	switch len(have) {
	case 0:
		view.Baseline, view.Candidate = "steady", "quick"
	case 1:
		view.Baseline = have[0].Name
	default:
		view.Baseline, view.Candidate = have[0].Name, have[1].Name
	}
	var b bytes.Buffer
	if err := starter.Execute(&b, view); err != nil {
		panic("definition: writing a starter: " + err.Error())
	}
	return b.Bytes()
}
