package definition

import (
	"path/filepath"
	"regexp"
	"strings"
)

// Reference says where a secret is kept: env:NAME or file:PATH. The document
// never holds the secret itself, and nothing here resolves it. A text that is
// no reference may be the secret, so it is never printed.
type Reference struct {
	scheme string // "env" or "file"; "" when there is no reference
	name   string
	folder string // of the file it was written in
}

var (
	referencePattern = `^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$`
	variablePattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func (*Reference) form() form {
	return form{word: "reference", pattern: referencePattern, examples: []string{"env:OPENAI_API_KEY", "file:/etc/weir/openai.key"}}
}

func (r *Reference) parse(written string, _ shape) error {
	scheme, name, found := strings.Cut(written, ":")
	switch {
	case !found || scheme != "env" && scheme != "file":
		return wrong("write env:NAME with the name of a variable, or file:PATH",
			"must be a reference to a secret, never the secret itself (what is written is not shown)")
	case scheme == "env" && !variablePattern.MatchString(name):
		return wrong("write the name of the variable, as in env:OPENAI_API_KEY",
			"env: is not followed by the name of a variable (what is written is not shown)")
	case scheme == "file" && (name == "" || strings.ContainsAny(name, "\x00\n")):
		return wrong("write file:PATH", "file: is not followed by a path")
	case scheme == "file" && !filepath.IsAbs(name) && !filepath.IsLocal(name):
		return wrong("write the absolute path",
			"file:%s leads out of the definition's folder", name)
	}
	r.scheme, r.name = scheme, name
	return nil
}

// written notes the file the reference stands in, which a relative path is
// relative to.
func (r *Reference) written(file string) { r.folder = filepath.Dir(file) }

// IsZero reports whether no reference was given.
func (r Reference) IsZero() bool { return r.scheme == "" }

// Variable returns the name of the environment variable, or "" when the secret
// is in a file.
func (r Reference) Variable() string {
	if r.scheme == "env" {
		return r.name
	}
	return ""
}

// Path returns the path of the file, or "" when the secret is in a variable.
func (r Reference) Path() string {
	switch {
	case r.scheme != "file":
		return ""
	case filepath.IsAbs(r.name):
		return filepath.Clean(r.name)
	}
	return filepath.Join(r.folder, r.name)
}

// Outside reports whether the file was given by absolute path: it may be
// anywhere, so it must be readable by its owner alone (mode 0600).
func (r Reference) Outside() bool { return r.scheme == "file" && filepath.IsAbs(r.name) }

// String gives the reference as it was written; it is no secret.
func (r Reference) String() string {
	if r.IsZero() {
		return ""
	}
	return r.scheme + ":" + r.name
}

// MarshalText writes it as it is read.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Variable returns the reference to an environment variable.
func Variable(name string) Reference { return Reference{scheme: "env", name: name} }

// Value is text that may be given openly or by reference: the value of a header.
type Value struct {
	Text string    // when given openly
	From Reference // when given by reference
}

func (*Value) form() form {
	return form{word: "text or reference", pattern: `^[^\r\n]*$`, number: true, examples: []string{"eu-west", "env:TENANT_TOKEN"}}
}

func (v *Value) parse(written string, s shape) error {
	if strings.HasPrefix(written, "env:") || strings.HasPrefix(written, "file:") {
		return v.From.parse(written, s)
	}
	if strings.ContainsAny(written, "\r\n\x00") {
		return wrong("write it on one line", "holds a line break")
	}
	v.Text = written
	return nil
}

func (v *Value) written(file string) { v.From.written(file) }

// MarshalText writes it as it is read.
func (v Value) MarshalText() ([]byte, error) {
	if v.From.IsZero() {
		return []byte(v.Text), nil
	}
	return v.From.MarshalText()
}
