package chaos

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseReadsEachWord(t *testing.T) {
	tests := []struct {
		text string
		want Script
	}{
		{"", Script{}},
		{" ; ;", Script{}},
		{"status=503;retry-after=2", Script{Status: 503, RetryAfter: "2"}},
		{" status = 503 ; retry-after = Wed, 21 Oct 2015 07:28:00 GMT ", Script{Status: 503, RetryAfter: "Wed, 21 Oct 2015 07:28:00 GMT"}},
		{"refuse", Script{Refuse: true}},
		{"silent", Script{Stall: Stall{At: Point{Wire, 0}}}},
		{"rst", Script{Stop: Stop{Point{Wire, 0}, EndReset}}},
		{"ttft=200ms", Script{FirstByte: 200 * time.Millisecond}},
		{"stall-after=10", Script{Stall: Stall{At: Point{Frames, 10}}}},
		{"stall-for=1s;pings=20ms;stall-after=0", Script{Stall: Stall{Point{Frames, 0}, time.Second, 20 * time.Millisecond}}},
		{"stall-at-byte=0", Script{Stall: Stall{At: Point{Bytes, 0}}}},
		{"cut-at-byte=137", Script{Stop: Stop{Point{Bytes, 137}, EndCut}}},
		{"cut-at-wire-byte=0", Script{Stop: Stop{Point{Wire, 0}, EndCut}}},
		{"rst-at-byte=137", Script{Stop: Stop{Point{Bytes, 137}, EndReset}}},
		{"rst-at-wire-byte=5", Script{Stop: Stop{Point{Wire, 5}, EndReset}}},
		{"eof-after=3", Script{Stop: Stop{Point{Frames, 3}, EndEarly}}},
		{"stall-after=1;rst-after=3", Script{Stall: Stall{At: Point{Frames, 1}}, Stop: Stop{Point{Frames, 3}, EndReset}}},
		{"no-done;no-finish;no-usage", Script{NoDone: true, NoFinish: true, NoUsage: true}},
		{"slice=1;slice-delay=1ms;delay-between=5ms", Script{Slice: 1, SliceDelay: time.Millisecond, Between: 5 * time.Millisecond}},
		{"crlf;nospace;comments;multiline-data;event-fields", Script{SSE: Style{true, true, true, true, true}}},
		{"malformed-event;big-event=5MiB", Script{Malformed: true, BigEvent: 5 << 20}},
		{"gzip;gzip-bomb=1GiB", Script{Gzip: true, GzipBomb: 1 << 30}},
		{"error-in-200", Script{ErrorIn200: Point{Frames, 0}}},
		{"error-in-200=4;code=overloaded", Script{ErrorIn200: Point{Frames, 4}, Code: "overloaded"}},
		{"two-usage;usage-null;usage-nonempty-choices;continuous-usage", Script{TwoUsage: true, NullUsage: true, UsageOnFinish: true, RunningUsage: true}},
		{"usage=0/0", Script{Usage: &Usage{}}},
		{"usage=9/8/7/6", Script{Usage: &Usage{9, 8, 7, 6}}},
		{"wrong-content-length", Script{LengthOff: 10}},
		{"wrong-content-length=-3;until-close", Script{LengthOff: -3, UntilClose: true}},
		{"redirect=http://169.254.169.254/latest?a=b", Script{Redirect: "http://169.254.169.254/latest?a=b"}},
		{"header=x-a: 1;header=X-A:2;endless-headers", Script{Header: http.Header{"X-A": {"1", "2"}}, EndlessHeaders: true}},
		{"tokens=50;reasoning=3;tools=2;finish=content_filter", Script{Tokens: 50, Reasoning: 3, ToolCalls: 2, Finish: "content_filter"}},
		{"golden=cjk", Script{Golden: "cjk"}},
		{"status=500;body={\"a\":\"b;c=d\"} ", Script{Status: 500, Body: `{"a":"b;c=d"} `}},
		{"text= so; it = goes", Script{Text: " so; it = goes"}},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", tt.text, got, err, tt.want)
		}
	}
}

func TestEveryWordIsTested(t *testing.T) {
	// A word that sets nothing would pass unseen: each has to show itself again.
	values := map[string]string{"CODE": "503", "DURATION": "2s", "SIZE": "7", "NAME: VALUE": "A: b",
		"NAME": "ascii", "URL": "http://a/", "IN/OUT[/CACHED[/REASONING]]": "1/2/3/4"}
	for _, w := range words {
		text := w.name
		if w.form != "" {
			v, ok := values[w.form]
			if !ok {
				v = "7"
			}
			text += "=" + v
		}
		full := text
		switch {
		case w.name == "pings" || w.name == "stall-for":
			full = "stall-after=1;" + text
		case w.name == "slice-delay":
			full = "slice=1;" + text
		}
		s, err := Parse(full)
		if err != nil || s.String() != full {
			t.Errorf("Parse(%q).String() = %q, %v", full, s.String(), err)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ text, want string }{
		{"stall-afer=3", `unknown word "stall-afer"`},
		{"=3", `unknown word ""`},
		{"status=503;status=504", "status is given twice"},
		{"status", "status needs a value: status=CODE"},
		{"status=abc", `status=CODE: "abc" is no whole number from 200 to 599`},
		{"status=99", "from 200 to 599"},
		{"gzip=1", `gzip takes no value, got "1"`},
		{"ttft=200", `"200" is no duration above zero`},
		{"ttft=-1s", "is no duration above zero"},
		{"big-event=5XiB", `"5XiB" is no size`},
		{"big-event=2GiB", "is no size"},
		{"big-event=0", "is no size"},
		{"retry-after=", "the value is empty"},
		{"redirect=a\r\nb", "control characters"},
		{"header=nothing", "is not a header"},
		{"header=a b: c", "is not a header"},
		{"usage=1", "has 1 figures"},
		{"usage=1/-1", "no whole number"},
		{"golden=nosuch", `no golden stream "nosuch"; there are ascii`},
		{"silent;stall-after=3", "one stall"},
		{"rst;cut-after=3", "ends once"},
		{"stall-for=1s", "add stall-after=FRAMES"},
		{"stall-at-byte=3;pings=1s", "between frames"},
		{"slice-delay=1s", "needs slice=BYTES"},
		{"wrong-content-length=0", "would be right"},
		{"error-in-200=-1", "no whole number"},
	}
	for _, tt := range tests {
		s, err := Parse(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "parse script ") {
			t.Errorf("Parse(%q) = %v, want an error with %q", tt.text, err, tt.want)
		}
		if !reflect.DeepEqual(s, Script{}) {
			t.Errorf("Parse(%q) gives part of a script with its error", tt.text)
		}
	}
}

func TestWordsListsFormsOfValues(t *testing.T) {
	list := strings.Join(Words(), " ")
	for _, want := range []string{"refuse ", "status=CODE ", "error-in-200[=FRAMES] ", "body=TEXT"} {
		if !strings.Contains(list, want) {
			t.Errorf("Words() lacks %q: %s", want, list)
		}
	}
}

func TestMustParsePanicsOnMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	MustParse("nonsense")
}

func FuzzParse(f *testing.F) {
	for _, w := range words {
		f.Add(w.usage())
	}
	f.Add("status=503;retry-after=2;header=A: b;usage=1/2;stall-after=3;pings=1ms;rst-at-byte=9;body=a;b")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%q reads as %+v, writes as %q, reads again as %+v (%v)", text, s, s.String(), again, err)
		}
	})
}
