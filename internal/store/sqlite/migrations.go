package sqlite

// migration is one numbered step of the schema, in one transaction. Migrations
// expand: they add tables, columns with defaults, indexes. What nothing needs
// any more is taken away by a later one, when no binary that needs it may run
// beside the new one. One that is released is never edited.
type migration struct {
	name string
	// compatible is the oldest schema whose binaries can use the store after this
	// step: its own number when it breaks them, else an older one.
	compatible int
	sql        []string
}

// mainMigrations make the store's own file. The number of a migration is its
// place, from 1.
var mainMigrations = []migration{{name: "first tables", compatible: 1, sql: []string{
	`CREATE TABLE dict (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, sum INTEGER NOT NULL)`,
	`CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE positions (replica TEXT NOT NULL PRIMARY KEY, segment INTEGER NOT NULL, place INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE begins (replica TEXT NOT NULL, id NOT NULL, record BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (replica, id)) WITHOUT ROWID`,

	// The key is the first 63 bits of the id that tell (time.go), so rows lie in the
	// order of time, and every index below ends with it: a page of events with one
	// filter, newest first, is a walk along one index.
	`CREATE TABLE events (key INTEGER PRIMARY KEY, id NOT NULL, time INTEGER NOT NULL, project INTEGER NOT NULL, route INTEGER NOT NULL,
		variant INTEGER NOT NULL, outcome INTEGER NOT NULL, caller INTEGER NOT NULL, model INTEGER NOT NULL, record BLOB NOT NULL, sum INTEGER NOT NULL)`,
	`CREATE INDEX events_route ON events (route)`,
	`CREATE INDEX events_variant ON events (variant)`,
	`CREATE INDEX events_outcome ON events (outcome)`,
	`CREATE INDEX events_caller ON events (caller)`,
	`CREATE INDEX events_model ON events (model)`,
	// What has many values (unit, ids, tags) is found by a hash, kept by day: an
	// index over random values would touch a page of its own for each event, one by
	// day touches the few pages of today.
	`CREATE TABLE lookups (day INTEGER NOT NULL, hash INTEGER NOT NULL, event INTEGER NOT NULL, sum INTEGER NOT NULL,
		PRIMARY KEY (day, hash, event)) WITHOUT ROWID`,
	`CREATE TABLE entries (id NOT NULL PRIMARY KEY, record BLOB NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID`,

	// names are the numbers of the seven words that name a row, as varints; hours are
	// those of a day (ledger.go): months of the ledger are read at once, and rows and
	// columns cost time.
	`CREATE TABLE ledger (day INTEGER NOT NULL, names BLOB NOT NULL, hours BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (day, names)) WITHOUT ROWID`,
	`CREATE TABLE rollups (minute INTEGER NOT NULL, project INTEGER NOT NULL, route INTEGER NOT NULL, variant INTEGER NOT NULL,
		model INTEGER NOT NULL, packed BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (minute, project, route, variant, model)) WITHOUT ROWID`,
	`CREATE TABLE traffic (hour INTEGER NOT NULL, project INTEGER NOT NULL, route INTEGER NOT NULL, variant INTEGER NOT NULL, model INTEGER NOT NULL,
		endpoint INTEGER NOT NULL, assigned INTEGER NOT NULL, sent INTEGER NOT NULL, answered INTEGER NOT NULL, sum INTEGER NOT NULL,
		PRIMARY KEY (hour, project, route, variant, model, endpoint)) WITHOUT ROWID`,

	`CREATE TABLE units (experiment INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, kind INTEGER NOT NULL, unit NOT NULL,
		packed BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (experiment, epoch, step, kind, unit)) WITHOUT ROWID`,
	`CREATE TABLE variants (experiment INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, variant INTEGER NOT NULL,
		metric INTEGER NOT NULL, moments BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (experiment, epoch, step, variant, metric)) WITHOUT ROWID`,
	`CREATE TABLE days (experiment INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, variant INTEGER NOT NULL, metric INTEGER NOT NULL,
		day INTEGER NOT NULL, n INTEGER NOT NULL, total INTEGER NOT NULL, sum INTEGER NOT NULL,
		PRIMARY KEY (experiment, epoch, step, variant, metric, day)) WITHOUT ROWID`,
	`CREATE TABLE sketches (experiment INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, variant INTEGER NOT NULL,
		metric INTEGER NOT NULL, bucket INTEGER NOT NULL, sketch BLOB NOT NULL, sum INTEGER NOT NULL,
		PRIMARY KEY (experiment, epoch, step, variant, metric, bucket)) WITHOUT ROWID`,
	`CREATE TABLE exposures (id NOT NULL, experiment INTEGER NOT NULL, time INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL,
		kind INTEGER NOT NULL, unit NOT NULL, variant INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (id, experiment)) WITHOUT ROWID`,
	`CREATE TABLE scores (event NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, id NOT NULL, time INTEGER NOT NULL, record BLOB NOT NULL,
		sum INTEGER NOT NULL, PRIMARY KEY (event, name, source)) WITHOUT ROWID`,

	`CREATE TABLE decisions (key INTEGER PRIMARY KEY, id NOT NULL, subject INTEGER NOT NULL, record BLOB NOT NULL, sum INTEGER NOT NULL)`,
	`CREATE INDEX decisions_subject ON decisions (subject)`,
	`CREATE TABLE revisions (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, time INTEGER NOT NULL, author TEXT NOT NULL, note TEXT NOT NULL,
		owner TEXT NOT NULL, restored INTEGER NOT NULL, files INTEGER NOT NULL, sum INTEGER NOT NULL)`,
	`CREATE TABLE revision_files (number INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL, sum INTEGER NOT NULL,
		PRIMARY KEY (number, place)) WITHOUT ROWID`,
	`CREATE TABLE leases (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, fence INTEGER NOT NULL, until INTEGER NOT NULL,
		sum INTEGER NOT NULL) WITHOUT ROWID`,
}}, {name: "looks", compatible: 2, sql: []string{ // sums of variants are longer from here on, too: a binary of schema 1 cannot read them
	// packed is units, estimate, low and high (looks.go).
	`CREATE TABLE looks (time INTEGER NOT NULL, experiment INTEGER NOT NULL, epoch INTEGER NOT NULL, variant INTEGER NOT NULL,
		metric INTEGER NOT NULL, packed BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (experiment, epoch, time, variant, metric)) WITHOUT ROWID`,
	`CREATE INDEX looks_time ON looks (time)`,
}}}

// bodyMigrations make the file of bodies.
var bodyMigrations = []migration{{name: "first tables", compatible: 1, sql: []string{
	`CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE bodies (key INTEGER PRIMARY KEY, id NOT NULL, time INTEGER NOT NULL, record BLOB NOT NULL, sum INTEGER NOT NULL)`,
	`CREATE INDEX bodies_time ON bodies (time)`,
}}}
