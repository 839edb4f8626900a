package chaos

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// words is the vocabulary of the textual form; reading, writing and the list of
// what is known all come from here. Greedy words are last, because they
// swallow what follows.
var words = []word{
	flag("refuse", func(s *Script) *bool { return &s.Refuse }),
	place("silent", Point{Wire, 0}),
	stop("rst", EndReset, Point{Wire, 0}),
	span("ttft", func(s *Script) *time.Duration { return &s.FirstByte }),

	number("status", "CODE", 200, 599, func(s *Script) *int { return &s.Status }),
	line("code", "WORD", func(s *Script) *string { return &s.Code }),
	line("retry-after", "VALUE", func(s *Script) *string { return &s.RetryAfter }),
	line("redirect", "URL", func(s *Script) *string { return &s.Redirect }),
	headerWord(),
	flag("endless-headers", func(s *Script) *bool { return &s.EndlessHeaders }),

	placeAt("stall-after", Frames), placeAt("stall-at-byte", Bytes), placeAt("stall-at-wire-byte", Wire),
	span("stall-for", func(s *Script) *time.Duration { return &s.Stall.For }),
	span("pings", func(s *Script) *time.Duration { return &s.Stall.Ping }),
	stopAt("eof-after", EndEarly, Frames), stopAt("eof-at-byte", EndEarly, Bytes),
	stopAt("cut-after", EndCut, Frames), stopAt("cut-at-byte", EndCut, Bytes), stopAt("cut-at-wire-byte", EndCut, Wire),
	stopAt("rst-after", EndReset, Frames), stopAt("rst-at-byte", EndReset, Bytes), stopAt("rst-at-wire-byte", EndReset, Wire),
	span("delay-between", func(s *Script) *time.Duration { return &s.Between }),
	number("slice", "BYTES", 1, maxSize, func(s *Script) *int { return &s.Slice }),
	span("slice-delay", func(s *Script) *time.Duration { return &s.SliceDelay }),
	flag("until-close", func(s *Script) *bool { return &s.UntilClose }),
	lengthOff(),
	flag("gzip", func(s *Script) *bool { return &s.Gzip }),
	size("gzip-bomb", func(s *Script) *int { return &s.GzipBomb }),

	goldenWord(),
	errorIn200(),
	number("tokens", "N", 1, maxSize, func(s *Script) *int { return &s.Tokens }),
	number("reasoning", "N", 1, maxSize, func(s *Script) *int { return &s.Reasoning }),
	number("tools", "N", 1, 128, func(s *Script) *int { return &s.ToolCalls }),
	line("finish", "REASON", func(s *Script) *string { return &s.Finish }),

	flag("crlf", func(s *Script) *bool { return &s.SSE.CRLF }),
	flag("nospace", func(s *Script) *bool { return &s.SSE.NoSpace }),
	flag("comments", func(s *Script) *bool { return &s.SSE.Comments }),
	flag("multiline-data", func(s *Script) *bool { return &s.SSE.MultiLine }),
	flag("event-fields", func(s *Script) *bool { return &s.SSE.Fields }),
	flag("malformed-event", func(s *Script) *bool { return &s.Malformed }),
	size("big-event", func(s *Script) *int { return &s.BigEvent }),
	flag("no-done", func(s *Script) *bool { return &s.NoDone }),
	flag("no-finish", func(s *Script) *bool { return &s.NoFinish }),

	usageWord(),
	flag("no-usage", func(s *Script) *bool { return &s.NoUsage }),
	flag("usage-null", func(s *Script) *bool { return &s.NullUsage }),
	flag("usage-nonempty-choices", func(s *Script) *bool { return &s.UsageOnFinish }),
	flag("two-usage", func(s *Script) *bool { return &s.TwoUsage }),
	flag("continuous-usage", func(s *Script) *bool { return &s.RunningUsage }),

	greedy(line("text", "TEXT", func(s *Script) *string { return &s.Text })),
	greedy(line("body", "TEXT", func(s *Script) *string { return &s.Body })),
}

// headerWord adds headers; it may be given many times.
func headerWord() word {
	return word{name: "header", form: "NAME: VALUE", many: true,
		set: func(s *Script, v string) error {
			name, value, ok := strings.Cut(v, ":")
			name = strings.TrimSpace(name)
			if !ok || !isToken(name) {
				return fmt.Errorf("%q is not a header", v)
			}
			if s.Header == nil {
				s.Header = http.Header{}
			}
			s.Header.Add(textproto.TrimString(name), strings.TrimSpace(value))
			return nil
		},
		show: func(s *Script) (list []string) {
			for _, name := range slices.Sorted(maps.Keys(s.Header)) {
				for _, value := range s.Header[name] {
					list = append(list, name+": "+value)
				}
			}
			return list
		}}
}

// lengthOff is wrong-content-length: by ten bytes too many when no figure is given.
func lengthOff() word {
	return word{name: "wrong-content-length", form: "BYTES", optional: true,
		set: func(s *Script, v string) (err error) {
			s.LengthOff = 10
			if v != "" {
				s.LengthOff, err = whole(v, -maxSize, maxSize)
			}
			if err == nil && s.LengthOff == 0 {
				err = errors.New("off by 0 would be right")
			}
			return err
		},
		show: func(s *Script) []string { return unlessZero(s.LengthOff) }}
}

// errorIn200 is error-in-200: at once, or after so many frames.
func errorIn200() word {
	return word{name: "error-in-200", form: "FRAMES", optional: true,
		set: func(s *Script, v string) (err error) {
			s.ErrorIn200.Of = Frames
			if v != "" {
				s.ErrorIn200.N, err = whole(v, 0, maxSize)
			}
			return err
		},
		show: func(s *Script) []string {
			if s.ErrorIn200.Of == Never {
				return nil
			}
			return []string{fmt.Sprint(s.ErrorIn200.N)}
		}}
}

// goldenWord plays a golden stream by its name.
func goldenWord() word {
	w := line("golden", "NAME", func(s *Script) *string { return &s.Golden })
	set := w.set
	w.set = func(s *Script, v string) error {
		if _, ok := goldenNamed(v); !ok {
			return fmt.Errorf("no golden stream %q; there are %s", v, strings.Join(goldenNames(), ", "))
		}
		return set(s, v)
	}
	return w
}

// usageWord sets the figures of the usage, zero among them.
func usageWord() word {
	return word{name: "usage", form: "IN/OUT[/CACHED[/REASONING]]",
		set: func(s *Script, v string) (err error) {
			fields := strings.Split(v, "/")
			if len(fields) < 2 || len(fields) > 4 {
				return fmt.Errorf("%q has %d figures", v, len(fields))
			}
			s.Usage = &Usage{}
			into := []*int{&s.Usage.Input, &s.Usage.Output, &s.Usage.Cached, &s.Usage.Reasoning}
			for i, f := range fields {
				if *into[i], err = whole(f, 0, maxSize); err != nil {
					return err
				}
			}
			return nil
		},
		show: func(s *Script) []string {
			if s.Usage == nil {
				return nil
			}
			return []string{fmt.Sprintf("%d/%d/%d/%d", s.Usage.Input, s.Usage.Output, s.Usage.Cached, s.Usage.Reasoning)}
		}}
}
