package main

import (
	"os"
	"strconv"
	"strings"
)

// memoryLimit is what the control group lets the process have, in bytes; 0 when
// nothing bounds it.
func memoryLimit() int64 {
	text, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0 // "max"
	}
	return n
}
