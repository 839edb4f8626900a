//go:build proof

package test

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// table writes the figures as Markdown.
func table(figures []*figure, took time.Duration) string {
	var b strings.Builder
	row := func(what string, cell func(*figure) string) {
		fmt.Fprintf(&b, "| %s |", what)
		for _, f := range figures {
			fmt.Fprintf(&b, " %s |", cell(f))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d readers asked %d questions in %.0f s, four at a time.\n\n", readers, readers*perReader, took.Seconds())
	row("", func(f *figure) string { return "`" + f.variant + "`" })
	b.WriteString("|---|--:|--:|\n")
	row("parameters", func(f *figure) string {
		return map[string]string{"baseline": "temperature 0", "terse": "temperature 1, max_tokens 48"}[f.variant]
	})
	row("readers, each with one variant throughout", func(f *figure) string { return strconv.Itoa(len(f.readers)) })
	row("answers (of them streamed)", func(f *figure) string { return fmt.Sprintf("%d (%d)", f.asked, f.streams) })
	row("instructions kept", func(f *figure) string {
		return fmt.Sprintf("%d (%.0f %%)", f.kept, 100*float64(f.kept)/float64(f.asked))
	})
	row("output tokens, by Weir", func(f *figure) string {
		return fmt.Sprintf("%.0f", f.weir.sum("llm_tokens_total", map[string]string{"variant": f.variant, "direction": "output"}))
	})
	row("output tokens, by the model server", func(f *figure) string { return fmt.Sprintf("%.0f", f.server) })
	row("longest answer, tokens", func(f *figure) string { return strconv.Itoa(f.longest) })
	row("first token, mean, by Weir (`llm_ttft_seconds`)", func(f *figure) string {
		return fmt.Sprintf("%.0f ms", 1000*f.weir.mean("llm_ttft_seconds", map[string]string{"variant": f.variant}))
	})
	row("first token, mean, by the client", func(f *figure) string {
		sum := 0.0
		for _, d := range f.first {
			sum += d.Seconds()
		}
		return fmt.Sprintf("%.0f ms", 1000*sum/float64(len(f.first)))
	})
	row("time per output token, mean (`llm_tpot_seconds`)", func(f *figure) string {
		return fmt.Sprintf("%.1f ms", 1000*f.weir.mean("llm_tpot_seconds", map[string]string{"variant": f.variant}))
	})
	if f := figures[0]; f.comparedWith > 0 {
		fmt.Fprintf(&b, "\nAt temperature 0, %d of %d answers were the same text as the answer before to the same question.\n", f.identical, f.comparedWith)
	}
	return b.String()
}
