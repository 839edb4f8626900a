package telemetry

import (
	"testing"
	"time"
)

func TestReloadsAreTold(t *testing.T) {
	r := New()
	w := NewWeir(r)
	if got := sampleOf(t, r, "weir_config_reloads_total", "error").Value; got != 0 {
		t.Errorf("%v errors at the start", got)
	}
	w.Loaded("1", time.Unix(1000, 0))
	w.LoadFailed()
	w.Loaded("2", time.Unix(2000, 0))
	w.LoadFailed()
	for result, want := range map[string]float64{"success": 2, "error": 2} {
		if got := sampleOf(t, r, "weir_config_reloads_total", result).Value; got != want {
			t.Errorf("%s: %v, want %v", result, got, want)
		}
	}
	if got := sampleOf(t, r, "weir_config_last_reload_success_timestamp_seconds").Value; got != 2000 {
		t.Errorf("last success at %v, want 2000: a failure must not move it", got)
	}
	if got := sampleOf(t, r, "weir_config_info", "2").Value; got != 1 {
		t.Errorf("revision 2 reads %v", got)
	}
	if hasSeries(r, "weir_config_info", "1") {
		t.Error("two revisions in force")
	}
	w.Loaded("1", time.Unix(3000, 0)) // restored
	if !hasSeries(r, "weir_config_info", "1") || hasSeries(r, "weir_config_info", "2") {
		t.Error("the restored revision is not the only one in force")
	}
}

func TestRouteAndModelBundles(t *testing.T) {
	r := New()
	w := NewWeir(r)
	w.Build("v1.2.3", "go1.26")
	route, model := w.Route("chat"), w.Model("m")
	route.Overhead.Observe(60 * time.Microsecond)
	route.NoUnit.Inc()
	route.Enrolled.Add(2)
	route.InFlight.Inc()
	model.AttemptOK.Inc()
	model.Attempt("connect").Add(2)
	model.MalformedFrames.Add(3)
	model.UsageMissing.Add(4)
	model.UsageEstimated.Add(5)
	model.Unpriced.Add(6)
	if got := sampleOf(t, r, "weir_model_up", "m").Value; got != 0 {
		t.Errorf("a model nobody called up reads %v", got)
	}
	model.Up.SetBool(true)
	for _, c := range []struct {
		name   string
		values []string
		want   float64
	}{
		{"weir_build_info", []string{"v1.2.3", "go1.26"}, 1},
		{"weir_no_unit_total", []string{"chat"}, 1},
		{"weir_enrolled_total", []string{"chat"}, 2},
		{"weir_in_flight", []string{"chat"}, 1},
		{"weir_attempts_total", []string{"m", "ok"}, 1},
		{"weir_attempts_total", []string{"m", "connect"}, 2},
		{"weir_stream_frames_malformed_total", []string{"m"}, 3},
		{"weir_usage_missing_total", []string{"m"}, 4},
		{"weir_usage_estimated_total", []string{"m"}, 5},
		{"weir_unpriced_requests_total", []string{"m"}, 6},
		{"weir_model_up", []string{"m"}, 1},
	} {
		if got := sampleOf(t, r, c.name, c.values...).Value; got != c.want {
			t.Errorf("%s%q: %v, want %v", c.name, c.values, got, c.want)
		}
	}
	if got := sampleOf(t, r, "weir_overhead_seconds", "chat").Buckets.Cumulative[:2]; got[0] != 0 || got[1] != 1 {
		t.Errorf("60 µs fell in %v, want the second bucket", got)
	}
}

func TestRoutesAndModelsRemovedByAReload(t *testing.T) {
	r := New()
	w := NewWeir(r)
	for _, name := range []string{"kept", "gone"} {
		w.Route(name)
		w.Model(name)
	}
	kept := func(name string) bool { return name == "kept" }
	w.Retain(kept, kept)
	for name, f := range gathered(r) {
		for _, s := range f.Samples {
			if len(s.Values) > 0 && s.Values[0] == "gone" {
				t.Errorf("%s still shows %q", name, s.Values)
			}
		}
	}
	if !hasSeries(r, "weir_model_up", "kept") || !hasSeries(r, "weir_in_flight", "kept") {
		t.Error("what was to be kept went too")
	}
}
