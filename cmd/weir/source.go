package main

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/upstream"
)

// source is where definitions come from: a file, a folder, or the environment.
type source struct {
	path     string            // of a file or folder; "" for the environment
	inline   []definition.File // the demo's own definitions, or the store's, in place of any other
	stored   bool              // the store owns them
	env      func(string) (string, bool)
	insecure bool
	listen   addresses
	store    string // folder for what is kept; wins over store.dir

	number   int        // of the revision, of those that the store owns
	since    *time.Time // of that revision
	by, note string     // whose it is, and why
}

// addresses are those the command line gives; they win over the definitions'.
type addresses struct{ data, admin, telemetry string }

// defaultFile is read when no file is named and it is there.
const defaultFile = "weir.yaml"

// errNoDefinitions says how to get some.
var errNoDefinitions = errors.New("no definitions: name a file or folder with -c, run `weir init` to write weir.yaml, " +
	"or set MODEL_A_ENDPOINT and MODEL_B_ENDPOINT; `weir demo` needs none")

// findSource decides where definitions come from.
func (a *app) findSource(path string) (source, error) {
	src := source{path: path, env: a.env}
	if path != "" {
		if _, err := os.Stat(path); err != nil {
			return src, usage(fmt.Errorf("read definitions: %w", err))
		}
		return src, nil
	}
	if _, err := os.Stat(defaultFile); err == nil {
		src.path = defaultFile
		return src, nil
	}
	if !definition.EnvironmentPresent(a.env) {
		return src, usage(errNoDefinitions)
	}
	return src, nil
}

// name is how the source is shown.
func (s *source) name() string {
	switch {
	case s.stored:
		return "store"
	case s.inline != nil:
		return "demo"
	case s.path == "":
		return "environment"
	}
	return s.path
}

// mode is the source in one word of the status.
func (s *source) mode() string {
	if s.path != "" {
		return "file"
	}
	return s.name()
}

// owner says who may change the definitions.
func (s *source) owner() string {
	switch {
	case s.stored:
		return ownerStore
	case s.path != "":
		return ownerFile
	}
	return ownerEnvironment
}

// loaded is what reading definitions gave.
type loaded struct {
	compiled *definition.Compiled
	files    []definition.File // as written
	document []byte            // canonical
	by, note string
	number   int        // of the revision; 0: not kept yet
	since    *time.Time // of that revision
}

// document reads and parses.
func (s *source) document() (*definition.Document, []definition.File, definition.Problems, error) {
	if s.path == "" && s.inline == nil {
		doc, problems := definition.FromEnvironment(s.env)
		if problems.Failed() {
			return nil, nil, problems, nil
		}
		return doc, []definition.File{{Name: "environment", Text: doc.Canonical()}}, problems, nil
	}
	files, err := s.files()
	if err != nil {
		return nil, nil, nil, err
	}
	doc, problems := definition.Parse(files)
	return doc, files, problems, nil
}

// override applies what the command line says.
func (s *source) override(doc *definition.Document) {
	for _, o := range []struct{ to, from *string }{
		{&doc.Listen.Data, &s.listen.data}, {&doc.Listen.Admin, &s.listen.admin}, {&doc.Listen.Telemetry, &s.listen.telemetry},
	} {
		if *o.from != "" {
			*o.to = *o.from
		}
	}
}

// compile reads, parses and compiles. The problems hold the warnings of what is
// good, and all that is wrong with what is not; then nothing is loaded.
func (s *source) compile() (*loaded, definition.Problems, error) {
	doc, files, problems, err := s.document()
	if err != nil || problems.Failed() {
		return nil, problems, err
	}
	revision, canonical := doc.Revision(), doc.Canonical()
	s.override(doc)
	book, err := readPrices(doc.Prices.List.Path())
	if err != nil {
		return nil, problems, usage(err)
	}
	compiled, more := doc.Compile(definition.Options{Vendors: vendors(), Now: time.Now(), CheckModel: checkModel, Insecure: s.insecure, Prices: book})
	problems = append(problems, more...)
	if compiled == nil {
		return nil, problems, nil
	}
	// Replicas of one file are of one revision, wherever each listens.
	compiled.Revision, compiled.Set.Revision = revision, revision
	if s.store != "" {
		compiled.Store.Dir = s.store
	}
	return &loaded{compiled: compiled, files: files, document: canonical, by: cmp.Or(s.by, s.owner()), note: s.note, number: s.number, since: s.since}, problems, nil
}

// load is compile for those who need good definitions.
func (s *source) load() (*loaded, definition.Problems, error) {
	c, problems, err := s.compile()
	if err != nil {
		return nil, problems, err
	}
	if err := problems.Err(); err != nil {
		return nil, problems, usage(err)
	}
	return c, problems, nil
}

// files reads the file, or the .yaml and .yml files of the folder, in order of name.
func (s *source) files() ([]definition.File, error) {
	if s.inline != nil {
		return s.inline, nil
	}
	names := []string{s.path}
	if st, err := os.Stat(s.path); err != nil {
		return nil, fmt.Errorf("read definitions: %w", err)
	} else if st.IsDir() {
		if names, err = yamlFiles(s.path); err != nil {
			return nil, err
		}
	}
	var files []definition.File
	for _, name := range names {
		text, err := readBounded(name, maxDefinition)
		if err != nil {
			return nil, fmt.Errorf("read definitions: %w", err)
		}
		files = append(files, definition.File{Name: name, Text: text})
	}
	return files, nil
}

// maxDefinition bounds one file of definitions.
const maxDefinition = 4 << 20

func yamlFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read definitions: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && (ext == ".yaml" || ext == ".yml") {
			names = append(names, filepath.Join(folder, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, usage(fmt.Errorf("read definitions: folder %s holds no .yaml file", folder))
	}
	slices.Sort(names)
	return names, nil
}

func readBounded(name string, most int64) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes, over the limit of %d", name, st.Size(), most)
	}
	return os.ReadFile(name)
}

// state is a fingerprint of what the definitions are made of, so that a change
// is noticed: names, sizes, times and contents. It reads the files, which are small.
func (s *source) state() string {
	if s.path == "" {
		return ""
	}
	h := sha256.New()
	files, err := s.files()
	if err != nil {
		return "error: " + err.Error()
	}
	for _, f := range files {
		fmt.Fprintf(h, "%s %d\n", f.Name, len(f.Text))
		h.Write(f.Text)
	}
	return string(h.Sum(nil))
}

// secret resolves a reference. A file outside the definitions' folder must be
// readable by its owner alone.
func (s *source) secret(r definition.Reference) (string, error) {
	if name := r.Variable(); name != "" {
		v, ok := s.env(name)
		v = strings.TrimSpace(v)
		if !ok || v == "" {
			return "", fmt.Errorf("%s is not set", r)
		}
		return v, nil
	}
	st, err := os.Stat(r.Path())
	if err != nil {
		return "", fmt.Errorf("%s: %w", r, errors.Unwrap(err))
	}
	if r.Outside() && st.Mode().Perm()&0o077 != 0 && !isWindows {
		return "", fmt.Errorf("%s can be read by others (mode %04o); chmod 600 %s", r, st.Mode().Perm(), r.Path())
	}
	text, err := readBounded(r.Path(), 1<<20)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r, err)
	}
	v := strings.TrimSpace(string(text))
	if v == "" {
		return "", fmt.Errorf("%s is empty", r)
	}
	return v, nil
}

// signingKeys are the keys of cookies, pins and hashes of units: the first
// signs, all verify. Without a declared secret they live as long as the process.
func (s *source) signingKeys(l definition.Listen) ([][]byte, error) {
	if l.Secret.IsZero() {
		key := make([]byte, 32)
		_, _ = rand.Read(key)
		return [][]byte{key}, nil
	}
	var keys [][]byte
	for _, r := range []definition.Reference{l.Secret, l.PreviousSecret} {
		if r.IsZero() {
			continue
		}
		v, err := s.secret(r)
		if err != nil {
			return nil, fmt.Errorf("resolve listen.secret: %w", err)
		}
		if len(v) < 32 {
			return nil, fmt.Errorf("resolve listen.secret: %s has %d bytes; at least 32 are needed, such as those of `openssl rand -hex 32`", r, len(v))
		}
		keys = append(keys, []byte(v))
	}
	return keys, nil
}

// certificate reads the listeners' certificate; nil when none is declared.
func (s *source) certificate(t *definition.TLS) (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(t.Cert.Path(), t.Key.Path())
	if err != nil {
		return nil, fmt.Errorf("read listen.tls: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// vendors is the table of vendors, as far as definitions rely on it.
func vendors() []definition.Vendor {
	var list []definition.Vendor
	for _, v := range upstream.Vendors() {
		list = append(list, definition.Vendor{Name: v.Name, Endpoint: v.BaseURL, KeyEnv: v.KeyEnv, Simulated: v.Driver == "simulated"})
	}
	return list
}

// checkModel asks the model's driver whether its options can be read.
func checkModel(m definition.Model) error {
	v, err := upstream.VendorByName(m.Vendor)
	if err != nil {
		return err
	}
	p, err := newPool(upstream.Model{Name: m.Name, Vendor: v, ID: m.ID, Endpoints: m.Endpoints, Options: m.Options})
	if err != nil {
		return err
	}
	p.Close()
	return nil
}

// model turns a definition into what drivers read; a secret that cannot be
// resolved is this model's trouble, not the others'.
func (s *source) model(m definition.Model) (upstream.Model, error) {
	v, err := upstream.VendorByName(m.Vendor)
	if err != nil {
		return upstream.Model{}, err
	}
	out := upstream.Model{
		Name: m.Name, Vendor: v, ID: m.ID, Endpoints: m.Endpoints, Header: map[string]string{},
		Clocks:  upstream.Clocks{Connect: m.Clocks.Connect, Header: m.Clocks.Header, FirstToken: m.Clocks.FirstToken, Idle: m.Clocks.Idle, Total: m.Clocks.Total},
		Context: m.Context, MaxAnswer: m.MaxAnswer, MaxEvent: m.MaxEvent, Options: m.Options,
	}
	for name, value := range m.Header {
		out.Header[name] = value
	}
	resolve := func(r definition.Reference) string {
		v, err := s.secret(r)
		if err == nil && strings.ContainsFunc(v, unicode.IsControl) {
			v, err = "", fmt.Errorf("%s holds a line break or another control character", r)
		}
		if err != nil && out.KeyErr == nil {
			out.KeyName, out.KeyErr = r.String(), err
		}
		return v
	}
	if !m.Key.IsZero() {
		out.KeyName = m.Key.String()
		out.Key = upstream.Secret(resolve(m.Key))
	}
	for name, r := range m.SecretHeader {
		out.Header[name] = resolve(r)
	}
	return out, nil
}
