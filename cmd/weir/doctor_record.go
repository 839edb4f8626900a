package main

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/client"
)

// The checks here ask the running Weir how the record goes: what is kept, what it
// costs, and whether an experiment's units fall as they should.

// lagLimit is how old a record may be that is not in the store yet before somebody
// should look.
const lagLimit = time.Minute

// checkRecord looks at the store and the journal.
func checkRecord(ctx context.Context, d *doctor) []finding {
	if d.running == nil {
		return nil
	}
	s, err := d.client.Store(ctx)
	if err != nil {
		return []finding{{State: ill, Text: fmt.Sprintf("ask the running Weir for its store: %v", err)}}
	}
	found := []finding{storeFinding(&s)}
	j := &s.Journal
	if s.State != "away" && j.LagSeconds > lagLimit.Seconds() {
		found = append(found, finding{State: doubtful, Text: fmt.Sprintf("%s wait in the journal, the oldest for %.0f s", count(int(j.LagRecords), "record"), j.LagSeconds),
			Next: "see whether its disk is slow or full; requests are served meanwhile"})
	}
	if j.AtRisk > 0 {
		found = append(found, finding{State: doubtful, Text: fmt.Sprintf("%s went out before the record was written, since the disk took longer than 5 ms", count(int(j.AtRisk), "answer")),
			Next: "put store.dir on a faster disk, or one that nobody else keeps busy"})
	}
	if j.Failed > 0 {
		found = append(found, finding{State: ill, Text: fmt.Sprintf("%s could not be written to the journal", count(int(j.Failed), "record")), Next: "make room on its disk, and look for its errors in the log of the system"})
	}
	if j.Damaged > 0 {
		found = append(found, finding{State: ill, Text: fmt.Sprintf("%s of the journal cannot be read: the records in it are lost", count(int(j.Damaged), "place")),
			Next: "look for errors of its disk in the log of the system; Weir's own log says which file and where"})
	}
	return append(found, roomFindings(&s)...)
}

// nearlyFull is how much of its limit a journal has when it begins to shed.
const nearlyFull = 0.8

// roomFindings says what is short of room, and what was given up for that. A
// journal that is full and a disk that is full are mended in different places.
func roomFindings(s *client.Store) []finding {
	j, shed := &s.Journal, total(s.Shed)
	text := "no record was given up yet"
	if shed > 0 {
		text = fmt.Sprintf("%s given up since the start: %s; their money is kept", count(int(shed), "record"), countsText(s.Shed))
	}
	switch {
	case j.DiskFull:
		return []finding{{State: ill, Text: "the disk of the journal is full: only money and decisions are kept; " + text,
			Next: "make room on the disk of store.dir; recording goes on by itself then, and store.journal_limit has nothing to do with it"}}
	case j.Limit > 0 && float64(j.Bytes) >= nearlyFull*float64(j.Limit):
		return []finding{{State: doubtful, Text: fmt.Sprintf("the journal is full, %s of %s, since the store does not take what is in it; %s", size(j.Bytes), size(j.Limit), text),
			Next: "mend the store: weir describe store says what ails it; where the disk has room, a higher store.journal_limit gives more time"}}
	case shed > 0:
		return []finding{{State: doubtful, Text: "there is room again, and there was none: " + text,
			Next: "Weir's log says when, and whether the journal was at its limit or the disk was full"}}
	}
	return nil
}

func storeFinding(s *client.Store) finding {
	text := fmt.Sprintf("%s, %s, %s of the journal", orWord(s.Engine, "no engine"), size(s.Bytes), size(s.Journal.Bytes))
	switch s.State {
	case "ok":
		return finding{State: well, Text: text}
	case "none":
		return finding{State: doubtful, Text: joined("nothing is kept over a restart", s.Reason), Next: "give Weir a folder: store.dir in the definitions, or weir serve --store DIR"}
	}
	state := doubtful
	switch {
	case s.State == "away":
		state = ill
	case s.Journal.LagSeconds <= lagLimit.Seconds(): // as after each start
		return finding{State: well, Text: joined(text+", catching up", s.Reason)}
	}
	return finding{State: state, Text: fmt.Sprintf("the store is %s: %s", s.State, joined(s.Reason, s.Error)), Next: "requests are served and recorded in the journal; mend the store before that is full: weir describe store"}
}

func countsText(counts map[string]int64) string {
	var list []string
	for _, name := range sorted(counts) {
		list = append(list, fmt.Sprintf("%s %s", thousands(counts[name]), name))
	}
	return joined(list...)
}

// checkPrices looks for models whose answers have no known cost.
func checkPrices(ctx context.Context, d *doctor) []finding {
	if d.running == nil {
		return nil
	}
	models, err := d.client.Models(ctx)
	if err != nil {
		return []finding{{State: ill, Text: fmt.Sprintf("ask the running Weir for its models: %v", err)}}
	}
	var found []finding
	for _, m := range models {
		if m.Price.Known {
			continue
		}
		text := fmt.Sprintf("model %s has no price: what it answers is counted and in no amount", m.Name)
		switch {
		case m.Price.Refused:
			text = fmt.Sprintf("model %s has no price and is not asked for that", m.Name)
		case m.Price.Basis == "estimated":
			text = fmt.Sprintf("model %s has no price of its own: its cost is an estimate", m.Name)
		}
		found = append(found, finding{State: doubtful, Text: text, Next: "give it a price, or name a list that has it under prices.list"})
	}
	if found == nil {
		return []finding{{State: well, Text: "what every model costs is known"}}
	}
	return found
}

// checkBudgets looks for budgets that are nearly spent.
func checkBudgets(ctx context.Context, d *doctor) []finding {
	if d.running == nil {
		return nil
	}
	b, err := d.client.Budgets(ctx)
	if err != nil {
		return []finding{{State: unasked, Text: fmt.Sprintf("budgets cannot be read now: %v", err)}}
	}
	var found []finding
	for _, s := range b.Budgets {
		if s.Share >= alertAt[0] {
			found = append(found, finding{State: doubtful, Text: fmt.Sprintf("budget %s: %s of %s spent in this %s, %s", s.Name, money(s.Spent), money(s.Amount), s.Per, percent(s.Share)),
				Next: "weir cost --budgets; budgets refuse nothing"})
		}
	}
	switch {
	case len(b.Budgets) == 0:
		return nil
	case found == nil:
		return []finding{{State: well, Text: fmt.Sprintf("%s, none of which is at %.0f %% yet", count(len(b.Budgets), "budget"), alertAt[0]*100)}}
	}
	return found
}

// checkSplit looks whether each experiment's units fall as they should.
func checkSplit(ctx context.Context, d *doctor) []finding {
	if d.running == nil {
		return nil
	}
	list, err := d.client.RoutesWide(ctx, time.Time{}, time.Time{})
	if err != nil {
		return []finding{{State: unasked, Text: fmt.Sprintf("the split of experiments is not known: %v", err)}}
	}
	var found []finding
	for i := range list.Routes {
		r := &list.Routes[i]
		switch {
		case r.Split == nil:
		case r.Split.Verdict == "wrong":
			found = append(found, finding{State: ill, Text: fmt.Sprintf("route %s: %s", r.Name, r.Split.Text),
				Next: fmt.Sprintf("look for a bot, a cache in front, or units that change their id: weir describe route %s", r.Name)})
		case r.Split.Verdict == "too_few":
			found = append(found, finding{State: unasked, Text: fmt.Sprintf("route %s: %s", r.Name, r.Split.Text)})
		default:
			found = append(found, finding{State: well, Text: fmt.Sprintf("route %s: %s", r.Name, r.Split.Text)})
		}
	}
	return found
}

// checkDamage reads all of the store, when that was asked for.
func checkDamage(ctx context.Context, d *doctor) []finding {
	if d.running == nil || !d.all {
		return nil
	}
	c, err := d.client.Check(ctx, false)
	switch {
	case err != nil:
		return []finding{{State: unasked, Text: fmt.Sprintf("the store could not be read whole: %v", err), Next: "it needs a key with scope operate"}}
	case !c.Sound:
		return []finding{{State: ill, Text: "the store is damaged: " + c.Damage, Next: c.Next}}
	}
	return []finding{{State: well, Text: fmt.Sprintf("all of the store is as it was written (%.1f s)", c.Seconds)}}
}
