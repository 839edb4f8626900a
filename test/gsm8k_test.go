package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
)

// The two models whose answers were recorded.
const (
	weakModel   = "mistralai/Mixtral-8x7B-Instruct-v0.1"
	strongModel = "gpt-4-1106-preview"
)

// question is one line of testdata/routellm-gsm8k.
type question struct {
	Prompt       string
	Reference    string
	Weak, Strong struct {
		Model   string
		Correct bool
		Text    string
	}
}

func readQuestions(t *testing.T) []question {
	t.Helper()
	data, err := os.ReadFile("../testdata/routellm-gsm8k/gsm8k.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var list []question
	for line := range bytes.Lines(data) {
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			t.Fatalf("line %d: %v", len(list)+1, err)
		}
		list = append(list, q)
	}
	return list
}

const gsm8kDefinitions = `
models:
  weak: {vendor: openai-compatible, endpoint: "%[1]s", model: mistralai/Mixtral-8x7B-Instruct-v0.1, price: {input: 0.6, output: 0.6}}
  strong: {vendor: openai-compatible, endpoint: "%[1]s", model: gpt-4-1106-preview, price: {input: 10, output: 30}}
routes:
  math:
    unit: [header:x-user-id]
    baseline: {model: weak}
experiments:
  gsm8k:
    route: math
    variants:
      baseline: {weight: 50}
      strong: {weight: 50, model: strong}
`

// asks is how often each user asks their question, in each run of Weir.
const asks = 3

// TestUsersKeepTheirVariant lets 671 users ask their questions through a 50/50
// experiment, three times, then three times more after Weir was restarted. Who
// got what is read from the upstream.
func TestUsersKeepTheirVariant(t *testing.T) {
	questions := readQuestions(t)
	if len(questions) != 671 {
		t.Fatalf("%d questions, want 671", len(questions))
	}
	up := newReplay(t, recordings(questions))
	definitions := fmt.Sprintf(gsm8kDefinitions, up.URL)
	var before []string // variant of each user
	for _, when := range []string{"at first", "after a restart"} {
		w := serve(t, definitions)
		answers := askAll(t, w, questions)
		variants := checkUpstream(t, questions, up.take(), answers)
		checkSplit(t, variants)
		checkCounter(t, w, variants)
		if before == nil {
			before = variants
			checkExplain(t, w, variants)
		}
		for i, v := range variants {
			if v != before[i] {
				t.Errorf("%s: %s has %s, had %s before", when, userID(i), v, before[i])
			}
		}
		w.stop(t)
	}
	logTruth(t, questions, before)
}

func userID(i int) string { return fmt.Sprintf("user-%d", i) }

func recordings(questions []question) map[string]map[string]string {
	weak, strong := map[string]string{}, map[string]string{}
	for _, q := range questions {
		weak[q.Prompt], strong[q.Prompt] = q.Weak.Text, q.Strong.Text
	}
	return map[string]map[string]string{weakModel: weak, strongModel: strong}
}

// asked is one request as the user's side saw it.
type asked struct {
	body   []byte
	stream bool
	usage  bool // asked for, on the stream
	answer
}

// askAll lets all users ask, several at a time. Requests alternate between whole
// and streamed answers, and streams between asking for usage and not.
func askAll(t *testing.T, w *weir, questions []question) [][]asked {
	t.Helper()
	all := make([][]asked, len(questions))
	var wg sync.WaitGroup
	users := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range users {
				for n := range asks {
					a := asked{stream: (i+n)%2 == 1, usage: (i+n)%4 == 3}
					a.body = requestBody(questions[i].Prompt, a.stream, a.usage)
					var err error
					a.answer, err = ask(t.Context(), w.data, a.body, http.Header{"X-User-Id": {userID(i)}})
					if err != nil {
						t.Errorf("%s, time %d: %v", userID(i), n+1, err)
					}
					all[i] = append(all[i], a)
				}
			}
		})
	}
	for i := range questions {
		users <- i
	}
	close(users)
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// requestBody is written by hand: spaces, number formats and unknown fields are
// there to be left alone.
func requestBody(prompt string, stream, usage bool) []byte {
	quoted, err := json.Marshal(prompt)
	if err != nil {
		panic(err) // a string
	}
	more := ""
	if stream {
		more = `, "stream":true`
	}
	if usage {
		more += `, "stream_options": {"include_usage" : true}`
	}
	return fmt.Appendf(nil, ` { "x_trace":{"n":[1.50,1e2,12345678901234567890]},"model" : "math","messages":[{"content": %s,"role":"user"}]%s, "temperature":0.70 }`, quoted, more)
}
