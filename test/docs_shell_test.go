//go:build tools

package test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pageWithin bounds the commands of one page: ten times what the longest takes.
const pageWithin = 2 * time.Minute

// shell runs the commands of one page. Each page has a folder and, where the
// system allows it, a network of its own: the ports that a page prints are free
// there, and nothing beyond this machine can be reached.
type shell struct {
	page   *page
	folder string // where the commands run
	notes  string // commands, their outputs and their exit codes
}

// prelude begins each page's script. What was started is stopped when it ends.
const prelude = `set -em
declare -A started
stop() { kill -INT -- "-${started[$1]}"; wait "${started[$1]}" || true; unset "started[$1]"; }
trap 'for name in "${!started[@]}"; do stop "$name" 2>/dev/null; done' EXIT
await() {
	for ((i = 0; i < 600; i++)); do
		curl --silent --fail --output /dev/null "$2" && return
		kill -0 "${started[$1]}" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
`

// isolation is the command that gives a page its own network; empty where the
// system does not allow it, and then pages run one at a time.
func isolation(t *testing.T) []string {
	t.Helper()
	unshare := tool(t, "unshare")
	for _, way := range []string{"--net", "--net --map-root-user"} {
		command := append([]string{unshare}, strings.Fields(way+" --pid --fork --kill-child")...)
		if exec.Command(command[0], append(command[1:], "true")...).Run() == nil {
			return command
		}
	}
	return nil
}

// run executes the page, leaves its outputs in notes, and says what failed.
func (s *shell) run(t *testing.T, isolated []string) (problem string) {
	t.Helper()
	script := s.script(t, len(isolated) > 0)
	ctx, cancel := context.WithTimeout(t.Context(), pageWithin)
	defer cancel()
	command := append(isolated[:len(isolated):len(isolated)], tool(t, "bash"), script)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = s.folder
	cmd.Env = append(environ(), "PATH="+filepath.Dir(weirBinary)+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	cmd.WaitDelay = endsWithin
	out, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	if at := s.unfinished(); at >= 0 {
		return s.page.at(s.page.steps[at].line, "the commands failed (%v):\n%s%s%s", err, out, s.output(at), s.background())
	}
	return s.page.at(1, "%v\n%s", err, out)
}

// script writes the page as one script.
func (s *shell) script(t *testing.T, isolated bool) string {
	t.Helper()
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(prelude)
	if isolated {
		b.WriteString("ip link set lo up\n")
	}
	for i := range s.page.steps {
		st := &s.page.steps[i]
		text := s.note(i, "text")
		if err := os.WriteFile(text, []byte(st.text), 0o600); err != nil {
			t.Fatal(err)
		}
		to := fmt.Sprintf(">%q 2>&1 </dev/null", s.note(i, "out"))
		enter := ""
		if st.repository {
			enter = fmt.Sprintf("cd %q; ", repository)
		}
		switch {
		case st.stop != "":
			fmt.Fprintf(&b, "stop %s\n", st.stop)
		case st.file != "":
			fmt.Fprintf(&b, "mkdir -p \"$(dirname %q)\"; cp %q %q\n", st.file, text, st.file)
		case st.language != "sh":
			continue
		case st.background != "":
			fmt.Fprintf(&b, "{ %s. %q; } %s &\nstarted[%s]=$!\nawait %s %s\n", enter, text, to, st.background, st.background, st.until)
		case st.exit != "":
			fmt.Fprintf(&b, "set +e; . %q %s; code=$?; set -e; [ $code = %s ]\n", text, to, st.exit)
		case st.repository:
			fmt.Fprintf(&b, "( %s. %q ) %s\n", enter, text, to)
		default:
			fmt.Fprintf(&b, ". %q %s\n", text, to)
		}
		fmt.Fprintf(&b, "echo done >%q\n", s.note(i, "done"))
	}
	name := filepath.Join(s.notes, "page.sh")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (s *shell) note(i int, what string) string {
	return filepath.Join(s.notes, strconv.Itoa(i)+"."+what)
}

// unfinished is the first step that was not done; -1 when all were.
func (s *shell) unfinished() int {
	for i, st := range s.page.steps {
		if st.stop == "" && st.file == "" && st.language != "sh" {
			continue
		}
		if _, err := os.Stat(s.note(i, "done")); err != nil {
			return i
		}
	}
	return -1
}

func (s *shell) output(i int) string {
	text, _ := os.ReadFile(s.note(i, "out"))
	return string(text)
}

// background is what was written by all that ran there.
func (s *shell) background() string {
	var b strings.Builder
	for i, st := range s.page.steps {
		if out := s.output(i); st.background != "" && out != "" {
			fmt.Fprintf(&b, "%s wrote:\n%s", st.background, out)
		}
	}
	return b.String()
}
