package record

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/feedback"
	"github.com/weirhq/weir/internal/metric"
)

// Real answers of real models, dealt to two variants at random, a hundred times
// over: who is better is known, and how often a report says so is counted. All go
// through feedback, the journal, the Writer, the store, and evidence.

// graded is a question with two models' answers scored: the first is served by the
// baseline, the second by the candidate.
type graded struct {
	baseline, candidate []float64 // scores of the answers, in order
}

// deal makes the records of one way to deal questions to variants: a question is a
// user, who asks once for each score. AA serves everybody the baseline's model.
func deal(t *testing.T, questions []graded, seed int, name string, aa bool) (records []event.Record) {
	t.Helper()
	d := newDealer(t, fmt.Sprintf("deal-%d", seed))
	n := 0
	for i, q := range questions {
		unit := fmt.Sprintf("user-%d", i)
		a := d.deal(unit)
		scores := q.baseline
		if a.Variant == "candidate" && !aa {
			scores = q.candidate
		}
		for _, score := range scores {
			e := exchange(n)
			n++
			e.ID = fmt.Sprintf("01990000-0000-7000-8000-%012x", n)
			e.Unit, e.Assignments = unit, []event.Assignment{a}
			records = append(records, e, saidOf(t, e, name, score))
		}
	}
	return records
}

// saidOf is a score that comes through feedback: a boolean where it is 0 or 1.
func saidOf(t *testing.T, e *event.Event, name string, score float64) *event.Score {
	t.Helper()
	value := strconv.FormatFloat(score, 'g', -1, 64)
	if name == "correct" {
		value = strconv.FormatBool(score == 1)
	}
	s, err := feedback.ParseLine([]byte(`{"request_id":"` + e.ID + `","name":"` + name + `","value":` + value + `}`))
	if err != nil {
		t.Fatal(err)
	}
	one := s.Score(e.ID)
	one.ID, one.Project, one.Source, one.Time = feedback.ID(e.ID, name), e.Project, feedback.Source, e.Time.Add(time.Minute)
	return one
}

func dealtPlan(seed int, m metric.Metric) analysis.Plan {
	return analysis.Plan{
		Experiment: fmt.Sprintf("deal-%d", seed), Route: "support", Epoch: 1, UnitKind: "user", Looks: 1, MinUnits: 300,
		Variants: []analysis.Variant{{Name: "baseline", Weight: 0.5, Baseline: true}, {Name: "candidate", Weight: 0.5}},
		Primary:  &analysis.Goal{Metric: m, Mode: analysis.Better},
	}
}

// reports gives the reports of some ways to deal.
func reports(t *testing.T, ways int, questions []graded, m metric.Metric, name string, aa bool, change func(*analysis.Plan)) (list []analysis.Report) {
	t.Helper()
	for seed := range ways {
		p := dealtPlan(seed, m)
		if change != nil {
			change(&p)
		}
		in := through(t, deal(t, questions, seed, name, aa), p)
		in.Complete = true
		list = append(list, analysis.Analyse(in))
	}
	return list
}

// verdicts is how many reports have one of the verdicts.
func verdicts(list []analysis.Report, of ...analysis.Verdict) (n int) {
	for _, r := range list {
		for _, v := range of {
			if r.Verdict == v {
				n++
			}
		}
	}
	return n
}

var numbers = regexp.MustCompile(`-?[0-9][0-9,]*(\.[0-9]+)?`)

// exactMatch is 1 where the last number of an answer is the right one.
func exactMatch(answer, reference string) float64 {
	found := numbers.FindAllString(answer, -1)
	if len(found) == 0 {
		return 0
	}
	got, err := strconv.ParseFloat(strings.ReplaceAll(found[len(found)-1], ",", ""), 64)
	want, wrong := strconv.ParseFloat(strings.ReplaceAll(reference, ",", ""), 64)
	if err == nil && wrong == nil && got == want {
		return 1
	}
	return 0
}

// mathQuestions are those of testdata/routellm-gsm8k, scored by exact match: 0 or 1.
func mathQuestions(t *testing.T) (list []graded) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/routellm-gsm8k/gsm8k.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var q struct {
			Reference    string
			Weak, Strong struct{ Text string }
		}
		if err := json.Unmarshal(line, &q); err != nil {
			t.Fatal(err)
		}
		list = append(list, graded{[]float64{exactMatch(q.Weak.Text, q.Reference)}, []float64{exactMatch(q.Strong.Text, q.Reference)}})
	}
	return list
}

func TestTheStrongerModelIsFound(t *testing.T) {
	questions := mathQuestions(t)
	right := [2]int{}
	for _, q := range questions {
		right[0] += int(q.baseline[0])
		right[1] += int(q.candidate[0])
	}
	m := metric.Score("correct", feedback.Source, metric.Rate, metric.Up)
	list := reports(t, deals, questions, m, "correct", false, nil)
	found := verdicts(list, analysis.Deploy)
	t.Logf("%d questions, right by exact match: %d and %d; deploy in %d of %d deals", len(questions), right[0], right[1], found, deals)
	for i, r := range list {
		if r.Verdict != analysis.Deploy {
			t.Logf("deal %d: %s: %s", i, r.Verdict, r.Sentence)
		} else if r.Variant != "candidate" {
			t.Errorf("deal %d: deploys %s", i, r.Variant)
		}
		if !warns(r, "lowered", "300 units instead of 1,000", "0 days instead of 7", "no rule on weekdays") {
			t.Errorf("deal %d: the report does not say what was lowered", i)
		}
	}
	if found*100 < 99*deals {
		t.Errorf("the stronger model is called in %d of %d deals", found, deals)
	}
	if usual := verdicts(reports(t, 5, questions, m, "correct", false, func(p *analysis.Plan) { p.MinUnits = 0 }), analysis.Deploy); usual > 0 {
		t.Errorf("%d deals are deployed below the usual floor of 1,000 units", usual)
	}
}

func TestHalvesOfOneModelAreRarelyToldApart(t *testing.T) {
	m := metric.Score("correct", feedback.Source, metric.Rate, metric.Up)
	list := reports(t, deals, mathQuestions(t), m, "correct", true, nil)
	called := verdicts(list, analysis.Deploy, analysis.Keep, analysis.RollBack)
	t.Logf("halves of one model: told apart in %d of %d deals (deploy %d, keep %d)", called, deals, verdicts(list, analysis.Deploy), verdicts(list, analysis.Keep))
	if called > mostByChance {
		t.Errorf("told apart in %d of %d deals", called, deals)
	}
}

func warns(r analysis.Report, code string, words ...string) bool {
	for _, w := range r.Warnings {
		if w.Code != code {
			continue
		}
		for _, word := range words {
			if !strings.Contains(w.Text, word) {
				return false
			}
		}
		return true
	}
	return false
}

// table reads scores of testdata: by question, of one model and of the other.
func table(t *testing.T, file, one, other string) []graded {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	places, list := map[string]int{}, []graded{}
	for _, row := range rows[1:] {
		i, ok := places[row[0]]
		if !ok {
			i = len(list)
			places[row[0]] = i
			list = append(list, graded{})
		}
		v, err := strconv.ParseFloat(row[len(row)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		switch row[1] {
		case one:
			list[i].baseline = append(list[i].baseline, v)
		case other:
			list[i].candidate = append(list[i].candidate, v)
		}
	}
	return list
}

// Scores of a judge, and lengths of answers: what 41 and 256 questions can show.
// Small plans are asked for here, and no default would deploy on them.
func TestSmallRealDataSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		questions []graded
		direction metric.Direction
		least     int64
	}{
		"mt-bench, rating by GPT-4": {table(t, "../../testdata/mt-bench/scores.csv", "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"), metric.Up, 10},
		"arena-hard, words":         {table(t, "../../testdata/arena-hard-answers/words.csv", "gpt-3.5-turbo-0125", "gpt-4-0613"), metric.Up, 50},
	} {
		m := metric.Score("grade", feedback.Source, metric.Mean, c.direction)
		small := func(p *analysis.Plan) { p.MinUnits = c.least }
		differ := reports(t, deals, c.questions, m, "grade", false, small)
		same := reports(t, deals, c.questions, m, "grade", true, small)
		told := verdicts(same, analysis.Deploy, analysis.Keep, analysis.RollBack)
		t.Logf("%s: %d questions; second model better in %d of %d deals, worse in %d; halves of the first told apart in %d; effect of deal 0: %+.2f (%.2f to %.2f)",
			name, len(c.questions), verdicts(differ, analysis.Deploy), deals, verdicts(differ, analysis.Keep, analysis.RollBack), told,
			float64(differ[0].Metrics[0].Comparisons[0].Absolute.Value), float64(differ[0].Metrics[0].Comparisons[0].Absolute.Low), float64(differ[0].Metrics[0].Comparisons[0].Absolute.High))
		if told > mostByChance+3 { // 12 of 100 at a true 5 % comes once in 500
			t.Errorf("%s: halves of one model are told apart in %d of %d deals", name, told, deals)
		}
		if n := verdicts(reports(t, 5, c.questions, m, "grade", false, func(p *analysis.Plan) { p.MinUnits = 0 }), analysis.Deploy); n > 0 {
			t.Errorf("%s: %d deals are deployed below the usual floor", name, n)
		}
		if math.IsNaN(float64(differ[0].Metrics[0].Comparisons[0].Absolute.Value)) {
			t.Errorf("%s: no estimate", name)
		}
	}
}
