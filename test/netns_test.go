//go:build tools && linux

package test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// alone puts this test, and every program it starts, into a network of its own
// with nothing but loopback. The test keeps its thread to itself: the thread is in
// there, and ends with the test.
func alone(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network of its own: %v (this test needs root)", err)
	}
	ip(t, "link", "set", "lo", "up")
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if _, stderr, code := run(t, nil, "", tool(t, "ip"), args...); code != 0 {
		t.Fatalf("ip %s: %s", strings.Join(args, " "), stderr)
	}
}

// demoOnce runs the demo to its end and checks what came of it.
func demoOnce(t *testing.T) {
	t.Helper()
	stdout, stderr, code := run(t, nil, "", weirBinary, "demo", "--once", "-o", "json")
	var sum struct {
		Requests int                                 `json:"requests"`
		Variants map[string]struct{ Requests int64 } `json:"variants"`
	}
	if err := json.Unmarshal([]byte(stdout), &sum); code != 0 || err != nil || sum.Requests != 300 || len(sum.Variants) != 2 {
		t.Errorf("weir demo --once: exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
}

// P4: the first minute needs no network. There is no route here, and no name can
// be looked up.
func TestP4WorksWithoutANetwork(t *testing.T) {
	alone(t)
	if out, _, _ := run(t, nil, "", tool(t, "ip"), "route"); out != "" {
		t.Fatalf("there is a route: %s", out)
	}
	demoOnce(t)
	file := filepath.Join(t.TempDir(), "weir.yaml")
	for _, args := range [][]string{{"init", file}, {"validate", "-c", file}, {"version"}, {"help"}, {"demo", "--print"}} {
		if _, stderr, code := run(t, nil, "", weirBinary, args...); code != 0 {
			t.Errorf("weir %v: exit code %d\n%s", args, code, stderr)
		}
	}
}

// P4: Weir asks for no name and calls nobody that its definitions do not name. In
// this network every address is this machine, where nobody is but a name server
// of ours that only counts; the kernel counts the calls to all the others.
func TestP4CallsNobody(t *testing.T) {
	alone(t)
	ip(t, "route", "add", "local", "default", "dev", "lo") // every address is this machine
	ip(t, "-6", "route", "add", "local", "default", "dev", "lo")
	asked := nameServer(t)

	// The trap works: a program that calls out is counted, and so is one that asks for a name.
	before := called(t)
	_, _, _ = run(t, nil, "", tool(t, "curl"), "--silent", "--max-time", "1", "http://192.0.2.1/")
	if called(t) == before {
		t.Fatal("a call to another machine was not counted")
	}
	_, _, _ = run(t, nil, "", tool(t, "curl"), "--silent", "--max-time", "1", "http://name.weir.example/")
	if asked.Load() == 0 {
		t.Fatal("a question for a name was not counted")
	}

	before, names := called(t), asked.Load()
	demoOnce(t)
	file := filepath.Join(t.TempDir(), "weir.yaml")
	definitions := "listen: {data: 127.0.0.1:0, admin: 127.0.0.1:0, telemetry: 127.0.0.1:0}\nmodels: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}}\n"
	if err := os.WriteFile(file, []byte(definitions), 0o600); err != nil {
		t.Fatal(err)
	}
	w := start(t, "weir", nil, weirBinary, "serve", "-c", file)
	listens := regexp.MustCompile(`(?m)^ +data +(http\S+)/v1(?s:.*)telemetry`)
	w.await(t, "listening", func() bool { return listens.MatchString(w.out.String()) })
	data := listens.FindStringSubmatch(w.out.String())[1]
	for _, args := range [][]string{{"chat", "--gateway", data, "hello"}, {"validate", "-c", file}, {"doctor", "--offline", "-c", file}, {"version"}} {
		if _, stderr, code := run(t, nil, "", weirBinary, args...); code != 0 {
			t.Errorf("weir %v: exit code %d\n%s", args, code, stderr)
		}
	}
	w.stop(t)
	if n := called(t) - before; n != 0 {
		t.Errorf("%d calls went to somebody who is not there", n)
	}
	if n := asked.Load() - names; n != 0 {
		t.Errorf("%d names were asked for", n)
	}
}

// called is how often somebody was called who is not there.
func called(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/snmp") // of this thread's network
	if err != nil {
		t.Fatal(err)
	}
	n, found := 0, 0
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(names) == 0 || names[0] != fields[0] {
			names = fields
			continue
		}
		for i, name := range names {
			if fields[0] == "Tcp:" && name == "AttemptFails" || fields[0] == "Udp:" && name == "NoPorts" {
				v, _ := strconv.Atoi(fields[i])
				n, found = n+v, found+1
			}
		}
	}
	if found != 2 {
		t.Fatalf("the kernel does not count calls that fail:\n%s", text)
	}
	return n
}

// nameServer counts the questions that come to port 53 of this machine, and
// answers none.
func nameServer(t *testing.T) *atomic.Int64 {
	t.Helper()
	var n atomic.Int64
	udp, err := net.ListenPacket("udp", ":53")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", ":53")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = udp.Close(), tcp.Close() })
	go func() {
		for b := make([]byte, 512); ; n.Add(1) {
			if _, _, err := udp.ReadFrom(b); err != nil {
				return
			}
		}
	}()
	go func() {
		for ; ; n.Add(1) {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	return &n
}
