package telemetry

// Server is what a model server, or the exporter of its GPUs, said of itself at
// the last reading. What is nil it did not say.
type Server struct {
	Model    string // in the definitions; "" of an exporter that serves several
	Endpoint string
	Up       bool    // the last try to read it succeeded
	Age      float64 // of the values, in seconds; below 0 when there never were any

	Running, Waiting        *float64 // requests
	QueueSeconds, QueueLeft *float64 // since its start: waiting of requests that have left the queue, and how many they are
	KVUse                   *float64 // 0 to 1
	GPUs                    []ServerGPU
}

// ServerGPU is one GPU. What is nil was not said.
type ServerGPU struct {
	ID                      string
	Use                     *float64 // 0 to 1
	MemoryUsed, MemoryTotal *float64 // bytes
}

// NewServers declares the families about model servers. Their reader is asked at
// each reading of the registry; values that are too old it leaves out.
func NewServers(r *Registry, ask func() []Server) {
	family := func(name, help string, kind Kind, value func(*Server) *float64) {
		r.Ask(name, help, kind, []string{"model", "endpoint"}, func(show Show) {
			for _, s := range ask() {
				if v := value(&s); v != nil {
					show(*v, s.Model, s.Endpoint)
				}
			}
		})
	}
	family("weir_server_up", "1 if the last try to read the model server's own metrics succeeded, 0 if not.",
		KindGauge, func(s *Server) *float64 { up := number(s.Up); return &up })
	family("weir_server_reading_age_seconds", "How old the values read from the model server are, in seconds.",
		KindGauge, func(s *Server) *float64 {
			if s.Age < 0 {
				return nil
			}
			return &s.Age
		})
	family("weir_server_requests_running", "Requests the model server is working on, as it says itself.",
		KindGauge, func(s *Server) *float64 { return s.Running })
	family("weir_server_requests_waiting", "Requests that wait in the model server's queue, as it says itself.",
		KindGauge, func(s *Server) *float64 { return s.Waiting })
	family("weir_server_queue_seconds_total", "Time that requests waited in the model server's queue, in seconds, as it says itself.",
		KindCounter, func(s *Server) *float64 { return s.QueueSeconds })
	family("weir_server_queue_left_total", "Requests that have left the model server's queue, as it says itself: what weir_server_queue_seconds_total is divided by.",
		KindCounter, func(s *Server) *float64 { return s.QueueLeft })
	family("weir_server_kv_cache_use_ratio", "How full the model server's KV cache is, 0 to 1; of several engines the fullest.",
		KindGauge, func(s *Server) *float64 { return s.KVUse })
	gpu := func(name, help string, value func(ServerGPU) *float64) {
		r.Ask(name, help, KindGauge, []string{"model", "endpoint", "gpu"}, func(show Show) {
			for _, s := range ask() {
				for _, g := range s.GPUs {
					if v := value(g); v != nil {
						show(*v, s.Model, s.Endpoint, g.ID)
					}
				}
			}
		})
	}
	gpu("weir_server_gpu_use_ratio", "Share of time in which the GPU did anything at all, 0 to 1. It is 1 under any load: look at it, do not judge by it.",
		func(g ServerGPU) *float64 { return g.Use })
	gpu("weir_server_gpu_memory_used_bytes", "GPU memory in use.",
		func(g ServerGPU) *float64 { return g.MemoryUsed })
	gpu("weir_server_gpu_memory_total_bytes", "GPU memory there is.",
		func(g ServerGPU) *float64 { return g.MemoryTotal })
}
