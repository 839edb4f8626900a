package analysis

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/weirhq/weir/internal/stats"
)

// The form in which a report carries its input: sums as whole decimal numbers,
// which no reader of JSON rounds, and sketches as their bytes.

type sumsByVariant map[string]map[string]sums

type inputForm struct {
	inputPlain
	Sums     sumsByVariant                      `json:"sums"`
	Clusters map[string]map[string][]sketchForm `json:"clusters,omitempty"`
	Segments []segmentForm                      `json:"segments,omitempty"`
	Shape    map[string]shapeForm               `json:"shape,omitempty"`
	Looks    []PlotLook                         `json:"looks,omitempty"`
}

// inputPlain are the parts of an Input that are in JSON as they are.
type inputPlain struct {
	Plan      Plan                `json:"plan"`
	Times     Times               `json:"times"`
	Days      []Day               `json:"days,omitempty"`
	Traffic   Traffic             `json:"traffic"`
	Served    []Served            `json:"served,omitempty"`
	Enrolled  map[string]Enrolled `json:"enrolled,omitempty"`
	First     *FirstLook          `json:"first_look,omitempty"`
	Decided   *Decided            `json:"decided,omitempty"`
	Coverage  []string            `json:"coverage,omitempty"`
	Held      string              `json:"held,omitempty"`
	Notes     []string            `json:"notes,omitempty"`
	Complete  bool                `json:"complete,omitempty"`
	Simulated bool                `json:"simulated,omitempty"`
	Weekdays  map[string][7]int64 `json:"weekdays,omitempty"`
}

type segmentForm struct {
	Name  string        `json:"name"`
	Value string        `json:"value"`
	Sums  sumsByVariant `json:"sums"`
}

type shapeForm struct {
	Shape
	LeftOut map[string]sums `json:"left_out,omitempty"`
}

type sketchForm struct {
	N      int64  `json:"n"`
	Sketch []byte `json:"sketch,omitempty"`
}

// sums are stats.Moments in JSON.
type sums struct {
	Units int64   `json:"units"`
	Hits  int64   `json:"hits"`
	X     wideInt `json:"x"`
	Y     wideInt `json:"y"`
	XX    wideInt `json:"xx"`
	YY    wideInt `json:"yy"`
	XY    wideInt `json:"xy"`
}

func sumsOf(m stats.Moments) sums {
	return sums{m.Units, m.Hits, wideInt(m.X), wideInt(m.Y), wideInt(m.XX), wideInt(m.YY), wideInt(m.XY)}
}

func (s sums) moments() stats.Moments {
	return stats.Moments{Units: s.Units, Hits: s.Hits, X: stats.Int128(s.X), Y: stats.Int128(s.Y),
		XX: stats.Int128(s.XX), YY: stats.Int128(s.YY), XY: stats.Int128(s.XY)}
}

// wideInt is a stats.Int128 as a decimal string.
type wideInt stats.Int128

// MarshalText writes the decimal digits.
func (d wideInt) MarshalText() ([]byte, error) { return []byte(stats.Int128(d).String()), nil }

// UnmarshalText reads them.
func (d *wideInt) UnmarshalText(b []byte) error {
	i, ok := new(big.Int).SetString(string(b), 10)
	if !ok || i.BitLen() > 127 {
		return fmt.Errorf("read sums: %.40q is not a whole number of at most 127 bits", b)
	}
	low := new(big.Int).And(i, new(big.Int).SetUint64(^uint64(0)))
	*d = wideInt{Hi: new(big.Int).Rsh(i, 64).Int64(), Lo: low.Uint64()}
	return nil
}

// MarshalJSON writes everything, so that what is read from it computes the same.
func (in Input) MarshalJSON() ([]byte, error) {
	f := inputForm{inputPlain: inputPlain{Plan: in.Plan, Times: in.Times, Days: in.Days, Traffic: in.Traffic, Served: in.Served, Enrolled: in.Enrolled,
		First: in.First, Decided: in.Decided, Coverage: in.Coverage, Held: in.Held, Notes: in.Notes, Complete: in.Complete, Simulated: in.Simulated, Weekdays: in.Weekdays},
		Sums: formOf(in.Sums), Looks: plotLooks(in.Looks)}
	for _, s := range in.Segments {
		f.Segments = append(f.Segments, segmentForm{s.Name, s.Value, formOf(s.Sums)})
	}
	if in.Shape != nil {
		f.Shape = map[string]shapeForm{}
		for v, s := range in.Shape {
			f.Shape[v] = shapeForm{s, formOf(map[string]map[string]stats.Moments{"": s.LeftOut})[""]}
		}
	}
	if in.Clusters != nil {
		f.Clusters = map[string]map[string][]sketchForm{}
	}
	for v, measures := range in.Clusters {
		f.Clusters[v] = map[string][]sketchForm{}
		for name, clusters := range measures {
			list := make([]sketchForm, len(clusters))
			for i, c := range clusters {
				list[i].N = c.N
				if c.Sketch != nil {
					b, err := c.Sketch.AppendBinary(nil)
					if err != nil {
						return nil, fmt.Errorf("write the distribution of %s in %s: %w", name, v, err)
					}
					list[i].Sketch = b
				}
			}
			f.Clusters[v][name] = list
		}
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (in *Input) UnmarshalJSON(b []byte) error {
	var f inputForm
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	p := f.inputPlain
	*in = Input{Plan: p.Plan, Times: p.Times, Days: p.Days, Traffic: p.Traffic, Served: p.Served, Enrolled: p.Enrolled, First: p.First, Decided: p.Decided,
		Coverage: p.Coverage, Held: p.Held, Notes: p.Notes, Complete: p.Complete, Simulated: p.Simulated, Weekdays: p.Weekdays, Sums: f.Sums.moments()}
	for _, s := range f.Segments {
		in.Segments = append(in.Segments, Segment{s.Name, s.Value, s.Sums.moments()})
	}
	for _, l := range f.Looks {
		in.Looks = append(in.Looks, Look{Time: l.Time, Variant: l.Variant, Metric: l.Metric, Units: l.Units, Estimate: float64(l.Estimate),
			Sequence: stats.Interval{Low: float64(l.Low), High: float64(l.High)}})
	}
	if f.Shape != nil {
		in.Shape = map[string]Shape{}
		for v, s := range f.Shape {
			s.Shape.LeftOut = sumsByVariant{"": s.LeftOut}.moments()[""]
			in.Shape[v] = s.Shape
		}
	}
	if f.Clusters != nil {
		in.Clusters = map[string]map[string][]stats.Cluster{}
	}
	for v, measures := range f.Clusters {
		in.Clusters[v] = map[string][]stats.Cluster{}
		for name, list := range measures {
			clusters := make([]stats.Cluster, len(list))
			for i, c := range list {
				clusters[i].N = c.N
				if c.Sketch == nil {
					continue
				}
				var err error
				if clusters[i].Sketch, err = stats.ParseSketch(c.Sketch); err != nil {
					return fmt.Errorf("read the distribution of %s in %s: %w", name, v, err)
				}
			}
			in.Clusters[v][name] = clusters
		}
	}
	return nil
}

func formOf(from map[string]map[string]stats.Moments) sumsByVariant {
	if from == nil {
		return nil
	}
	to := sumsByVariant{}
	for v, measures := range from {
		if measures == nil {
			continue
		}
		to[v] = map[string]sums{}
		for name, m := range measures {
			to[v][name] = sumsOf(m)
		}
	}
	return to
}

func (from sumsByVariant) moments() map[string]map[string]stats.Moments {
	if from == nil {
		return nil
	}
	to := map[string]map[string]stats.Moments{}
	for v, measures := range from {
		if measures == nil {
			continue
		}
		to[v] = map[string]stats.Moments{}
		for name, s := range measures {
			to[v][name] = s.moments()
		}
	}
	return to
}

// plotLooks are looks as they are drawn and kept: null where there is no bound.
func plotLooks(looks []Look) []PlotLook {
	list := make([]PlotLook, len(looks))
	for i, l := range looks {
		list[i] = PlotLook{l.Time.UTC(), l.Variant, l.Metric, l.Units, Number(l.Estimate), Number(l.Sequence.Low), Number(l.Sequence.High)}
	}
	return list
}
