package main

import (
	"fmt"
	"strconv"
	"strings"
)

// target is one server under comparison.
type target struct {
	name, url, model string
	headers          []string
	pid              int
}

func parseTargets(args []string) (targets []target, err error) {
	for _, a := range args {
		t, err := parseTarget(a)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("no targets")
	}
	return targets, nil
}

func parseTarget(s string) (t target, err error) {
	name, rest, ok := strings.Cut(s, "=")
	if !ok {
		return t, fmt.Errorf("%q: want NAME=URL[,PID]", s)
	}
	f := strings.Split(rest, ",")
	t = target{name: name, url: f[0], model: "mock-model"}
	for _, o := range f[1:] {
		if v, ok := strings.CutPrefix(o, "model="); ok {
			t.model = v
		} else if v, ok := strings.CutPrefix(o, "header="); ok {
			t.headers = append(t.headers, v)
		} else if t.pid, err = strconv.Atoi(o); err != nil {
			return t, fmt.Errorf("%q: bad option %q", s, o)
		}
	}
	return t, nil
}
