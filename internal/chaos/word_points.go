package chaos

import (
	"fmt"
	"strconv"
)

// place is a word for a stall at a place with a name of its own.
func place(name string, at Point) word {
	return word{name: name,
		set:  func(s *Script, _ string) error { return s.stallAt(at) },
		show: func(s *Script) []string { return shownIf(s.Stall.At == at, "") }}
}

// placeAt is a word for a stall after so many of a unit.
func placeAt(name string, of Unit) word {
	return word{name: name, form: counted(of),
		set: func(s *Script, v string) error {
			n, err := whole(v, 0, maxSize)
			if err != nil {
				return err
			}
			return s.stallAt(Point{of, n})
		},
		show: func(s *Script) []string {
			at := s.Stall.At
			return shownIf(at.Of == of && at != Point{Wire, 0}, strconv.Itoa(at.N))
		}}
}

// stop is a word for an end at a place with a name of its own.
func stop(name string, how Ending, at Point) word {
	return word{name: name,
		set:  func(s *Script, _ string) error { return s.stopAt(how, at) },
		show: func(s *Script) []string { return shownIf(s.Stop == Stop{at, how}, "") }}
}

// stopAt is a word for an end after so many of a unit.
func stopAt(name string, how Ending, of Unit) word {
	return word{name: name, form: counted(of),
		set: func(s *Script, v string) error {
			n, err := whole(v, 0, maxSize)
			if err != nil {
				return err
			}
			return s.stopAt(how, Point{of, n})
		},
		show: func(s *Script) []string {
			at := s.Stop.At
			mine := s.Stop.How == how && at.Of == of && s.Stop != Stop{Point{Wire, 0}, EndReset}
			return shownIf(mine, strconv.Itoa(at.N))
		}}
}

// stallAt places the one stall of a script.
func (s *Script) stallAt(at Point) error {
	if s.Stall.At.Of != Never {
		return fmt.Errorf("a script has one stall, and this one has another already")
	}
	s.Stall.At = at
	return nil
}

// stopAt places the one early end of a script.
func (s *Script) stopAt(how Ending, at Point) error {
	if s.Stop.At.Of != Never {
		return fmt.Errorf("a script ends once, and this one has another end already")
	}
	s.Stop = Stop{at, how}
	return nil
}

// counted is the form of the value of a word that counts a unit.
func counted(of Unit) string {
	if of == Frames {
		return "FRAMES"
	}
	return "BYTES"
}

// shownIf shows a value when it is set.
func shownIf(set bool, value string) []string {
	if !set {
		return nil
	}
	return []string{value}
}
