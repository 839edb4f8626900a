//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fmt"
)

// Who can read a secret beside the definitions is a doubt; a file elsewhere that
// others can read is refused.
func TestDoctorFiles(t *testing.T) {
	p := newPatient(t, fmt.Sprintf(needsSecret, "key: file:m.key"))
	file := p.write("m.key", "c4n4ry")
	p.expect("files", well, "1 file with secrets, which others cannot read")
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		p.expect("files", doubtful, "chmod 600 "+file)
	}
	newPatient(t, simplest).expect("files", well, "no secret is in a file")

	outside := filepath.Join(t.TempDir(), "m.key")
	if err := os.WriteFile(outside, []byte("c4n4ry"), 0o644); err != nil {
		t.Fatal(err)
	}
	q := newPatient(t, fmt.Sprintf(needsSecret, "key: file:"+outside))
	q.expect("secrets", ill, "chmod 600 "+outside)
	if err := os.Chmod(outside, 0o600); err != nil {
		t.Fatal(err)
	}
	q.expect("secrets", well, "those of 1 model")
}

// A token goes into a file that only its owner can read, whatever the umask.
func TestTokenFileIsPrivate(t *testing.T) {
	p := newPatient(t, simplest)
	file := filepath.Join(p.folder, "token")
	if code := p.app.run([]string{"key", "create", "app", "--token-file", file}); code != exitOK {
		t.Fatal(code)
	}
	st, err := os.Stat(file)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	if strings.Contains(p.out.String(), "weir_") {
		t.Error("the token is on stdout")
	}
}

// Editing a file keeps its mode, and a link stays a link.
func TestAppendKeepsModeAndLink(t *testing.T) {
	p := newPatient(t, simplest)
	file := filepath.Join(p.folder, "weir.yaml")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(p.folder, "link.yaml")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if code := p.app.run([]string{"key", "create", "app", "--append", link}); code != exitOK {
		t.Fatal(code)
	}
	st, err := os.Lstat(link)
	if err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", st, err)
	}
	text, _ := os.ReadFile(file)
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o640 || !strings.Contains(string(text), "  app:") {
		t.Errorf("%v, %v\n%s", st, err, text)
	}
}
