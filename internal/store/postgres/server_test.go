//go:build tools && linux

package postgres

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL of the test's own: its files are in a directory of the
// test, it listens on a free port of loopback, and it ends with the test.
type server struct {
	bin, dir string
	port     int
	as       *syscall.SysProcAttr // PostgreSQL does not run as root
	cmd      *exec.Cmd
}

// newServer makes a server that does not run yet.
func newServer(t *testing.T) *server {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		t.Fatal("PostgreSQL is missing (scripts/install-test-deps.sh installs it)")
	}
	dir, err := os.MkdirTemp("", "weir-postgres-") // t.TempDir is root's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{bin: filepath.Dir(found[len(found)-1]), dir: dir, as: notRoot(t)}
	if s.as.Credential != nil {
		if err := os.Chown(s.dir, int(s.as.Credential.Uid), int(s.as.Credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	cmd := exec.Command(filepath.Join(s.bin, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", "weir", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = s.as, s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	t.Cleanup(s.kill)
	return s
}

// notRoot is how a program is started as another user than root.
func notRoot(t *testing.T) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// start starts it and waits until it answers. After a kill its former self may
// hold memory for a moment; then it is started once more.
func (s *server) start(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		// Nothing here pulls the plug, so fsync would prove nothing and take time.
		s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-p", strconv.Itoa(s.port),
			"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
		s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stderr, s.cmd.Stdout = s.as, s.dir, log, log
		if err := s.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = log.Close()
		if s.answers(t, deadline) {
			return
		}
	}
}

// answers waits until the server does, or has ended.
func (s *server) answers(t *testing.T, deadline time.Time) bool {
	t.Helper()
	ended := make(chan struct{})
	var over atomic.Bool
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait()
		over.Store(true)
		close(ended)
	}(s.cmd)
	for !over.Load() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		c, err := pgx.Connect(ctx, s.url())
		if err == nil {
			_ = c.Close(ctx)
		}
		cancel()
		if err == nil {
			return true
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Fatalf("PostgreSQL does not answer: %v\n%s", err, text)
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

func (s *server) url() string {
	return fmt.Sprintf("postgres://weir@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// signal goes to the server and all of its processes, each of which is the leader
// of a group of its own.
func (s *server) signal(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	pids := []int{s.cmd.Process.Pid}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pids[0], pids[0]))
	for word := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig)
	}
}

// kill ends it at once.
func (s *server) kill() { s.signal(syscall.SIGKILL) }

var schemas atomic.Int64

// open gives an empty store in a schema of its own.
func (s *server) open(t *testing.T) *DB {
	t.Helper()
	return s.openSchema(t, fmt.Sprint("weir ", schemas.Add(1)))
}

func (s *server) openSchema(t *testing.T, schema string) *DB {
	t.Helper()
	db, err := Open(Config{URL: s.url(), Schema: schema, Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
