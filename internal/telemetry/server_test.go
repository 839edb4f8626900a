package telemetry

import "testing"

func TestServerFamilies(t *testing.T) {
	r := New()
	n := func(v float64) *float64 { return &v }
	list := []Server{
		{Model: "llama", Endpoint: "gpu-0:8000", Up: true, Age: 2, Running: n(3), Waiting: n(0), QueueSeconds: n(1.5), QueueLeft: n(6), KVUse: n(.25)},
		{Endpoint: "gpu-0:9400", Up: true, GPUs: []ServerGPU{{"GPU-1", n(1), n(30), n(80)}, {ID: "GPU-2", MemoryUsed: n(40)}}},
		{Model: "llama", Endpoint: "gpu-1:8000", Age: -1},
	}
	NewServers(r, func() []Server { return list })
	for _, c := range []struct {
		name   string
		values []string
		want   float64
	}{
		{"weir_server_up", []string{"llama", "gpu-0:8000"}, 1},
		{"weir_server_up", []string{"llama", "gpu-1:8000"}, 0},
		{"weir_server_reading_age_seconds", []string{"llama", "gpu-0:8000"}, 2},
		{"weir_server_requests_running", []string{"llama", "gpu-0:8000"}, 3},
		{"weir_server_requests_waiting", []string{"llama", "gpu-0:8000"}, 0},
		{"weir_server_queue_seconds_total", []string{"llama", "gpu-0:8000"}, 1.5},
		{"weir_server_queue_left_total", []string{"llama", "gpu-0:8000"}, 6},
		{"weir_server_kv_cache_use_ratio", []string{"llama", "gpu-0:8000"}, .25},
		{"weir_server_gpu_use_ratio", []string{"", "gpu-0:9400", "GPU-1"}, 1},
		{"weir_server_gpu_memory_used_bytes", []string{"", "gpu-0:9400", "GPU-2"}, 40},
		{"weir_server_gpu_memory_total_bytes", []string{"", "gpu-0:9400", "GPU-1"}, 80},
	} {
		if got := sampleOf(t, r, c.name, c.values...).Value; got != c.want {
			t.Errorf("%s%q: %v, want %v", c.name, c.values, got, c.want)
		}
	}
	// "Did not say" is no series, never 0.
	for name, values := range map[string][]string{
		"weir_server_kv_cache_use_ratio":     {"", "gpu-0:9400"},
		"weir_server_reading_age_seconds":    {"llama", "gpu-1:8000"},
		"weir_server_requests_waiting":       {"llama", "gpu-1:8000"},
		"weir_server_gpu_use_ratio":          {"", "gpu-0:9400", "GPU-2"},
		"weir_server_gpu_memory_total_bytes": {"", "gpu-0:9400", "GPU-2"},
	} {
		if hasSeries(r, name, values...) {
			t.Errorf("%s%q is shown", name, values)
		}
	}
}
