package admin

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

var revisionParams = []param{{name: "number", kind: "integer", about: "of the revision, from 1"}}

func (c *call) listRevisions() (RevisionPage, error) {
	d, err := c.server.definitions()
	if err != nil {
		return RevisionPage{}, err
	}
	limit, err := c.limit()
	if err != nil {
		return RevisionPage{}, err
	}
	before := 0
	if token := c.query("page_token"); token != "" {
		if before, err = strconv.Atoi(token); err != nil || before < 1 {
			return RevisionPage{}, badToken()
		}
	}
	ctx, done := c.ask()
	defer done()
	list, err := d.Revisions(ctx, before, limit+1)
	if err != nil {
		return RevisionPage{}, failedDefinitions("list revisions", err)
	}
	page := RevisionPage{Revisions: []RevisionView{}}
	for i, r := range list {
		if i == limit {
			page.NextPageToken = fmt.Sprint(page.Revisions[limit-1].Number)
			break
		}
		r.Files = nil
		page.Revisions = append(page.Revisions, revisionOf(r))
	}
	return page, nil
}

func (c *call) getRevision() (RevisionView, error) {
	r, err := c.revision()
	return revisionOf(r), err
}

// revision finds the one that the path names.
func (c *call) revision() (store.Revision, error) {
	d, err := c.server.definitions()
	if err != nil {
		return store.Revision{}, err
	}
	n, err := strconv.Atoi(c.tail)
	if err != nil || n < 1 {
		return store.Revision{}, fault.New(fault.Invalid, "invalid_parameter", "%q is not the number of a revision", short(c.tail, 20)).
			At("number").Mend("GET /api/v1/revisions lists them")
	}
	ctx, done := c.ask()
	defer done()
	r, err := d.Revision(ctx, n)
	if errors.Is(err, store.ErrNotFound) {
		return r, fault.New(fault.NotFound, "revision_not_found", "there is no revision %d", n).At("number").Mend("GET /api/v1/revisions lists them")
	}
	if err != nil {
		return r, failedDefinitions(fmt.Sprintf("read revision %d", n), err)
	}
	return r, nil
}

// failedDefinitions is what went wrong with the keeping of definitions: a failure
// that was classified stays as it is, the rest is about where they are kept.
func failedDefinitions(doing string, err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return err
	}
	return unavailable(fmt.Errorf("%s: %w", doing, err))
}
