package test

import (
	"bytes"
	"fmt"
	"testing"
)

// checkUpstream compares what the upstream served with what users saw, and gives
// each user's variant.
func checkUpstream(t *testing.T, questions []question, list []served, answers [][]asked) []string {
	t.Helper()
	byPrompt := map[string][]served{}
	for _, s := range list {
		byPrompt[s.prompt] = append(byPrompt[s.prompt], s)
	}
	variants := make([]string, len(questions))
	for i, q := range questions {
		got := byPrompt[q.Prompt]
		if len(got) != asks {
			t.Fatalf("%s: the upstream was asked %d times, want %d", userID(i), len(got), asks)
		}
		model := got[0].model
		for _, s := range got {
			if s.model != model {
				t.Errorf("%s: asked of %s and of %s", userID(i), model, s.model)
			}
			checkArrived(t, userID(i), &s, answers[i])
		}
		variants[i] = map[string]string{weakModel: "baseline", strongModel: "strong"}[model]
		text := map[string]string{weakModel: q.Weak.Text, strongModel: q.Strong.Text}[model]
		for n := range answers[i] {
			checkAnswer(t, fmt.Sprintf("%s, time %d", userID(i), n+1), &answers[i][n], variants[i], recording{model, q.Prompt, text})
		}
	}
	if len(list) != asks*len(questions) {
		t.Errorf("the upstream was asked %d times in all, want %d", len(list), asks*len(questions))
	}
	return variants
}

// checkArrived holds what arrived against what was sent: the same bytes but for
// the model, and on streams that did not ask for usage the one option that does.
func checkArrived(t *testing.T, who string, s *served, sent []asked) {
	t.Helper()
	if id := s.header.Get("X-User-Id"); id != "" {
		t.Errorf("%s: the upstream was told who asks: %q", who, id)
	}
	for i := range sent {
		want := bytes.Replace(sent[i].body, []byte(`"math"`), fmt.Appendf(nil, "%q", s.model), 1)
		if sent[i].stream && !sent[i].usage {
			want = append(bytes.TrimSuffix(want, []byte(" }")), `, "stream_options":{"include_usage":true} }`...)
			if sameJSON(want, s.body) {
				return
			}
			continue
		}
		if bytes.Equal(want, s.body) {
			return
		}
	}
	t.Errorf("%s: arrived at the upstream, and none of their requests would look so:\n%s", who, s.body)
}

// checkAnswer holds one answer against the recording.
func checkAnswer(t *testing.T, who string, a *asked, variant string, want recording) {
	t.Helper()
	for _, name := range []string{"X-Weir-Variant", "X-Model-Version"} {
		if got := a.header.Get(name); got != variant {
			t.Errorf("%s: header %s is %q, the upstream says %q", who, name, got, variant)
		}
	}
	if got := a.header.Get("X-Weir-Reason"); got != "chance" {
		t.Errorf("%s: header X-Weir-Reason is %q, want chance", who, got)
	}
	if a.model != want.model {
		t.Errorf("%s: the answer names the model %q, want %q", who, a.model, want.model)
	}
	if a.text != want.text {
		t.Errorf("%s: the answer differs from the recording:\n got %q\nwant %q", who, a.text, want.text)
	}
	// A stream that did not ask for usage comes without that one event, else all is as it was sent.
	if sent := want.wire(a.stream, a.usage); !bytes.Equal(a.raw, sent) {
		t.Errorf("%s: the answer is not the upstream's, byte for byte:\n got %q\nwant %q", who, a.raw, sent)
	}
	if wants := a.usage || !a.stream; (a.usageSeen > 0) != wants {
		t.Errorf("%s: %d answers or chunks with usage, asked for: %v", who, a.usageSeen, wants)
	}
	if a.finish != "stop" {
		t.Errorf("%s: finish reason %q, want stop", who, a.finish)
	}
}

// checkSplit holds the split against 50/50 by an exact binomial test.
func checkSplit(t *testing.T, variants []string) {
	t.Helper()
	k := 0
	for _, v := range variants {
		if v == "strong" {
			k++
		}
	}
	p := binomialP(k, len(variants))
	t.Logf("split: %d of %d users got the candidate, p = %.3g", k, len(variants), p)
	if p <= 1e-4 {
		t.Errorf("%d of %d users got the candidate: p = %.3g under 50/50, want above 1e-4", k, len(variants), p)
	}
}

// checkCounter holds Weir's own counter against the upstream's account.
func checkCounter(t *testing.T, w *weir, variants []string) {
	t.Helper()
	for _, variant := range []string{"baseline", "strong"} {
		want := 0
		for _, v := range variants {
			if v == variant {
				want += asks
			}
		}
		got := scrape(t, w.telemetry).sum("llm_requests_total", map[string]string{"route": "math", "variant": variant, "model_version": variant, "status": "success"})
		if got != float64(want) {
			t.Errorf("llm_requests_total of %s is %v, the upstream served %d", variant, got, want)
		}
	}
}

// logTruth says how the variants did, against what is known of the recordings.
func logTruth(t *testing.T, questions []question, variants []string) {
	t.Helper()
	n, right := map[string]int{}, map[string]int{}
	for i, v := range variants {
		n[v]++
		if v == "strong" && questions[i].Strong.Correct || v == "baseline" && questions[i].Weak.Correct {
			right[v]++
		}
	}
	for _, v := range []string{"baseline", "strong"} {
		t.Logf("%s: right %d of %d (%.1f %%)", v, right[v], n[v], 100*float64(right[v])/float64(n[v]))
	}
}
