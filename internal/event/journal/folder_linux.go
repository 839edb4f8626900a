package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate takes the blocks of a file of that size.
func allocate(f *os.File, size int64) error {
	return control(f, func(fd int) error {
		err := unix.Fallocate(fd, 0, 0, size)
		if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
			return errors.ErrUnsupported
		}
		return err
	})
}

// syncData is fdatasync: the size of a preallocated file does not change, and
// where it does, that is flushed too.
func syncData(f *os.File) error { return control(f, unix.Fdatasync) }

func control(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for {
			if failed = do(int(fd)); !errors.Is(failed, unix.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, failed)
}
