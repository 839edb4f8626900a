package admin

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/stats/calculator"
)

func statsEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/api/v1/stats", id: "listStats", summary: "the methods of the calculator", scope: read, handler: gives((*call).statsMethods)},
		{method: "POST", path: "/api/v1/stats/{method}", id: "computeStats", summary: "one statistic: takes the method's inputs, answers with its outputs", scope: read, params: statsParams,
			handler: handler{body: rawType, media: "application/json", serve: (*call).stats}},
	}
}

// StatsMethod is one method of the calculator.
type StatsMethod struct {
	Name    string          `json:"name"`
	Summary string          `json:"summary" doc:"the formula and its terms"`
	Source  string          `json:"source" doc:"where the formula is from"`
	Inputs  []string        `json:"inputs" doc:"names of the fields that may come"`
	Outputs []string        `json:"outputs" doc:"names of the fields of an answer, which may hold more"`
	Example json.RawMessage `json:"example" doc:"inputs that it can be called with"`
}

// StatsMethods are the methods by name.
type StatsMethods struct {
	Methods []StatsMethod `json:"methods"`
}

func (c *call) statsMethods() (StatsMethods, error) {
	var out StatsMethods
	for _, m := range calculator.Methods() {
		out.Methods = append(out.Methods, StatsMethod{m.Name, m.Summary, m.Source, m.Inputs, m.Outputs, m.Example().Inputs})
	}
	return out, nil
}

var statsParams = []param{{name: "method", kind: "string", about: "the name of a method, as GET /api/v1/stats lists them"}}

// stats computes one statistic. The body and the answer are what `weir stats` reads and
// prints: their fields are the method's own.
func (c *call) stats() error {
	m, known := calculator.Find(c.tail)
	if !known {
		e := fault.New(fault.NotFound, "unknown_method", "there is no method %q", short(c.tail, 50)).At("method").Mend("GET /api/v1/stats lists them")
		if near := calculator.Nearest(c.tail); near != "" {
			e = e.Mend("did you mean %s?", near)
		}
		return e
	}
	body, err := io.ReadAll(c.r.Body)
	if err := c.bodyError(err); err != nil {
		return err
	}
	answer, err := m.Run(body)
	var wrong *calculator.Error
	switch {
	case errors.As(err, &wrong):
		return fault.New(fault.Invalid, "invalid_input", "%s", strings.TrimSuffix(wrong.Error(), "; "+wrong.Mend)).At(wrong.Field).Mend("%s", wrong.Mend)
	case err != nil:
		return err
	}
	return c.writeJSON(answer)
}
