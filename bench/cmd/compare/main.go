// Command compare measures several targets in interleaved rounds (A B C A B C
// ...), so that drift of a shared machine hits all of them alike, and prints
// Markdown tables of medians.
//
//	compare [flags] NAME=URL[,PID][,model=NAME][,header=Key: value]... ...
//
// The first target is the direct path to the mock: "added" latency and the
// throughput ratio are relative to it. -floor names the target that CPU cost is
// compared with, -goals the target that is held against the goals.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/weirhq/weir/bench/internal/load"
)

// run is one measurement.
type run struct {
	Scenario string      `json:"scenario"`
	Target   string      `json:"target"`
	Round    int         `json:"round"`
	Result   load.Result `json:"result"`
}

// report is the results file: every run, and what they say of the goals.
type report struct {
	Date  time.Time `json:"date"`
	CPU   string    `json:"cpu"`
	Cores int       `json:"cores"`
	Go    string    `json:"go"`
	Floor string    `json:"floor"`
	Runs  []run     `json:"runs"`
	Goals []verdict `json:"goals,omitempty"`
}

var (
	rounds = flag.Int("rounds", 3, "rounds")
	dur    = flag.Duration("d", 3*time.Second, "measured time of a run")
	warmup = flag.Duration("warmup", time.Second, "lead-in of a run")
	conns  = flag.Int("c", 512, "connection limit of open-loop runs")
	only   = flag.String("scenarios", "small,large,stream", "scenarios to run")
	rates  = flag.String("rates", "", "open-loop rates instead of the scenarios' own, e.g. 500,1000")
	closed = flag.Bool("closed", true, "also measure closed-loop throughput")
	floor  = flag.String("floor", "", "target that CPU cost is compared with; the first one when empty")
	held   = flag.String("goals", "", "targets to hold against the goals, separated by commas")
	out    = flag.String("o", "", "file for the results as JSON")
	render = flag.String("render", "", "only print the tables of this results file")
)

func main() {
	flag.Parse()
	rep, err := compare(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	}
	rep.print(os.Stdout)
}

func compare(args []string) (rep report, err error) {
	if *render != "" {
		b, err := os.ReadFile(*render)
		if err == nil {
			err = json.Unmarshal(b, &rep)
		}
		return rep, err
	}
	targets, err := parseTargets(args)
	if err != nil {
		return rep, err
	}
	rep = report{Date: time.Now().UTC().Truncate(time.Second), CPU: cpuModel(), Cores: runtime.NumCPU(), Go: runtime.Version(), Floor: *floor}
	if rep.Floor == "" {
		rep.Floor = targets[0].name
	}
	if rep.Runs, err = measure(targets); err != nil {
		return rep, err
	}
	for name := range strings.SplitSeq(*held, ",") {
		if name != "" {
			rep.Goals = append(rep.Goals, judge(rep.Runs, name, rep.Floor)...)
		}
	}
	if *out != "" {
		b, _ := json.MarshalIndent(rep, "", " ")
		err = os.WriteFile(*out, append(b, '\n'), 0o644)
	}
	return rep, err
}

func (rep report) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %s\n", rep.Date.Format("2006-01-02 15:04 MST"), rep.CPU, rep.Go)
	tables(w, rep.Runs, rep.Floor)
	goalTable(w, rep.Goals)
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if k, v, _ := strings.Cut(line, ":"); strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}
