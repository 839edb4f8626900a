package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// remembered is what a scheduler has done, and when: in a file beside the
// database, since what was done must be known while the database is away.
type remembered struct {
	file  string
	done  map[string]time.Time
	dirty bool
}

// scheduleFile is the name of that file.
const scheduleFile = "schedule.json"

// remember reads what was done; with no file nothing was.
func remember(folder string) (*remembered, error) {
	m := &remembered{file: filepath.Join(folder, scheduleFile), done: map[string]time.Time{}}
	text, err := os.ReadFile(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &m.done); err != nil {
		return nil, fmt.Errorf("read %s: %w; remove it, and reports begin anew with the period under way", m.file, err)
	}
	return m, nil
}

func (m *remembered) has(id string) bool { return !m.done[id].IsZero() }

func (m *remembered) add(id string, at time.Time) {
	m.done[id], m.dirty = at.UTC(), true
}

// forget drops what no period under way can ask for. That a report is known stays.
func (m *remembered) forget(before time.Time) {
	for id, at := range m.done {
		if at.Before(before) && strings.Count(id, "/") > 1 {
			delete(m.done, id)
			m.dirty = true
		}
	}
}

// keep writes it down, when there is something new.
func (m *remembered) keep() error {
	if !m.dirty {
		return nil
	}
	text, err := json.MarshalIndent(m.done, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(m.file, append(text, '\n'), 0o600); err != nil {
		return err
	}
	m.dirty = false
	return nil
}
