// Package reconcile is the slow loop that carries plans through their lives: it
// reads what the record says, has it analysed, and starts, decides or stops an
// experiment. It never touches a live request: what it decides reaches the
// gateway as a new set.
package reconcile

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/rollout"
)

// Book is the states of plans: for each experiment and epoch the last decision.
// It is kept in a small file, written whole and flushed before a move takes
// effect, so that a start needs neither the database nor the journal to know
// what was stopped. The journal has the same decisions for people to read.
type Book struct {
	name string // of the file; "": memory alone

	mu   sync.Mutex
	last map[planKey]*event.Decision
	seen fs.FileInfo // of the file as it was read or written last
}

type planKey struct {
	experiment string
	epoch      int
}

// OpenBook reads the file, which need not exist yet. One that cannot be read is
// an error: without it what was rolled back would be served again.
func OpenBook(name string) (*Book, error) {
	b := &Book{name: name, last: map[planKey]*event.Decision{}}
	if _, err := b.Refresh(); err != nil {
		return nil, err
	}
	return b, nil
}

// Refresh takes in what another process wrote since, and gives how many decisions
// were news: for a while two share a folder, when one takes over from the other.
func (b *Book) Refresh() (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refresh()
}

func (b *Book) refresh() (int, error) {
	if b.name == "" {
		return 0, nil
	}
	now, err := os.Stat(b.name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && b.seen != nil && os.SameFile(b.seen, now) && b.seen.ModTime().Equal(now.ModTime()) {
		return 0, nil // a file is never changed, only replaced
	}
	if err != nil {
		return 0, fmt.Errorf("read the states of experiments: %w", err)
	}
	text, err := os.ReadFile(b.name)
	if err != nil {
		return 0, fmt.Errorf("read the states of experiments: %w", err)
	}
	var list []*event.Decision
	if err := json.Unmarshal(text, &list); err != nil {
		return 0, fmt.Errorf("read the states of experiments in %s: %w; bring it back from a backup, or move it away: "+
			"the database has the same decisions, and experiments are drafts until it is read", b.name, err)
	}
	b.seen = now
	n := b.merge(list)
	if !b.lacking(list) {
		return n, nil
	}
	return n, b.save() // two wrote at once, and the one that came last did not know of the other
}

// lacking reports whether a list is without something that is held here.
func (b *Book) lacking(list []*event.Decision) bool {
	in := make(map[string]bool, len(list))
	for _, d := range list {
		if d != nil {
			in[d.ID] = true
		}
	}
	for _, d := range b.last {
		if !in[d.ID] {
			return true
		}
	}
	return false
}

// Merge takes in decisions from elsewhere, as from the database, and gives how
// many were news. Ids grow with time: of two about one epoch the later holds.
func (b *Book) Merge(list []*event.Decision) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.merge(list)
}

func (b *Book) merge(list []*event.Decision) int {
	n := 0
	for _, d := range list {
		if d == nil {
			continue
		}
		s, ok := rollout.Read(d)
		if !ok {
			continue
		}
		k := planKey{s.Experiment, s.Epoch}
		if have := b.last[k]; have == nil || strings.Compare(have.ID, d.ID) < 0 {
			b.last[k] = d
			n++
		}
	}
	return n
}

// State is where a plan is. One that nothing was decided about is a draft.
func (b *Book) State(experiment string, epoch int) rollout.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := b.last[planKey{experiment, epoch}]; d != nil {
		s, _ := rollout.Read(d)
		return s
	}
	return rollout.State{Experiment: experiment, Epoch: epoch, Phase: rollout.Draft}
}

// Last gives the last decision about a plan, nil when there is none.
func (b *Book) Last(experiment string, epoch int) *event.Decision {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last[planKey{experiment, epoch}]
}

// Decisions gives all of them, by id.
func (b *Book) Decisions() []*event.Decision {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.list()
}

func (b *Book) list() []*event.Decision {
	list := make([]*event.Decision, 0, len(b.last))
	for _, d := range b.last {
		list = append(list, d)
	}
	slices.SortFunc(list, func(x, y *event.Decision) int { return cmp.Compare(x.ID, y.ID) })
	return list
}

// Write notes a decision, on disk first. It holds when Write has returned, and
// does not when there is an error.
func (b *Book) Write(d *event.Decision) error {
	s, ok := rollout.Read(d)
	if !ok {
		return fmt.Errorf("note the decision %s: it is not about an experiment", d.ID)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := planKey{s.Experiment, s.Epoch}
	before, had := b.last[k]
	b.last[k] = d
	if err := b.save(); err != nil {
		if delete(b.last, k); had {
			b.last[k] = before
		}
		return fmt.Errorf("note what was decided about experiment %s: %w; nothing has changed", s.Experiment, err)
	}
	return nil
}

// save writes the file beside its place and puts it there whole.
func (b *Book) save() error {
	if b.name == "" {
		return nil
	}
	text, err := json.Marshal(b.list())
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(b.name), filepath.Base(b.name)+"-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), b.name); err != nil {
		return err
	}
	b.seen, _ = os.Stat(b.name)
	if folder, err := os.Open(filepath.Dir(b.name)); err == nil { // where folders can be flushed
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}
