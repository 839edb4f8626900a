//go:build proof

package test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Names of the whole traces, as their publishers give them.
const (
	wholeAzure    = "AzureLLMInferenceTrace_conv.csv"
	wholeMooncake = "conversation_trace.jsonl"
)

// TestWholeTraces replays the whole traces of the folder TRACES, SPEED times as
// fast; without one, the samples. scripts/proof/traces.sh runs it.
func TestWholeTraces(t *testing.T) {
	manyConnections(t)
	speed := numberFrom(t, "SPEED", 20)
	out := newFigures(t)
	traces := map[string][]traced{}
	out.line("| trace | file | requests | tokens in | tokens out | lasts |")
	out.line("|---|---|--:|--:|--:|--:|")
	for _, f := range []struct {
		name, whole, sample string
		read                func(*testing.T, string) []traced
	}{
		{"azure", wholeAzure, "../testdata/azure-llm-trace/conv.csv", azure},
		{"mooncake", wholeMooncake, "../testdata/mooncake-trace/conversation.jsonl", mooncakeOf},
	} {
		file, what := f.sample, "a sample: the whole one was not there"
		if dir := os.Getenv("TRACES"); dir != "" {
			if at := filepath.Join(dir, f.whole); exists(at) {
				file, what = at, "whole: `"+f.whole+"`"
			}
		}
		trace := f.read(t, file)
		traces[f.name] = trace
		var input, output int64
		for _, r := range trace {
			input, output = input+r.input, output+r.output
		}
		out.line("| %s | %s | %d | %d | %d | %s |", f.name, what, len(trace), input, output, trace[len(trace)-1].at.Round(time.Second))
	}
	began := time.Now()
	replayTraces(t, float64(speed), traces["azure"], traces["mooncake"])
	out.line("\nReplayed %d times as fast, in %.0f s with everything that was compared. Requests, tokens and micro-dollars by the trace were held", speed, time.Since(began).Seconds())
	out.line("against usage of the route, by hour, by month and variant and by tag, against the sum of its events, and against what is scraped: equal in all: %t.", !t.Failed())
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// mooncakeOf reads the trace as it is published, where times are called
// timestamp, and the sample.
func mooncakeOf(t *testing.T, file string) []traced {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text[:min(len(text), 200)], []byte(`"timestamp_ms"`)) {
		return mooncake(t, file)
	}
	var trace []traced
	for line := range bytes.Lines(text) {
		var r struct {
			At     *int64 `json:"timestamp"` // ms
			Input  int64  `json:"input_length"`
			Output int64  `json:"output_length"`
		}
		if err := json.Unmarshal(line, &r); err != nil || r.At == nil {
			t.Fatalf("%s: %v: %.200q", file, err, line)
		}
		trace = append(trace, traced{time.Duration(*r.At) * time.Millisecond, r.Input, r.Output})
	}
	return trace
}
