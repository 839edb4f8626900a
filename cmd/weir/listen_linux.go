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

// steerTo gives connections that are yet to come to one socket, with a socket
// filter of one instruction. For sockets that share an address
// the filter's result is the number of the one that gets the connection, in the
// order in which they joined, from 0. A number that none has means any.
// The kernel resets what is queued at a socket when it is closed, and
// forgets who is in the middle of connecting; so nothing must come there any more.
func steerTo(fd uintptr, number uint32) error {
	filter := []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K, K: number}}
	program := syscall.SockFprog{Len: 1, Filter: &filter[0]}
	option := unsafe.String((*byte)(unsafe.Pointer(&program)), unsafe.Sizeof(program))
	return syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, soAttachReusePortCBPF, option)
}

// steerToAll shares connections out among the sockets again.
func steerToAll(fd uintptr) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soDetachReusePortBPF, 0)
}
