package record

import "github.com/weirhq/weir/internal/telemetry"

// Counts is what a Writer counts. Whoever wants to show the counters hands them
// in; those left out are made and not shown.
type Counts struct {
	Applied     *telemetry.Counter // records that are in the store
	Batches     *telemetry.Counter // transactions
	Failures    *telemetry.Counter // calls to the store that failed
	SetAside    *telemetry.Counter // records that the store refused while it took others
	Unknown     *telemetry.Counter // records of a kind that this version does not know
	Interrupted *telemetry.Counter // exchanges that an earlier process began and did not end
	Repeated    *telemetry.Counter // events of such exchanges that came twice and counted once
	LeftOut     *telemetry.Counter // enrolled requests whose unit is beyond the cap and not in the sample
	TagsOther   *telemetry.Counter // requests whose tags are booked as "other"
	Deleted     *telemetry.Counter // rows that were over their time
	Unowned     *telemetry.Counter // scores taken unchecked, of another key's request
}

// filled gives a copy without gaps.
func (c Counts) filled() Counts {
	for _, field := range []**telemetry.Counter{
		&c.Applied, &c.Batches, &c.Failures, &c.SetAside, &c.Unknown,
		&c.Interrupted, &c.Repeated, &c.LeftOut, &c.TagsOther, &c.Deleted, &c.Unowned,
	} {
		if *field == nil {
			*field = &telemetry.Counter{}
		}
	}
	return c
}
