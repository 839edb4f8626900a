package admin

import (
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// DefinitionsView is what is in force, as it was written.
type DefinitionsView struct {
	Owner    string           `json:"owner" enum:"file,store,environment" doc:"who may change them: the owner of a file, callers of this API, or whoever starts Weir"`
	Source   string           `json:"source,omitempty" doc:"the file or folder, where one owns them"`
	Revision RevisionView     `json:"revision" doc:"number 0: it is in force and could not be kept yet"`
	Hash     string           `json:"hash" doc:"of what they say; layout and comments do not count"`
	Files    []DefinitionFile `json:"files" doc:"as written: secrets are references"`
}

// DefinitionFile is one file of a document.
type DefinitionFile struct {
	Name string `json:"name" doc:"shown with problems; relative, without .."`
	Text string `json:"text" doc:"YAML or JSON"`
}

// RevisionView is definitions as they were applied.
type RevisionView struct {
	Number   int              `json:"number" doc:"from 1"`
	Hash     string           `json:"hash" doc:"of what they say"`
	Time     time.Time        `json:"time" doc:"when they came into force"`
	Author   string           `json:"author" doc:"the name of a key, or who stands for one"`
	Note     string           `json:"note,omitempty" doc:"why"`
	Owner    string           `json:"owner" enum:"file,store,environment"`
	Restored int              `json:"restored_from,omitempty" doc:"the revision whose files these are"`
	Files    []DefinitionFile `json:"files,omitempty" doc:"as written; not in lists"`
}

// RevisionPage is a page of revisions.
type RevisionPage struct {
	Revisions     []RevisionView `json:"revisions" doc:"newest first, without files"`
	NextPageToken string         `json:"next_page_token" doc:"page_token of the next page; empty on the last"`
}

func revisionOf(r store.Revision) RevisionView {
	v := RevisionView{Number: r.Number, Hash: r.Hash, Time: r.Time, Author: r.Author, Note: r.Note, Owner: r.Owner, Restored: r.Restore}
	for _, f := range r.Files {
		v.Files = append(v.Files, DefinitionFile(f))
	}
	return v
}

// definitions gives what may be asked, or says that nothing may.
func (s *Server) definitions() (Definitions, error) {
	if s.cfg.Definitions == nil {
		return nil, fault.New(fault.Unavailable, "no_revisions", "this Weir keeps no revisions of its definitions")
	}
	return s.cfg.Definitions, nil
}

// inForceNow gives what is in force and its revision.
func (c *call) inForceNow() (InForce, error) {
	d, err := c.server.definitions()
	if err != nil {
		return InForce{}, err
	}
	ctx, done := c.ask()
	defer done()
	now, err := d.Current(ctx)
	if err != nil {
		return InForce{}, failedDefinitions("read what is in force", err)
	}
	return now, nil
}

func (c *call) getDefinitions() (DefinitionsView, error) {
	now, err := c.inForceNow()
	if err != nil {
		return DefinitionsView{}, err
	}
	v := DefinitionsView{Owner: now.Owner, Source: now.Source, Revision: revisionOf(now.Revision), Hash: now.Revision.Hash, Files: []DefinitionFile{}}
	v.Revision.Files = nil
	for _, f := range now.Revision.Files {
		v.Files = append(v.Files, DefinitionFile(f))
	}
	c.w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprint(now.Revision.Number)))
	return v, nil
}
