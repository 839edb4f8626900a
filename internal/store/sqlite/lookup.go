package sqlite

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/weirhq/weir/internal/event"
)

// What has too many values for an index of its own is found by a hash of 47 bits,
// by day: the unit, the ids that callers and vendors gave, the tags. A hash finds
// rows that may be wanted; whether they are is seen when they are read.

func lookupHash(of, value string) int64 {
	h := sha256.Sum256([]byte(of + "\x00" + value))
	return int64(binary.BigEndian.Uint64(h[:]) >> 17)
}

func unitHash(unit string) int64 { return lookupHash("unit", unit) }
func idHash(id string) int64     { return lookupHash("id", id) }
func tagHash(tag string) int64   { return lookupHash("tag", tag) }

// hashes are those under which an event is found, each once.
func hashes(e *event.Event) []int64 {
	found := make([]int64, 0, 8)
	add := func(v string, h func(string) int64) {
		if v != "" {
			found = append(found, h(v))
		}
	}
	add(e.Unit, unitHash)
	add(e.ClientID, idHash)
	if e.BodyID != e.ClientID {
		add(e.BodyID, idHash)
	}
	if _, ok := parseID(e.ID); !ok {
		add(e.ID, idHash)
	}
	for i, tag := range e.Tags {
		if i == 0 || tag != e.Tags[i-1] {
			add(tag, tagHash)
		}
	}
	return found
}

// addLookups makes an event findable.
func addLookups(c *conn, key int64, e *event.Event) error {
	for _, h := range hashes(e) {
		if err := lookupTable.replace(c, dayOf(key), h, key); err != nil {
			return err
		}
	}
	return nil
}

// dropLookups takes that back.
func dropLookups(c *conn, key int64, e *event.Event) error {
	for _, h := range hashes(e) {
		if err := c.exec("DELETE FROM lookups WHERE day = ? AND hash = ? AND event = ?", dayOf(key), h, key); err != nil {
			return err
		}
	}
	return nil
}

// walkLookups shows the numbers of the events with a hash that lie below before
// and from from on, greatest first, until show says that it has enough. It goes
// from day to day; days without rows cost nothing.
func walkLookups(c *conn, hash, from, before int64, show func(key int64) (more bool, err error)) error {
	for day := dayOf(before); ; day-- {
		r, err := c.one("SELECT max(day) FROM lookups WHERE day <= ?", day)
		if err != nil || r == nil || r.values[0].kind != typeInteger {
			return err
		}
		if day = r.int(0); day < dayOf(from) {
			return nil
		}
		keys, err := lookupsOf(c, day, hash, from, before)
		for at := 0; at < len(keys) && err == nil; at++ {
			var more bool
			if more, err = show(keys[at]); err == nil && !more {
				return nil
			}
			if at == len(keys)-1 && len(keys) == portion { // there may be more of this day
				before, at = keys[at], -1
				keys, err = lookupsOf(c, day, hash, from, before)
			}
		}
		if err != nil {
			return err
		}
	}
}

// portion is how many numbers are read ahead.
const portion = 512

// lookupsOf gives the greatest numbers of a day and hash below before.
func lookupsOf(c *conn, day, hash, from, before int64) (keys []int64, err error) {
	err = lookupTable.each(c, "WHERE day = ? AND hash = ? AND event >= ? AND event < ? ORDER BY event DESC LIMIT ?", func(r *row) error {
		keys = append(keys, r.int(2))
		return nil
	}, day, hash, from, before, portion)
	return keys, err
}
