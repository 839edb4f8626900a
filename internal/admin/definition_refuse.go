package admin

import (
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// conflict says who was first: F5 of the list of faults.
func conflict(first *Conflict) error {
	from := fmt.Sprintf("this was made from revision %d", first.Expected)
	if first.Expected < 0 {
		from = "somebody else was faster"
	}
	e := fault.New(fault.Unsupported, "revision_conflict", "%s, and %s", from, whoWas(&first.Last)).
		At("expect_revision").Mend("see what changed with GET /api/v1/revisions/%d, and make the change anew from there", first.Last.Number)
	e.Status = http.StatusConflict
	return e
}

func whoWas(r *store.Revision) string {
	if r.Number == 0 {
		return "there is none yet"
	}
	return sentence("%s applied revision %d at %s", r.Author, r.Number, r.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// refused lists what is wrong with a document.
func refused(checked *Checked, hash string) error {
	err := checked.Err
	if err == nil {
		err = checked.Problems.Err()
	}
	e := fault.New(fault.Invalid, "definition_invalid", "the definitions were not applied: %v", err).
		Mend("mend them and apply them again; %s stays in force", hash)
	e.Status = http.StatusUnprocessableEntity
	return &invalidDefinitions{fault: e, problems: definitionProblems(checked.Problems)}
}

// owned refuses a change of definitions that are not this API's to change, with
// the lines that would have to change where they are written.
func owned(now *InForce, d *Diff) error {
	code := "owned_by_file"
	if now.Owner != "file" {
		code = "owned_by_environment"
	}
	e := fault.New(fault.Unsupported, code, "the definitions are owned by %s and are changed there", ownerName(now)).
		Mend("make this change there: %s", changeLines(d))
	e.Status = http.StatusConflict
	return &invalidDefinitions{fault: e, diff: d}
}

func ownerName(now *InForce) string {
	if now.Owner == "file" {
		return sentence("the file %s", now.Source)
	}
	return "the " + now.Owner + " of the process"
}

// changeLines is a diff as a hint: whole when it is short.
func changeLines(d *Diff) string {
	if d.Text == "" {
		return "nothing differs"
	}
	const most = 1500
	if len(d.Text) > most {
		return "the lines are in `diff` of this answer"
	}
	return "\n" + d.Text
}
