package servers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// families are the series of a page that matter, by name.
type families map[string]*dto.MetricFamily

// parse reads a page. Lines of other metrics are passed over unread: of the
// thousands on a page a dozen matter, and a fault in another family is not ours.
func parse(page io.Reader, kind string) (Reading, error) {
	lines, err := relevant(page)
	if err != nil {
		return Reading{}, fmt.Errorf("read its page: %w", err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	fs, err := parser.TextToMetricFamilies(bytes.NewReader(lines))
	if err != nil {
		return Reading{}, fmt.Errorf("understand its page: %w", err)
	}
	return read(fs, kind)
}

// relevant keeps the lines of the metrics that are wanted, without comments.
func relevant(page io.Reader) ([]byte, error) {
	var kept bytes.Buffer
	lines := bufio.NewReader(page)
	for {
		line, err := lines.ReadBytes('\n')
		end := bytes.IndexAny(line, "{ \t")
		if end > 0 && line[0] != '#' && wanted[string(line[:end])] {
			kept.Write(bytes.TrimRight(line, "\r\n"))
			kept.WriteByte('\n')
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return kept.Bytes(), err
		}
	}
}

// read takes the values out of the series.
func read(fs families, kind string) (Reading, error) {
	var r Reading
	take := func(names []name, together func(a, b float64) float64) *float64 {
		v, of := fs.first(names, kind, together)
		if v != nil && r.kind == "" {
			r.kind = of
		}
		return v
	}
	r.Running = take(running, add)
	r.Waiting = take(waiting, add)
	r.KVUse = share(take(kvUse, math.Max))
	r.queueSeconds = take(queueSeconds, add)
	r.queueLeft = take(queueLeft, add)
	var of string
	r.GPUs, of = fs.gpus(kind)
	if r.kind == "" {
		r.kind = of
	}
	if r.Running == nil && r.Waiting == nil && r.KVUse == nil && len(r.GPUs) == 0 {
		return Reading{}, fmt.Errorf("the page has none of the metrics of %s", orAny(kind))
	}
	return r, nil
}

func orAny(kind string) string {
	if kind == "" {
		return "a model server that is known here: vLLM, SGLang, TensorRT-LLM (at /prometheus/metrics), TGI, Triton, or DCGM's exporter"
	}
	return kind
}

// add is how the requests of several engines make one number.
func add(a, b float64) float64 { return a + b }

// first is the value of the first name that the page has.
func (fs families) first(names []name, kind string, together func(a, b float64) float64) (*float64, string) {
	for _, n := range names {
		if kind != "" && n.kind != kind {
			continue
		}
		if v := fs.value(n, together); v != nil {
			return v, n.kind
		}
	}
	return nil, ""
}

// value puts the series of one name together, one for each engine or model.
func (fs families) value(n name, together func(a, b float64) float64) *float64 {
	var sum *float64
	for _, m := range fs[n.metric].GetMetric() {
		v, ok := number(m)
		if !ok || n.label != "" && labelOf(m, n.label) != n.value || otherRank(m) {
			continue
		}
		if n.scale != 0 {
			v *= n.scale
		}
		if sum == nil {
			sum = &v
			continue
		}
		*sum = together(*sum, v)
	}
	return sum
}

// otherRank says that a series repeats what the first rank said: the processes
// that share one model by tensor or pipeline all report the same requests.
func otherRank(m *dto.Metric) bool {
	for _, l := range []string{"tp_rank", "pp_rank"} {
		if rank := labelOf(m, l); rank != "" && rank != "0" {
			return true
		}
	}
	return false
}

// number is a series' value; what is not a number, or below zero, says nothing.
func number(m *dto.Metric) (float64, bool) {
	v := m.GetUntyped().GetValue() // without its comments every series is untyped
	return v, v >= 0 && !math.IsInf(v, 0)
}

// share is a value from 0 to 1; one that is not was not what we took it for.
func share(v *float64) *float64 {
	if v != nil && *v > 1 {
		return nil
	}
	return v
}

func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}
