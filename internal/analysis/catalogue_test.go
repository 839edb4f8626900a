package analysis

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// Every metric of the catalogue can be read, in its own unit, from the sums that
// its measure keeps.
func TestReadsTheCatalogue(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	in := Input{Sums: map[string]map[string]stats.Moments{}, Clusters: map[string]map[string][]stats.Cluster{}}
	p := aAgainstB(Plan{Experiment: "all", MinUnits: 1000, MinDays: 7})
	want := map[string]float64{} // of A
	for _, m := range metric.All() {
		if base, ok := m.Slow(); ok {
			m, _ = metric.SlowShare(base, 2e9)
		}
		p.Metrics = append(p.Metrics, m)
		switch m.Kind {
		case metric.Rate:
			want[m.Name] = 0.5
		case metric.Geometric:
			want[m.Name] = 2 // seconds
		case metric.Quantile:
			want[m.Name] = 2
		case metric.PerUnit:
			want[m.Name] = 3 * 1500 * scaleOf(m) // three requests of 1,500 each
		case metric.Mean:
			want[m.Name] = 1500 * scaleOf(m)
		}
	}
	in.Plan = p
	for _, v := range []string{"A", "B"} {
		in.Sums[v], in.Clusters[v] = map[string]stats.Moments{}, map[string][]stats.Cluster{}
		for _, m := range p.Metrics {
			switch m.Kind {
			case metric.Quantile:
				clusters := make([]stats.Cluster, clusterCount)
				for i := range clusters {
					clusters[i].Sketch = stats.NewSketch()
					for range 20 {
						clusters[i].Sketch.Add(2)
						clusters[i].N++
					}
				}
				in.Clusters[v][m.Measure] = clusters
			case metric.Rate:
				in.Sums[v][m.Measure] = spread(2000, 1, func(*rand.Rand) (int64, int64) { return int64(1 + 2*r.IntN(2)), 4 }) // 1 or 3 of 4
			case metric.Geometric:
				in.Sums[v][m.Measure] = swinging(2000, int64(math.Round(math.Log(2)*1e6)), 300)
			default:
				if s := in.Sums[v][m.Measure]; s.Units == 0 {
					for i := range 2000 {
						s.Add(4500+int64(10*(1-2*(i%2))), 3)
					}
					in.Sums[v][m.Measure] = s
				}
			}
		}
	}
	for _, x := range Analyse(in).Metrics {
		name := x.Metric.Name
		if e := x.Variants[0]; math.Abs(float64(e.Value)/want[name]-1) > 0.03 {
			t.Errorf("%s of A is %v %s, want %v", name, e.Value, x.Metric.Unit, want[name])
		}
		if c := x.Comparisons[0]; c.Absolute.Status == "undefined" && x.Metric.Kind != metric.Quantile {
			t.Errorf("%s: %s", name, c.Absolute.Reason)
		}
	}
}

// Those who give a thumb choose themselves: when they choose differently in the
// variants, the share of thumbs up decides nothing.
func TestThumbsOfUnlikePeopleDecideNothing(t *testing.T) {
	up, _ := metric.Find("thumbs_up_rate")
	in := pitfall(up, stats.Moments{}, stats.Moments{})
	in.Plan.Primary.Metric = up
	for i, v := range []string{"A", "B"} {
		asked, given := 0.10, 0.6+0.1*float64(i)
		if i == 1 {
			asked = 0.06
		}
		var response, thumbs, all stats.Moments
		r := rand.New(rand.NewPCG(uint64(i), 6))
		for range 6000 {
			var answers, ups int64
			for range 5 {
				if r.Float64() < asked {
					answers++
					if r.Float64() < given {
						ups++
					}
				}
			}
			response.Add(answers, 5)
			thumbs.Add(ups, answers)
			all.Add(0, 5)
		}
		in.Sums[v] = map[string]stats.Moments{"thumbs_response": response, "thumbs_up": thumbs, "error": all}
	}
	r := Analyse(in)
	if r.Metrics[0].Comparisons[0].Says != SaysBetter {
		t.Fatalf("the data do not look better: %+v", r.Metrics[0].Comparisons[0])
	}
	if r.Verdict != Inconclusive || !strings.Contains(r.Sentence, "those compared are not alike") {
		t.Errorf("%s: %s", r.Verdict, r.Sentence)
	}
	if r.Enrolment[0].Requests != 30000 || r.Enrolment[0].Units != 6000 {
		t.Errorf("enrolled: %+v", r.Enrolment[0])
	}
}

// A judge's scores of 0 and 1 come in micro-units.
func TestScoresOfNoughtAndOne(t *testing.T) {
	m := metric.Score("exact", "match", metric.Rate, metric.Up)
	var a, b stats.Moments
	for i := range 1000 {
		a.Add(1_000_000*int64(min(1, i%2)), 1)
		b.Add(1_000_000*int64(min(1, i%4)), 1)
	}
	in := pitfall(m, a, b)
	in.Plan.Primary.Metric = m
	in.Sums["A"], in.Sums["B"] = map[string]stats.Moments{m.Measure: a}, map[string]stats.Moments{m.Measure: b}
	r := Analyse(in)
	c := r.Metrics[0].Comparisons[0]
	if math.Abs(float64(c.Absolute.Value)-0.25) > 1e-12 || r.Verdict != Deploy {
		t.Errorf("%v: %s", c.Absolute.Value, r.Sentence)
	}
	// 500 of 1,000 against 750 of 1,000: Newcombe's interval, worked out from the two
	// Wilson intervals (Newcombe 1998, method 10).
	if math.Abs(float64(c.Absolute.Low)-0.208438927) > 1e-8 || math.Abs(float64(c.Absolute.High)-0.290308211) > 1e-8 {
		t.Errorf("[%v, %v]", c.Absolute.Low, c.Absolute.High)
	}
}
