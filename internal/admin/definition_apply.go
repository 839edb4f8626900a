package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/weirhq/weir/internal/fault"
)

// ApplyRequest is a document that somebody wants in force.
type ApplyRequest struct {
	Files  []DefinitionFile `json:"files" doc:"the whole document: what is not in it is not in force afterwards"`
	Expect *int             `json:"expect_revision,omitempty" doc:"the number of the revision it was made from: 409 when another is in force by now. If-Match does the same. Without either, whichever is in force is replaced"`
	Note   string           `json:"note,omitempty" doc:"why, for whoever reads the revisions later"`
	DryRun bool             `json:"dry_run,omitempty" doc:"say what would come of it and change nothing"`
}

// RestoreRequest is what restoring a revision takes.
type RestoreRequest struct {
	Expect *int   `json:"expect_revision,omitempty" doc:"the number of the revision in force: 409 when it is another by now"`
	Note   string `json:"note,omitempty" doc:"why"`
	DryRun bool   `json:"dry_run,omitempty" doc:"say what would come of it and change nothing"`
}

// ApplyReply is what came of it.
type ApplyReply struct {
	Applied  bool                `json:"applied" doc:"it is in force; false of a dry run"`
	Changed  bool                `json:"changed" doc:"it says something else than what was in force"`
	DryRun   bool                `json:"dry_run"`
	Revision RevisionView        `json:"revision" doc:"in force now"`
	Diff     Diff                `json:"diff" doc:"against what was in force"`
	Problems []DefinitionProblem `json:"problems" doc:"doubts; none keeps it from being applied"`
}

// maxNote bounds the reason given for a change, in bytes.
const maxNote = 2000

func (c *call) apply(b *ApplyRequest) (ApplyReply, error) {
	files, err := documentOf(b.Files)
	if err != nil {
		return ApplyReply{}, err
	}
	expect, err := c.expected(b.Expect)
	if err != nil {
		return ApplyReply{}, err
	}
	return c.put(Edit{Files: files, Expect: expect, Note: b.Note}, b.DryRun, "apply")
}

func (c *call) restore(b *RestoreRequest) (ApplyReply, error) {
	r, err := c.revision()
	if err != nil {
		return ApplyReply{}, err
	}
	if len(r.Files) == 0 {
		e := fault.New(fault.Unsupported, "revision_without_files", "revision %d was not made of files: it cannot be restored", r.Number).At("number")
		e.Status = http.StatusConflict
		return ApplyReply{}, e
	}
	expect, err := c.expected(b.Expect)
	if err != nil {
		return ApplyReply{}, err
	}
	return c.put(Edit{Files: r.Files, Expect: expect, Restore: r.Number, Note: b.Note}, b.DryRun, "restore")
}

// put puts a document in force, or says what would come of it.
func (c *call) put(e Edit, dryRun bool, action string) (ApplyReply, error) {
	if len(e.Note) > maxNote {
		return ApplyReply{}, fault.New(fault.TooLarge, "note_too_large", "the note is over %d bytes", maxNote).At("note")
	}
	d, err := c.server.definitions()
	if err != nil {
		return ApplyReply{}, err
	}
	e.By = c.who()
	ctx, done := c.lengthen(c.server.clocks.reload)
	defer done()
	now, err := d.Current(ctx)
	if err != nil {
		return ApplyReply{}, failedDefinitions("read what is in force", err)
	}
	// Number 0 is in force and not kept yet: whoever keeps revisions knows the last.
	if e.Expect >= 0 && now.Revision.Number > 0 && e.Expect != now.Revision.Number {
		return ApplyReply{}, conflict(&Conflict{e.Expect, now.Revision})
	}
	checked, err := d.Check(ctx, e.Files)
	if err != nil {
		return ApplyReply{}, failedDefinitions("check the definitions", err)
	}
	if checked.Refused() {
		return ApplyReply{}, refused(&checked, now.Revision.Hash)
	}
	reply := ApplyReply{DryRun: dryRun, Revision: revisionOf(now.Revision), Diff: diff(&now, e.Files), Problems: definitionProblems(checked.Problems)}
	reply.Revision.Files, reply.Changed = nil, checked.Hash != now.Revision.Hash
	if now.Owner != "store" {
		return ApplyReply{}, owned(&now, &reply.Diff)
	}
	if dryRun {
		return reply, nil
	}
	return c.act(ctx, d, e, action, reply)
}

// act does it, and keeps the decision.
func (c *call) act(ctx context.Context, d Definitions, e Edit, action string, reply ApplyReply) (ApplyReply, error) {
	applied, err := d.Apply(ctx, e)
	var first *Conflict
	switch {
	case errors.As(err, &first):
		return ApplyReply{}, conflict(first)
	case err != nil:
		return ApplyReply{}, failedDefinitions(action+" the definitions", err)
	case applied.Refused():
		return ApplyReply{}, refused(&applied.Checked, reply.Revision.Hash)
	}
	applied.Revision.Files = nil
	reply.Applied, reply.Changed, reply.Revision = true, applied.Changed, revisionOf(applied.Revision)
	reply.Problems = definitionProblems(applied.Problems)
	if applied.Changed {
		c.decide("definitions", action, e.Note, struct {
			Revision int    `json:"revision"`
			Hash     string `json:"hash"`
			Restored int    `json:"restored_from,omitempty"`
			Changes  int    `json:"changes"`
		}{applied.Revision.Number, applied.Revision.Hash, e.Restore, len(reply.Diff.Changes)})
	}
	return reply, nil
}
