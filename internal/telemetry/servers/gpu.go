package servers

import (
	"cmp"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

// miB is what DCGM counts memory in.
const miB = 1 << 20

// gpuName is where the values of GPUs stand, one series for each.
type gpuName struct {
	kind, metric string
	scale        float64
	set          func(*gpu, float64)
}

var gpuNames = []gpuName{
	{DCGM, "DCGM_FI_DEV_GPU_UTIL", .01, func(g *gpu, v float64) { g.use = v; g.hasUse = true }}, // 0 to 100
	{DCGM, "DCGM_FI_DEV_FB_USED", miB, func(g *gpu, v float64) { g.used += v; g.hasUsed = true }},
	{DCGM, "DCGM_FI_DEV_FB_FREE", miB, func(g *gpu, v float64) { g.free += v; g.hasFree = true }},
	{Triton, "nv_gpu_utilization", 1, func(g *gpu, v float64) { g.use = v; g.hasUse = true }}, // 0 to 1
	{Triton, "nv_gpu_memory_used_bytes", 1, func(g *gpu, v float64) { g.used = v; g.hasUsed = true }},
	{Triton, "nv_gpu_memory_total_bytes", 1, func(g *gpu, v float64) { g.total = v; g.hasTotal = true }},
}

// gpuLabels say which GPU a series is of, best first.
var gpuLabels = []string{"UUID", "gpu_uuid", "gpu"}

// gpu is a device while its series are put together.
type gpu struct {
	name                               string
	use, used, free, total             float64
	hasUse, hasUsed, hasFree, hasTotal bool
}

// gpus are the devices of a page, in order of their id.
func (fs families) gpus(kind string) ([]GPU, string) {
	found := map[string]*gpu{}
	of := ""
	for _, n := range gpuNames {
		if kind != "" && n.kind != kind || of != "" && n.kind != of {
			continue
		}
		for _, m := range fs[n.metric].GetMetric() {
			v, ok := number(m)
			id := gpuID(m)
			if !ok || id == "" {
				continue
			}
			of = n.kind
			if found[id] == nil {
				found[id] = &gpu{name: labelOf(m, "modelName")}
			}
			n.set(found[id], v*n.scale)
		}
	}
	var list []GPU
	for id, g := range found {
		list = append(list, g.device(id))
	}
	slices.SortFunc(list, func(a, b GPU) int { return cmp.Compare(a.ID, b.ID) })
	return list, of
}

func gpuID(m *dto.Metric) string {
	for _, l := range gpuLabels {
		if id := labelOf(m, l); id != "" {
			return id
		}
	}
	return ""
}

func (g *gpu) device(id string) GPU {
	d := GPU{ID: id, Name: g.name}
	if g.hasUse {
		d.Use = share(&g.use)
	}
	if g.hasUsed {
		d.MemoryUsed = &g.used
	}
	if g.hasUsed && g.hasFree && !g.hasTotal {
		g.total, g.hasTotal = g.used+g.free, true
	}
	if g.hasTotal {
		d.MemoryTotal = &g.total
	}
	return d
}
