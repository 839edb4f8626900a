package gateway

import (
	"net/http"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// path is one path of the data plane that makes the journey.
type path struct {
	name  string // as it is matched and shown: "/v1/chat/completions"
	op    chat.Op
	index int // into a plan's series
}

// paths is the inventory: everything else is 404. A test walks it.
var paths = []path{
	{name: "/v1/chat/completions", op: chat.OpChat, index: 0},
	{name: "/v1/embeddings", op: chat.OpEmbed, index: 1},
}

// Paths names the paths that make the journey.
func Paths() []string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = p.name
	}
	return names
}

// Handler serves the data listener. A path matches exactly as written: no
// cleaning, no case folding, no escapes, so that nothing can go round a check.
func (g *Gateway) Handler() http.Handler { return http.HandlerFunc(g.handle) }

func (g *Gateway) handle(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 { // also of a body that nobody wants: net/http reads on to use the connection again
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.cfg.BodyTimeout))
	}
	if g.draining.Load() {
		w.Header().Set("Connection", "close") // the next request had better go elsewhere
	}
	at := r.URL.Path
	if r.URL.RawPath != "" { // escapes that change the path
		at = r.URL.RawPath
	}
	for i := range paths {
		if at == paths[i].name {
			if r.Method != http.MethodPost {
				g.plainError(w, r, methodNotAllowed(w, r, "POST"))
				return
			}
			g.serve(w, r, paths[i])
			return
		}
	}
	switch {
	case at == "/healthz":
		g.health(w, true)
	case at == "/readyz":
		g.health(w, g.Ready())
	case at == "/v1/models" || strings.HasPrefix(at, "/v1/models/"):
		// Clients escape the slash of a pinned name; the name itself is compared whole.
		g.models(w, r, strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/v1/models"), "/"))
	case at == feedbackPath:
		g.feedback(w, r)
	case at == "/metrics" && g.cfg.MetricsHandler != nil && g.environment():
		g.cfg.MetricsHandler.ServeHTTP(w, r)
	default:
		g.plainError(w, r, fault.New(fault.NotFound, "unknown_path", "no such path: %s", short(at, 100)).
			Mend("Weir serves %s, /v1/models, %s", strings.Join(Paths(), ", "), feedbackPath))
	}
}

func methodNotAllowed(w http.ResponseWriter, r *http.Request, allow string) error {
	w.Header().Set("Allow", allow)
	return fault.New(fault.Method, "method_not_allowed", "%s %s: use %s", short(r.Method, 20), short(r.URL.Path, 100), allow)
}

// health answers probes. It touches neither models nor stores.
func (g *Gateway) health(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case ok:
		_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
	case g.draining.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"draining"}` + "\n"))
	case g.state.Load() != nil:
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"no_model","hint":"no model can be asked; weir doctor says why"}` + "\n"))
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"starting"}` + "\n"))
	}
}

// plainError answers a request that makes no journey.
func (g *Gateway) plainError(w http.ResponseWriter, r *http.Request, err error) {
	id := event.NewID(time.Now())
	w.Header().Set("X-Weir-Request-Id", id)
	if caller := headerOf(r, "X-Request-Id"); caller != "" && len(caller) <= maxClientID {
		w.Header().Set("X-Request-Id", caller)
	}
	w.Header().Set("Content-Type", "application/json")
	leaveUnread(w, r)
	w.WriteHeader(openai.Status(err))
	_, _ = w.Write(openai.Codec{}.Error(err, id, false))
}

// leaveUnread closes the connection after an answer to a request whose body is
// not wanted: otherwise the answer would wait until some of it has come.
func leaveUnread(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 && r.ProtoMajor == 1 { // in HTTP/2 it would close the connection of others too
		w.Header().Set("Connection", "close")
	}
}

func (g *Gateway) environment() bool {
	st := g.state.Load()
	return st != nil && st.snapshot.Environment
}

// short bounds a string of the caller's that is shown back.
func short(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
