package calculator

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/stats"
)

// list reads a list of numbers, which may be empty.
func (in *input) list(name string) []float64 {
	text := in.raw(name, "a list of numbers")
	return in.numbers(name, text)
}

func (in *input) numbers(name string, text json.RawMessage) []float64 {
	var list []float64
	if json.Unmarshal(text, &list) == nil && !isNull(text) && !hasNull(text) {
		return list
	}
	var items []json.RawMessage
	if json.Unmarshal(text, &items) != nil || isNull(text) {
		in.wrong(name, brief(text)+" is not a list", "give a list of numbers: [1, 2.5]")
		return nil
	}
	for i, item := range items {
		in.parse(fmt.Sprintf("%s[%d]", name, i), item)
	}
	return nil
}

// hasNull looks for a null among numbers, which decoding would take for 0.
func hasNull(text []byte) bool {
	for _, b := range text {
		if b == 'n' {
			return true
		}
	}
	return false
}

// lists reads a list of lists of numbers, such as the requests of each user.
func (in *input) lists(name string) [][]float64 {
	text := in.raw(name, "a list of lists of numbers")
	var rows []json.RawMessage
	if json.Unmarshal(text, &rows) != nil {
		in.wrong(name, brief(text)+" is not a list", "give a list of lists of numbers: [[1, 2], [3]]")
		return nil
	}
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = in.numbers(fmt.Sprintf("%s[%d]", name, i), row)
	}
	return out
}

// counts reads a list of whole numbers from 0.
func (in *input) counts(name string) []int64 {
	return in.wholes(name, in.list(name))
}

func (in *input) wholes(name string, list []float64) []int64 {
	out := make([]int64, len(list))
	for i, x := range list {
		if x < 0 || x > maxCount || x != math.Trunc(x) {
			in.wrong(fmt.Sprintf("%s[%d]", name, i), fmt.Sprintf("%v is not a count", x), "give whole numbers from 0")
		}
		out[i] = int64(x)
	}
	return out
}

// weights reads a list of numbers from 0.
func (in *input) weights(name string) []float64 {
	list := in.list(name)
	for i, x := range list {
		if x < 0 {
			in.wrong(fmt.Sprintf("%s[%d]", name, i), fmt.Sprintf("%v is negative", x), "give numbers from 0")
		}
	}
	return list
}

// objects reads a list of objects; each has its own fields.
func (in *input) objects(name string, known ...string) []*input {
	text := in.raw(name, "a list of objects with "+listed(known))
	var rows []json.RawMessage
	if json.Unmarshal(text, &rows) != nil {
		in.wrong(name, brief(text)+" is not a list", "give a list of objects with "+listed(known))
		return nil
	}
	out := make([]*input, len(rows))
	for i, row := range rows {
		out[i] = &input{path: fmt.Sprintf("%s%s[%d].", in.path, name, i)}
		out[i].take(row, known)
	}
	return out
}

// sample reads the numbers of a sample: listed under its name, or described under
// name_generator, which saves writing thousands of them.
func (in *input) sample(name string) []float64 {
	described := name + "_generator"
	switch {
	case in.has(name) && in.has(described):
		in.wrong(described, "the sample is listed and described", fmt.Sprintf("give %s or %s", name, described))
		return nil
	case in.has(described):
		return in.generated(described)
	}
	return in.list(name)
}

// maxGenerated bounds a described sample.
const maxGenerated = 10_000_000

// generated makes a sample of quantiles at u = (i + 0.5) / n.
func (in *input) generated(name string) []float64 {
	g := &input{path: in.path + name + "."}
	g.take(in.fields[name], []string{"kind", "dist", "n", "shift", "scale", "shape"})
	g.choice("kind", "quantile_grid")
	dist := g.choice("dist", "exponential", "pareto", "lognormal")
	n, shift, scale := int(g.within("n", 0, maxGenerated)), g.numberOr("shift", 0), g.numberOr("scale", 1)
	shape := 1.0
	if dist != "exponential" {
		shape = g.positive("shape")
	}
	g.count("n")
	out := make([]float64, n)
	for i := range out {
		u := (float64(i) + 0.5) / float64(n)
		out[i] = shift + scale*standard(dist, u, shape)
	}
	return out
}

// standard is the quantile u of a distribution with shift 0 and scale 1.
func standard(dist string, u, shape float64) float64 {
	switch dist {
	case "exponential":
		return -math.Log1p(-u)
	case "pareto":
		return math.Exp(-math.Log1p(-u) / shape)
	}
	return math.Exp(shape * stats.NormalQuantile(u))
}
