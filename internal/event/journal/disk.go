package journal

import "io"

// disk is what the journal asks of its folder. Tests put one in its place that
// fails, fills up and dawdles on order.
type disk interface {
	// Lock takes the folder, and makes it if there is none. ErrInUse.
	Lock() (io.Closer, error)
	// Names gives the files in it.
	Names() ([]string, error)
	// Create makes a file of that size, in place of one of that name. The disk's
	// blocks are taken at once where the file system can; with fill they are taken by
	// writing zeros where it cannot.
	Create(name string, size int64, fill bool) (file, error)
	Open(name string) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	// Flush makes names durable.
	Flush() error
}

// file is a file of a disk.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Sync makes what was written durable.
	Sync() error
}
