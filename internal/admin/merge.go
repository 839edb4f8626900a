package admin

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Two places hold records: memory has the last ones, the store has all but the
// very last. A page is drawn from both, newest first by id, which is a UUIDv7
// and so by time. What both have is shown once.
//
// A place in this walk (spot) is the id of the last record shown and the store's
// cursor of the page that the next one is on. The id alone says what comes next,
// so a record may move from memory into the store between two pages without
// being shown twice or left out; the cursor only spares reading from the start.

// spot is where a page ended.
type spot struct {
	below string // only smaller ids come next; "" at the start
	page  string // cursor of the store
}

// token writes a spot for the caller to bring back.
func (p spot) token() string {
	data, _ := json.Marshal([2]string{p.below, p.page})
	return base64.RawURLEncoding.EncodeToString(data)
}

// maxSpotID bounds the id within a token.
const maxSpotID = 200

func parseSpot(token string) (p spot, ok bool) {
	if token == "" {
		return spot{}, true
	}
	data, err := base64.RawURLEncoding.DecodeString(token)
	var parts [2]string
	if err != nil || json.Unmarshal(data, &parts) != nil {
		return spot{}, false
	}
	p = spot{below: parts[0], page: parts[1]}
	return p, p.below != "" && len(p.below) <= maxSpotID && p.token() == token
}

// pages walks through the pages of a store.
type pages[T any] struct {
	fetch func(cursor string) ([]T, string, error)
	id    func(T) string
	below string

	page string // cursor of the page in rows
	next string // cursor of the page after it
	rows []T    // what is left of the page
	over bool   // there is no further page
}

// peek gives the next row, and false after the last.
func (p *pages[T]) peek() (row T, ok bool, err error) {
	for {
		for len(p.rows) > 0 && p.below != "" && p.id(p.rows[0]) >= p.below {
			p.rows = p.rows[1:]
		}
		if len(p.rows) > 0 {
			return p.rows[0], true, nil
		}
		if p.over {
			return row, false, nil
		}
		p.page = p.next
		if p.rows, p.next, err = p.fetch(p.page); err != nil {
			p.over = true
			return row, false, err
		}
		p.over = p.next == ""
	}
}

// drop goes on behind the row that peek gave.
func (p *pages[T]) drop() { p.rows = p.rows[1:] }

// merged is a page of both places.
type merged[T any] struct {
	rows []T
	next string // token of the page after it; "" after the last
	err  error  // why the store has not been read to the end of the page; rows are those in memory from there on
}

// merge draws a page of at most limit rows. held are those in memory, newest
// first; fetch reads a page of the store, and is nil when there is none to read.
func merge[T any](held []T, at spot, limit int, id func(T) string, fetch func(cursor string) ([]T, string, error)) merged[T] {
	out := merged[T]{rows: []T{}}
	kept := &pages[T]{fetch: fetch, id: id, below: at.below, page: at.page, next: at.page, over: fetch == nil}
	for at.below != "" && len(held) > 0 && id(held[0]) >= at.below {
		held = held[1:]
	}
	for {
		old, inStore, err := kept.peek()
		if err != nil {
			out.err = err
		}
		inMemory := len(held) > 0
		if !inStore && !inMemory {
			return out
		}
		if len(out.rows) == limit { // one more than fits
			out.next = spot{id(out.rows[limit-1]), kept.page}.token()
			return out
		}
		order := 1
		if inMemory && inStore {
			order = strings.Compare(id(held[0]), id(old))
		} else if !inMemory {
			order = -1
		}
		if order >= 0 {
			out.rows, held = append(out.rows, held[0]), held[1:]
		} else {
			out.rows = append(out.rows, old)
		}
		if inStore && order <= 0 {
			kept.drop()
		}
	}
}
