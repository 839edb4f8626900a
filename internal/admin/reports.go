package admin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/usage"
)

var reportParams = []param{
	{name: "period", kind: "string", about: "weekly or monthly"},
	{name: "at", kind: "string", about: "a time in the week or month that is wanted; the last whole one when left out"},
	{name: "tz", kind: "string", about: "time zone of the calendar, such as Europe/Vienna; UTC when left out"},
	{name: "top", kind: "integer", about: "rows of each list, 1 to 100; 10 when left out"},
	{name: "format", kind: "string", enum: []string{"json", "markdown"}, about: "the form of the answer; the header Accept says the same"},
}

// report answers with a week or a month, for programs or for people.
func (c *call) report() error {
	r, err := c.readReport()
	if err != nil {
		return err
	}
	markdown, err := c.wantsMarkdown()
	if err != nil {
		return err
	}
	if !markdown {
		return c.writeJSON(r)
	}
	var text strings.Builder
	if err := r.WriteMarkdown(&text); err != nil {
		return err
	}
	c.write(http.StatusOK, "text/markdown; charset=utf-8", []byte(plainText(text.String())))
	return nil
}

func (c *call) wantsMarkdown() (bool, error) {
	if c.query("format") == "" {
		accept := c.r.Header.Get("Accept")
		return strings.Contains(accept, "text/markdown") && !strings.Contains(accept, "application/json"), nil
	}
	format, err := c.choice("format", []string{"json", "markdown"})
	return format == "markdown", err
}

func (c *call) readReport() (*usage.Report, error) {
	per, known := map[string]usage.Per{"weekly": usage.Week, "monthly": usage.Month}[c.tail]
	if !known {
		return nil, fault.New(fault.NotFound, "report_not_found", "there is no report %q", short(c.tail, 50)).At("period").Mend("there are weekly and monthly")
	}
	zone, err := c.zone()
	if err != nil {
		return nil, err
	}
	q := usage.ReportQuery{Per: per, Zone: zone, Budgets: c.server.budgets()}
	if c.query("at") != "" {
		if q.At, err = c.instant(zone); err != nil {
			return nil, err
		}
	}
	if q.Top, err = c.number("top", 1, 100, 10); err != nil {
		return nil, err
	}
	if q.Filter, err = c.ledgerFilter(); err != nil {
		return nil, err
	}
	st, err := c.server.store()
	if err != nil {
		return nil, err
	}
	ctx, done := c.ask()
	defer done()
	r, err := usage.ReadReport(ctx, st, st, q, c.server.cfg.Now())
	if err != nil {
		return nil, unavailable(err)
	}
	if p := c.server.behind(); p != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("Not complete: %s", p.Reason))
	}
	return r, nil
}
