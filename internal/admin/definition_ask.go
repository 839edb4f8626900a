package admin

import (
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// documentOf checks the names of a document's files. They are shown, and later
// written by whoever saves a revision, so none may lead elsewhere.
func documentOf(files []DefinitionFile) ([]store.File, error) {
	if len(files) == 0 {
		return nil, fault.New(fault.Invalid, "invalid_body", "there are no files").At("files").Mend("send the whole document, its secrets as references")
	}
	out := make([]store.File, len(files))
	seen := map[string]bool{}
	for i, f := range files {
		if !plainName(f.Name) || seen[f.Name] {
			return nil, fault.New(fault.Invalid, "invalid_body", "files[%d].name %q is no name of a file, or is there twice", i, short(f.Name, 100)).
				At("files").Mend("write a relative name such as weir.yaml or routes/support.yaml")
		}
		seen[f.Name] = true
		out[i] = store.File(f)
	}
	return out, nil
}

// plainName accepts a relative path without anything that leads elsewhere.
func plainName(name string) bool {
	if name == "" || len(name) > 255 || strings.ContainsFunc(name, control) || strings.ContainsAny(name, `\:`) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// expected reads which revision must be in force: of the body, or of If-Match.
// Negative: any.
func (c *call) expected(body *int) (int, error) {
	wrong := func(what string) error {
		return fault.New(fault.Invalid, "invalid_parameter", "%s is not the number of a revision", what).
			At("expect_revision").Mend("it is the number in GET /api/v1/definitions, 0 when there is none yet")
	}
	match := c.r.Header.Get("If-Match")
	switch {
	case body != nil && *body < 0:
		return 0, wrong("expect_revision")
	case match == "" || match == "*":
		if body != nil {
			return *body, nil
		}
		return -1, nil
	}
	n, err := strconv.Atoi(strings.Trim(match, `"`))
	if err != nil || n < 0 {
		return 0, wrong("If-Match")
	}
	if body != nil && *body != n {
		return 0, fault.New(fault.Invalid, "invalid_parameter", "If-Match and expect_revision name different revisions").At("expect_revision").Mend("give one of them")
	}
	return n, nil
}
