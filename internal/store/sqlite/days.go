package sqlite

import (
	"slices"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// addDays adds up days; they are written at the end.
func (b *batch) addDays(in *store.Batch) error {
	b.moveDays(in.Days)
	return nil
}

func (b *batch) moveDays(days []store.DayRow) {
	for i := range days {
		k := days[i].Key()
		if b.days[k] == nil {
			b.days[k] = &store.DayRow{}
		}
		b.days[k].N += days[i].N
		b.days[k].Sum += days[i].Sum
	}
}

func (b *batch) writeDays() error {
	for k, day := range b.days {
		key, err := b.variantKey(k.VariantKey)
		if err != nil {
			return err
		}
		key = append(key, k.Day.Unix())
		have, err := dayTable.find(b.conn, variantWhere+" AND day = ?", key...)
		if err != nil {
			return err
		}
		if have != nil {
			day.N += have.int(6)
			day.Sum += have.int(7)
		}
		if err := dayTable.replace(b.conn, append(key, day.N, day.Sum)...); err != nil {
			return err
		}
	}
	return nil
}

// sketches merges distributions.
func (b *batch) sketches(in *store.Batch) error {
	merged := map[store.SketchKey][]byte{}
	for i := range in.Sketches {
		k, sketch := in.Sketches[i].Key(), in.Sketches[i].Sketch
		if have, again := merged[k]; again {
			var err error
			if sketch, err = store.MergeSketches(have, sketch); err != nil {
				return err
			}
		}
		merged[k] = sketch
	}
	for k, sketch := range merged {
		if err := b.sketch(k, sketch); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) sketch(k store.SketchKey, sketch []byte) error {
	key, err := b.variantKey(k.VariantKey)
	if err != nil {
		return err
	}
	key = append(key, k.Bucket)
	have, err := sketchTable.find(b.conn, variantWhere+" AND bucket = ?", key...)
	if err != nil {
		return err
	}
	var before []byte
	if have != nil {
		before = slices.Clone(have.bytes(6))
	}
	if sketch, err = store.MergeSketches(before, sketch); err != nil {
		return err
	}
	return sketchTable.replace(b.conn, append(key, sketch)...)
}

// dayStart reads the beginning of a day.
func dayStart(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
