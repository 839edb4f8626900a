package store

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/stats"
)

func TestUnitRowTellsWhatChanged(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	k := UnitKey{Experiment: "x", UnitKind: "user", Unit: "u"}
	var row UnitRow
	got := row.Add(UnitDelta{UnitKey: k, Variant: "a", First: at, Values: []Value{{"m", 1, 5}, {"b", 1, 2}, {"none", 0, 0}}})
	want := []Change{{"m", Value{"m", 0, 0}, Value{"m", 1, 5}}, {"b", Value{"b", 0, 0}, Value{"b", 1, 2}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("new: %v", got)
	}
	got = row.Add(UnitDelta{UnitKey: k, Variant: "b", First: at.Add(-1), Values: []Value{{"m", 1, -1}, {"b", -1, -2}}})
	want = []Change{{"m", Value{"m", 1, 5}, Value{"m", 2, 4}}, {"b", Value{"b", 1, 2}, Value{"b", 0, 0}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("added: %v", got)
	}
	if want := (UnitRow{UnitKey: k, Variant: "a", First: at.Add(-1), Values: []Value{{"m", 2, 4}}}); !reflect.DeepEqual(row, want) {
		t.Errorf("row %+v, want %+v", row, want)
	}
}

// Whatever is added to units in whatever order, and whoever leaves, the shifts
// are what the rows come to.
func TestShiftsFollowRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rows, shifts := map[string]*UnitRow{}, Shifts{}
	for range 2000 {
		unit := string(rune('a' + r.IntN(9)))
		if rows[unit] == nil {
			rows[unit] = &UnitRow{}
		}
		d := UnitDelta{UnitKey: UnitKey{Unit: unit}, Variant: unit[:1], Values: []Value{{"m", r.Int64N(5) - 2, r.Int64N(2e12) - 1e12}}}
		shifts.Move(rows[unit], rows[unit].Add(d))
		if r.IntN(50) == 0 {
			shifts.Leave(rows[unit])
			delete(rows, unit)
		}
	}
	computed := Shifts{}
	for _, row := range rows {
		computed.Enter(row)
	}
	if found := Differences(shifts, computed); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	k := VariantKey{Variant: "nobody", Metric: "m"}
	shifts[k] = stats.Moments{Units: 1}
	if found := Differences(shifts, computed); len(found) != 1 || found[0].Before.Key() != k || found[0].After.Units != 0 {
		t.Errorf("a row that no unit stands behind: %+v", found)
	}
}
