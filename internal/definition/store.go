package definition

import (
	"path/filepath"
	"strings"
	"time"
)

// StoreSpec is the section `store`.
type StoreSpec struct {
	Dir          Folder   `json:"dir,omitzero" default:"weir-data" doc:"The folder for the journal and the database. A relative path is relative to the file it is written in; left out, to the first file of definitions."`
	JournalLimit Size     `json:"journal_limit,omitzero" default:"4GiB" doc:"The most that the journal may take on disk while the database is away. Beyond it bodies are shed, then events: each shed event leaves its money behind."`
	Bodies       Share    `json:"bodies,omitzero" doc:"The share of exchanges whose request and answer are kept word for word. Left out: none. They hold whatever people wrote."`
	Keep         KeepSpec `json:"keep,omitzero" doc:"How long records are kept. Money, decisions and revisions are never deleted."`
}

// KeepSpec says how long each kind of record is kept.
type KeepSpec struct {
	Events    Duration `json:"events,omitzero" default:"90d" doc:"Events: what happened to each request."`
	Bodies    Duration `json:"bodies,omitzero" default:"7d" doc:"Requests and answers, where they are kept."`
	Rollups   Duration `json:"rollups,omitzero" default:"396d" doc:"Sums by the minute, for screens and reports: a year and a month."`
	Exposures Duration `json:"exposures,omitzero" default:"30d" doc:"Which experiment a request counted for: as long as feedback for it is taken."`
}

// Store is the section compiled.
type Store struct {
	Dir          string // as it is to be opened
	JournalLimit int64  // bytes
	Bodies       float64
	Keep         Keep
}

// Keep is how long records are kept.
type Keep struct{ Events, Bodies, Rollups, Exposures time.Duration }

// smallestJournal holds a few thousand events.
const smallestJournal = 16 << 20

func (c *compiler) store() Store {
	s := &c.doc.Store
	dir := s.Dir
	if !c.doc.written(path("store", "dir")) && len(c.doc.files) > 0 {
		dir.written(c.doc.files[0])
	}
	if int64(s.JournalLimit) < smallestJournal {
		c.fail(path("store", "journal_limit"), "write 16MiB or more", "is too small to hold what happens while the database is away")
	}
	if s.Bodies > 1 {
		c.fail(path("store", "bodies"), "write 1% or 0.01", "%s is more than all", plain(float64(s.Bodies)))
	}
	k := s.Keep
	keep := Keep{time.Duration(k.Events), time.Duration(k.Bodies), time.Duration(k.Rollups), time.Duration(k.Exposures)}
	if keep.Bodies > keep.Events {
		c.warn(path("store", "keep", "bodies"), "shorten it, or lengthen store.keep.events",
			"bodies outlive the events that lead to them: nothing finds them after %s", Duration(keep.Events))
	}
	return Store{Dir: dir.Path(), JournalLimit: int64(s.JournalLimit), Bodies: float64(s.Bodies), Keep: keep}
}

// Folder is the path of a folder, relative to the file it is written in.
type Folder struct{ name, folder string }

func (*Folder) form() form {
	return form{word: "path", pattern: `^[^\x00\r\n]+$`, number: true, examples: []string{"weir-data", "/var/lib/weir"}}
}

func (f *Folder) parse(written string, _ shape) error {
	if strings.TrimSpace(written) == "" || strings.ContainsAny(written, "\x00\r\n") {
		return wrong("write it on one line, as in /var/lib/weir", "is no path")
	}
	f.name = written
	return nil
}

func (f *Folder) written(file string) { f.folder = filepath.Dir(file) }

// IsZero reports whether none was given.
func (f Folder) IsZero() bool { return f.name == "" }

// Path is the folder as it is to be opened.
func (f Folder) Path() string {
	if f.name == "" || filepath.IsAbs(f.name) {
		return f.name
	}
	return filepath.Join(f.folder, f.name)
}

// MarshalText writes it as it is read.
func (f Folder) MarshalText() ([]byte, error) { return []byte(f.name), nil }
