package admin

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
)

//go:embed web
var web embed.FS

// pageTemplate is html/template: names and texts of callers, models and
// definitions reach the page as text, whatever they hold.
var pageTemplate = template.Must(template.ParseFS(web, "web/page.html"))

// pageEvents is how many recent events the page shows.
const pageEvents = 20

// page says what this listener is. Where no key is needed, or a session stands
// for one, it also shows what happened last.
func (c *call) page() error {
	if token := c.query("t"); token != "" && c.r.Method == http.MethodGet {
		return c.enter(token)
	}
	view := struct {
		Rows   []pageRow
		Status *Status
		Events []*event.Event
	}{Rows: pageRows(c.server.table())}
	if c.mayRead() {
		st := c.server.status()
		view.Status = &st
		events, _, err := c.server.cfg.Events.Recent(event.Query{Limit: pageEvents})
		if err != nil {
			return err
		}
		view.Events = slices.DeleteFunc(events, c.server.forgotten.hides)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, view); err != nil {
		return fmt.Errorf("render the page: %w", err)
	}
	c.write(http.StatusOK, "text/html; charset=utf-8", out.Bytes())
	return nil
}

// mayRead reports whether the visitor may see more than what everybody may.
func (c *call) mayRead() bool {
	keys := c.server.cfg.State.Keys()
	if keys == nil {
		return true // somebody on this machine
	}
	p, err := c.identify(keys)
	return err == nil && p.Can(access.Read)
}

func (c *call) style() error {
	css, err := web.ReadFile("web/style.css")
	if err != nil {
		return err
	}
	c.write(http.StatusOK, "text/css; charset=utf-8", css)
	return nil
}

// pageRow is an endpoint as the page lists it.
type pageRow struct {
	Method, Path, Summary, Scope string
	Link                         bool // it can be opened as it is
}

func pageRows(table []endpoint) (rows []pageRow) {
	for _, e := range table {
		if e.hidden {
			continue
		}
		link := e.method == http.MethodGet && e.handler.media != "text/event-stream" && !strings.Contains(e.path, "{")
		rows = append(rows, pageRow{e.method, e.path, e.summary, string(e.scope), link})
	}
	return rows
}
