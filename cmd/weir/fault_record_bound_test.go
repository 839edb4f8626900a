package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/chaos"
)

// fat makes the records of a request large, so that few of them fill a journal.
var fat = func() string {
	var tags []string
	for i := range 8 {
		tags = append(tags, fmt.Sprintf("tag-%d=%s", i, strings.Repeat("v", 60)))
	}
	return strings.Join(tags, ",")
}()

// S1: a store that hangs until the journal is full costs no request. What is shed
// then is said and counted, and its money is kept: the ledger has every request, at
// its price, as soon as the store is back.
func TestS1HungStoreUntilTheJournalIsFull(t *testing.T) {
	m := model(t, "usage=1000/500")
	open, letGo := hangs(t)
	l := prepare(t, pricedAt(m.URL())+"store: {journal_limit: 16MiB, bodies: 100%}\n")
	mustDo(t, l.serve(serverOptions{openStore: open}))
	var asked oracle
	for n := 0; l.metric(`weir_journal_shed_total{kind="body"}`) == 0; n++ {
		asked.askLong(l, 100, 64<<10)
		if n == 100 {
			t.Fatal("no body is shed: is the journal bounded?")
		}
	}
	for n := 0; l.s.kept.own.journal.Stats().InMemory == 0; n++ {
		m.SetScript(chaos.MustParse(fmt.Sprintf("usage=%d/%d", 100+n, 10+n)))
		asked.ask(l, 200, "x-weir-tags", fat)
		if n == 100 {
			t.Fatalf("the journal is not full: %+v", l.s.kept.own.journal.Stats())
		}
	}
	asked.ask(l, 200)
	l.ready(true)
	shed := l.store().Shed
	for _, kind := range []string{"body", "event"} {
		if n := l.metric(fmt.Sprintf("weir_journal_shed_total{kind=%q}", kind)); shed[kind] == 0 || n != float64(shed[kind]) {
			t.Errorf("%v records of kind %s are shed by the metrics, %d by the API", n, kind, shed[kind])
		}
		if !strings.Contains(l.log.String(), "shedding begins") || !strings.Contains(l.log.String(), "kind="+kind) {
			t.Errorf("the log does not tell that records of kind %s are shed", kind)
		}
	}
	if s := l.store(); s.Journal.Bytes < 15<<20 || s.Journal.Bytes > 21<<20 {
		t.Errorf("the journal has %d bytes, of 16 MiB and the reserve", s.Journal.Bytes)
	}
	_, out, _ := runs(map[string]string{"WEIR_ADMIN": l.s.adminListener.url()}, "doctor", "-c", l.file)
	if !strings.Contains(out, "the journal is full, 1") || !strings.Contains(out, "given up since the start") || !strings.Contains(out, "their money is kept") {
		t.Errorf("the doctor says\n%s", out)
	}
	letGo()
	eventually(t, "nothing waits in memory", func() bool { s := l.s.kept.own.journal.Stats(); return s.InMemory == 0 && s.Level < 500 })
	b := l.kept()
	asked.agrees(t, b)
	if n := int64(len(b.events)) + shed["event"]; n != asked.requests {
		t.Errorf("%d events are there and %d are shed: that is not %d", len(b.events), shed["event"], asked.requests)
	}
	asked.ask(l, 10)
	if more := l.kept(); len(more.events) != len(b.events)+10 {
		t.Errorf("%d events more with the store back, want 10", len(more.events)-len(b.events))
	}
}

// askLong asks with long questions.
func (o *oracle) askLong(l *live, n, size int) {
	l.t.Helper()
	body := strings.Replace(question("m", false), "hello", strings.Repeat("hello ", size/6), 1)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range n / 4 {
				o.note(post(l.client, l.s.data.url(), body), false)
			}
		})
	}
	wg.Wait()
	if len(o.wrong) > 0 {
		l.t.Fatal(o.wrong[0])
	}
}
