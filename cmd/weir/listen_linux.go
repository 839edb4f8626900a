package main

import "syscall"

// soReusePort is SO_REUSEPORT of Linux, which package syscall does not name.
const soReusePort = 0xf

func setReusePort(fd uintptr) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1)
}
