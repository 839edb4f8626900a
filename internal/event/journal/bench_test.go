package journal

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// BenchmarkRecord is what an event costs, and how long its caller waits, with so
// many callers at once and everything released as it is read.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			j := open(b, Config{})
			e := typicalEvent()
			var n atomic.Int64
			var waited atomic.Int64
			cpu := cpuTime()
			b.ReportAllocs()
			b.ResetTimer()
			var wait sync.WaitGroup
			for range callers {
				wait.Go(func() {
					for n.Add(1) <= int64(b.N) {
						start := time.Now()
						j.Record(e)
						waited.Add(int64(time.Since(start)))
					}
				})
			}
			wait.Wait()
			b.StopTimer()
			b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(waited.Load())/float64(b.N), "wait-ns/op")
			b.ReportMetric(float64(j.Stats().AtRisk), "at-risk")
			j.Release(event.Position{Segment: 1 << 62})
		})
	}
}

// typicalEvent is as long as most are: some 550 bytes.
func typicalEvent() *event.Event {
	e := anEvent(1)
	e.ID, e.BodyID, e.Revision = event.NewID(time.Now()), "chatcmpl-9f8e7d6c5b4a39281706", "f3d254b9c2a1"
	e.Assignments[0] = event.Assignment{Experiment: "support-llama", Epoch: 1, Variant: "candidate", Reason: "chance", Enrolled: true, Probability: 0.5}
	e.Conversation, e.Unit, e.UnitKind = "b1946ac92492d2347c6235b4d2611184", "591785b794601e212b260e25925636fd", "user"
	e.Tags, e.Vendor, e.ServedModel = []string{"team=search", "tier=gold"}, "vllm", "meta-llama/Llama-3.1-8B-Instruct"
	e.Endpoint = "http://vllm-8b-0:8000/v1"
	e.Attempts = []event.Attempt{{Model: e.Model, Endpoint: e.Endpoint, Status: 200, Result: "ok", Took: 80 * time.Millisecond}}
	e.Parameters, e.Stream, e.UsageKnown, e.Finish = []string{"temperature: variant", "max_tokens: caller (smaller)"}, true, true, "stop"
	e.FirstToken, e.PerToken, e.Total, e.Overhead = 80*time.Millisecond, 12*time.Millisecond, 1500*time.Millisecond, 90*time.Microsecond
	return e
}

// BenchmarkRead is what it costs to read an event back.
func BenchmarkRead(b *testing.B) {
	j := open(b, Config{})
	for range 2000 {
		j.Record(typicalEvent())
	}
	b.ReportAllocs()
	var from event.Position
	for n := 0; n < b.N; {
		items, more, err := j.readSome(from, 500)
		if err != nil {
			b.Fatal(err)
		}
		n += len(items)
		if from = (event.Position{}); more == nil {
			from = items[len(items)-1].Next
		}
	}
}
