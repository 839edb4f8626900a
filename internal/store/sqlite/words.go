package sqlite

import (
	"fmt"
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/store"
)

// words is the dictionary: names that come again and again (routes, variants,
// models, keys) are kept once and stand in rows as small numbers. Words are only
// ever added, so what was read of a committed one stays true; those of the
// transaction that is under way are apart until it is committed.
type words struct {
	mu     sync.RWMutex
	ids    map[string]int64
	names  map[int64]string
	fresh  map[string]int64 // of the transaction under way; the writer's alone
	frozen bool             // there are too many for words that need not be in it
}

// Most words that are held in memory, and that are made for texts which might as
// well stand in the record itself. What callers and vendors send can differ with
// every request.
const mostWords = 1 << 16

func newWords() *words {
	return &words{ids: map[string]int64{}, names: map[int64]string{}, fresh: map[string]int64{}}
}

// id gives the number of a word, and makes one: only within a writer's
// transaction. "" is 0.
func (w *words) id(c *conn, word string) (int64, error) {
	if word == "" {
		return 0, nil
	}
	if id, ok := w.fresh[word]; ok {
		return id, nil
	}
	id, err := w.find(c, word)
	if err != nil || id != 0 {
		return id, err
	}
	r, err := c.one("SELECT ifnull(max(id), 0) + 1 FROM dict")
	if err != nil {
		return 0, err
	}
	id = r.int(0)
	if err := dictTable.insert(c, id, word); err != nil {
		return 0, err
	}
	w.fresh[word] = id
	w.frozen = id > mostWords
	return id, nil
}

// find gives the number of a word, 0 when there is none.
func (w *words) find(c *conn, word string) (int64, error) {
	w.mu.RLock()
	id := w.ids[word]
	w.mu.RUnlock()
	if id != 0 {
		return id, nil
	}
	r, err := dictTable.find(c, "WHERE word = ?", word)
	if err != nil || r == nil {
		return 0, err
	}
	id = r.int(0)
	w.keep(map[string]int64{word: id})
	return id, nil
}

// name gives the word of a number.
func (w *words) name(c *conn, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	w.mu.RLock()
	word, ok := w.names[id]
	w.mu.RUnlock()
	if ok {
		return word, nil
	}
	r, err := dictTable.find(c, "WHERE id = ?", id)
	if err != nil {
		return "", err
	}
	if r == nil {
		return "", fmt.Errorf("%w: word %d is missing from the dictionary", store.ErrDamaged, id)
	}
	word = r.text(1)
	if !c.writes { // what a writer sees may yet be rolled back
		w.keep(map[string]int64{word: id})
	}
	return word, nil
}

// ended keeps the words of a transaction that was committed, and drops those of
// one that was not. The writer's connection is still held.
func (w *words) ended(committed bool) {
	if committed {
		w.keep(w.fresh)
	}
	clear(w.fresh)
}

func (w *words) keep(more map[string]int64) {
	if len(more) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ids) > mostWords {
		clear(w.ids)
		clear(w.names)
	}
	for word, id := range more {
		word = strings.Clone(word) // it may be a part of a whole record
		w.ids[word], w.names[id] = id, word
	}
}
