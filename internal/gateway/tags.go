package gateway

import (
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/meter"
)

// maxTagHeader bounds the header before it is looked at.
const maxTagHeader = meter.MaxTags * 128

// tagged reads x-weir-tags and puts them to the tags of the key, which win.
func (x *Exchange) tagged() error {
	x.tags = x.Principal.Tags
	text := x.header("X-Weir-Tags")
	if text == "" {
		return nil
	}
	if len(text) > maxTagHeader {
		return fault.New(fault.Invalid, "invalid_tags", "x-weir-tags is longer than %d bytes", maxTagHeader).At("x-weir-tags").Mend("send at most %d tags", meter.MaxTags)
	}
	given, err := meter.ParseTags(text)
	if err != nil {
		return fault.New(fault.Invalid, "invalid_tags", "x-weir-tags: %s", err).At("x-weir-tags").Mend("%s", meter.TagForm)
	}
	x.tags = meter.JoinTags(x.Principal.Tags, x.g.tagValues.bound(given))
	return nil
}

// tagValues bounds how many values callers can make up for a tag: each is a row of
// the ledger, which is kept for ever. Beyond that a value becomes "other".
type tagValues struct {
	mu   sync.RWMutex
	seen map[string]map[string]string // by name, by value: the tag
}

const (
	maxTagNames  = 64
	maxTagValues = 1000 // of one name
	otherValue   = "other"
)

// bound gives the tags with values that are one too many replaced. What it gives
// back is shared by all requests, so a tag that is known costs no memory.
func (v *tagValues) bound(tags []string) []string {
	for i, tag := range tags {
		name, value, _ := strings.Cut(tag, "=")
		v.mu.RLock()
		known := v.seen[name][value]
		v.mu.RUnlock()
		if known == "" {
			known = v.learn(name, value)
		}
		tags[i] = known
	}
	return tags
}

func (v *tagValues) learn(name, value string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch values := v.seen[name]; {
	case v.seen == nil:
		v.seen = map[string]map[string]string{}
		fallthrough
	case values == nil:
		if len(v.seen) >= maxTagNames {
			return otherValue + "=" + otherValue
		}
		v.seen[name] = map[string]string{}
	case len(values) >= maxTagValues:
		return name + "=" + otherValue
	}
	tag := name + "=" + value
	v.seen[name][value] = tag
	return tag
}
