package sqlite

import (
	"fmt"
	"runtime"

	lite "zombiezen.com/go/sqlite"
)

// conn is one connection. It is used by one goroutine at a time.
type conn struct {
	*lite.Conn
	fault  func(query string) error // tests: fails a statement in place of SQLite
	writes bool                     // it is the file's one writer
	rows   []*row                   // reused: one for each statement within another
	depth  int
}

// run runs one statement to its end and shows each row that comes. Statements
// are prepared once for each connection and text.
func (c *conn) run(query string, each func(*row) error, args ...any) error {
	stmt, err := c.Prepare(query)
	if err != nil {
		return err
	}
	for i, arg := range args {
		bind(stmt, i+1, arg)
	}
	into := c.enter()
	defer c.leave()
	if c.writes {
		runtime.Gosched() // on few cores requests are served between two statements, not after a batch
	}
	for {
		if c.fault != nil {
			if err := c.fault(query); err != nil {
				_ = stmt.Reset() // the fault is what is told
				return err
			}
		}
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if each == nil {
			continue
		}
		into.read(stmt)
		if err := each(into); err != nil {
			_ = stmt.Reset() // err is what is told
			return err
		}
	}
}

// enter gives the row of a statement; those of the statements around it are in use.
func (c *conn) enter() *row {
	if c.depth == len(c.rows) {
		c.rows = append(c.rows, &row{})
	}
	c.depth++
	return c.rows[c.depth-1]
}

func (c *conn) leave() { c.depth-- }

// exec runs a statement that gives no rows.
func (c *conn) exec(query string, args ...any) error { return c.run(query, nil, args...) }

// one runs a statement that gives one row or none. The row is good until the
// connection's next statement.
func (c *conn) one(query string, args ...any) (r *row, err error) {
	err = c.run(query, func(found *row) error { r = found; return nil }, args...)
	return r, err
}

// bind gives a parameter its value: an int64, an int, a string or bytes.
func bind(stmt *lite.Stmt, at int, v any) {
	switch v := v.(type) {
	case int64:
		stmt.BindInt64(at, v)
	case int:
		stmt.BindInt64(at, int64(v))
	case string:
		stmt.BindText(at, v)
	case []byte:
		stmt.BindBytes(at, v)
	default:
		panic(fmt.Sprintf("sqlite: parameter %d is a %T", at, v)) // a mistake in this package
	}
}
