package importtest

import (
	"strings"
	"testing"
	"testing/fstest"
)

// toy is a small house of five floors, in good order.
const toy = `
| Floor | Package | What it is | May import | Third-party modules |
|--:|---|---|---|---|
| 0 | ` + "`fault`" + ` | kinds | nothing of ours | none |
| 0 | ` + "`chat`" + ` | talk | ` + "`fault`" + ` | none |
| 1 | ` + "`event`" + ` | what happened | floor 0 | ` + "`example.com/hash`" + ` |
| 1 | ` + "`access`" + ` | who | floor 0, ` + "`event`" + ` | none |
| 2 | ` + "`upstream`" + ` | contract | floors 0–1 | none |
| 2 | ` + "`upstream/upstreamtest`" + ` | kit | floors 0–1, ` + "`upstream`" + ` | none |
| 3 | ` + "`upstream/one`" + ` | driver | floors 0–2 | none |
| 3 | ` + "`upstream/two`" + ` | driver | floors 0–2 | none |
| 4 | ` + "`gateway`" + ` | flow | floors 0–2 | none |
| 4 | ` + "`admin`" + ` | flow | floors 0–2 | none |
| 5 | ` + "`cmd/weir`" + ` | binary | floors 0–4 | none |

Test files may also import: ` + "`example.com/script`" + `
`

// toyTree has a file in each package of the toy house; files adds to it or replaces.
func toyTree(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{"go.mod": {Data: []byte("module example.org/toy\n\ngo 1.26\n")}}
	for _, pkg := range []string{
		"internal/fault", "internal/chat", "internal/event", "internal/access", "internal/upstream", "internal/upstream/upstreamtest",
		"internal/upstream/one", "internal/upstream/two", "internal/gateway", "internal/admin", "cmd/weir",
	} {
		tree[pkg+"/doc.go"] = &fstest.MapFile{Data: []byte("package p\n")}
	}
	for name, imports := range files {
		src := "package p\n"
		for path := range strings.FieldsSeq(imports) {
			src += "import _ \"" + path + "\"\n"
		}
		tree[name] = &fstest.MapFile{Data: []byte(src)}
	}
	return tree
}

func brokenIn(t *testing.T, doc string, files map[string]string) []string {
	t.Helper()
	h, err := parseHouse(doc)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := readTree(toyTree(files))
	if err != nil {
		t.Fatal(err)
	}
	return broken(h, tree)
}

func TestEachRule(t *testing.T) {
	const in = "example.org/toy/internal/"
	for _, c := range []struct {
		name, file, imports string
		want                string // a part of the one sentence; empty: nothing is broken
	}{
		{"down", "internal/gateway/a.go", in + "upstream " + in + "event", ""},
		{"down from the binary", "cmd/weir/a.go", in + "gateway " + in + "upstream/one", ""},
		{"up", "internal/event/a.go", in + "upstream", "floor 2 is above floor 1"},
		{"up in a test", "internal/event/a_test.go", in + "gateway", "floor 4 is above floor 1"},
		{"a neighbour that the table names", "internal/chat/a.go", in + "fault", ""},
		{"a neighbour that it does not name", "internal/event/a.go", in + "access", "both are on floor 1"},
		{"between drivers", "internal/upstream/one/a.go", in + "upstream/two", "both are on floor 3"},
		{"between drivers, in a test", "internal/upstream/one/a_test.go", in + "upstream/two", ""},
		{"between flows", "internal/gateway/a.go", in + "admin", "both are on floor 4"},
		{"between flows, in a test", "internal/gateway/a_test.go", in + "admin", "both are on floor 4"},
		{"a flow that knows a driver", "internal/gateway/a.go", in + "upstream/one", "the table does not allow it"},
		{"a flow's test that uses a driver", "internal/gateway/a_test.go", in + "upstream/one", ""},
		{"the package from its external test", "internal/gateway/a_test.go", in + "gateway", ""},
		{"a kit that uses its contract", "internal/upstream/upstreamtest/a.go", in + "upstream testing", ""},
		{"a kit in a test", "internal/upstream/one/a_test.go", in + "upstream/upstreamtest", ""},
		{"a kit in the product", "internal/upstream/one/a.go", in + "upstream/upstreamtest", "is for tests"},
		{"a package without a row", "internal/utils/a.go", "", "utils: no row in the table"},
		{"an import of a package without a row", "internal/gateway/a.go", in + "nowhere", "nowhere has no row"},
		{"a socket on the ground", "internal/fault/a.go", "net/http", "floor 0 opens no sockets"},
		{"a file in a noun", "internal/event/a.go", "os", "floor 1 opens no sockets and no files"},
		{"a program started by a noun", "internal/event/a.go", "os/exec", "floor 1 opens no sockets and no files"},
		{"a database in a contract", "internal/upstream/a.go", "database/sql", "floor 2 opens no sockets"},
		{"a file in a noun's test", "internal/event/a_test.go", "os", ""},
		{"values of the network", "internal/event/a.go", "net/url net/netip", ""},
		{"a socket in a driver", "internal/upstream/one/a.go", "net/http os", ""},
		{"a file for another system", "internal/fault/a_plan9.go", "os", "floor 0 opens no sockets"},
		{"an allowed module", "internal/event/a.go", "example.com/hash/v2", ""},
		{"a module that only another package may use", "internal/access/a.go", "example.com/hash", "allows that module to event only"},
		{"a module that nobody may use", "cmd/weir/a.go", "example.com/left-pad", "allows that module to nobody"},
		{"a module with a longer name", "internal/event/a.go", "example.com/hashish", "allows that module to nobody"},
		{"a test's module in a test", "internal/event/a_test.go", "example.com/script", ""},
		{"a test's module elsewhere", "internal/event/a.go", "example.com/script", "test files only"},
		{"what the go command does not look at", "internal/event/testdata/a.go", "example.com/left-pad", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := brokenIn(t, toy, map[string]string{c.file: c.imports})
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("refused: %q", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
				t.Errorf("got %q, want one sentence with %q", got, c.want)
			}
		})
	}
}

func TestSentenceNamesTheLine(t *testing.T) {
	got := brokenIn(t, toy, map[string]string{"internal/fault/a.go": "fmt net"})
	if len(got) != 1 || !strings.HasPrefix(got[0], "internal/fault/a.go:3: fault imports net: ") {
		t.Errorf("%q", got)
	}
}

func TestRowsNeedFolders(t *testing.T) {
	doc := strings.Replace(toy, "| 5 |", "| 4 | `judge` | flow | floors 0–2 | none |\n| 5 |", 1)
	got := brokenIn(t, doc, nil)
	if len(got) != 1 || !strings.HasPrefix(got[0], "judge: a row in the table") {
		t.Errorf("%q", got)
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no table", "| Floor |", "| Storey |", "no table"},
		{"a mistyped rule", "| `fault` | none |", "| fault | none |", "neither a package in backquotes"},
		{"an unknown package", "floor 0, `event`", "floor 0, `events`", "events has no row"},
		{"upward", "floor 0, `event`", "floor 0, `gateway`", "above access"},
		{"upward by floors", "| contract | floors 0–1 |", "| contract | floors 0–2 |", "not below floor 2"},
		{"drivers that know one another", "| driver | floors 0–2 |", "| driver | floors 0–2, `upstream/two` |", "drivers and flows do not know one another"},
		{"twice", "| `access` | who |", "| `event` | who |", "stands there twice"},
		{"a missing cell", "| kinds | nothing of ours | none |", "| kinds | nothing of ours |", "4 cells"},
		{"a mistyped module", "| `example.com/hash` |", "| example.com/hash |", "names in backquotes, or none"},
		{"no floor", "| 5 |", "| top |", "floor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := strings.Replace(toy, c.old, c.new, 1)
			if doc == toy {
				t.Fatalf("%q is not in the table", c.old)
			}
			if _, err := parseHouse(doc); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
