//go:build unix

package main

import (
	"os"
	"syscall"
)

// keepOwner gives a file the owner of another one, where that is allowed: an
// operator may edit what belongs to the user that Weir runs as.
func keepOwner(file, like string) {
	st, err := os.Stat(like)
	if err != nil {
		return
	}
	if owner, ok := st.Sys().(*syscall.Stat_t); ok {
		_ = os.Chown(file, int(owner.Uid), int(owner.Gid))
	}
}
