package admin

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/store"
)

// DiffRequest is a document to be compared with what is in force.
type DiffRequest struct {
	Files []DefinitionFile `json:"files" doc:"the whole document"`
}

// DiffReply is a document against what is in force.
type DiffReply struct {
	Owner    string              `json:"owner" enum:"file,store,environment" doc:"who may change what is in force"`
	Source   string              `json:"source,omitempty" doc:"the file or folder, where one owns it"`
	Revision RevisionView        `json:"revision" doc:"in force"`
	Diff     Diff                `json:"diff"`
	Problems []DefinitionProblem `json:"problems" doc:"doubts; a document that cannot be applied is a problem of its own"`
}

// Diff is what differs between two documents: by what they say, and by line.
type Diff struct {
	Equal   bool         `json:"equal" doc:"they say the same; layout, comments and defaults that are written out do not count"`
	Changes []DiffChange `json:"changes" doc:"in order of the path"`
	Text    string       `json:"text" doc:"the files line by line, in unified form; empty when no line differs"`
}

// DiffChange is one thing that would be said differently.
type DiffChange struct {
	Path   string `json:"path" doc:"where in the document: models.small.price.input"`
	Before string `json:"before" doc:"JSON; empty: it was not there"`
	After  string `json:"after" doc:"JSON; empty: it would not be there"`
}

// diffDefinitions compares, and changes nothing.
func (c *call) diffDefinitions(b *DiffRequest) (DiffReply, error) {
	files, err := documentOf(b.Files)
	if err != nil {
		return DiffReply{}, err
	}
	now, err := c.inForceNow()
	if err != nil {
		return DiffReply{}, err
	}
	ctx, done := c.lengthen(c.server.clocks.reload)
	defer done()
	checked, err := c.server.cfg.Definitions.Check(ctx, files)
	if err != nil {
		return DiffReply{}, failedDefinitions("check the definitions", err)
	}
	if checked.Problems.Failed() {
		return DiffReply{}, refused(&checked, now.Revision.Hash)
	}
	reply := DiffReply{Owner: now.Owner, Source: now.Source, Revision: revisionOf(now.Revision), Diff: diff(&now, files), Problems: definitionProblems(checked.Problems)}
	reply.Revision.Files = nil
	if checked.Err != nil { // it reads well, and cannot be put in force now
		reply.Problems = append(reply.Problems, DefinitionProblem{Severity: "error", Message: checked.Err.Error()})
	}
	return reply, nil
}

// diff compares what is in force with a document that has been checked.
func diff(now *InForce, files []store.File) Diff {
	old := now.Document
	if len(old) == 0 {
		old = canonical(now.Revision.Files)
	}
	d := Diff{Changes: []DiffChange{}, Text: unified(sameNames(now.Revision.Files, files))}
	d.compare(nil, tree(old), tree(canonical(files)))
	d.Equal = len(d.Changes) == 0
	return d
}

// canonical writes files as what they say; nothing when they cannot be read.
func canonical(files []store.File) []byte {
	texts := make([]definition.File, len(files))
	for i, f := range files {
		texts[i] = definition.File{Name: f.Name, Text: []byte(f.Text)}
	}
	doc, problems := definition.Parse(texts)
	if problems.Failed() || doc == nil {
		return nil
	}
	return doc.Canonical()
}

// tree reads JSON, numbers as they are written.
func tree(document []byte) any {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// compare notes what differs below a path. Lists are compared whole: their order
// means something.
func (d *Diff) compare(path []string, a, b any) {
	before, was := a.(map[string]any)
	after, is := b.(map[string]any)
	if (was || a == nil) && (is || b == nil) && (was || is) && (len(path) == 0 || was && is) {
		names := slices.Sorted(maps.Keys(before))
		for name := range after {
			if _, ok := before[name]; !ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			d.compare(append(slices.Clip(path), name), before[name], after[name])
		}
		return
	}
	if x, y := compact(a), compact(b); x != y {
		d.Changes = append(d.Changes, DiffChange{strings.Join(path, "."), x, y})
	}
}

// compact writes a value as JSON, nothing as nothing.
func compact(v any) string {
	if v == nil {
		return ""
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// sameNames gives a document of one file the name of the one it would replace: it
// may come from a file of another name.
func sameNames(old, files []store.File) (a, b []store.File) {
	if len(old) == 1 && len(files) == 1 {
		return old, []store.File{{Name: old[0].Name, Text: files[0].Text}}
	}
	return old, files
}
