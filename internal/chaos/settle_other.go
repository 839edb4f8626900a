//go:build !linux

package chaos

import (
	"net"
	"time"
)

// settle gives the kernel time to send what was written: a reset throws away what it
// still holds. Only Linux can be asked whether it is done.
func settle(*net.TCPConn) { time.Sleep(10 * time.Millisecond) }
