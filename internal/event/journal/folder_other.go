//go:build !linux && !darwin

package journal

import (
	"errors"
	"os"
	"runtime"
)

// allocate takes the blocks of a file of that size. NTFS does so when a file is
// lengthened; elsewhere that would only make a hole.
func allocate(f *os.File, size int64) error {
	if runtime.GOOS != "windows" {
		return errors.ErrUnsupported
	}
	return f.Truncate(size)
}

func syncData(f *os.File) error { return f.Sync() }
