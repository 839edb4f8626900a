package analysis

import (
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"html/template"
	"io"
	"time"
)

//go:embed report.html
var pageText string

//go:embed report.css
var styleText string

// ContentPolicy is the Content-Security-Policy under which the page works, and
// which it also states itself: nothing is loaded and nothing runs. The style is
// the one in the page, named by its hash.
func ContentPolicy() string {
	sum := sha256.Sum256([]byte(styleText))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent":  percent,
	"units":    thousands,
	"p":        pText,
	"mde":      mdeText,
	"mark":     mark,
	"wanted":   wanted,
	"words":    func(s string) string { return words(Verdict(s)) },
	"plain":    plain,
	"share":    shareText,
	"day":      func(t time.Time) string { return t.Format("2006-01-02") },
	"estimate": func(m Reading, e Estimate) [2]string { return both(estimateText(m.Metric, e)) },
	"effect":   func(m Reading, c Comparison) [2]string { return both(effectText(m.Metric, c)) },
	"mean":     meanText,
}).Parse(pageText))

func both(a, b string) [2]string { return [2]string{a, b} }

func shareText(n Number) string {
	if !n.OK() {
		return "–"
	}
	return percent(float64(n))
}

// meanText is a day's mean in its metric's unit.
func meanText(r Report, d DayReading) string {
	for _, m := range r.Metrics {
		if m.Metric.Name == d.Metric && d.Mean.OK() {
			return inUnit(float64(d.Mean), m.Metric.Unit, false)
		}
	}
	return "–"
}

// WriteHTML writes the report as one page that needs nothing else: no script, no
// font, no image. It follows the reader's choice of light or dark.
func WriteHTML(w io.Writer, r Report) error {
	return page.Execute(w, struct {
		Report
		Style     template.CSS
		Policy    string
		Where     string
		Period    string
		Intervals string
		Forest    forest
		Courses   []coursePlot
		Explored  Reading
	}{r, template.CSS(styleText), ContentPolicy(), capital(r.where()), r.period(), r.intervals(), forestOf(r), coursesOf(r), first(r.Metrics)})
}

func first(list []Reading) Reading {
	if len(list) == 0 {
		return Reading{}
	}
	return list[0]
}
