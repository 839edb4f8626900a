package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// folder is a disk: a folder of the system.
type folder struct{ path string }

var _ disk = (*folder)(nil)

// lockName names the file whose lock stands for the folder. It holds the number
// of the process, for whoever asks who it is.
const lockName = "lock"

// Lock takes the folder for this process.
func (d *folder) Lock() (io.Closer, error) {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.at(lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		holder, _ := os.ReadFile(d.at(lockName))
		f.Close()
		if !errors.Is(err, ErrInUse) {
			return nil, fmt.Errorf("locking %q: %w", d.at(lockName), err)
		}
		return nil, fmt.Errorf("%w%s: two never share a journal; stop the other one, or give this one a folder of its own", ErrInUse, processOf(holder))
	}
	if err := f.Truncate(0); err == nil {
		fmt.Fprintln(f, os.Getpid()) // a full disk does not matter here
	}
	return f, nil
}

func processOf(holder []byte) string {
	if pid := strings.TrimSpace(string(holder)); pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}

func (d *folder) at(name string) string { return filepath.Join(d.path, name) }

func (d *folder) Names() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (d *folder) Create(name string, size int64, fill bool) (file, error) {
	f, err := os.OpenFile(d.at(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	err = allocate(f, size)
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
		if fill {
			err = writeZeros(f, size)
		}
	}
	if err != nil {
		f.Close()
		d.Remove(name)
		return nil, &os.PathError{Op: "allocate", Path: d.at(name), Err: err}
	}
	return diskFile{f}, nil
}

func writeZeros(f *os.File, size int64) error {
	zeros := make([]byte, 256<<10)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return f.Sync()
}

func (d *folder) Open(name string) (file, error) {
	f, err := os.OpenFile(d.at(name), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (d *folder) Rename(from, to string) error { return os.Rename(d.at(from), d.at(to)) }

func (d *folder) Remove(name string) error { return os.Remove(d.at(name)) }

// diskFile is a file of the system.
type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f diskFile) Sync() error { return syncData(f.File) }
