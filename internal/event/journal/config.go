package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Config says where a journal is and how much it may hold.
type Config struct {
	Dir     string // of its own: no other process may use it
	Replica string // whose journal this is, up to 64 bytes: positions in a store go by it

	Limit   int64 // bytes that are not released yet; 0: 4 GiB
	Segment int64 // bytes of a file; 0: 64 MiB. At most a sixteenth of Limit
	Reserve int64 // bytes kept aside for money when the disk is full; 0: 4 MiB

	Wait      time.Duration // longest wait of Record; 0: 5 ms
	SyncEvery time.Duration // from a write to its fsync; 0: 100 ms

	Log *slog.Logger // nil: silent

	disk disk // nil: the system's
}

// What empty fields of Config mean, and the smallest that makes sense.
const (
	defaultLimit   = 4 << 30
	defaultSegment = 64 << 20
	defaultReserve = 4 << 20
	leastSegment   = 64 << 10
	defaultWait    = 5 * time.Millisecond
	defaultSync    = 100 * time.Millisecond
)

func (cfg *Config) complete() error {
	if cfg.Dir == "" && cfg.disk == nil {
		return errors.New("opening a journal: no folder is named")
	}
	if len(cfg.Replica) > replicaSize {
		return fmt.Errorf("opening the journal %q: the replica's name %q is longer than %d bytes", cfg.Dir, cfg.Replica, replicaSize)
	}
	orElse(&cfg.Limit, defaultLimit)
	orElse(&cfg.Segment, defaultSegment)
	orElse(&cfg.Reserve, defaultReserve)
	orElse(&cfg.Wait, defaultWait)
	orElse(&cfg.SyncEvery, defaultSync)
	cfg.Segment = max(min(cfg.Segment, cfg.Limit/16), leastSegment)
	cfg.Reserve = max(cfg.Reserve, leastSegment)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.disk == nil {
		cfg.disk = &folder{path: cfg.Dir}
	}
	return nil
}

func orElse[T ~int64](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}
