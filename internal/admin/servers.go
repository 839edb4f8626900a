package admin

import "time"

// ServerState is what a model's server says of itself, as of the last time it was
// asked. What it does not tell is absent, which is not zero.
type ServerState struct {
	Endpoint string    `json:"endpoint" doc:"without user, password and query"`
	Kind     string    `json:"kind" doc:"of server, such as vllm, tgi, triton or dcgm; empty until it is known"`
	At       time.Time `json:"at,omitzero" doc:"when it was last heard; absent: never"`
	Age      float64   `json:"age_seconds" doc:"how long ago that is"`
	Error    string    `json:"error,omitempty" doc:"why it was not heard since"`
	Running  *float64  `json:"running,omitempty" doc:"requests that it works on"`
	Queued   *float64  `json:"queued,omitempty" doc:"requests that wait there"`
	Waited   *float64  `json:"queue_wait_seconds,omitempty" doc:"mean over those that left its queue lately"`
	KVCache  *float64  `json:"kv_cache_share,omitempty" doc:"of its KV cache that is in use, 0 to 1"`
	GPUs     []GPU     `json:"gpus,omitempty"`
}

// GPU is one that a server runs on. How busy it is is shown, and judged by nobody:
// two variants on one GPU cannot be told apart there.
type GPU struct {
	Name        string   `json:"name" doc:"its index or id, as it is told"`
	Busy        *float64 `json:"busy_share,omitempty" doc:"of the time that it worked, 0 to 1"`
	MemoryUsed  *int64   `json:"memory_used_bytes,omitempty"`
	MemoryTotal *int64   `json:"memory_total_bytes,omitempty"`
}
