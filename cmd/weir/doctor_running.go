package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/weirhq/weir/client"
)

// checkRunning looks at the Weir that runs, if one does.
func checkRunning(ctx context.Context, d *doctor) []finding {
	if d.client == nil {
		return []finding{{State: unasked, Text: "offline: no running Weir was asked"}}
	}
	st, err := d.client.Status(ctx)
	if err != nil {
		return []finding{d.notAnswered(err)}
	}
	d.running = &st
	text := fmt.Sprintf("version %s runs since %s, revision %s", st.Version, st.Started.Local().Format(time.DateTime), st.Revision)
	if st.Version != versionText() {
		text += "; this program is version " + versionText()
	}
	found := []finding{{State: well, Text: text}}
	switch {
	case st.LastReload != nil && !st.LastReload.Applied:
		found = append(found, finding{State: ill, Text: "the last change of the definitions was refused: " + st.LastReload.Error, Next: "mend them; revision " + st.Revision + " stays in force until then"})
	case st.Mode == "file" && d.compiled != nil && st.Revision != d.compiled.Revision:
		found = append(found, finding{State: doubtful, Text: fmt.Sprintf("it runs revision %s, these definitions are %s", st.Revision, d.compiled.Revision), Next: "see whether -c names the file that it reads: " + st.Source})
	}
	if st.Draining {
		found = append(found, finding{State: doubtful, Text: fmt.Sprintf("it is shutting down: %s under way, no new ones", count(int(st.InFlight), "request"))})
	}
	return append(append(found, d.notReady(ctx)...), d.withoutUnit(ctx))
}

// notAnswered says why the running Weir did not say how it is.
func (d *doctor) notAnswered(err error) finding {
	var weir *client.Error
	switch {
	case errors.As(err, &weir) && weir.Code == "":
		return finding{State: ill, Text: "what answers at " + d.remote.admin + " is not the admin listener of a Weir", Next: "name its address with --admin"}
	case errors.As(err, &weir):
		return finding{State: ill, Text: "the running Weir refuses to be asked: " + weir.Message,
			Next: fmt.Sprintf("set %s to a key with scope read", strings.TrimPrefix(d.remote.key, "env:"))}
	case unreachable(err):
		return finding{State: unasked, Text: "no Weir is running at " + d.remote.admin, Next: "weir serve starts one; --admin URL names another"}
	}
	return finding{State: ill, Text: fmt.Sprintf("ask the running Weir at %s: %v", d.remote.admin, cause(err)), Next: "see whether --admin is its admin listener"}
}

// notReady lists the models that the running Weir cannot ask: its environment
// need not be ours.
func (d *doctor) notReady(ctx context.Context) (found []finding) {
	models, err := d.client.Models(ctx)
	if err != nil {
		return []finding{{State: ill, Text: fmt.Sprintf("ask the running Weir for its models: %v", err)}}
	}
	for _, m := range models {
		if !m.Ready {
			next := m.Next
			if next == "" {
				next = "provide it where Weir is started, and restart it; until then this model answers 503 and the others serve"
			}
			found = append(found, finding{State: ill, Text: "in the running Weir: " + m.Reason, Next: next})
		}
	}
	return found
}

// noUnitShare is the share of requests without a unit above which an experiment
// sees too little of the traffic.
const noUnitShare = 0.01

// withoutUnit is the share of recent requests that could not be randomised.
func (d *doctor) withoutUnit(ctx context.Context) finding {
	page, err := d.client.Events(ctx, client.Query{Limit: maxPage})
	if err != nil {
		return finding{State: ill, Text: fmt.Sprintf("read recent requests: %v", err)}
	}
	assigned, without, route := 0, 0, ""
	for _, e := range page.Events {
		if len(e.Assignments) == 0 {
			continue
		}
		assigned++
		if e.Assignments[0].Reason == "no_unit" {
			without++
			route = e.Route
		}
	}
	if assigned == 0 {
		return finding{State: unasked, Text: "no recent requests: the share without a unit is not known"}
	}
	share := float64(without) / float64(assigned)
	text := fmt.Sprintf("%.1f %% of the last %s carried no unit", 100*share, count(assigned, "request"))
	if share <= noUnitShare {
		return finding{State: well, Text: text}
	}
	return finding{State: doubtful, Text: text + fmt.Sprintf(", as on route %q: they get the baseline and no experiment sees them", route),
		Next: "send who asks: the header x-user-id or the body's user, as the route's unit lists"}
}

// checkListen tries the addresses that Weir would listen on.
func checkListen(_ context.Context, d *doctor) []finding {
	if d.client == nil {
		return []finding{{State: unasked, Text: "offline: who holds the addresses is not known"}}
	}
	if u, err := url.Parse(d.remote.admin); err == nil && !isLoopback(u.Hostname()) {
		return []finding{{State: unasked, Text: "the Weir that was asked is on another machine"}}
	}
	if d.running != nil && d.running.Mode != "demo" {
		return []finding{{State: well, Text: "the running Weir holds " + listOf(d.running.Listeners)}}
	}
	var found []finding
	l := d.compiled.Listen
	for _, a := range []struct{ name, address string }{{"data", l.Data}, {"admin", l.Admin}, {"telemetry", l.Telemetry}} {
		if f := tryAddress("listen."+a.name, a.address); f.State != well {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		found = []finding{{State: well, Text: fmt.Sprintf("%s, %s and %s can be listened on", l.Data, l.Admin, l.Telemetry)}}
	}
	return found
}

func listOf(listeners []client.Listener) string {
	var addresses []string
	for _, l := range listeners {
		addresses = append(addresses, l.Address)
	}
	return strings.Join(addresses, ", ")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func tryAddress(name, address string) finding {
	ln, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		_ = ln.Close()
		return finding{State: well}
	case errors.Is(err, syscall.EADDRINUSE) || isWindows:
		return finding{State: ill, Text: fmt.Sprintf("%s: %s is taken: %v", name, address, cause(err)), Next: fmt.Sprintf("stop the program that has it, or choose another address with %s", name)}
	}
	return finding{State: ill, Text: fmt.Sprintf("%s: %s cannot be listened on: %v", name, address, cause(err)), Next: fmt.Sprintf("choose another address with %s", name)}
}
