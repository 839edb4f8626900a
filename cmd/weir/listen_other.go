//go:build !linux

package main

func setReusePort(uintptr) error { return errNoReusePort }
