package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	lite "zombiezen.com/go/sqlite"

	"github.com/weirhq/weir/internal/store"
)

// openFile opens a database file, or makes it, and trusts it only after a look.
func openFile(cfg Config, k kind, path string) (*file, error) {
	f := &file{kind: k, path: path, busy: cfg.Busy, writer: make(chan *conn, 1), readers: make(chan *conn, cfg.Readers)}
	doing := "open the " + k.what
	if err := f.create(); err != nil {
		return nil, f.explain(context.Background(), doing, err)
	}
	if err := f.connect(cfg); err != nil {
		return nil, errors.Join(f.explain(context.Background(), doing, err), f.abandon())
	}
	if at, err := os.Stat(path); err == nil {
		f.made = at
	}
	return f, nil
}

// create makes the file, readable for nobody else, when it is not there. One that
// is there is left to SQLite: closing a file of one's own takes the locks away
// that this process has on it (POSIX).
func (f *file) create() error {
	if err := createFile(f.what, f.path); err != nil {
		return err
	}
	return f.notEmptied()
}

// notEmptied refuses what SQLite would take for a new file: it makes one of
// whatever has no bytes or one, and throws away the log beside it.
func (f *file) notEmptied() error {
	at, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	log, err := os.Stat(f.path + "-wal")
	if at.Size() >= 512 || at.Size() == 0 && (err != nil || log.Size() == 0) {
		return nil
	}
	return fmt.Errorf("%w: it has only %d bytes", store.ErrDamaged, at.Size())
}

func createFile(what, path string) error {
	at, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		if at, err := os.Stat(path); err == nil && at.IsDir() {
			return fmt.Errorf("the %s %s %s", what, path, cantOpen(path))
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("the %s %s %s: %w", what, path, cantOpen(path), err)
	}
	return at.Close()
}

// connect opens the connections, brings the schema up to date and looks for
// damage.
func (f *file) connect(cfg Config) error {
	c, err := f.dial(cfg, true)
	if err != nil {
		return err
	}
	f.writer <- c
	if err := f.patiently(c, f.settle); err != nil {
		return err
	}
	if err := f.migrate(c, f.migrations(cfg)); err != nil {
		return err
	}
	if err := f.look(c, cfg.Look); err != nil {
		return err
	}
	for range cfg.Readers {
		c, err := f.dial(cfg, false)
		if err != nil {
			return err
		}
		f.readers <- c
	}
	return nil
}

// dial opens one connection and sets it up.
func (f *file) dial(cfg Config, writes bool) (*conn, error) {
	raw, err := lite.OpenConn(f.path, lite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, writes: writes}
	pragmas := []string{
		"PRAGMA cell_size_check = ON", "PRAGMA trusted_schema = OFF", "PRAGMA temp_store = MEMORY", "PRAGMA synchronous = NORMAL",
		"PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON", // macOS: fsync alone does not reach the disk there
	}
	if writes {
		// 16 MiB of pages; the log is brought home when it has 32 MiB, and cut to 64 MiB after that.
		pragmas = append(pragmas, "PRAGMA cache_size = -16384", "PRAGMA wal_autocheckpoint = 8192", "PRAGMA journal_size_limit = 67108864",
			"PRAGMA secure_delete = FAST")
	} else {
		pragmas = append(pragmas, "PRAGMA cache_size = -4096", "PRAGMA query_only = ON")
	}
	for _, p := range pragmas {
		if err := c.exec(p); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	c.fault = cfg.fault
	return c, nil
}

// patiently gives up after the time that other processes may take.
func (f *file) patiently(c *conn, do func(*conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), f.busy)
	defer cancel()
	c.SetInterrupt(ctx.Done())
	err := do(c)
	c.SetInterrupt(nil)
	if err != nil && ctx.Err() != nil {
		return lite.ResultBusy.ToError()
	}
	return err
}

// settle makes sure whose file it is, gives it what cannot be changed later when
// it is new, and sees to the write-ahead log.
func (f *file) settle(c *conn) error {
	if err := f.ours(c); err != nil {
		return err
	}
	r, err := c.one("PRAGMA journal_mode = WAL")
	if err != nil {
		return err
	}
	if mode := r.text(0); mode != "wal" {
		return fmt.Errorf("the %s %s cannot have a write-ahead log (it says %q): network file systems lack what it needs. Name a path on a local disk", f.what, f.path, mode)
	}
	return f.writable(c)
}

// writable refuses a connection that SQLite opened for reading only, as it does
// when that is all it may: it stays so when the file may be written again, and
// everything else that is done here may succeed by then. That somebody else writes
// now is no matter: only who may write finds that out.
func (f *file) writable(c *conn) error {
	c.SetBusyTimeout(0)
	defer c.SetBlockOnBusy() // as it was
	err := c.exec("BEGIN IMMEDIATE")
	defer rollBack(c)
	if err == nil {
		err = c.exec(fmt.Sprintf("PRAGMA application_id = %d", f.application))
	}
	if lite.ErrCode(err).ToPrimary() == lite.ResultBusy {
		return nil
	}
	return err
}

// ours refuses the database of somebody else, and marks a new one.
func (f *file) ours(c *conn) error {
	r, err := c.one("PRAGMA application_id")
	if err != nil {
		return err
	}
	is := r.int(0)
	if is == f.application {
		return nil
	}
	if r, err = c.one("SELECT count(*) FROM sqlite_schema"); err != nil {
		return err
	}
	if is != 0 || r.int(0) > 0 {
		return fmt.Errorf("the file %s is no %s of Weir's: it is marked %#08x, not %#08x. Name another path, or bring a backup back with \"weir restore\"", f.path, f.what, is, f.application)
	}
	if err := c.exec("PRAGMA auto_vacuum = INCREMENTAL"); err != nil {
		return err
	}
	return c.exec(fmt.Sprintf("PRAGMA application_id = %d", f.application))
}

// abandon closes what was opened so far.
func (f *file) abandon() error {
	var errs []error
	for {
		select {
		case c := <-f.readers:
			errs = append(errs, c.Close())
		case c := <-f.writer:
			errs = append(errs, c.Close())
		default:
			return errors.Join(errs...)
		}
	}
}
