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
		lc.Control = func(_, _ string, c syscall.RawConn) error {
			var err error
			if cerr := c.Control(func(fd uintptr) { err = setReusePort(fd) }); cerr != nil {
				return cerr
			}
			return err
		}
	}
	return lc.Listen(context.Background(), "tcp", address)
}

var errNoReusePort = errors.New("--reuse-port is not available on this system")
