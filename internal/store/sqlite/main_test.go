package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// Some tests need another process: one to kill, one to hold a lock. It is this
// test binary, told by its environment what to do.
const childEnv = "WEIR_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if do := os.Getenv(childEnv); do != "" {
		words := strings.Fields(do)
		child(words[0], words[1], words[2])
	}
	os.Exit(m.Run())
}

// child does one thing until it is killed.
func child(do, path, arg string) {
	n, _ := strconv.Atoi(arg)
	switch do {
	case "stop-at": // open, and stop before the n-th statement
		_, err := Open(Config{Path: path, migrations: nextMigrations(), fault: stopAt(n)})
		fmt.Println("opened", err)
	case "apply": // apply batches for ever
		applyForEver(path)
	case "lock": // hold the right to write
		db, err := Open(Config{Path: path})
		if err != nil {
			fmt.Println("error", err)
			return
		}
		err = db.main.write(context.Background(), "hold", func(*conn) error {
			fmt.Println("locked")
			select {}
		})
		fmt.Println("ended", err)
	case "hold": // hold the store open
		_, err := Open(Config{Path: path})
		fmt.Println("opened", err)
	}
	time.Sleep(time.Minute)
	os.Exit(1)
}

// stopAt stops the process before its n-th statement that may change something.
func stopAt(n int) func(string) error {
	seen := 0
	return func(query string) error {
		if strings.HasPrefix(query, "SELECT") {
			return nil
		}
		if seen++; seen == n {
			fmt.Println("stopped")
			select {}
		}
		return nil
	}
}

func applyForEver(path string) {
	db, err := Open(Config{Path: path})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	at, err := db.Position(context.Background(), "a")
	for ; err == nil; at.Offset++ {
		err = db.Apply(context.Background(), numbered(at))
		fmt.Println("applied", at.Offset+1)
	}
	fmt.Println("error", err)
}

// numbered is the batch that belongs at a position: always the same.
func numbered(at event.Position) *store.Batch {
	b := storetest.Random(rand.New(rand.NewPCG(uint64(at.Offset), 1)), 5)
	b.Replica, b.From, b.To = "a", at, event.Position{Offset: at.Offset + 1}
	return b
}

// process is a child that runs.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner
}

// start starts a child.
func start(t *testing.T, do, path, arg string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0])}
	p.Env = append(os.Environ(), childEnv+"="+do+" "+path+" "+arg)
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// line waits for the child to say something.
func (p *process) line() string {
	p.lines.Scan()
	return p.lines.Text()
}

// kill kills it without a warning.
func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}
