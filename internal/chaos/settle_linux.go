package chaos

import (
	"net"
	"syscall"
	"time"
	"unsafe"
)

// siocoutqnsd asks how many bytes the kernel has not sent yet (linux/sockios.h).
const siocoutqnsd = 0x894B

// settle waits, a bounded time, until the kernel has sent what was written: a reset
// throws away what it still holds, and the bytes before a fault are part of the script.
func settle(conn *net.TCPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	for range 100 {
		var unsent int32
		raw.Control(func(fd uintptr) {
			syscall.Syscall(syscall.SYS_IOCTL, fd, siocoutqnsd, uintptr(unsafe.Pointer(&unsent)))
		})
		if unsent == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
