package sqlite

import "strings"

// table writes and reads the rows of one table, with their checksums. The
// columns of a table, in this order, are what its checksum covers; the list
// never changes once it was released, since older and newer binaries must agree
// on it. A later migration that adds a column gives it a default and, if it
// needs one, a checksum of its own.
type table struct {
	name    string
	columns string
	narrow  bool // its checksum is short

	add, put, get string // statements
}

func newTable(name, columns string) *table {
	all := columns + ", sum"
	values := "(" + strings.Repeat("?, ", strings.Count(all, ",")) + "?)"
	return &table{
		name: name, columns: columns,
		add: "INSERT INTO " + name + " (" + all + ") VALUES " + values,
		put: "INSERT OR REPLACE INTO " + name + " (" + all + ") VALUES " + values,
		get: "SELECT " + all + " FROM " + name + " ",
	}
}

func narrowTable(name, columns string) *table {
	t := newTable(name, columns)
	t.narrow = true
	return t
}

func (t *table) seal(values []any) []any {
	sum := sumOf(values...)
	if t.narrow {
		sum = short(sum)
	}
	return append(values, sum)
}

// insert adds a row that is not there.
func (t *table) insert(c *conn, values ...any) error { return c.exec(t.add, t.seal(values)...) }

// replace puts a row in the place of the one with the same key, if any.
func (t *table) replace(c *conn, values ...any) error { return c.exec(t.put, t.seal(values)...) }

// each shows the rows, whole and checked, that the rest of the statement picks.
func (t *table) each(c *conn, where string, show func(*row) error, args ...any) error {
	return c.run(t.get+where, func(r *row) error {
		if err := t.check(r); err != nil {
			return err
		}
		return show(r)
	}, args...)
}

// find gives one row, checked, or nil.
func (t *table) find(c *conn, where string, args ...any) (*row, error) {
	r, err := c.one(t.get+where, args...)
	if err != nil || r == nil {
		return nil, err
	}
	return r, t.check(r)
}

func (t *table) check(r *row) error {
	if t.narrow {
		return r.sealedShort(t.name)
	}
	return r.sealed(t.name)
}

// The tables of the store.
var (
	dictTable      = newTable("dict", "id, word")
	metaTable      = newTable("meta", "name, value")
	positionTable  = newTable("positions", "replica, segment, place")
	beginTable     = newTable("begins", "replica, id, record")
	eventTable     = newTable("events", "key, id, time, project, route, variant, outcome, caller, model, record")
	lookupTable    = narrowTable("lookups", "day, hash, event")
	entryTable     = newTable("entries", "id, record")
	ledgerTable    = newTable("ledger", "day, names, hours")
	rollupTable    = newTable("rollups", "minute, project, route, variant, model, packed")
	trafficTable   = newTable("traffic", "hour, project, route, variant, model, endpoint, assigned, sent, answered")
	unitTable      = newTable("units", "experiment, epoch, step, kind, unit, packed")
	variantTable   = newTable("variants", "experiment, epoch, step, variant, metric, moments")
	dayTable       = newTable("days", "experiment, epoch, step, variant, metric, day, n, total")
	sketchTable    = newTable("sketches", "experiment, epoch, step, variant, metric, bucket, sketch")
	exposureTable  = newTable("exposures", "id, experiment, time, epoch, step, kind, unit, variant")
	scoreTable     = newTable("scores", "event, name, source, id, time, record")
	lookTable      = newTable("looks", "time, experiment, epoch, variant, metric, packed")
	decisionTable  = newTable("decisions", "key, id, subject, record")
	revisionTable  = newTable("revisions", "number, hash, time, author, note, owner, restored, files")
	fileTable      = newTable("revision_files", "number, place, name, content")
	leaseTable     = newTable("leases", "name, holder, fence, until")
	migrationTable = newTable("migrations", "version, name, compatible, done, schema_sum")
	bodyTable      = newTable("bodies", "key, id, time, record")
)

// Which of them are in which file.
var (
	mainTables = []*table{
		dictTable, metaTable, positionTable, beginTable, eventTable, lookupTable, entryTable, ledgerTable, rollupTable, trafficTable,
		unitTable, variantTable, dayTable, sketchTable, exposureTable, scoreTable, lookTable, decisionTable, revisionTable, fileTable, leaseTable,
		migrationTable,
	}
	bodyTables = []*table{metaTable, bodyTable, migrationTable}
)
