package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate takes the blocks of a file of that size.
func allocate(f *os.File, size int64) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		store := unix.Fstore_t{Flags: unix.F_ALLOCATEALL, Posmode: unix.F_PEOFPOSMODE, Length: size}
		failed = unix.FcntlFstore(fd, unix.F_PREALLOCATE, &store)
	})
	switch {
	case errors.Is(failed, unix.ENOTSUP), errors.Is(failed, unix.EINVAL):
		return errors.ErrUnsupported
	case err != nil || failed != nil:
		return errors.Join(err, failed)
	}
	return f.Truncate(size)
}

// syncData is F_FULLFSYNC: on macOS fsync alone does not reach the disk.
func syncData(f *os.File) error { return f.Sync() }
