package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/store"
)

// Definitions is what is in force as it was written, and the acting on it. The
// owner of the process binds it; this package asks who may, compares, and keeps
// the decision. Every method may be called by many at once.
type Definitions interface {
	// Current gives what is in force at this moment. It works without a store.
	Current(ctx context.Context) (InForce, error)

	// Check reads files as Apply would, with everything that Apply refuses, and
	// changes nothing. The error is for what could not be tried at all.
	Check(ctx context.Context, files []store.File) (Checked, error)

	// Apply puts files in force, wholly or not at all, and keeps them as a revision:
	// Checked says what it refused. A *Conflict says that somebody else was first,
	// another error that it could not be done now. It is not called while a file
	// owns the definitions.
	Apply(ctx context.Context, e Edit) (Applied, error)

	// Revision finds one with its files; number 0 is the last. store.ErrNotFound.
	Revision(ctx context.Context, number int) (store.Revision, error)

	// Revisions gives them newest first, without files, those below the number before
	// (0: from the last).
	Revisions(ctx context.Context, before, limit int) ([]store.Revision, error)

	// At gives what was in force at a time, compiled, and its revision without
	// files. store.ErrNotFound before the first.
	At(ctx context.Context, at time.Time) (*experiment.Set, store.Revision, error)
}

// InForce is what is in force as it was written.
type InForce struct {
	Owner    string         // "file", "store" or "environment": who may change it
	Source   string         // the file or folder, where one owns it
	Revision store.Revision // with Files; Number is 0 when it could not be kept yet
	Document []byte         // canonical, as definition.Document writes it; empty: made from the files
}

// Checked is what came of reading files.
type Checked struct {
	Hash     string              // of what they say: experiment.Set.Revision; "" when they cannot be read
	Problems definition.Problems // doubts too
	Err      error               // what no problem tells: a change that would spoil a running experiment
}

// Refused reports whether the files cannot be put in force.
func (c *Checked) Refused() bool { return c.Err != nil || c.Problems.Failed() }

// Edit is a document that somebody wants in force.
type Edit struct {
	Files   []store.File
	Expect  int    // the revision that must be the last; negative: whichever it is
	Restore int    // the revision that the files are of; 0: none
	Note    string // why
	By      string // name of a key, or who stands for one
}

// Applied is what came of an Edit that nobody was ahead of.
type Applied struct {
	Checked
	Revision store.Revision // without files; in force now
	Changed  bool           // there is a new revision; false when the same was in force, or it was refused
}

// Conflict says that the last revision is not the one that an Edit was made for.
type Conflict struct {
	Expected int
	Last     store.Revision // without files
}

// Error names who was first.
func (c *Conflict) Error() string {
	return fmt.Sprintf("revision %d is not the last: %s applied revision %d at %s", c.Expected, c.Last.Author, c.Last.Number, c.Last.Time.UTC().Format(time.RFC3339))
}

// Is makes a Conflict a store.ErrConflict.
func (c *Conflict) Is(target error) bool { return target == store.ErrConflict }
