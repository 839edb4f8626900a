package main

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/term"
)

// isTerminal reports whether a person reads f and its terminal can move its
// cursor. NO_COLOR is honoured (https://no-color.org): who wants no colour wants
// no lines that move either.
func isTerminal(f *os.File) bool {
	_, plain := os.LookupEnv("NO_COLOR")
	return !plain && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// columns is how wide the terminal behind w is, 0 when that is not known.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}

// cut shortens a line to a number of columns; 0 leaves it as it is. A line that
// wraps could not be replaced by the next.
func cut(line string, columns int) string {
	if runes := []rune(line); columns > 1 && len(runes) >= columns {
		return string(runes[:columns-2]) + "…"
	}
	return line
}

const isWindows = runtime.GOOS == "windows"
