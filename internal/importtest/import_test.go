package importtest

import (
	"os"
	"testing"
)

// TestFloors holds the tree to the table of ARCHITECTURE.md.
func TestFloors(t *testing.T) {
	root := os.DirFS("../..")
	doc, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	h, err := parseHouse(string(doc))
	if err != nil {
		t.Fatalf("ARCHITECTURE.md: %v", err)
	}
	tree, err := readTree(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range broken(h, tree) {
		t.Error(sentence)
	}
}
