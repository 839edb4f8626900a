package reconcile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/rollout"
)

func decision(t *testing.T, id string, s rollout.State) *event.Decision {
	t.Helper()
	d, err := rollout.Decision(id, "default", "somebody", rollout.Start, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What was written is there after a start, and the later of two decisions about
// one epoch holds, in whatever order they come.
func TestBookIsReadAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "plans.json")
	b, err := OpenBook(name)
	if err != nil {
		t.Fatal(err)
	}
	if s := b.State("e", 1); s.Phase != rollout.Draft {
		t.Errorf("an unknown plan is %s", s.Phase)
	}
	running := rollout.State{Experiment: "e", Epoch: 1, Phase: rollout.Running, Changed: time.Now()}
	stopped := running
	stopped.Phase = rollout.Archived
	for id, s := range map[string]rollout.State{"01": running} {
		if err := b.Write(decision(t, id, s)); err != nil {
			t.Fatal(err)
		}
	}
	again, err := OpenBook(name)
	if err != nil {
		t.Fatal(err)
	}
	if s := again.State("e", 1); s.Phase != rollout.Running {
		t.Errorf("after a start it is %s", s.Phase)
	}
	if s := again.State("e", 2); s.Phase != rollout.Draft {
		t.Errorf("another epoch is %s", s.Phase)
	}
	again.Merge([]*event.Decision{decision(t, "03", stopped), decision(t, "02", running)})
	if s := again.State("e", 1); s.Phase != rollout.Archived {
		t.Errorf("the earlier decision holds: %s", s.Phase)
	}
}

// A decision that cannot be written down does not hold.
func TestBookThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	b, err := OpenBook(filepath.Join(dir, "gone", "plans.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Write(decision(t, "01", rollout.State{Experiment: "e", Epoch: 1, Phase: rollout.Running})); err == nil {
		t.Fatal("written into a folder that is not there")
	}
	if s := b.State("e", 1); s.Phase != rollout.Draft {
		t.Errorf("it holds all the same: %s", s.Phase)
	}
}

// A damaged file stops the start: without it what was rolled back would come back.
func TestDamagedBook(t *testing.T) {
	name := filepath.Join(t.TempDir(), "plans.json")
	if err := os.WriteFile(name, []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBook(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("opened: %v", err)
	}
}
