//go:build tools

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tool finds a program. One that is missing is a failure, never a test left out.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing (scripts/install-test-deps.sh installs it): %v", name, err)
	}
	return path
}

// packaged finds a file of an npm package of test/clients.
func packaged(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("clients", "node_modules", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("npm packages are missing: run `npm ci --ignore-scripts` in test/clients: %v", err)
	}
	return path
}
