package simulate

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw docs/images/peeking.svg anew")

const pictureFile = "../../docs/images/peeking.svg"

// The picture of docs/explanation/statistics.md is of figures that come out again.
func TestPictureOfPeeking(t *testing.T) {
	r := Run(Config{ICC: 0.3, Looks: 28, Days: 28, Runs: 1000, Seed: 1}, nil)
	drawn := picture(r)
	if *update {
		if err := os.WriteFile(pictureFile, drawn, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(pictureFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(kept, []byte("\r\n"), []byte("\n")), drawn) {
		t.Error("docs/images/peeking.svg shows other figures: go test ./internal/simulate -run Picture -update")
	}
}

// picture draws how false alarms grow with looks.
func picture(r Result) []byte {
	const left, right, top, bottom = 60.0, 560.0, 40.0, 250.0
	x := func(look int) float64 { return left + (right-left)*float64(look)/float64(r.Config.Looks) }
	y := func(rate float64) float64 { return bottom - (bottom-top)*rate/0.3 }
	line := func(of func(Course) Rate) string {
		var points []string
		for _, c := range r.Course {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(c.Look), y(of(c).Value)))
		}
		return strings.Join(points, " ")
	}
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 300" role="img" aria-labelledby="title what" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif" font-size="13">`)
	say(`<title id="title">False alarms grow with looks</title>`)
	say(`<desc id="what">Share of experiments without any difference that were stopped by a look of each day, over 28 days. The fixed test, which allows one look, rises to %.0f percent. The confidence sequence stays at %.1f percent. Five percent are meant.</desc>`, 100*r.Fixed.Value, 100*r.Sequence.Value)
	say(`<style>
  .page { fill: #ffffff }
  .text { fill: #1f2328 }
  .small { fill: #424a53; font-size: 12px }
  .axis { stroke: #8c959f; fill: none }
  .meant { stroke: #424a53; stroke-dasharray: 4 4 }
  .fixed { stroke: #953800; stroke-width: 2.5; fill: none }
  .sequence { stroke: #0969da; stroke-width: 2.5; fill: none }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 }
    .text { fill: #f0f6fc }
    .small { fill: #c9d1d9 }
    .meant { stroke: #c9d1d9 }
    .fixed { stroke: #f0883e }
    .sequence { stroke: #58a6ff }
  }
</style>`)
	say(`<rect class="page" width="760" height="300" rx="8"/>`)
	say(`<text class="text" x="20" y="24">stopped for a difference that is not there</text>`)
	say(`<path class="axis" d="M%g %g V%g H%g"/>`, left, top, bottom, right)
	for _, rate := range []float64{0, 0.1, 0.2, 0.3} {
		say(`<text class="small" x="%g" y="%.1f" text-anchor="end">%.0f %%</text>`, left-8, y(rate)+4, 100*rate)
	}
	for day := 7; day <= r.Config.Looks; day += 7 {
		say(`<text class="small" x="%.1f" y="%g" text-anchor="middle">day %d</text>`, x(day), bottom+20, day)
	}
	say(`<path class="meant" d="M%g %.1f H%g"/><text class="small" x="%g" y="%.1f">5 %%, as meant</text>`, left, y(0.05), right, right+10, y(0.05)-3)
	say(`<polyline class="fixed" points="%s"/><text class="text" x="%g" y="%.1f">p &lt; 0.05 at some look: %.0f %%</text>`, line(func(c Course) Rate { return c.Fixed }), right+10, y(r.Fixed.Value)+4, 100*r.Fixed.Value)
	say(`<polyline class="sequence" points="%s"/><text class="text" x="%g" y="%.1f">confidence sequence: %.1f %%</text>`, line(func(c Course) Rate { return c.Sequence }), right+10, y(r.Sequence.Value)+10, 100*r.Sequence.Value)
	say(`<text class="small" x="20" y="290">%d experiments without a difference, %d users in each variant, a look a day; seed %d.</text>`, r.Config.Runs, r.Config.Users, r.Config.Seed)
	say(`</svg>`)
	return b.Bytes()
}
