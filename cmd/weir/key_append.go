package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/weirhq/weir/internal/definition"
)

// appendTo puts the key into a file of definitions and leaves every other byte
// as it is. first says that the file had no key before.
func (k *newKey) appendTo(file string) (first bool, err error) {
	before, mode, err := readForEdit(file)
	if err != nil {
		return false, err
	}
	doc, problems := parseOnly(file, before)
	if doc == nil {
		return false, advise(usage(problems.Err()), "weir validate -c %s; nothing was changed", file)
	}
	if doc.Keys[k.name] != nil {
		return false, &exitErr{exitConflict, fmt.Errorf("%s has a key %q already: name this one otherwise, or remove that one first", file, k.name)}
	}
	after, err := k.insert(before)
	if err == nil {
		now, _ := parseOnly(file, after)
		if now == nil || len(now.Keys) != len(doc.Keys)+1 || now.Keys[k.name] == nil || now.Keys[k.name].SHA256 != k.digest {
			err = errUnusualKeys
		}
	}
	if err != nil {
		return false, advise(fmt.Errorf("put key %q into %s: %w; nothing was changed", k.name, file, err),
			"weir key create %s -o entry prints the lines, to put below keys: by hand", k.name)
	}
	if err := replaceFile(file, after, mode); err != nil {
		return false, fmt.Errorf("write %s: %w", file, err)
	}
	return len(doc.Keys) == 0, nil
}

var errUnusualKeys = errors.New("its section keys is not written with one key below another")

// readForEdit reads a file that may not be there yet.
func readForEdit(file string) ([]byte, fs.FileMode, error) {
	st, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0o644, nil
	case err != nil:
		return nil, 0, fmt.Errorf("read definitions: %w", err)
	case st.IsDir():
		return nil, 0, advise(usage(fmt.Errorf("--append takes a file, and %s is a folder", file)), "--append %s", filepath.Join(file, "keys.yaml"))
	}
	text, err := readBounded(file, maxDefinition)
	if err != nil {
		return nil, 0, fmt.Errorf("read definitions: %w", err)
	}
	return text, st.Mode().Perm(), nil
}

// parseOnly reads one file by itself: what it refers to may be in others.
func parseOnly(file string, text []byte) (*definition.Document, definition.Problems) {
	if len(strings.TrimSpace(string(text))) == 0 {
		return &definition.Document{}, nil
	}
	return definition.Parse([]definition.File{{Name: file, Text: text}})
}

var (
	keysHead  = regexp.MustCompile(`(?m)^keys:[ \t]*(#.*)?\r?$`)
	keysAny   = regexp.MustCompile(`(?m)^["']?keys["']?[ \t]*:`)
	firstItem = regexp.MustCompile(`^(?:[ \t]*(?:#.*)?\r?\n)*( +)[^ #\r\n]`)
)

// insert is the text with the key at the head of its section, or in a new one.
func (k *newKey) insert(text []byte) ([]byte, error) {
	old, eol := string(text), "\n"
	if strings.Contains(old, "\r\n") {
		eol = "\r\n"
	}
	lines := func(indent string) string { return strings.ReplaceAll(k.entry(indent), "\n", eol) }
	at := keysHead.FindStringIndex(old)
	if at == nil {
		if keysAny.MatchString(old) {
			return nil, errUnusualKeys
		}
		if old != "" && !strings.HasSuffix(old, "\n") {
			old += eol
		}
		return []byte(old + "keys:" + eol + lines("  ")), nil
	}
	head, rest, found := strings.Cut(old[at[0]:], "\n")
	if !found {
		return []byte(old + eol + lines("  ")), nil
	}
	indent := "  "
	if m := firstItem.FindStringSubmatch(rest); m != nil {
		indent = m[1]
	}
	return []byte(old[:at[0]] + head + "\n" + lines(indent) + rest), nil
}

// replaceFile puts a new file in the place of an old one in one step, so that a
// Weir that watches it never reads half of it.
func replaceFile(name string, text []byte, mode fs.FileMode) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		keepOwner(f.Name(), name)
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
