package record

import (
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// A failed request names the model that was asked, without the fingerprint of one
// that answered: counted, every failure would look like another model.
func TestWhatDidNotAnswerServedNothing(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	request := func(id string, o event.Outcome, fingerprint string) *event.Event {
		return &event.Event{ID: id, Time: at, Route: "support", UnitKind: "user", Unit: "00000000000000aa", ServedModel: "gpt", Fingerprint: fingerprint, Outcome: o,
			Assignments: []event.Assignment{{Experiment: "x", Epoch: 1, Variant: "b", Enrolled: true}}}
	}
	b := batchOf(newTestPreparer(t, nil),
		request("e1", event.OK, "fp_1"), request("e2", event.UpstreamError, ""), request("e3", event.Timeout, ""),
		request("e4", event.Truncated, "fp_1"), request("e5", event.OK, "")).batch
	served := map[string]int64{}
	for _, d := range b.Days {
		if model, fingerprint, ok := store.ServedBy(d.Metric); ok {
			served[model+"/"+fingerprint] += d.N
		}
	}
	same(t, "served", served, map[string]int64{"gpt/fp_1": 2, "gpt/": 1})
}
