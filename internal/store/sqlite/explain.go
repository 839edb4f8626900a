package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	lite "zombiezen.com/go/sqlite"

	"github.com/weirhq/weir/internal/store"
)

// explain says what was being done, to which file, why it did not work, and
// what to do about it.
func (f *file) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if lite.ErrCode(err).ToPrimary() == lite.ResultInterrupt && ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	if isDamage(err) {
		return fmt.Errorf("%s: %w", doing, damaged(f.kind, f.path, err))
	}
	if why := reason(f.path, err); why != "" {
		return fmt.Errorf("%s: the %s %s %s: %w", doing, f.what, f.path, why, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isDamage reports whether what was read is not what was written.
func isDamage(err error) bool {
	switch lite.ErrCode(err).ToPrimary() {
	case lite.ResultCorrupt, lite.ResultNotADB:
		return true
	}
	return errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrPacked)
}

// damaged is the error of a file that cannot be trusted any more.
func damaged(k kind, path string, cause error) error {
	advice := `stop Weir, keep the file for inspection, and bring the last backup back with "weir restore"; what came after it is read again from the journal, as far back as that reaches`
	if k.application == bodiesKind.application {
		advice = "it holds nothing but the bodies of requests: stop Weir, move it away, and a new one is made"
	}
	if errors.Is(cause, store.ErrDamaged) {
		return fmt.Errorf("the %s %s is %w; %s", k.what, path, cause, advice)
	}
	return fmt.Errorf("the %s %s is %w: %w; %s", k.what, path, store.ErrDamaged, cause, advice)
}

// reason is what an operator can do something about.
func reason(path string, err error) string {
	folder := filepath.Dir(path)
	switch code := lite.ErrCode(err); code.ToPrimary() {
	case lite.ResultFull:
		return "has no room: the disk or the quota is full. Free some space in " + folder + "; writing goes on by itself then"
	case lite.ResultReadOnly:
		return "cannot be written: the file, its folder or the volume is read-only for this user. Give the user that runs Weir the right to write in " + folder
	case lite.ResultBusy:
		return "is held by another process that writes. End that process, or wait until it is done"
	case lite.ResultCantOpen, lite.ResultPerm, lite.ResultAuth:
		return cantOpen(path)
	case lite.ResultIOErr:
		return "cannot be read or written, says the operating system: look at the volume of " + folder
	}
	return ""
}

// cantOpen says why a file cannot be opened.
func cantOpen(path string) string {
	folder := filepath.Dir(path)
	switch at, err := os.Stat(folder); {
	case errors.Is(err, os.ErrNotExist):
		return "cannot be made: there is no folder " + folder + ". Make it, or name another place"
	case err == nil && !at.IsDir():
		return "cannot be made: " + folder + " is no folder. Name another place"
	}
	if at, err := os.Stat(path); err == nil && at.IsDir() {
		return "is a folder: name a file in it"
	}
	return "cannot be opened: the user that runs Weir needs the right to read and write in " + folder
}
