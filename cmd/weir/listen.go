package main

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// listenTCP opens a TCP listener; with reusePort a second process may listen on
// the same address, so that one can take over from the other.
func listenTCP(address string, reusePort bool) (net.Listener, error) {
	var lc net.ListenConfig
	if reusePort {
		lc.SetMultipathTCP(false) // Go's default, whose sockets cannot be steered
		lc.Control = func(_, _ string, c syscall.RawConn) error { return onDescriptor(c, setReusePort) }
	}
	l, err := lc.Listen(context.Background(), "tcp", address)
	if err == nil && reusePort {
		_ = onSocket(l, steerToAll) // an earlier takeover may have left it otherwise
	}
	return l, err
}

// steerAway leaves connections that are yet to come to the process that joined the
// address as the first (0) or the second (1). Where the system cannot, the few that
// come at the moment of closing are reset.
func steerAway(l net.Listener, to uint32) {
	_ = onSocket(l, func(fd uintptr) error { return steerTo(fd, to) })
}

func onSocket(l net.Listener, do func(fd uintptr) error) error {
	c, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	return onDescriptor(c, do)
}

func onDescriptor(c syscall.RawConn, do func(fd uintptr) error) error {
	var err error
	return errors.Join(c.Control(func(fd uintptr) { err = do(fd) }), err)
}

var errNoReusePort = errors.New("--reuse-port is not available on this system")
