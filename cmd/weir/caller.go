package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// gatewayCaller speaks to a data listener as any client does.
type gatewayCaller struct {
	app         *app
	url, key    string
	keyRef      string
	route       string
	connections int // that are kept open; 0: a few
	http        *http.Client
}

// flags are those of the commands that call a gateway.
func (g *gatewayCaller) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.url, "gateway", "", "`URL` of the data listener (default $WEIR_GATEWAY, else "+usualGateway+")")
	keyFlag(cmd, &g.keyRef, "`env:NAME` of the variable that holds the key")
	cmd.Flags().StringVar(&g.route, "route", "", "`ROUTE` to ask, or vendor/model to pin a model (default the only one)")
}

// open reads the flags.
func (g *gatewayCaller) open() (err error) {
	if g.url, err = g.app.baseURL("--gateway", g.url, "WEIR_GATEWAY", usualGateway); err != nil {
		return err
	}
	if g.key, err = g.app.keyFrom(g.keyRef); err != nil {
		return err
	}
	g.http = newHTTPClient(max(2, g.connections), 0)
	return nil
}

// findRoute asks which routes there are when none was named.
func (g *gatewayCaller) findRoute(ctx context.Context) error {
	if g.route != "" {
		return nil
	}
	res, err := g.send(ctx, http.MethodGet, "/v1/models", nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return g.refused(res)
	}
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&list); err != nil {
		return advise(fmt.Errorf("read the list of routes at %s: %w", g.url, err), "see whether this is the data listener of Weir")
	}
	var routes []string
	for _, m := range list.Data {
		if !strings.Contains(m.ID, "/") {
			routes = append(routes, m.ID)
		}
	}
	switch len(routes) {
	case 0:
		return usage(fmt.Errorf("there is no route that this caller may use at %s", g.url))
	case 1:
		g.route = routes[0]
		return nil
	}
	slices.Sort(routes)
	return usage(fmt.Errorf("there are %d routes: name one with --route: %s", len(routes), plain(strings.Join(routes, ", "))))
}

// ask posts a request for a chat completion.
func (g *gatewayCaller) ask(ctx context.Context, body map[string]any, header http.Header) (*http.Response, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	return g.send(ctx, http.MethodPost, "/v1/chat/completions", b, header)
}

func (g *gatewayCaller) send(ctx context.Context, method, path string, body []byte, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if header != nil {
		req.Header = header
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if g.key != "" {
		req.Header.Set("Authorization", "Bearer "+g.key)
	}
	res, err := g.http.Do(req)
	switch {
	case err == nil:
		return res, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case unreachable(err):
		return nil, advise(fmt.Errorf("reach the gateway at %s: %w", g.url, cause(err)), "weir serve or weir demo starts one; --gateway URL names another")
	}
	return nil, fmt.Errorf("ask the gateway at %s: %w", g.url, cause(err))
}

// refusal is an answer of the gateway that is an error.
type refusal struct {
	status    int
	code      string
	message   string
	requestID string
}

func (r *refusal) Error() string { return r.message }

// maxRefusal bounds the body of an error that is read.
const maxRefusal = 1 << 20

// refused reads an answer other than 200.
func (g *gatewayCaller) refused(res *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	r := refusalOf(body)
	r.status, r.requestID = res.StatusCode, res.Header.Get("X-Weir-Request-Id")
	switch {
	case r.requestID == "" && r.message == "":
		r.message = fmt.Sprintf("%s answered %s", g.url, res.Status)
		return advise(r, "see whether this is the data listener of Weir")
	case r.message == "":
		r.message = "the gateway answered " + res.Status
	}
	if r.status == http.StatusUnauthorized {
		return advise(r, "set %s to a key with scope call, or name another variable with --key env:NAME", strings.TrimPrefix(g.keyRef, "env:"))
	}
	if r.code == "force_not_allowed" {
		return advise(r, "leave --variant out, or use a key with scope force")
	}
	return r
}

// refusalOf reads an error in OpenAI's shape.
func refusalOf(body []byte) *refusal {
	var e struct {
		Error struct {
			Message   string          `json:"message"`
			Code      json.RawMessage `json:"code"` // some servers send a number
			RequestID string          `json:"request_id"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return &refusal{}
	}
	r := &refusal{message: e.Error.Message, requestID: e.Error.RequestID}
	_ = json.Unmarshal(e.Error.Code, &r.code)
	return r
}
