package client

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Definitions is what is in force, as it was written.
type Definitions struct {
	Owner    string   `json:"owner"`    // who may change them: "file", "store", "environment"
	Source   string   `json:"source"`   // the file or folder, where one owns them
	Revision Revision `json:"revision"` // Number 0: it could not be kept yet
	Hash     string   `json:"hash"`     // of what they say
	Files    []File   `json:"files"`
}

// File is one file of a document.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Revision is definitions as they were applied.
type Revision struct {
	Number   int       `json:"number"` // from 1
	Hash     string    `json:"hash"`
	Time     time.Time `json:"time"`
	Author   string    `json:"author"`
	Note     string    `json:"note"`
	Owner    string    `json:"owner"`
	Restored int       `json:"restored_from"` // 0: it was not restored
	Files    []File    `json:"files"`         // nil in lists
}

// Diff is what differs between two documents.
type Diff struct {
	Equal   bool         `json:"equal"` // they say the same
	Changes []DiffChange `json:"changes"`
	Text    string       `json:"text"` // line by line, in unified form
}

// DiffChange is one thing that would be said differently.
type DiffChange struct {
	Path   string `json:"path"`
	Before string `json:"before"` // JSON; "": it was not there
	After  string `json:"after"`  // JSON; "": it would not be there
}

// Definitions gives what is in force.
func (c *Client) Definitions(ctx context.Context) (Definitions, error) {
	var d Definitions
	err := c.get(ctx, "/api/v1/definitions", nil, &d)
	return d, err
}

// ApplyRequest is a document that is wanted in force. Revision zero is a revision
// too: none was kept yet.
type ApplyRequest struct {
	Files  []File `json:"files"`                     // the whole document
	Expect *int   `json:"expect_revision,omitempty"` // the revision it was made from; nil: whichever
	Note   string `json:"note,omitempty"`            // why
	DryRun bool   `json:"dry_run,omitempty"`
}

// Applied is what came of an ApplyRequest.
type Applied struct {
	Applied  bool      `json:"applied"` // it is in force; false of a dry run
	Changed  bool      `json:"changed"` // it says something else than what was in force
	DryRun   bool      `json:"dry_run"`
	Revision Revision  `json:"revision"` // in force now
	Diff     Diff      `json:"diff"`     // against what was in force
	Problems []Problem `json:"problems"` // doubts
}

// Apply puts a document in force; when it returns, it is. When it cannot be, the
// error is an *Error: Status 422 has the problems, 409 with Code revision_conflict
// says who was first, and owned_by_file has the Diff to make in that file.
func (c *Client) Apply(ctx context.Context, r ApplyRequest) (Applied, error) {
	var a Applied
	err := c.post(ctx, "/api/v1/definitions", r, &a, reloadWithin)
	return a, err
}

// Compared is a document against what is in force.
type Compared struct {
	Owner    string    `json:"owner"`
	Source   string    `json:"source"`
	Revision Revision  `json:"revision"` // in force
	Diff     Diff      `json:"diff"`
	Problems []Problem `json:"problems"`
}

// Diff compares a document with what is in force, and changes nothing.
func (c *Client) Diff(ctx context.Context, files []File) (Compared, error) {
	body := struct {
		Files []File `json:"files"`
	}{files}
	var d Compared
	err := c.post(ctx, "/api/v1/definitions:diff", body, &d, reloadWithin)
	return d, err
}

// RevisionPage is a page of revisions, newest first, without files.
type RevisionPage struct {
	Revisions     []Revision `json:"revisions"`
	NextPageToken string     `json:"next_page_token"` // "" on the last page
}

// Revisions gives a page of what was in force. limit 0: 50; token "": from the last.
func (c *Client) Revisions(ctx context.Context, limit int, token string) (RevisionPage, error) {
	v := url.Values{}
	paged(v, limit, token)
	var p RevisionPage
	err := c.get(ctx, "/api/v1/revisions", v, &p)
	return p, err
}

// Revision gives one with its files.
func (c *Client) Revision(ctx context.Context, number int) (Revision, error) {
	var r Revision
	err := c.get(ctx, fmt.Sprintf("/api/v1/revisions/%d", number), nil, &r)
	return r, err
}

// RestoreRequest is how a revision is to be restored.
type RestoreRequest struct {
	Expect *int   `json:"expect_revision,omitempty"` // the revision in force; nil: whichever
	Note   string `json:"note,omitempty"`            // why
	DryRun bool   `json:"dry_run,omitempty"`
}

// Restore puts a revision in force again, as a new one.
func (c *Client) Restore(ctx context.Context, number int, r RestoreRequest) (Applied, error) {
	var a Applied
	err := c.post(ctx, fmt.Sprintf("/api/v1/revisions/%d:restore", number), r, &a, reloadWithin)
	return a, err
}
