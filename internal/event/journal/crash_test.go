package journal

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// A child that records under load is killed with -9 at a random instant, again and
// again over the same folder. It tells an oracle through a pipe what Record has
// returned for; each of these must be there, once, when the folder is read.
func TestKilledProcessLosesNothingThatWasTold(t *testing.T) {
	const kills = 20
	dir := t.TempDir()
	told := map[string]bool{}
	for run := range kills {
		runAndKill(t, dir, run, told)
	}
	j := open(t, Config{Dir: dir, Segment: 1 << 20})
	items := rest(t, j, event.Position{})
	seen := map[string]int{}
	for _, item := range items {
		if e, ok := item.Record.(*event.Event); ok {
			seen[e.ID]++
		}
		if j.Recovered().Before(item.Next) {
			t.Fatalf("%s lies behind what was recovered", idOf(item.Record))
		}
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s is there %d times", id, times)
		}
	}
	lost := 0
	for id := range told {
		if seen[id] == 0 {
			lost++
		}
	}
	s := j.Stats()
	t.Logf("%d kills: %d records were told, %d events found, %d torn bytes", kills, len(told), len(seen), s.Torn)
	if lost > 0 || len(told) < kills || s.Damaged > 0 || s.Unknown > 0 || s.Missing > 0 {
		t.Errorf("%d of %d that were told are lost; %+v", lost, len(told), s)
	}
}

func runAndKill(t *testing.T, dir string, run int, told map[string]bool) {
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childEnv+"="+dir, fmt.Sprintf("%s_RUN=%d", childEnv, run))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the child said %q: %v", line, err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			line, err := lines.ReadString('\n')
			if err == nil {
				told[strings.TrimSpace(line)] = true
			} else if err == io.EOF {
				return
			}
		}
	})
	time.Sleep(time.Millisecond + rand.N(60*time.Millisecond))
	child.Process.Kill()
	reading.Wait()
	child.Wait()
}

const childEnv = "WEIR_JOURNAL_TEST_CHILD"

// TestMain is also the child.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		recordForever(dir, os.Getenv(childEnv+"_RUN"))
	}
	os.Exit(m.Run())
}

// recordForever records from many callers, with small segments so that many kills
// fall on the change from one to the next.
func recordForever(dir, run string) {
	j, err := Open(Config{Dir: dir, Segment: 1 << 20, SyncEvery: time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	fmt.Println("ready")
	for c := range 16 {
		go func() {
			for i := 0; ; i++ {
				e := anEvent(i)
				e.ID = fmt.Sprintf("%s/%d/%d", run, c, i)
				j.Record(&event.Begin{ID: e.ID})
				if j.record(e) {
					os.Stdout.WriteString(e.ID + "\n") // one write: lines do not mix
				}
			}
		}()
	}
	select {}
}
