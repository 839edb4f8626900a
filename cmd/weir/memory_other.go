//go:build !linux

package main

func memoryLimit() int64 { return 0 }
