package definition

import (
	"strings"
	"testing"
)

// base is a good document; most mistakes are one more section, or one line of
// this one changed.
const base = `models:
  m: {vendor: simulated}
  n: {vendor: simulated}
routes:
  support:
    baseline: m
`

// mistakes are what people write, and every line they are to read: what is
// wrong, where, why, and how to mend it.
var mistakes = []struct{ name, text, want string }{
	{"a field with a typing mistake", base + `    untis: [user]
`, `weir.yaml:7:5: routes.support: unknown field "untis"; did you mean "unit"?`},

	{"a field that is far from any", base + `    sticky: true
`, `weir.yaml:7:5: routes.support: unknown field "sticky"; known are baseline, unit, unit_kind, overrides, fallback, retries, expose, blind, feedback_token`},

	{"a section with a typing mistake", base + `experiment: {}
`, `weir.yaml:7:1: unknown section "experiment"; did you mean "experiments"?`},

	{"a section that this version does not have", base + `rollouts: {}
`, `weir.yaml:7:1: unknown section "rollouts"; known are listen, store, prices, models, routes, experiments, keys, budgets, reports, telemetry`},

	{"a key written twice", base + `    baseline: n
`, `weir.yaml:7:5: "baseline" is written twice in the same mapping; the first is at weir.yaml:6:5; remove one of them`},

	{"a tab", "models:\n\tm: {vendor: simulated}\n",
		`weir.yaml:2:1: this is not YAML: a tab stands where spaces must; YAML is indented with spaces`},

	{"a brace that is not closed", "models: {m: {vendor: simulated}\n",
		`weir.yaml:1:9: this is not YAML: could not find flow mapping end token '}'`},

	{"a second document", base + "---\nroutes: {}\n",
		`weir.yaml:8:7: a second document begins here; one file holds one document: remove the line ---, or make it two files`},

	{"a list at the top", "- models\n",
		`weir.yaml:1:1: the document must be a mapping of sections, not a list; begin with a section, such as models:`},

	{"nothing at all", "\n",
		`weir.yaml: models: there are no models, so nothing can answer; add a section models, or let weir init write a first file`},

	{"an alias without an anchor", "models: &all {m: {vendor: simulated}, n: *al}\n",
		`weir.yaml:1:42: the alias *al names no anchor before it; none are defined`},

	{"a tag", "models:\n  m: !!map {vendor: simulated}\n",
		`weir.yaml:2:6: YAML tags such as !!map are not read here; remove the tag`},

	{"a list where a mapping belongs", "models: [m]\n",
		`weir.yaml:1:9: models: must be a mapping of names, not a list`},

	{"one value where a list belongs", base + `    fallback: n
`, `weir.yaml:7:15: routes.support.fallback: must be a list, not one value; put it in brackets: [..]`},

	{"an empty value", base + `    expose:
`, `weir.yaml:7:13: routes.support.expose: is empty; give it text, or remove the line`},

	{"yes for true", base + `    blind: yes
`, `weir.yaml:7:12: routes.support.blind: must be true or false, not text`},

	{"a word that is none of the words", base + `    expose: allways
`, `weir.yaml:7:13: routes.support.expose: "allways" is none of always, trusted, never; did you mean "always"?`},

	{"no baseline", "models: {m: {vendor: simulated}}\nroutes:\n  support: {blind: true}\n",
		`weir.yaml:3:13: routes.support: has no baseline; add baseline: How the route answers unless an experiment says otherwise`},

	{"a duration without a unit", "models: {m: {vendor: simulated, clocks: {total: 30}}}\n" + "routes: {r: {baseline: m}}\n",
		`weir.yaml:1:49: models.m.clocks.total: 30 is no length of time; add a unit: 30s, 30m`},

	{"no duration at all", "models: {m: {vendor: simulated, clocks: {total: long}}}\n" + "routes: {r: {baseline: m}}\n",
		`weir.yaml:1:49: models.m.clocks.total: "long" is no length of time; write 500ms, 30s, 2m, 1h30m or 7d`},

	{"a clock of zero", "models: {m: {vendor: simulated, clocks: {total: 0s}}}\n" + "routes: {r: {baseline: m}}\n",
		`weir.yaml:1:49: models.m.clocks.total: must be longer than zero; leave the line out to have the default`},

	{"a size without a unit", base + "listen: {body_limit: 1000}\n",
		`weir.yaml:7:22: listen.body_limit: 1000 is no size; add a unit: 64KiB, 32MiB`},

	{"a model that nobody defined", base + "    fallback: [nn]\n",
		`weir.yaml:7:16: routes.support.fallback[0]: there is no model "nn"; known are m, n`},

	{"a baseline that nobody defined", "models: {llama-8b: {vendor: simulated}}\nroutes: {r: {baseline: llama-8}}\n",
		`weir.yaml:2:24: routes.r.baseline: there is no model "llama-8"; did you mean "llama-8b"?`},

	{"a route named like a model", "models: {m: {vendor: simulated}}\nroutes: {openai/m: {baseline: m}}\n",
		`weir.yaml:2:10: routes.openai/m: "openai/m" holds a slash: names such as vendor/model-id belong to the models themselves; use a hyphen`},

	{"a name with a space", "models: {m: {vendor: simulated}}\nroutes: {my route: {baseline: m}}\n",
		`weir.yaml:2:10: routes.my route: "my route" is no name; use letters, digits, hyphens, underscores and dots`},

	{"an unknown vendor", "models: {m: {vendor: opnai}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:10: warning: models.m: has no price: the cost of its answers will not be known; add price: {input: .., output: ..} in dollars per million tokens, 0 if it costs nothing by the token
weir.yaml:1:22: models.m.vendor: unknown vendor "opnai"; did you mean "openai"?`},

	{"a vendor without its key", "models: {m: {vendor: openai, price: {input: 1, output: 1}}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:10: models.m: has no key, and openai asks for one; add key: env:OPENAI_API_KEY`},

	{"a server without its address", "models: {m: {vendor: tgi, price: {input: 1, output: 1}}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:10: models.m: has no endpoint, and tgi has no public one; add endpoint: http://HOST:PORT/v1`},

	{"an address without a scheme", "models: {m: {vendor: tgi, endpoint: 'host:80', price: {input: 1, output: 1}}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:37: models.m.endpoint: is no http or https URL; write http://HOST:PORT/v1 or https://HOST/v1`},

	{"a port that does not exist", "models: {m: {vendor: tgi, endpoint: 'http://a:99999', price: {input: 1, output: 1}}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:37: models.m.endpoint: has a port that does not exist; ports go from 1 to 65535`},

	{"an address of metadata", "models: {m: {vendor: tgi, endpoint: 'http://169.254.169.254/v1', price: {input: 1, output: 1}}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:37: models.m.endpoint: is an address of a cloud's metadata service: no model is there; name the server that serves the model`},

	{"a replica listed twice", "models: {m: {vendor: tgi, endpoints: ['http://a', 'http://a/v1/'], price: {input: 1, output: 1}}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:51: models.m.endpoints[1]: http://a/v1 is listed twice; list each replica once`},

	{"half a price", "models: {m: {vendor: simulated, price: {input: 1}}}\nroutes: {r: {baseline: m}}\n",
		`weir.yaml:1:41: models.m.price: has no output; add output: US dollars for the tokens of the answer`},

	{"sources of two kinds", base + "    unit: [header:x-user-id, cookie]\nlisten: {secret: env:S}\n",
		`weir.yaml:7:30: routes.support.unit[1]: cookie is of kind session, and the sources before it are of kind user; keep sources of one kind; a header that holds a session id is one with unit_kind: session`},

	{"a source that is none", base + "    unit: [heder:x]\n",
		`weir.yaml:7:12: routes.support.unit[0]: "heder:x" is no source of units; did you mean "header"?`},

	{"a credential as a unit", base + "    unit: [header:Authorization]\n",
		`weir.yaml:7:12: routes.support.unit[0]: a credential is no unit; write key: the unit is then the name of the caller's key`},

	{"too many retries", base + "    retries: 5\n",
		`weir.yaml:7:14: routes.support.retries: 5 is out of range; write 0 or 1`},

	{"a mistake in an expression", base + `    overrides:
      - when: header["x-user-group"] == "beta-testers" && grop("staff")
        variant: baseline
`, `weir.yaml:8:63: routes.support.overrides[0].when: in the expression: no variable or function is named "grop"; did you mean "group"?`},

	{"a mistake in a quoted expression", base + `    overrides: [{when: 'user = "ada"', variant: baseline}]
`, `weir.yaml:7:30: routes.support.overrides[0].when: in the expression: token recognition error at: '= '; compare with ==, join with && and ||`},

	{"an expression that is no condition", base + `    overrides: [{when: user, variant: baseline}]
`, `weir.yaml:7:24: routes.support.overrides[0].when: in the expression: the expression is a string, not true or false; compare it with something, as in user == "ada"`},

	{"an override to a variant that is none", base + `    overrides: [{when: 'user == "ada"', variant: canidate}]
experiments: {e: {route: support, candidate: n, share: 5%}}
`, `weir.yaml:7:50: routes.support.overrides[0].variant: the route's experiment has no variant "canidate"; did you mean "candidate"?`},

	{"an experiment on no route", base + "experiments: {e: {route: suport, candidate: n, share: 5%}}\n",
		`weir.yaml:7:26: experiments.e.route: there is no route "suport"; did you mean "support"?`},

	{"two experiments on one route", base + "experiments:\n  e: {route: support, candidate: n, share: 5%}\n  f: {route: support, candidate: n, share: 5%}\n",
		`weir.yaml:9:14: experiments.f.route: the route support has the experiment e already; one experiment for each route: give one of them another route, or remove it`},

	{"nothing to compare", base + "experiments: {e: {route: support}}\n",
		`weir.yaml:7:15: experiments.e: has nothing to compare; add candidate and share for a canary, or variants for an experiment by weights`},

	{"a candidate without a share", base + "experiments: {e: {route: support, candidate: n}}\n",
		`weir.yaml:7:15: experiments.e: has a candidate and no share; add share: 5%`},

	{"too large a share", base + "experiments: {e: {route: support, candidate: n, share: 80%}}\n",
		`weir.yaml:7:56: experiments.e.share: 80% leaves no equal group of baseline to compare with; write at most 50%; to serve it to everyone, make it the baseline of the route`},

	{"a share without its sign", base + "experiments: {e: {route: support, candidate: n, share: 5}}\n",
		`weir.yaml:7:56: experiments.e.share: 5 is more than everybody; write 5% or 0.05`},

	{"a share of words", base + "experiments: {e: {route: support, candidate: n, share: half}}\n",
		`weir.yaml:7:56: experiments.e.share: "half" is no share; write 5% or 0.05`},

	{"weights that fall short", base + "experiments: {e: {route: support, variants: {a: {weight: 70, baseline: true}, b: {weight: 20, model: n}}}}\n",
		`weir.yaml:7:35: experiments.e.variants: the weights 70 + 20 sum to 90, not to 1 or 100; make them sum to 100, as with weight 30 for b`},

	{"weights of one that fall short", base + "experiments: {e: {route: support, variants: {a: {weight: 0.7, baseline: true}, b: {weight: 0.2, model: n}}}}\n",
		`weir.yaml:7:35: experiments.e.variants: the weights 0.7 + 0.2 sum to 0.9, not to 1 or 100; make them sum to 1, as with weight 0.3 for b`},

	{"one variant", base + "experiments: {e: {route: support, variants: {a: {weight: 1}}}}\n",
		`weir.yaml:7:35: experiments.e.variants: one variant is nothing to compare; add another, or write candidate and share`},

	{"no baseline among the variants", base + "experiments: {e: {route: support, variants: {a: {weight: 50, model: n}, b: {weight: 50, parameters: {top_p: 1}}}}}\n",
		`weir.yaml:7:35: experiments.e.variants: none of the variants is the baseline of the route; mark the variant that is served today with baseline: true, or make its model and parameters those of routes.support.baseline`},

	{"a baseline that the route does not serve", base + "experiments: {e: {route: support, variants: {a: {weight: 50, model: n, baseline: true}, b: {weight: 50}}}}\n",
		`weir.yaml:7:69: experiments.e.variants.a.model: is marked as the baseline, but the route's baseline has the model m; leave it out, or change the route's baseline
weir.yaml:7:89: warning: experiments.e.variants.b: answers just as the baseline does; say aa: true of an A/A test, which checks that no difference is found; otherwise give it a model or parameters of its own`},

	{"a parameter that is Weir's to decide", "models: {m: {vendor: simulated}}\nroutes: {r: {baseline: {model: m, parameters: {stream: true}}}}\n",
		`weir.yaml:2:56: routes.r.baseline.parameters.stream: a variant cannot set stream; remove it: whether to stream is the caller's choice`},

	{"a parameter out of range", "models: {m: {vendor: simulated}}\nroutes: {r: {baseline: {model: m, parameters: {temperature: 3}}}}\n",
		`weir.yaml:2:61: routes.r.baseline.parameters.temperature: 3 is out of range; write a number between 0 and 2`},

	{"the baseline stopped", base + "experiments: {e: {route: support, candidate: n, share: 5%, stopped: [baseline]}}\n",
		`weir.yaml:7:70: experiments.e.stopped[0]: baseline is the baseline, which everyone falls back to; stop the others, or remove the experiment`},

	{"an epoch of zero", base + "experiments: {e: {route: support, candidate: n, share: 5%, epoch: 0}}\n",
		`weir.yaml:7:67: experiments.e.epoch: 0 is out of range; count from 1`},

	{"two experiments with one salt", base + "  other: {baseline: m}\nexperiments:\n  e: {route: support, candidate: n, share: 5%, salt: s}\n  f: {route: other, candidate: n, share: 5%, salt: s}\n",
		`weir.yaml:10:52: experiments.f.salt: has the salt of experiment e: the same units would come first in both; leave it out, or give each its own`},

	{"a key without its hash", base + "keys: {app: {scopes: [call]}}\n",
		`weir.yaml:7:14: keys.app: has no sha256; add sha256: SHA-256 of the token, 64 hexadecimal digits`},

	{"a scope that is none", base + "keys: {app: {sha256: " + strings.Repeat("ab", 32) + ", scopes: [cal]}}\n",
		`weir.yaml:7:97: keys.app.scopes[0]: there is no scope "cal"; did you mean "call"?`},

	{"a key for no route", base + "keys: {app: {sha256: " + strings.Repeat("ab", 32) + ", routes: [suport]}}\n",
		`weir.yaml:7:97: keys.app.routes[0]: there is no route "suport"; did you mean "support"?`},

	{"one token for two keys", base + "keys:\n  a: {sha256: " + strings.Repeat("ab", 32) + "}\n  b: {sha256: " + strings.Repeat("AB", 32) + "}\n",
		`weir.yaml:9:15: keys.b.sha256: is the token of a too; create a token for each`},

	{"a key that can do nothing", base + "keys: {app: {sha256: " + strings.Repeat("ab", 32) + ", scopes: []}}\n",
		`weir.yaml:7:88: keys.app.scopes: is empty: the key could do nothing; name what it may do, or leave it out to let it call`},

	{"a key for routes that are not named", base + "keys:\n  app:\n    sha256: " + strings.Repeat("ab", 32) + "\n    routes:\n",
		`weir.yaml:10:5: keys.app.routes: is empty, which could mean none or all; name routes, or leave it out to allow all`},

	{"a reserved name", base + "keys: {anonymous: {sha256: " + strings.Repeat("ab", 32) + "}}\n",
		`weir.yaml:7:8: keys.anonymous: anonymous is what callers without a key are called; give it another name`},

	{"no source of units", base + "    unit: []\n",
		`weir.yaml:7:5: routes.support.unit: is empty: no request would have a unit; write header:NAME, user, safety_identifier, metadata:NAME, cookie or key, or leave it out`},

	{"a baseline by name that is not by mark", base + "experiments: {e: {route: support, variants: {a: {weight: 50, baseline: true}, baseline: {weight: 50, model: n}}}}\n",
		`weir.yaml:7:79: experiments.e.variants.baseline: is named baseline, and a is the baseline; give it another name`},

	{"no date", base + "keys: {app: {sha256: " + strings.Repeat("ab", 32) + ", expires: soon}}\n",
		`weir.yaml:7:97: keys.app.expires: "soon" is no date; write 2027-01-01 or 2027-01-01T12:00:00Z`},

	{"no address", base + "listen: {data: 8080}\n",
		`weir.yaml:7:16: listen.data: "8080" is no address; write HOST:PORT, as in 127.0.0.1:8080`},

	{"one address twice", base + "listen: {data: '127.0.0.1:8081'}\n",
		`weir.yaml:7:1: listen.admin: 127.0.0.1:8081 is the address of data already; give each listener a port of its own`},

	{"an old secret without a new one", base + "listen: {previous_secret: env:OLD}\n",
		`weir.yaml:7:27: listen.previous_secret: there is no secret that it could be previous to; give the new one as secret`},

	{"a certificate in a variable", base + "listen: {tls: {cert: env:CERT, key: file:key.pem}}\n",
		`weir.yaml:7:22: listen.tls.cert: must be a file, not a variable; write file:PATH`},

	{"a file outside the folder", base + "listen: {secret: file:../secret}\n",
		`weir.yaml:7:18: listen.secret: file:../secret leads out of the definition's folder; write the absolute path`},
}

func TestMistakes(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			compiled, problems := problemsOf(t, c.text)
			got := strings.TrimSpace(lines(problems))
			if got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if compiled != nil {
				t.Error("it was compiled all the same")
			}
		})
	}
}

// Doubts leave the document in force.
func TestWarnings(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a model without a price", "models: {m: {vendor: vllm}}\nroutes: {r: {baseline: m}}\n",
			`weir.yaml:1:10: warning: models.m: has no price: the cost of its answers will not be known; add price: {input: .., output: ..} in dollars per million tokens, 0 if it costs nothing by the token`},

		{"a clock that never runs out", "models: {m: {vendor: simulated, clocks: {idle: 5m, total: 1m}}}\nroutes: {r: {baseline: m}}\n",
			`weir.yaml:1:48: warning: models.m.clocks.idle: idle never runs out: total ends the exchange after 1m; shorten it, or give total: more than 5m`},

		{"a fallback into another variant's model", base + "    fallback: [n]\nexperiments: {e: {route: support, candidate: n, share: 5%}}\n",
			`weir.yaml:7:16: warning: routes.support.fallback[0]: n answers for candidate in experiment e: what fails in the other variants would be answered by this one; name a model that is no part of the experiment, or accept that fallback_rate must be watched`},

		{"a fallback to the model itself", base + "    fallback: [m]\n",
			`weir.yaml:7:16: warning: routes.support.fallback[0]: m is the model that it would stand in for; name another model: a retry asks the same one again anyway`},

		{"a fallback that is never used", base + "    fallback: [n]\n    retries: 0\n",
			`weir.yaml:7:5: warning: routes.support.fallback: is never used: retries is 0; set retries: 1`},

		{"a cookie that is short-lived and unsigned", base + "    unit: [cookie]\nexperiments: {e: {route: support, candidate: n, share: 5%}}\n",
			`weir.yaml:7:12: warning: routes.support.unit[0]: the cookie lives 1h, shorter than an experiment should run: whoever comes back is a new unit, so claims are per session; send a user's id where there is one, or lengthen listen.session_ttl
weir.yaml:7:12: warning: routes.support.unit[0]: there is no listen.secret: sessions are known as long as store.dir is kept, and not shared between replicas; add listen.secret: env:WEIR_SECRET`},

		{"a unit that no request has", base + "    unit: [key]\n",
			`weir.yaml:7:12: warning: routes.support.unit[0]: there are no keys, so no request has this unit; add a section keys`},

		{"an override to a candidate that is not in force", base + "    overrides: [{when: 'true', variant: candidate}]\n",
			`weir.yaml:7:41: warning: routes.support.overrides[0].variant: no experiment is in force on this route: these requests get the baseline; add an experiment, or remove the override`},

		{"no routes", "models: {m: {vendor: simulated}}\n",
			`weir.yaml: warning: routes: there are no routes: only the names vendor/model can be asked for, and nothing can be compared; add a section routes`},

		{"two models with one id", "models:\n  a: {vendor: vllm, model: x, price: {input: 0, output: 0}}\n  b: {vendor: vllm, model: x, price: {input: 0, output: 0}}\nroutes: {r: {baseline: a}}\n",
			`weir.yaml:3:28: warning: models.b.model: is the id of a too, which alone answers to vllm/x; ask for vllm/b to reach this one, or list its replicas under one model`},

		{"an A/A test", base + "experiments: {e: {route: support, candidate: m, share: 5%}}\n",
			`weir.yaml:7:46: warning: experiments.e.candidate: answers just as the baseline does; say aa: true of an A/A test, which checks that no difference is found; otherwise give it a model or parameters of its own`},

		{"a share of nobody", base + "experiments: {e: {route: support, candidate: n, share: 0%}}\n",
			`weir.yaml:7:56: warning: experiments.e.share: is 0: nobody takes part; raise it to begin`},

		{"everything stopped", base + "experiments: {e: {route: support, candidate: n, share: 5%, stopped: [candidate]}}\n",
			`weir.yaml:7:60: warning: experiments.e.stopped: every variant is stopped: everyone gets the baseline; remove the experiment, or let one run`},

		{"a parameter with a typing mistake", "models: {m: {vendor: simulated}}\nroutes: {r: {baseline: {model: m, parameters: {temprature: 1}}}}\n",
			`weir.yaml:2:60: warning: routes.r.baseline.parameters.temprature: temprature is no parameter that OpenAI's format knows; it is sent as it stands; did you mean "temperature"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			compiled, problems := problemsOf(t, c.text)
			if got := strings.TrimSpace(lines(problems)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if compiled == nil {
				t.Fatal("a doubt kept it from being compiled")
			}
			if lines(compiled.Warnings) != lines(problems) {
				t.Error("the compiled document does not carry its warnings")
			}
		})
	}
}

// One run lists all: a field that cannot be decoded does not hide a name that
// nobody defined, and what is broken is not blamed on others.
func TestAllProblemsAreListed(t *testing.T) {
	_, problems := problemsOf(t, `models:
  m: {vendor: simulated, clocks: {total: 5}}
routes:
  a: {baseline: m, untis: [user]}
  b: {baseline: nobody}
experiments:
  x: {route: a, candidate: m, share: 5%}
  y: {route: c, candidate: m, share: 5%}
`)
	want := `weir.yaml:2:42: models.m.clocks.total: 5 is no length of time; add a unit: 5s, 5m
weir.yaml:4:20: routes.a: unknown field "untis"; did you mean "unit"?
weir.yaml:5:17: routes.b.baseline: there is no model "nobody"; the only one is m
weir.yaml:8:14: experiments.y.route: there is no route "c"; known are a, b
`
	if got := lines(problems); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := problems.Err().Error() + "\n"; got != want {
		t.Errorf("the error lists\n%s", got)
	}
}
