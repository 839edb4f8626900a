package telemetry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The names, labels and buckets are a promise to dashboards: they are written
// here once more, as the documents have them, and may not change by accident.
func TestFamiliesAsPromised(t *testing.T) {
	r := New()
	l := NewLLM(r)
	s := l.Series("chat", "a", "m", "/v1/chat/completions")
	s.End(OutcomeOK, time.Second)
	s.Cost.Add(0)
	record := NewRecord(r)
	record.Journal(func() JournalState { return JournalState{} })
	record.Store(func() StoreState { return StoreState{} })
	record.Writing()
	NewOTLP(r, func() OTLPState { return OTLPState{} })
	NewServers(r, func() []Server { return nil })
	record.Budgets(func() []BudgetState { return nil })
	w := NewWeir(r)
	w.Route("chat")
	w.Model("m")
	const four = "route,variant,model,model_version"
	want := map[string]struct {
		kind   Kind
		labels string
		bounds string
	}{
		"llm_requests_total":                                {KindCounter, four + ",status", ""},
		"llm_request_duration_seconds":                      {KindHistogram, four, ".005 .01 .025 .05 .075 .1 .25 .5 .75 1 2.5 5 7.5 10 30 60 120"},
		"llm_request_latency_seconds":                       {KindHistogram, four + ",endpoint", ".1 .5 1 2 5 10 30 60 120"},
		"llm_ttft_seconds":                                  {KindHistogram, four, ".05 .1 .2 .5 1 2 5 10 20 40 60 120"},
		"llm_tpot_seconds":                                  {KindHistogram, four, ".005 .01 .02 .03 .05 .075 .1 .2 .5 1"},
		"llm_tokens_total":                                  {KindCounter, four + ",direction", ""},
		"weir_requests_total":                               {KindCounter, "route,variant,outcome", ""},
		"weir_attempts_total":                               {KindCounter, "model,result", ""},
		"weir_overhead_seconds":                             {KindHistogram, "route", ".00005 .0001 .00015 .0002 .0003 .0005 .00075 .001 .002 .005 .01 .025 .05 .1 .25 1"},
		"weir_no_unit_total":                                {KindCounter, "route", ""},
		"weir_enrolled_total":                               {KindCounter, "route", ""},
		"weir_in_flight":                                    {KindGauge, "route", ""},
		"weir_stream_frames_malformed_total":                {KindCounter, "model", ""},
		"weir_usage_missing_total":                          {KindCounter, "model", ""},
		"weir_usage_estimated_total":                        {KindCounter, "model", ""},
		"weir_unpriced_requests_total":                      {KindCounter, "model", ""},
		"llm_request_cost_dollars":                          {KindCounter, four, ""},
		"llm_request_cost_dollars_total":                    {KindCounter, four, ""},
		"weir_cached_tokens_total":                          {KindCounter, "route,variant,model", ""},
		"weir_cache_write_tokens_total":                     {KindCounter, "route,variant,model", ""},
		"weir_reasoning_tokens_total":                       {KindCounter, "route,variant,model", ""},
		"weir_journal_records_total":                        {KindCounter, "kind", ""},
		"weir_journal_shed_total":                           {KindCounter, "kind", ""},
		"weir_journal_at_risk_total":                        {KindCounter, "", ""},
		"weir_journal_bytes":                                {KindGauge, "", ""},
		"weir_store_up":                                     {KindGauge, "", ""},
		"weir_store_errors_total":                           {KindCounter, "", ""},
		"weir_record_lag_records":                           {KindGauge, "", ""},
		"weir_record_lag_seconds":                           {KindGauge, "", ""},
		"weir_budget_spent_ratio":                           {KindGauge, "budget", ""},
		"weir_journal_errors_total":                         {KindCounter, "operation", ""},
		"weir_journal_damaged_total":                        {KindCounter, "", ""},
		"weir_record_applied_total":                         {KindCounter, "", ""},
		"weir_record_batches_total":                         {KindCounter, "", ""},
		"weir_record_set_aside_total":                       {KindCounter, "", ""},
		"weir_record_unknown_total":                         {KindCounter, "", ""},
		"weir_record_interrupted_total":                     {KindCounter, "", ""},
		"weir_record_repeated_total":                        {KindCounter, "", ""},
		"weir_record_units_left_out_total":                  {KindCounter, "", ""},
		"weir_record_tags_other_total":                      {KindCounter, "", ""},
		"weir_record_deleted_total":                         {KindCounter, "", ""},
		"weir_otlp_requests_dropped_total":                  {KindCounter, "", ""},
		"weir_otlp_spans_total":                             {KindCounter, "result", ""},
		"weir_otlp_metric_pushes_total":                     {KindCounter, "result", ""},
		"weir_server_up":                                    {KindGauge, "model,endpoint", ""},
		"weir_server_reading_age_seconds":                   {KindGauge, "model,endpoint", ""},
		"weir_server_requests_running":                      {KindGauge, "model,endpoint", ""},
		"weir_server_requests_waiting":                      {KindGauge, "model,endpoint", ""},
		"weir_server_queue_seconds_total":                   {KindCounter, "model,endpoint", ""},
		"weir_server_queue_left_total":                      {KindCounter, "model,endpoint", ""},
		"weir_server_kv_cache_use_ratio":                    {KindGauge, "model,endpoint", ""},
		"weir_server_gpu_use_ratio":                         {KindGauge, "model,endpoint,gpu", ""},
		"weir_server_gpu_memory_used_bytes":                 {KindGauge, "model,endpoint,gpu", ""},
		"weir_server_gpu_memory_total_bytes":                {KindGauge, "model,endpoint,gpu", ""},
		"weir_record_unowned_total":                         {KindCounter, "", ""},
		"weir_feedback_total":                               {KindCounter, "result", ""},
		"weir_config_reloads_total":                         {KindCounter, "result", ""},
		"weir_config_last_reload_success_timestamp_seconds": {KindGauge, "", ""},
		"weir_config_info":                                  {KindGauge, "revision", ""},
		"weir_model_up":                                     {KindGauge, "model", ""},
		"weir_build_info":                                   {KindGauge, "version,goversion", ""},
		droppedName:                                         {KindCounter, "family", ""},
	}
	got := gathered(r)
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is exposed and not promised", name)
		}
	}
	for name, w := range want {
		f, ok := got[name]
		if !ok {
			t.Errorf("%s is promised and not exposed", name)
			continue
		}
		if f.Kind != w.kind || strings.Join(f.Labels, ",") != w.labels || f.Help == "" {
			t.Errorf("%s is a %v with the labels %q and the help %q", name, f.Kind, f.Labels, f.Help)
		}
		if w.kind == KindHistogram {
			if b := f.Samples[0].Buckets.Bounds; !slices.Equal(b, numbers(t, w.bounds)) {
				t.Errorf("%s has the buckets %v, want %s", name, b, w.bounds)
			}
		}
	}
}

func numbers(t *testing.T, list string) []float64 {
	t.Helper()
	var ns []float64
	for _, word := range strings.Fields(list) {
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		ns = append(ns, n)
	}
	return ns
}

func TestEndCountsEachOutcomeOnce(t *testing.T) {
	for _, c := range []struct {
		outcome        string
		success, error float64
	}{
		{"ok", 1, 0},
		{"blocked", 1, 0},
		{"truncated", 0, 1},
		{"timeout", 0, 1},
		{"upstream_error", 0, 1},
		{"rejected", 0, 1},
		{"cancelled", 1, 0},
		{"interrupted", 0, 1},
		{"refused", 0, 0},
		{"invalid", 0, 0},
	} {
		t.Run(c.outcome, func(t *testing.T) {
			r := New()
			s := NewLLM(r).Series("chat", "b", "m", "/v1/chat/completions")
			o, ok := OutcomeNamed(c.outcome)
			if !ok || o.String() != c.outcome {
				t.Fatalf("%q is no outcome", c.outcome)
			}
			s.End(o, 3*time.Second)
			if got := sampleOf(t, r, "weir_requests_total", "chat", "b", c.outcome).Value; got != 1 {
				t.Errorf("outcome counted %v times", got)
			}
			for status, want := range map[string]float64{"success": c.success, "error": c.error} {
				if got := sampleOf(t, r, "llm_requests_total", "chat", "b", "m", "b", status).Value; got != want {
					t.Errorf("status %s counted %v times, want %v", status, got, want)
				}
			}
			duration := sampleOf(t, r, "llm_request_duration_seconds", "chat", "b", "m", "b").Buckets
			latency := sampleOf(t, r, "llm_request_latency_seconds", "chat", "b", "m", "b", "/v1/chat/completions").Buckets
			want := c.success + c.error
			if float64(duration.Count) != want || float64(latency.Count) != want || duration.Sum != 3*want || latency.Sum != 3*want {
				t.Errorf("duration %d (%v s), latency %d (%v s), want %v of 3 s each",
					duration.Count, duration.Sum, latency.Count, latency.Sum, want)
			}
		})
	}
	if _, ok := OutcomeNamed("fine"); ok {
		t.Error("a word that is no outcome was taken for one")
	}
}

func TestSeriesPointsAtItsOwnLabels(t *testing.T) {
	r := New()
	l := NewLLM(r)
	s := l.Series("chat", "a", "m", "/v1/completions")
	l.Series("chat", "b", "m", "/v1/completions") // must stay at zero
	s.TTFT.Observe(time.Second)
	s.TPOT.Observe(20 * time.Millisecond)
	s.TokensIn.Add(30)
	s.TokensOut.Add(12)
	if got := sampleOf(t, r, "llm_ttft_seconds", "chat", "a", "m", "a").Buckets.Sum; got != 1 {
		t.Errorf("TTFT %v", got)
	}
	if got := sampleOf(t, r, "llm_tpot_seconds", "chat", "a", "m", "a").Buckets.Sum; got != .02 {
		t.Errorf("TPOT %v", got)
	}
	for direction, want := range map[string]float64{"input": 30, "output": 12} {
		if got := sampleOf(t, r, "llm_tokens_total", "chat", "a", "m", "a", direction).Value; got != want {
			t.Errorf("%s tokens %v, want %v", direction, got, want)
		}
		if got := sampleOf(t, r, "llm_tokens_total", "chat", "b", "m", "b", direction).Value; got != 0 {
			t.Errorf("the other variant has %v %s tokens", got, direction)
		}
	}
}

func TestSeriesOfTwoPathsShareAllButLatency(t *testing.T) {
	r := New()
	l := NewLLM(r)
	chat := l.Series("chat", "a", "m", "/v1/chat/completions")
	plain := l.Series("chat", "a", "m", "/v1/completions")
	if chat == plain || chat.Latency == plain.Latency {
		t.Error("two API paths share a latency histogram")
	}
	if chat.Duration != plain.Duration || chat.Success != plain.Success || chat.TokensOut != plain.TokensOut {
		t.Error("what has no endpoint label differs between API paths")
	}
	if l.Series("chat", "a", "m", "/v1/completions") != plain {
		t.Error("a second look-up gave another bundle")
	}
}

func TestSeriesIsOneBundleForAllWhoAsk(t *testing.T) {
	const askers = 16
	r := New()
	l := NewLLM(r)
	var asking sync.WaitGroup
	for range askers {
		asking.Go(func() {
			for o := range outcomes {
				l.Series("chat", "a", "m", "/").End(o, time.Millisecond)
			}
		})
	}
	asking.Wait()
	for _, name := range outcomeNames {
		if got := sampleOf(t, r, "weir_requests_total", "chat", "a", name).Value; got != askers {
			t.Errorf("%s counted %v times, want %d", name, got, askers)
		}
	}
}

func TestBundlesBeyondTheCapAreOtherAsAWhole(t *testing.T) {
	r := NewWithCap(4) // two bundles: each has two statuses and two directions
	l := NewLLM(r)
	for i := range 5 {
		l.Series(fmt.Sprint("route-", i), "a", "m", "/").End(OutcomeOK, time.Second)
	}
	for name, f := range gathered(r) {
		if strings.HasPrefix(name, "llm_") && len(f.Samples) > 5 {
			t.Errorf("%s has %d series", name, len(f.Samples))
		}
	}
	if got := sampleOf(t, r, "llm_request_duration_seconds", Other, Other, Other, Other).Buckets.Count; got != 3 {
		t.Errorf("`other` holds %d durations, want 3", got)
	}
	if got := sampleOf(t, r, "llm_requests_total", Other, Other, Other, Other, Other).Value; got != 3 {
		t.Errorf("`other` holds %v requests, want 3", got)
	}
	if got := sampleOf(t, r, droppedName, "llm_requests_total").Value; got != 3 {
		t.Errorf("%s is %v, want 3", droppedName, got)
	}
}

func TestRoutesRemovedByAReload(t *testing.T) {
	r := New()
	l := NewLLM(r)
	kept, gone := l.Series("kept", "a", "m", "/"), l.Series("gone", "a", "m", "/")
	kept.End(OutcomeOK, time.Second)
	gone.End(OutcomeTimeout, time.Second)
	l.Outcomes.With("kept", "", "invalid").Inc()
	keep := func(route, variant, model string) bool { return route == "kept" }
	l.Retain(keep)
	for name, f := range gathered(r) {
		for _, s := range f.Samples {
			if s.Values != nil && s.Values[0] == "gone" {
				t.Errorf("%s still shows %q", name, s.Values)
			}
		}
	}
	for _, values := range [][]string{{"kept", "a", "ok"}, {"kept", "", "invalid"}} {
		if !hasSeries(r, "weir_requests_total", values...) {
			t.Errorf("%q went too", values)
		}
	}
	gone.End(OutcomeTimeout, time.Second) // a stream that outlived the reload
	back := l.Series("gone", "a", "m", "/")
	back.End(OutcomeTimeout, time.Second)
	if got := sampleOf(t, r, "llm_requests_total", "gone", "a", "m", "a", "error").Value; got != 3 {
		t.Errorf("the route came back with %v errors, want 3: nothing may be reset", got)
	}
	if got := sampleOf(t, r, "weir_requests_total", "gone", "a", "timeout").Value; got != 3 {
		t.Errorf("the route came back with %v timeouts, want 3", got)
	}
}
