package servers

// The kinds of page.
const (
	VLLM        = "vllm"
	SGLang      = "sglang"
	TensorRTLLM = "tensorrt-llm"
	TGI         = "tgi"
	Triton      = "triton"
	DCGM        = "dcgm"
)

// Kinds are the kinds of page that are understood.
func Kinds() []string { return []string{VLLM, SGLang, TensorRTLLM, TGI, Triton, DCGM} }

// name is where a value stands: a metric, and the one value of a label where the
// metric holds several things.
type name struct {
	kind         string
	metric       string
	label, value string
	scale        float64 // into our measure; 0: 1
}

// The names of each value, best first. The first that a page has is taken and no
// other is looked at: servers show old and new names of one thing side by side,
// and Triton shows those of the engine inside it beside its own.
var (
	running = []name{
		{kind: VLLM, metric: "vllm:num_requests_running"},
		{kind: SGLang, metric: "sglang:num_running_reqs"},
		{kind: TensorRTLLM, metric: "trtllm_num_requests_running"},
		{kind: TGI, metric: "tgi_batch_current_size"},
		{kind: Triton, metric: "nv_trt_llm_request_metrics", label: "request_type", value: "scheduled"},
		{kind: Triton, metric: "nv_trt_llm_request_metrics", label: "request_type", value: "active"},
	}
	waiting = []name{
		{kind: VLLM, metric: "vllm:num_requests_waiting"}, // not …_by_reason, which splits the same
		{kind: SGLang, metric: "sglang:num_queue_reqs"},
		{kind: TensorRTLLM, metric: "trtllm_num_requests_waiting"},
		{kind: TGI, metric: "tgi_queue_size"},
		{kind: Triton, metric: "nv_trt_llm_request_metrics", label: "request_type", value: "waiting"},
		{kind: Triton, metric: "nv_inference_pending_request_count"},
	}
	kvUse = []name{
		{kind: VLLM, metric: "vllm:kv_cache_usage_perc"},  // 0 to 1, for all its name
		{kind: VLLM, metric: "vllm:gpu_cache_usage_perc"}, // up to 0.9
		{kind: SGLang, metric: "sglang:token_usage"},
		{kind: TensorRTLLM, metric: "trtllm_kv_cache_utilization"},
		{kind: Triton, metric: "nv_trt_llm_kv_cache_block_metrics", label: "kv_cache_block_type", value: "fraction"},
	}
	queueSeconds = []name{
		{kind: VLLM, metric: "vllm:request_queue_time_seconds_sum"},
		{kind: TensorRTLLM, metric: "trtllm_request_queue_time_seconds_sum"},
		{kind: TGI, metric: "tgi_request_queue_duration_sum"}, // seconds, though the name does not say so
		{kind: Triton, metric: "nv_inference_queue_duration_us", scale: 1e-6},
	}
	queueLeft = []name{
		{kind: VLLM, metric: "vllm:request_queue_time_seconds_count"},
		{kind: TensorRTLLM, metric: "trtllm_request_queue_time_seconds_count"},
		{kind: TGI, metric: "tgi_request_queue_duration_count"},
		{kind: Triton, metric: "nv_inference_request_success"},
	}
)

// wanted are the metrics of which lines are read at all.
var wanted = func() map[string]bool {
	set := map[string]bool{}
	for _, list := range [][]name{running, waiting, kvUse, queueSeconds, queueLeft} {
		for _, n := range list {
			set[n.metric] = true
		}
	}
	for _, n := range gpuNames {
		set[n.metric] = true
	}
	return set
}()
