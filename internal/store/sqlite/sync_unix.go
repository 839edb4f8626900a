//go:build !windows

package sqlite

import (
	"errors"
	"os"
)

// syncFolder waits until names in the folder are on the disk.
func syncFolder(folder string) error {
	at, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(at.Sync(), at.Close())
}
