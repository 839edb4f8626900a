//go:build !linux

package main

func setReusePort(uintptr) error { return errNoReusePort }

func steerToSecond(uintptr) error { return errNoReusePort }

func steerToAll(uintptr) error { return errNoReusePort }
