package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/meter"
	spent "github.com/weirhq/weir/internal/usage"
)

// printTable prints rows that are all known, in columns as wide as they need.
func (a *app) printTable(columns []column, rows [][]string) error {
	t := columnar{w: a.out, columns: columns}
	for i := range t.columns {
		t.columns[i].least = max(t.columns[i].least, len([]rune(t.columns[i].head)))
	}
	t.fit(rows)
	for _, row := range rows {
		if err := t.row(row); err != nil {
			return err
		}
	}
	return nil
}

// heads makes columns of their heads; one that begins with ">" is of numbers.
func heads(words ...string) []column {
	columns := make([]column, len(words))
	for i, w := range words {
		head, right := strings.CutPrefix(w, ">")
		columns[i] = column{head: head, right: right}
	}
	return columns
}

// money is an amount as people read it, the same everywhere.
func money(micro int64) string { return spent.Dollars(meter.Micro(micro)) }

// percent is a share as people read it.
func percent(share float64) string {
	p := share * 100
	if a := math.Abs(p); a > 0 && a < 0.05 {
		return strconv.FormatFloat(p, 'g', 2, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// maybePercent leaves out a share of nothing.
func maybePercent(share *float64) string {
	if share == nil {
		return ""
	}
	return percent(*share)
}

// growth is a change: "+12.0 %".
func growth(share *float64) string {
	if share == nil {
		return ""
	}
	return fmt.Sprintf("%+.1f %%", *share*100)
}

// thousands writes a number with commas, where digits are many.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size is a number of bytes.
func size(n int64) string {
	f, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && f >= 1024 {
		f, units = f/1024, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[0])
}

// bar draws a share of a number of places, in eighths; what is more than nothing
// is seen, what is more than all ends in a mark.
func bar(share float64, width int) string {
	if math.IsNaN(share) || share <= 0 {
		return strings.Repeat("·", width)
	}
	if share > 1 {
		return strings.Repeat("█", width-1) + "▶"
	}
	eighths := max(int(math.Round(share*float64(width)*8)), 1)
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return text + strings.Repeat("·", width-len([]rune(text)))
}

// lacks says on standard error what an answer lacks.
func (a *app) lacks(p *client.Partial) {
	if p == nil {
		return
	}
	fmt.Fprintf(a.err, "not complete: %s\n", plain(p.Reason))
	if !p.AsOf.IsZero() {
		fmt.Fprintf(a.err, "as of %s, %.0f s ago\n", p.AsOf.Local().Format(clockFormat), p.Age)
	}
}

// clockFormat is a time with its distance from UTC.
const clockFormat = "2006-01-02 15:04:05 -07:00"
