package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// table is a table whose rows are added to.
type table struct {
	name string
	key  []column
	sums []string // columns of int8 that are added up; none: one packed value
}

// column is a part of a key: of int8, or of bytea.
type column struct {
	name   string
	number bool
}

func number(names ...string) []column { return columns(true, names) }

func text(names ...string) []column { return columns(false, names) }

func columns(number bool, names []string) (list []column) {
	for _, name := range names {
		list = append(list, column{name, number})
	}
	return list
}

func key(parts ...[]column) (list []column) {
	for _, part := range parts {
		list = append(list, part...)
	}
	return list
}

func (c column) kind() string {
	if c.number {
		return "int8"
	}
	return "bytea"
}

// names of columns, with something in front of each.
func names(columns []column, before string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = before + c.name
	}
	return strings.Join(list, ", ")
}

// unnest is the rows of arguments $1, $2, ..., an array for each column.
func unnest(columns []column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "$" + strconv.Itoa(i+1) + "::" + c.kind() + "[]"
	}
	return "unnest(" + strings.Join(list, ", ") + ")"
}

// arrays turns rows into the arguments of unnest. Cells are int64 and string or
// []byte.
func arrays(columns []column, rows [][]any) []any {
	args := make([]any, len(columns))
	for i, c := range columns {
		if c.number {
			list := make([]int64, len(rows))
			for j, row := range rows {
				list[j] = row[i].(int64)
			}
			args[i] = list
			continue
		}
		list := make([][]byte, len(rows))
		for j, row := range rows {
			switch v := row[i].(type) {
			case string:
				list[j] = []byte(v)
			case []byte:
				list[j] = append([]byte{}, v...) // never null
			}
		}
		args[i] = list
	}
	return args
}

// insert adds rows that are not there yet; those that are stay as they are.
func insert(ctx context.Context, tx pgx.Tx, into string, columns []column, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	sql := fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM %s ON CONFLICT DO NOTHING", into, names(columns, ""), unnest(columns))
	_, err := tx.Exec(ctx, sql, arrays(columns, rows)...)
	return naming(into, err)
}

// add adds sums to rows. Rows are in order of their keys, each key once.
func (t *table) add(ctx context.Context, tx pgx.Tx, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	all := key(t.key, number(t.sums...))
	set := make([]string, len(t.sums))
	for i, s := range t.sums {
		set[i] = fmt.Sprintf("%s = %s", s, plus("t."+s, "excluded."+s))
	}
	sql := fmt.Sprintf("INSERT INTO %s AS t (%s) SELECT * FROM %s ON CONFLICT (%s) DO UPDATE SET %s",
		t.name, names(all, ""), unnest(all), names(t.key, ""), strings.Join(set, ", "))
	_, err := tx.Exec(ctx, sql, arrays(all, rows)...)
	return naming(t.name, err)
}

// plus is meter.Plus: the sum of two columns, which stays at the end of the range
// once it is there.
func plus(a, b string) string {
	const least, most = "-9223372036854775808", "9223372036854775807"
	return fmt.Sprintf("CASE WHEN %s IN (%s, %s) THEN %s WHEN %s IN (%s, %s) THEN %s ELSE greatest(%s, least(%s, %s::numeric + %s))::bigint END",
		a, least, most, a, b, least, most, b, least, most, a, b)
}

// lock gives the packed values of rows, in the order of keys; what is not there
// is made, with an empty value. Until the transaction ends nobody else changes
// them. Keys are in order, each once.
func (t *table) lock(ctx context.Context, tx pgx.Tx, keys [][]any) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	missing := make([][]any, len(keys))
	for i, k := range keys {
		missing[i] = append(append([]any{}, k...), []byte{})
	}
	if err := insert(ctx, tx, t.name, key(t.key, text("value")), missing); err != nil {
		return nil, err
	}
	sql := fmt.Sprintf("SELECT k.ord, t.value FROM %s WITH ORDINALITY AS k (%s, ord) JOIN %s AS t USING (%s) ORDER BY %s FOR UPDATE OF t",
		unnest(t.key), names(t.key, ""), t.name, names(t.key, ""), names(t.key, "t."))
	values, found := make([][]byte, len(keys)), 0
	rows, err := tx.Query(ctx, sql, arrays(t.key, keys)...)
	err = scan(rows, err, func(r pgx.Rows) error {
		var at int64
		var value []byte
		if err := r.Scan(&at, &value); err != nil {
			return err
		}
		values[at-1] = value
		found++
		return nil
	})
	if err == nil && found != len(keys) {
		err = fmt.Errorf("%d of %d rows were deleted in between", len(keys)-found, len(keys))
	}
	return values, naming(t.name, err)
}

// put writes the packed values of rows that are locked.
func (t *table) put(ctx context.Context, tx pgx.Tx, keys [][]any, values [][]byte) error {
	if len(keys) == 0 {
		return nil
	}
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = append(append([]any{}, k...), values[i])
	}
	all := key(t.key, text("value"))
	same := make([]string, len(t.key))
	for i, c := range t.key {
		same[i] = fmt.Sprintf("t.%s = n.%s", c.name, c.name)
	}
	sql := fmt.Sprintf("UPDATE %s AS t SET value = n.value FROM %s AS n (%s) WHERE %s", t.name, unnest(all), names(all, ""), strings.Join(same, " AND "))
	_, err := tx.Exec(ctx, sql, arrays(all, rows)...)
	return naming(t.name, err)
}

func naming(table string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	return nil
}

// where collects conditions and their arguments.
type where struct {
	terms []string
	args  []any
}

// and adds a condition; "?" stands for its argument.
func (w *where) and(term string, arg any) {
	w.args = append(w.args, arg)
	w.terms = append(w.terms, strings.ReplaceAll(term, "?", "$"+strconv.Itoa(len(w.args))))
}

// is adds a comparison with a text, if one is asked for.
func (w *where) is(column, asked string) {
	if asked != "" {
		w.and(column+" = ?", []byte(asked))
	}
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}
