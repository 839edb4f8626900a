// Package importtest holds the floors of the house. Its test reads the table of
// ARCHITECTURE.md, reads the imports of every Go file, and says which arrow runs
// up, sideways or to a module that nobody allowed.
//
// It is not a linter: it knows nothing of the code but its import lines.
package importtest
