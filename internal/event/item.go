package event

import "errors"

// Item is a record as it is read from a journal.
type Item struct {
	Record Record
	Next   Position // of the record after it
}

// ErrPosition says that a journal has nothing at a position: it was released, or
// never existed.
var ErrPosition = errors.New("not a position in this journal")
