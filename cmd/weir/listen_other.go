//go:build !linux

package main

func setReusePort(uintptr) error { return errNoReusePort }

func steerTo(uintptr, uint32) error { return errNoReusePort }

func steerToAll(uintptr) error { return errNoReusePort }
