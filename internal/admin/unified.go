package admin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/store"
)

// Lines around a change that are shown with it, and the most pairs of lines that
// are looked at to find what two texts have in common: beyond it the part between
// their common ends counts as replaced.
const (
	contextLines = 3
	mostPairs    = 4 << 20
)

// unified writes what differs between the files of two documents as diff -u does.
func unified(before, after []store.File) string {
	texts := map[string][2]string{}
	var names []string
	for side, files := range [][]store.File{before, after} {
		for _, f := range files {
			pair, known := texts[f.Name]
			if !known {
				names = append(names, f.Name)
			}
			pair[side] = f.Text
			texts[f.Name] = pair
		}
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		if pair := texts[name]; pair[0] != pair[1] {
			fmt.Fprintf(&out, "--- %s (in force)\n+++ %s\n", name, name)
			writeHunks(&out, editsOf(linesOf(pair[0]), linesOf(pair[1])))
		}
	}
	return out.String()
}

// linesOf splits a text; the last line need not end.
func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// edit is a line that stays (' '), goes ('-') or comes ('+').
type edit struct {
	sign byte
	line string
}

// editsOf leads from one text to the other by a longest common subsequence.
func editsOf(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, edit{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	return slices.Concat(head, between(a, b), tail)
}

// between is editsOf for texts whose ends differ.
func between(a, b []string) (edits []edit) {
	width := len(b) + 1
	common := make([]int32, 1)
	if (len(a)+1)*width <= mostPairs {
		common = make([]int32, (len(a)+1)*width)
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				if a[i] == b[j] {
					common[i*width+j] = common[(i+1)*width+j+1] + 1
				} else {
					common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
				}
			}
		}
	}
	i, j := 0, 0
	for len(common) > 1 && i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			edits = append(edits, edit{' ', a[i]})
			i, j = i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			edits = append(edits, edit{'-', a[i]})
			i++
		default:
			edits = append(edits, edit{'+', b[j]})
			j++
		}
	}
	for ; i < len(a); i++ {
		edits = append(edits, edit{'-', a[i]})
	}
	for ; j < len(b); j++ {
		edits = append(edits, edit{'+', b[j]})
	}
	return edits
}

// writeHunks writes the changed lines with those around them.
func writeHunks(out *strings.Builder, edits []edit) {
	old, new := 1, 1 // numbers of the next lines
	for at := 0; at < len(edits); {
		if edits[at].sign == ' ' {
			at, old, new = at+1, old+1, new+1
			continue
		}
		from, to := max(at-contextLines, 0), hunkEnd(edits, at)
		begin := at - from
		hunk := edits[from:to]
		removed, added := count(hunk, '+'), count(hunk, '-')
		fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", hunkStart(old-begin, removed), removed, hunkStart(new-begin, added), added)
		for _, e := range hunk {
			fmt.Fprintf(out, "%c%s\n", e.sign, e.line)
		}
		old, new, at = old-begin+removed, new-begin+added, to
	}
}

// hunkEnd is the end of the hunk that a change begins: where enough lines in a
// row stay.
func hunkEnd(edits []edit, at int) int {
	same := 0
	for i := at; i < len(edits); i++ {
		if edits[i].sign != ' ' {
			same = 0
		} else if same++; same > 2*contextLines {
			return i - contextLines
		}
	}
	return len(edits) - max(same-contextLines, 0)
}

// count is the number of lines but those of a sign.
func count(edits []edit, but byte) (n int) {
	for _, e := range edits {
		if e.sign != but {
			n++
		}
	}
	return n
}

// hunkStart is the line a hunk begins at; an empty one is said to begin before.
func hunkStart(line, lines int) int {
	if lines == 0 {
		return line - 1
	}
	return line
}
