package admin

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// net/http/pprof would put its handlers on http.DefaultServeMux of whoever
// imports it, so the few lines that are needed stand here.

// maxProfile bounds the time of a CPU profile.
const maxProfile = time.Minute

var profileParams = []param{
	{name: "profile", kind: "string", about: "profile (CPU), heap, allocs, goroutine, mutex, block or threadcreate"},
	{name: "seconds", kind: "integer", about: "of a CPU profile, 1 to 60; 30 when left out"},
	{name: "debug", kind: "integer", about: "as text, of all but the CPU profile"},
}

// profile answers with a profile in the form `go tool pprof` reads.
func (c *call) profile() error {
	if c.tail == "profile" {
		return c.cpuProfile()
	}
	p := pprof.Lookup(c.tail)
	if p == nil {
		return fault.New(fault.NotFound, "profile_not_found", "there is no profile %q", short(c.tail, 50)).
			Mend("there are profile, %s", strings.Join(profileNames(), ", "))
	}
	debug, _ := strconv.Atoi(c.query("debug"))
	var out bytes.Buffer
	if err := p.WriteTo(&out, debug); err != nil {
		return fmt.Errorf("write profile %q: %w", p.Name(), err)
	}
	kind := c.endpoint.handler.media
	if debug > 0 {
		kind = "text/plain; charset=utf-8"
	}
	c.write(http.StatusOK, kind, out.Bytes())
	return nil
}

func (c *call) cpuProfile() error {
	span := 30 * time.Second
	if text := c.query("seconds"); text != "" {
		n, err := strconv.Atoi(text)
		if span = time.Duration(n) * time.Second; err != nil || span <= 0 || span > maxProfile {
			return fault.New(fault.Invalid, "invalid_parameter", "seconds %q is not a number from 1 to %.0f", short(text, 20), maxProfile.Seconds()).At("seconds")
		}
	}
	rc := http.NewResponseController(c.w)
	_ = rc.SetReadDeadline(time.Time{})
	_ = rc.SetWriteDeadline(time.Now().Add(span + c.server.clocks.write))
	var out bytes.Buffer
	if err := pprof.StartCPUProfile(&out); err != nil {
		return fault.New(fault.Unavailable, "profile_running", "a CPU profile is being taken already").Mend("try again when it is done").With(err)
	}
	select {
	case <-time.After(span):
	case <-c.r.Context().Done():
	case <-c.server.open.Done():
	}
	pprof.StopCPUProfile()
	c.write(http.StatusOK, c.endpoint.handler.media, out.Bytes())
	return nil
}

func profileNames() []string {
	var names []string
	for _, p := range pprof.Profiles() {
		names = append(names, p.Name())
	}
	slices.Sort(names)
	return names
}
