package main

import (
	"syscall"
	"unsafe"
)

// Options of Linux' sockets that package syscall does not name.
const (
	soReusePort           = 0xf
	soAttachReusePortCBPF = 0x33
	soDetachReusePortBPF  = 0x44
)

func setReusePort(fd uintptr) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1)
}

// second is a socket filter of one instruction. For sockets that share an address
// the filter's result is the number of the one that gets the connection, in the
// order in which they joined, from 0. A number that none has means any.
var second = []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K, K: 1}}

// steerToSecond gives connections that are yet to come to the socket that joined
// second. The kernel resets what is queued at a socket when it is closed, and
// forgets who is in the middle of connecting; so nothing must come there any more.
func steerToSecond(fd uintptr) error {
	program := syscall.SockFprog{Len: uint16(len(second)), Filter: &second[0]}
	option := unsafe.String((*byte)(unsafe.Pointer(&program)), unsafe.Sizeof(program))
	return syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, soAttachReusePortCBPF, option)
}

// steerToAll shares connections out among the sockets again.
func steerToAll(fd uintptr) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soDetachReusePortBPF, 0)
}
