//go:build unix

package openai

import (
	"net"
	"syscall"
)

// canLook says that idle connections can be looked at, which is what makes them
// safe to use again. Elsewhere net/http's transport, which keeps a goroutine
// reading from each, serves plain endpoints too.
const canLook = true

// look tells whether something has come on an idle connection, without waiting
// for it.
type look struct {
	raw   syscall.RawConn // nil: not a connection of this system
	read  func(fd uintptr) bool
	first [1]byte
	empty bool
}

func (l *look) at(c net.Conn) {
	if s, ok := c.(syscall.Conn); ok {
		l.raw, _ = s.SyscallConn()
	}
	l.read = l.once
}

func (l *look) possible() bool { return l.raw != nil }

// once reads a byte. Whatever comes, be it an end, an error or the byte, the
// connection is of no use; only that nothing is there is good news.
func (l *look) once(fd uintptr) bool {
	_, err := syscall.Read(int(fd), l.first[:])
	l.empty = err == syscall.EAGAIN
	return true
}

func (l *look) quiet() bool { return l.raw.Read(l.read) == nil && l.empty }
