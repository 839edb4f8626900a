package chaos

import (
	"bytes"
	"io"
	"net"
	"time"
)

// inlet reads a connection all the time, so that the peer's leaving is noticed at
// once, even while nobody wants its bytes. It holds a bounded number of unread
// pieces; a peer that sends more than that unread is not watched until somebody reads.
type inlet struct {
	pieces chan piece    // closed after the last
	gone   chan struct{} // closed when the connection can be read no more
	err    error         // why; to be read once gone is closed
	goneAt time.Time
	rest   []byte // what Read has begun
}

// piece is what one read of the socket gave, and when.
type piece struct {
	data []byte
	at   time.Time
}

// An inlet holds at most maxPieces of pieceSize bytes: 1 MiB.
const (
	maxPieces = 256
	pieceSize = 4 << 10
)

// newInlet returns an inlet; somebody must run it.
func newInlet() *inlet {
	return &inlet{pieces: make(chan piece, maxPieces), gone: make(chan struct{})}
}

// run reads until the connection ends. onGone is told why before anybody else can
// know. Closing quit lets go of unread pieces, so that run ends with the connection.
func (in *inlet) run(conn net.Conn, quit <-chan struct{}, onGone func(error, time.Time)) {
	defer close(in.pieces)
	buf := make([]byte, pieceSize)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			in.err, in.goneAt = err, time.Now()
			onGone(err, in.goneAt)
			close(in.gone)
			return
		}
		select {
		case in.pieces <- piece{bytes.Clone(buf[:n]), time.Now()}:
		case <-quit:
		}
	}
}

// Read is io.Reader over the pieces, ending as the connection did.
func (in *inlet) Read(p []byte) (int, error) {
	if len(in.rest) == 0 {
		next, ok := <-in.pieces
		if !ok {
			if in.err == nil {
				return 0, io.EOF
			}
			return 0, in.err
		}
		in.rest = next.data
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}
