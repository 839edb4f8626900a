package definition

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/meter"
)

const aKey = "keys:\n  app: {sha256: " + "abababababababababababababababababababababababababababababababab" + ", project: search, tags: {team: search, env: prod}}\n"

// What is kept, counted and sent, left out and written out.
func TestRecordSectionsHaveDefaults(t *testing.T) {
	c := good(t, base)
	want := Store{Dir: "weir-data", JournalLimit: 4 << 30,
		Keep: Keep{Events: 90 * day, Bodies: 7 * day, Rollups: 396 * day, Exposures: 30 * day}}
	if c.Store != want {
		t.Errorf("store %+v, want %+v", c.Store, want)
	}
	if c.Telemetry.OTLP != nil || c.Telemetry.Servers.Interval != 15*time.Second || len(c.Budgets)+len(c.Reports) != 0 {
		t.Errorf("%+v %+v %+v", c.Telemetry, c.Budgets, c.Reports)
	}
}

const day = 24 * time.Hour

func TestRecordSections(t *testing.T) {
	c := good(t, strings.Replace(base, "n: {vendor: simulated}", `n: {vendor: simulated, metrics: ["http://n-0:8000/metrics", "http://n-1:8000/metrics"]}`, 1)+aKey+`
store: {dir: data, journal_limit: 64MiB, bodies: 1%, keep: {events: 30d, bodies: 1d, rollups: 60d, exposures: 14d}}
budgets:
  all: {amount: 12.5}
  search: {amount: 3, per: day, project: search, route: support, model: m, key: app, tag: team=search}
reports:
  weekly: {period: weekly, to: file:reports}
  monthly: {period: monthly, to: env:COST_WEBHOOK}
telemetry:
  otlp: {endpoint: "http://collector:4318/", traces: false, interval: 10s, headers: {x-tenant: eu, authorization: env:OTLP_TOKEN}}
  servers: {interval: 5s, dcgm: ["http://gpu-0:9400/metrics"]}
`)
	if want := (Store{"data", 64 << 20, 0.01, Keep{30 * day, day, 60 * day, 14 * day}}); c.Store != want {
		t.Errorf("store %+v", c.Store)
	}
	if want := []Budget{{Name: "all", Amount: 12_500_000, Per: "month"},
		{"search", 3_000_000, "day", "search", "support", "m", "app", "team=search"}}; !slices.Equal(c.Budgets, want) {
		t.Errorf("budgets %+v", c.Budgets)
	}
	if want := []Report{{Name: "monthly", Period: "monthly", Webhook: Variable("COST_WEBHOOK")}, {Name: "weekly", Period: "weekly", Folder: "reports"}}; len(c.Reports) != 2 ||
		c.Reports[0].Webhook.Variable() != "COST_WEBHOOK" || c.Reports[0].Folder != "" || c.Reports[1] != want[1] {
		t.Errorf("reports %+v", c.Reports)
	}
	o := c.Telemetry.OTLP
	if o == nil || o.Endpoint != "http://collector:4318" || o.Traces || !o.Metrics || o.Interval != 10*time.Second ||
		!reflect.DeepEqual(o.Header, map[string]string{"x-tenant": "eu"}) || o.SecretHeader["authorization"].Variable() != "OTLP_TOKEN" {
		t.Errorf("otlp %+v", o)
	}
	if want := (Servers{5 * time.Second, []ModelServers{{"n", []string{"http://n-0:8000/metrics", "http://n-1:8000/metrics"}}}, []string{"http://gpu-0:9400/metrics"}}); !reflect.DeepEqual(c.Telemetry.Servers, want) {
		t.Errorf("servers %+v", c.Telemetry.Servers)
	}
	if want := []string{"env=prod", "team=search"}; !slices.Equal(c.Keys[0].Tags, want) {
		t.Errorf("tags %q", c.Keys[0].Tags)
	}
}

// The default folder lies beside the definitions, and a written one beside the
// file it is written in.
func TestStoreFolder(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{base, "conf/weir-data"},
		{base + "store: {dir: ../state}\n", "state"},
		{base + "store: {dir: /var/lib/weir}\n", "/var/lib/weir"},
	} {
		doc, problems := Parse([]File{{"conf/weir.yaml", []byte(c.text)}})
		if doc == nil {
			t.Fatal(problems)
		}
		if out, _ := doc.Compile(Options{}); out.Store.Dir != c.want {
			t.Errorf("%q, want %q", out.Store.Dir, c.want)
		}
	}
}

// A note is no warning: nobody has to mend that budgets refuse nothing.
func TestBudgetsSayThatTheyRefuseNothing(t *testing.T) {
	c, problems := problemsOf(t, base+"budgets: {all: {amount: 1}}\n")
	const want = "weir.yaml:7:1: note: budgets: budgets refuse nothing: spending is compared with them, forecast and reported\n"
	if got := lines(problems); got != want {
		t.Errorf("got %s", got)
	}
	if c == nil || len(c.Warnings) != 0 || len(problems.Warnings()) != 0 || problems.Failed() {
		t.Error("the note is taken for a doubt")
	}
}

// What models cost: their own price, else the list's, else what the policy says.
func TestTariff(t *testing.T) {
	doc, problems := Parse([]File{{"weir.yaml", []byte(`prices: {unpriced: estimate}
models:
  own: {vendor: openai, model: gpt-4o, key: env:K, price: {input: 1, output: 2, cached_input: 0.5, cache_write: 3}}
  listed: {vendor: openai, model: gpt-4o-mini, key: env:K}
  dear: {vendor: openai, model: gpt-99, key: env:K}
  refused: {vendor: openai, model: gpt-98, key: env:K, unpriced: deny}
  unknown: {vendor: vllm, model: x}
  asked: {vendor: vllm, endpoint: "http://a", unpriced: untracked}
  sim: {vendor: simulated}
routes: {r: {baseline: own}}
`)}})
	if doc == nil {
		t.Fatal(problems)
	}
	book, err := meter.Parse([]byte(`{"as_of":"2026-01-01","prices":[
		{"vendor":"openai","model":"gpt-4o","from":"2024-01-01","input":7,"output":8},
		{"vendor":"openai","model":"gpt-4o-mini","from":"2024-01-01","input":0.15,"output":0.6},
		{"vendor":"vllm","model":"served","from":"2026-06-01","input":0.2,"output":0.3}]}`))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	c, problems := doc.Compile(Options{Vendors: vendorTable(t), Now: now, Prices: book})
	if c == nil {
		t.Fatal(problems)
	}
	type result struct {
		in, out meter.Micro
		basis   meter.Basis
		from    string
		deny    bool
	}
	for _, x := range []struct {
		model, id string
		want      result
	}{
		{"own", "gpt-4o", result{1e6, 2e6, meter.Priced, "definitions", false}},
		{"listed", "gpt-4o-mini", result{150_000, 600_000, meter.Priced, "openai/gpt-4o-mini@2024-01-01", false}},
		{"dear", "gpt-99", result{7e6, 8e6, meter.Estimated, "the dearest of openai", false}},
		{"refused", "gpt-98", result{0, 0, meter.Unpriced, "", true}},
		{"unknown", "x", result{0, 0, meter.Unpriced, "", false}},
		{"asked", "", result{0, 0, meter.Unpriced, "", false}},
		{"asked", "served", result{0, 0, meter.Unpriced, "", false}},
		{"sim", "sim", result{0, 0, meter.Priced, "simulated", false}},
	} {
		r := c.Tariff.Rate(x.model, x.id, now)
		if got := (result{r.Price.Input, r.Price.Output, r.Basis, r.From, r.Deny}); got != x.want {
			t.Errorf("%s (%s): %+v, want %+v", x.model, x.id, got, x.want)
		}
	}
	later := c.Tariff.Rate("asked", "served", now.AddDate(0, 2, 0))
	if later.Price.Input != 200_000 || later.Basis != meter.Priced {
		t.Errorf("after the row's day: %+v", later)
	}
	if until := c.Tariff.Rate("asked", "served", now).Until; !until.Equal(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the rate does not know its end: %v", until)
	}
	for _, want := range []string{
		"models.dear: has no price: its cost is estimated by the dearest of openai;",
		"models.refused: has no price: every request to it is refused, as unpriced: deny asks;",
		"models.unknown: has no price: the cost of its answers will not be known;",
		"models.asked: has no price: the cost of its answers will not be known;",
	} {
		if got := lines(problems); strings.Count(got, "warning: "+want) != 1 || strings.Count(got, "has no price") != 4 {
			t.Errorf("no warning %q, or others too, in\n%s", want, got)
		}
	}
}

var recordMistakes = []struct{ name, text, want string }{
	{"a budget of nothing", base + "budgets: {b: {amount: 0}}\n",
		`weir.yaml:7:23: budgets.b.amount: 0 is out of range; write US dollars, more than 0 and at most a thousand million`},
	{"a budget without an amount", base + "budgets: {b: {per: day}}\n",
		`weir.yaml:7:15: budgets.b: has no amount; add amount: US dollars that may be spent in each period`},
	{"a budget by the week", base + "budgets: {b: {amount: 1, per: week}}\n",
		`weir.yaml:7:31: budgets.b.per: "week" is none of day, month`},
	{"a budget of a model that is none", base + "budgets: {b: {amount: 1, model: mm}}\n",
		`weir.yaml:7:33: budgets.b.model: there is no model "mm"; known are m, n`},
	{"a budget of a route that is none", base + "budgets: {b: {amount: 1, route: suport}}\n",
		`weir.yaml:7:33: budgets.b.route: there is no route "suport"; did you mean "support"?`},
	{"a budget of a key that is none", base + "budgets: {b: {amount: 1, key: app}}\n",
		`weir.yaml:7:31: budgets.b.key: there is no key "app"; none are defined`},
	{"a budget of half a tag", base + "budgets: {b: {amount: 1, tag: team}}\n",
		`weir.yaml:7:31: budgets.b.tag: "" is no value of a tag; write NAME=VALUE with letters, digits and -_. in the name and -_.:/@+ too in the value, as in team=search`},
	{"a tag that would need quoting", base + "keys: {k: {sha256: " + digest + ", tags: {team: 'a,b'}}}\n",
		`weir.yaml:7:99: keys.k.tags.team: "a,b" is no value of a tag; write NAME=VALUE with letters, digits and -_. in the name and -_.:/@+ too in the value, as in team=search`},
	{"too many tags", base + "keys: {k: {sha256: " + digest + ", tags: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1}}}\n",
		`weir.yaml:7:86: keys.k.tags: 9 are too many: each combination is a row of the ledger; keep at most 8`},
	{"a tiny journal", base + "store: {journal_limit: 1MiB}\n",
		`weir.yaml:7:24: store.journal_limit: is too small to hold what happens while the database is away; write 16MiB or more`},
	{"more bodies than all", base + "store: {bodies: 5}\n",
		`weir.yaml:7:17: store.bodies: 5 is more than all; write 1% or 0.01`},
	{"a store that is kept where", base + "store: {dri: x}\n",
		`weir.yaml:7:9: store: unknown field "dri"; did you mean "dir"?`},
	{"a report for whom", base + "reports: {r: {period: weekly}}\n",
		`weir.yaml:7:15: reports.r: has no to; add to: Where it goes: file:PATH, a folder that gets a file for each period, or env:NAME, a variable that holds the URL of a webhook`},
	{"a webhook that is written out", base + "reports: {r: {period: weekly, to: 'https://hooks/secret'}}\n",
		`weir.yaml:7:35: reports.r.to: must be a reference to a secret, never the secret itself (what is written is not shown); write env:NAME with the name of a variable, or file:PATH`},
	{"a collector without a scheme", base + "telemetry: {otlp: {endpoint: 'collector:4318'}}\n",
		`weir.yaml:7:30: telemetry.otlp.endpoint: is no http or https URL; write http://HOST:PORT/PATH`},
	{"keys in the addresses of metrics", "models: {m: {vendor: simulated, metrics: ['http://a/m?key=c4n4ry', 'http://a/m?key=c4n4ry', 'http://a/m?', 'http://a/m#c4n4ry']}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:43: models.m.metrics[0]: holds a query or a fragment; end it with its path; a secret has no place in an address
weir.yaml:1:68: models.m.metrics[1]: holds a query or a fragment; end it with its path; a secret has no place in an address
weir.yaml:1:93: models.m.metrics[2]: holds a query or a fragment; end it with its path; a secret has no place in an address
weir.yaml:1:108: models.m.metrics[3]: holds a query or a fragment; end it with its path; a secret has no place in an address`},
	{"a key in the address of the collector", base + "telemetry: {otlp: {endpoint: 'http://c:4318/?key=c4n4ry'}}\n",
		`weir.yaml:7:30: telemetry.otlp.endpoint: holds a query or a fragment; end it with its path; a secret has no place in an address`},
	{"a credential for the collector", base + "telemetry: {otlp: {endpoint: 'http://c', headers: {authorization: Bearer}}}\n",
		`weir.yaml:7:67: telemetry.otlp.headers.authorization: looks like a credential, and must be a reference (what is written is not shown); write env:NAME or file:PATH`},
	{"too often", base + "telemetry: {servers: {interval: 10ms}}\n",
		`weir.yaml:7:33: telemetry.servers.interval: 10ms is too often; write 1s or more`},
	{"a server twice", "models: {m: {vendor: simulated, metrics: ['http://a/m', 'http://a/m']}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:57: models.m.metrics[1]: http://a/m is listed twice; list each once`},
	{"a list of prices in a variable", base + "prices: {list: env:PRICES}\n",
		`weir.yaml:7:16: prices.list: must be a file, not a variable; write file:PATH`},
	{"a policy that is none", base + "prices: {unpriced: denied}\n",
		`weir.yaml:7:20: prices.unpriced: "denied" is none of deny, estimate, untracked`},
}

const digest = "abababababababababababababababababababababababababababababababab"

func TestRecordMistakes(t *testing.T) {
	for _, c := range recordMistakes {
		t.Run(c.name, func(t *testing.T) {
			_, problems := problemsOf(t, c.text)
			if got := strings.TrimSuffix(lines(problems.Failures()), "\n"); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}
