package admin

import (
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/fault"
)

// Reload is what came of reading the definitions again. A document that cannot
// be applied leaves the last good one in force.
type Reload struct {
	At       time.Time
	Applied  bool                // it is in force now, also when nothing had changed
	Revision string              // in force now
	Problems definition.Problems // warnings too
	Err      error               // what no problem tells: the file cannot be read, a pool not be made
}

// ReloadView is a Reload as it is encoded.
type ReloadView struct {
	At       time.Time           `json:"at"`
	Applied  bool                `json:"applied" doc:"whether what was read is in force; if not, the last good definitions are"`
	Revision string              `json:"revision" doc:"in force now"`
	Error    string              `json:"error,omitempty" doc:"why it was not applied"`
	Problems []DefinitionProblem `json:"problems" doc:"what is wrong, or doubtful"`
}

// view is the reload for operators. Err may quote what it likes: whoever makes it
// keeps secrets out.
func (r *Reload) view() ReloadView {
	v := ReloadView{At: r.At, Applied: r.Applied, Revision: r.Revision, Problems: definitionProblems(r.Problems)}
	switch {
	case r.Err != nil:
		v.Error = r.Err.Error()
	case r.Problems.Failed():
		v.Error = r.Problems.Err().Error()
	}
	return v
}

// reloadBody is what reload takes: nothing.
type reloadBody struct{}

func (c *call) reload(*reloadBody) (ReloadView, error) {
	if c.server.cfg.Reload == nil {
		e := fault.New(fault.Unsupported, "nothing_to_reload", "this Weir was not started from a file, so there is nothing to read again").
			Mend("start it with weir serve -c weir.yaml")
		e.Status = http.StatusConflict
		return ReloadView{}, e
	}
	ctx, done := c.lengthen(c.server.clocks.reload)
	defer done()
	result := c.server.cfg.Reload(ctx)
	v := result.view()
	c.server.cfg.Log.Info("reload asked for", "request_id", c.requestID, "by", c.who(), "applied", v.Applied, "revision", v.Revision)
	if v.Applied {
		return v, nil
	}
	e := fault.New(fault.Invalid, "definition_invalid", "the definitions were not applied: %s", v.Error).
		Mend("mend them and reload; revision %s stays in force", v.Revision)
	e.Status = http.StatusUnprocessableEntity
	return v, &invalidDefinitions{fault: e, problems: v.Problems}
}

// who names the caller in the log.
func (c *call) who() string {
	if c.principal == nil {
		return "a caller on this machine"
	}
	return c.principal.Name
}
