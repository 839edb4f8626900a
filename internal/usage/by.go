package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// Keys are the names that money can be told by. "tag" has a row for each
// "name=value"; "tag:NAME" tells by the values of one tag.
func Keys() []string {
	return []string{"project", "route", "variant", "model", "key", "tag", "why"}
}

// ParseBy reads a list of keys, "route,tag:team".
func ParseBy(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	by := strings.Split(s, ",")
	return by, checkBy(by)
}

func checkBy(by []string) error {
	for i, name := range by {
		if tag, ok := strings.CutPrefix(name, "tag:"); ok && tag != "" {
			continue
		}
		if !slices.Contains(Keys(), name) {
			hint := ""
			if near := fault.Nearest(name, Keys()); near != "" {
				hint = fmt.Sprintf(" (%s?)", near)
			}
			return fmt.Errorf("tell usage by %q%s: keys are %s, tag:NAME", name, hint, strings.Join(Keys(), ", "))
		}
		if slices.Contains(by[:i], name) {
			return fmt.Errorf("tell usage by %q: it is there twice", name)
		}
	}
	return nil
}

// split gives the rows that a row of the ledger counts in: for each the values
// of the keys, in their order. Only tags make more than one.
func split(by []string, r *store.LedgerRow) [][]string {
	rows := [][]string{make([]string, 0, len(by))}
	for _, name := range by {
		values := valuesOf(name, r)
		var more [][]string
		for _, row := range rows {
			for _, v := range values {
				more = append(more, append(slices.Clip(row), v))
			}
		}
		rows = more
	}
	return rows
}

// valuesOf is never empty: what has no tag has the value "".
func valuesOf(name string, r *store.LedgerRow) []string {
	switch name {
	case "project":
		return []string{r.Project}
	case "route":
		return []string{r.Route}
	case "variant":
		return []string{r.Variant}
	case "model":
		return []string{r.Model}
	case "key":
		return []string{r.Key}
	case "why":
		return []string{r.Why}
	case "tag":
		return strings.Split(r.Tags, ",")
	}
	var values []string
	for tag := range strings.SplitSeq(r.Tags, ",") {
		if v, ok := strings.CutPrefix(tag, strings.TrimPrefix(name, "tag:")+"="); ok {
			values = append(values, v)
		}
	}
	if values == nil {
		return []string{""}
	}
	return values
}

// named pairs keys with their values.
func named(by, values []string) map[string]string {
	m := make(map[string]string, len(by))
	for i, name := range by {
		m[name] = values[i]
	}
	return m
}

// filtered is what a filter asks for, by name.
func filtered(q store.LedgerQuery) map[string]string {
	of := map[string]string{"project": q.Project, "route": q.Route, "variant": q.Variant, "model": q.Model, "key": q.Key, "tag": q.Tag, "why": q.Why}
	for name, value := range of {
		if value == "" {
			delete(of, name)
		}
	}
	return of
}
