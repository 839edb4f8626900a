package reconcile

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/rollout"
)

// killedBook is the file that a child of TestKilledWhileWriting writes.
const killedBook = "WEIR_TEST_BOOK"

func TestMain(m *testing.M) {
	if name := os.Getenv(killedBook); name != "" {
		startAndStop(name)
		return
	}
	os.Exit(m.Run())
}

// startAndStop starts and stops one epoch after another, and says so when it is
// written.
func startAndStop(name string) {
	b, err := OpenBook(name)
	for n := 0; err == nil; n++ {
		epoch := len(b.Decisions()) + 1
		for _, to := range []struct {
			move  rollout.Move
			phase rollout.Phase
		}{{rollout.Start, rollout.Running}, {rollout.Stop, rollout.Archived}} {
			now := time.Now()
			var d *event.Decision
			d, err = rollout.Decision(event.NewID(now), "default", "me", to.move, rollout.State{Experiment: "e", Epoch: epoch, Phase: to.phase, Changed: now}, nil)
			if err == nil {
				err = b.Write(d)
			}
			if err == nil {
				fmt.Println(epoch, to.phase)
			}
		}
	}
	fmt.Println("error", err)
}

// Killed at any moment, the book is whole, and has all that was said to be so.
func TestKilledWhileWriting(t *testing.T) {
	name := filepath.Join(t.TempDir(), "plans.json")
	said := map[int]rollout.Phase{}
	for round := range 12 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), killedBook+"="+name)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(20+round*13)*time.Millisecond, func() { _ = child.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var epoch int
			var phase rollout.Phase
			if _, err := fmt.Sscan(lines.Text(), &epoch, &phase); err != nil {
				if strings.HasPrefix(lines.Text(), "error") {
					t.Errorf("round %d: %s", round, lines.Text())
				}
				continue // cut off
			}
			said[epoch] = phase
		}
		_ = child.Wait()
		kill.Stop()
		b, err := OpenBook(name)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for epoch, phase := range said {
			if s := b.State("e", epoch); s.Phase != phase && s.Phase != rollout.Archived {
				t.Errorf("round %d: epoch %d is %s, and %s was said", round, epoch, s.Phase, phase)
			}
		}
	}
	if len(said) < 5 {
		t.Errorf("%d epochs: too little was written to be broken", len(said))
	}
	left, _ := filepath.Glob(name + "-*")
	if len(left) > 12 {
		t.Errorf("%d files are left over", len(left))
	}
}
