//go:build tools

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDocs does what the documentation tells its readers to do, and compares
// what it shows them with what came. docs_page_test.go says how a page is marked.
func TestDocs(t *testing.T) {
	isolated := isolation(t)
	for _, name := range []string{"curl", "jq", "node", "openssl", "promtool", "ip"} {
		tool(t, name)
	}
	for _, p := range pages(t) {
		t.Run(p.name, func(t *testing.T) {
			if isolated != nil {
				t.Parallel()
			}
			for _, problem := range slices.Concat(p.mistakes, p.checkBlocks(t), p.execute(t, isolated)) {
				t.Error(problem)
			}
		})
	}
}

// execute runs the page in a folder of its own and says what went otherwise
// than the page has it.
func (p *page) execute(t *testing.T, isolated []string) (problems []string) {
	t.Helper()
	if !slices.ContainsFunc(p.steps, func(s step) bool { return s.language == "sh" }) {
		return nil
	}
	s := &shell{page: p, folder: t.TempDir(), notes: t.TempDir()}
	for _, link := range []string{"examples", "test/clients/node_modules"} {
		to, err := filepath.Abs(filepath.Join(root, link))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(s.folder, filepath.Base(link))); err != nil {
			t.Fatal(err)
		}
	}
	if problem := s.run(t, isolated); problem != "" {
		return []string{problem} // what comes after it is a consequence
	}
	return s.compare(t)
}

// compare holds the outputs that a page shows against what came.
func (s *shell) compare(t *testing.T) (problems []string) {
	t.Helper()
	last, background := -1, map[string]int{}
	for i, st := range s.page.steps {
		switch {
		case st.background != "":
			background[st.background] = i
		case st.language == "sh":
			last = i
			t.Logf("%s:%d: what came:\n%s", s.page.name, st.line, s.output(i)) // with -v, for whoever writes a page
		}
		if !st.output {
			continue
		}
		from, known := last, last >= 0
		if st.of != "" {
			from, known = background[st.of]
		}
		if !known {
			problems = append(problems, s.page.at(st.line, "an output, and no commands that it could be of"))
			continue
		}
		if err := checkOutput(st.text, s.output(from)); err != nil {
			problems = append(problems, s.page.at(st.line, "%v", err))
		}
	}
	return problems
}

// at is a problem with its place.
func (p *page) at(line int, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: %s", p.name, line, fmt.Sprintf(format, args...))
}

// TestDocsFinds breaks each rule once, on a page of its own.
func TestDocsFinds(t *testing.T) {
	isolated := isolation(t)
	for _, c := range []struct{ page, says string }{
		{"```sh\ntrue\n```", ""},
		{"```bash\ntrue\n```", "mark it as one of sh"},
		{"<!-- run: sideways -->\n```sh\ntrue\n```", "a directive that nobody knows"},
		{"<!-- run: output -->\ntext", "not followed by its block"},
		{"<!-- run: output -->\n```text\nx\n```\n```sh\ntrue\n```", "no commands that it could be of"},
		{"```sh\nfalse\ntrue\n```", "the commands failed"},
		{"<!-- run: exit 2 -->\n```sh\nexit 3\n```", "the commands failed"},
		{"<!-- run: exit 2 -->\n```sh\n( exit 2 )\n```", ""},
		{"```sh\necho two\n```\n<!-- run: output -->\n```text\nthree\n```", "what came is:\ntwo"},
		{"<!-- run: file a/b -->\n```text\nx\n```\n```sh\ncat a/b\n```\n<!-- run: output -->\n```text\nx\n```", ""},
		{"<!-- run: background x until http://127.0.0.1:1/ -->\n```sh\nfalse\n```", "the commands failed"},
		{"```sh\ncurl --silent --max-time 5 http://192.0.2.1/\n```", "the commands failed"}, // nothing beyond this machine
		{"```console\nls\n```", "no line begins with"},
		{"```console\n$ if true; then\n```", "syntax error"},
		{"```json\n{\n```", "unexpected end"},
		{"```yaml\na: 1\n```", "this is no definition"},
		{"```yaml\nroutes:\n  r: {basline: m}\n```", "did you mean"},
		{"```yaml\nmodels:\n  m: {vendor: simulated}\nroutes:\n  r: {baseline: n}\n```", "there is no model"},
	} {
		p := &page{name: "page.md", text: c.page}
		p.parse()
		found := strings.Join(slices.Concat(p.mistakes, p.checkBlocks(t), p.execute(t, isolated)), "\n")
		if c.says == "" && found != "" || !strings.Contains(found, c.says) {
			t.Errorf("%s\nfound %q, want %q", c.page, found, c.says)
		}
	}
}
