package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Store is what keeps records, and how that goes.
type Store struct {
	State      string           `json:"state"` // "ok", "behind", "away", "none"
	Reason     string           `json:"reason"`
	Since      time.Time        `json:"since,omitzero"` // since when it is not ok
	AsOf       time.Time        `json:"as_of,omitzero"` // when it was last written
	Durability string           `json:"durability"`
	Journal    Journal          `json:"journal"`
	Shed       map[string]int64 `json:"shed"`   // records given up for want of room, since the start
	Engine     string           `json:"engine"` // "": it cannot be asked
	Version    string           `json:"version"`
	Schema     int              `json:"schema"`
	Bytes      int64            `json:"bytes"`
	Rows       map[string]int64 `json:"rows"`
	Error      string           `json:"error"` // why it cannot be asked
}

// Journal is how full the journal is, and how far the store is behind it.
type Journal struct {
	Bytes      int64   `json:"bytes"`
	Limit      int64   `json:"limit"`
	Segments   int64   `json:"segments"`
	DiskFull   bool    `json:"disk_full"` // there is no room on its disk
	LagRecords int64   `json:"lag_records"`
	LagBytes   int64   `json:"lag_bytes"`
	LagSeconds float64 `json:"lag_seconds"`
	AtRisk     int64   `json:"at_risk"` // answers that went out before their record was written
	Failed     int64   `json:"failed"`  // records that could not be written
	Damaged    int64   `json:"damaged"` // stretches that hold no readable record, where there should be some
}

// Store says what keeps records, and how far behind it is.
func (c *Client) Store(ctx context.Context) (Store, error) {
	var s Store
	err := c.get(ctx, "/api/v1/store", nil, &s)
	return s, err
}

// keeping is what Rebuild and Check send.
type keeping struct {
	DryRun bool `json:"dry_run,omitempty"`
}

// Rebuilt is what came of computing the sums again.
type Rebuilt struct {
	DryRun      bool         `json:"dry_run"`
	Seconds     float64      `json:"seconds"`
	Differences []Difference `json:"differences"` // at most 1000
	Total       int          `json:"total"`
}

// Difference is a sum that was wrong, and is mended.
type Difference struct {
	Experiment string `json:"experiment"`
	Epoch      int    `json:"epoch"`
	Step       int    `json:"step"`
	Variant    string `json:"variant"`
	Metric     string `json:"metric"`
	Before     string `json:"before"`
	After      string `json:"after"`
}

// Rebuild computes the sums again from the rows of the units. It may take long.
func (c *Client) Rebuild(ctx context.Context, dryRun bool) (Rebuilt, error) {
	var r Rebuilt
	err := c.post(ctx, "/api/v1/store:rebuild", keeping{dryRun}, &r, longWithin)
	return r, err
}

// Checked is what came of reading everything.
type Checked struct {
	DryRun  bool    `json:"dry_run"`
	Sound   bool    `json:"sound"`
	Seconds float64 `json:"seconds"`
	Damage  string  `json:"damage"`
	Next    string  `json:"next"`
}

// Check reads everything and compares it with its checksums. It may take long.
func (c *Client) Check(ctx context.Context, dryRun bool) (Checked, error) {
	var r Checked
	err := c.post(ctx, "/api/v1/store:check", keeping{dryRun}, &r, longWithin)
	return r, err
}

// Backup writes a copy of the store as it is at one moment. With an error what was
// written is no copy. It may take as long as ctx lets it.
func (c *Client) Backup(ctx context.Context, w io.Writer) (bytes int64, err error) {
	resp, err := c.send(ctx, http.MethodGet, "/api/v1/store:backup", nil, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if bytes, err = io.Copy(w, resp.Body); err != nil {
		return bytes, fmt.Errorf("back the store up: %w", err)
	}
	return bytes, nil
}

// ForgetRequest names a person, or what else is a unit.
type ForgetRequest struct {
	Kind   string `json:"kind"` // "user", "session", "key"
	ID     string `json:"id"`   // as callers send it; it is kept nowhere
	Note   string `json:"note,omitempty"`
	DryRun bool   `json:"dry_run,omitempty"`
}

// Forgotten is what was erased.
type Forgotten struct {
	DryRun    bool   `json:"dry_run"`
	Found     bool   `json:"found"`
	Events    int64  `json:"events"`
	Bodies    int64  `json:"bodies"`
	Scores    int64  `json:"scores"`
	Exposures int64  `json:"exposures"`
	Units     int64  `json:"units"`
	Note      string `json:"note"` // what stays
}

// Forget erases what is kept of a unit.
func (c *Client) Forget(ctx context.Context, r ForgetRequest) (Forgotten, error) {
	var f Forgotten
	err := c.post(ctx, "/api/v1/units:forget", r, &f, longWithin)
	return f, err
}
