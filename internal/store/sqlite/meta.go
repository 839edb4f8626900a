package sqlite

import "time"

// Small numbers by name: how many rows there are, and what is known of all events.

func meta(c *conn, name string) (int64, error) {
	r, err := metaTable.find(c, "WHERE name = ?", name)
	if err != nil || r == nil {
		return 0, err
	}
	return r.int(1), nil
}

func setMeta(c *conn, name string, v int64) error { return metaTable.replace(c, name, v) }

func addMeta(c *conn, name string, by int64) error {
	if by == 0 {
		return nil
	}
	have, err := meta(c, name)
	if err != nil {
		return err
	}
	return setMeta(c, name, have+by)
}

// drift is how far the times of records were from those of the ids of their
// events, at most, in milliseconds. Rows lie in the order of ids; that is the
// order of times, give or take the drift, so a query by time is a walk over the
// ids of that time and no index is needed. Replayed traces drift by years: then
// the walk is longer, and still right.
type drift struct {
	ahead, behind int64 // ids are later than times by ahead, earlier by behind
	changed       bool
}

func readDrift(c *conn) (d drift, err error) {
	if d.ahead, err = meta(c, "drift:ahead"); err == nil {
		d.behind, err = meta(c, "drift:behind")
	}
	return d, err
}

// see takes in a record with a time, of an event with that number. What is said
// of an event later says nothing about how early ids may be.
func (d *drift) see(key int64, at time.Time, later bool) {
	by := milliOf(key) - at.UnixMilli()
	if by > d.ahead {
		d.ahead, d.changed = by, true
	}
	if -by > d.behind && !later {
		d.behind, d.changed = -by, true
	}
}

func (d *drift) write(c *conn) error {
	if !d.changed {
		return nil
	}
	if err := setMeta(c, "drift:ahead", d.ahead); err != nil {
		return err
	}
	return setMeta(c, "drift:behind", d.behind)
}

// before is the number below which all rows lie whose time is before t.
func (d *drift) before(t time.Time) int64 {
	return clampMilli(t.UnixMilli()+d.ahead+1) << keyBits
}

// from is the number from which on all rows lie whose time is t or later.
func (d *drift) from(t time.Time) int64 {
	return clampMilli(t.UnixMilli()-d.behind-1) << keyBits
}
