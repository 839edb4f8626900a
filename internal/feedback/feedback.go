// Package feedback is what people and programs say of an answer after it was
// given: read strictly, bounded in every part, and turned into a score. It also
// makes the tokens with which a browser may speak of one request, and the ids by
// which a word that is sent twice counts once.
//
// It does not know who may say it, nor which request is meant: that is for the
// gateway and the admin API, which take feedback. What scores mean is for package
// metric.
package feedback

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/meter"
)

// Bounds of what is said, in bytes where nothing else is written.
const (
	MaxBody     = 64 << 10 // of a request: a comment may be written in escapes
	MaxComment  = 4 << 10
	MaxText     = 1 << 10
	MaxBodyID   = 256 // the id in a reply, which is the vendor's
	MaxKey      = 200 // an idempotency key
	MaxQuantity = 1e9 // of a number, either way; sums of a unit then stay within 64 bits

	maxToken = 512
)

// Window is how long after its request a word is taken, unless definitions say
// otherwise: what the request counted for is kept for as long.
const Window = 30 * 24 * time.Hour

// Source is where words come from that a caller or a browser sent.
const Source = "feedback"

// thumbs is the name whose value is a thumb, up or down.
const thumbs = "thumbs"

// Said is one thing said of one request.
type Said struct {
	RequestID string // Weir's id of the request, or
	BodyID    string // the id in the body of its reply
	Name      string
	Type      string // event.TypeBoolean, TypeNumber or TypeText
	Value     int64  // in micro-units; 0 of a text
	Text      string
	Comment   string
	Tags      []string // "name=value", sorted
	Key       string   // idempotency key; "" without one
	Token     string   // of a browser
	Time      time.Time
}

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)
	sourceForm = regexp.MustCompile(`^[a-z][a-z0-9_.:/-]{0,63}$`)
	idForm     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

// Of says whether it names a request, which only a token makes needless.
func (s *Said) Of() error {
	if s.RequestID == "" && s.BodyID == "" {
		return missing("request_id", "send the reply's x-weir-request-id as request_id, or the id in its body as id")
	}
	return nil
}

// Check says what is wrong with what was said, apart from who said it, and of what.
func (s *Said) Check() error {
	if err := s.checkIDs(); err != nil {
		return err
	}
	switch {
	case s.Name == "":
		return missing("name", `say what the value is of: "name": "thumbs"`)
	case !nameForm.MatchString(s.Name):
		return wrong("name", "begin with a letter, then letters, digits and _.- , 64 at most", "%q is no name of a score", shortened(s.Name))
	case s.Type == "":
		return missing("value", "give true or false, a number, or a text")
	case len(s.Comment) > MaxComment:
		return tooLong("comment", MaxComment)
	case len(s.Text) > MaxText:
		return tooLong("value", MaxText)
	case len(s.Key) > MaxKey:
		return tooLong("idempotency_key", MaxKey)
	case len(s.Token) > maxToken:
		return tooLong("token", maxToken)
	}
	if err := s.thumb(); err != nil {
		return err
	}
	return s.checkTags()
}

func (s *Said) checkIDs() error {
	s.RequestID = strings.ToLower(s.RequestID)
	switch {
	case s.RequestID != "" && s.BodyID != "":
		return wrong("id", "send one of them", "request_id and id are both given")
	case s.RequestID != "" && !idForm.MatchString(s.RequestID):
		return wrong("request_id", "it is in the reply's header x-weir-request-id; the id in a reply's body goes into id", "%q is no id of Weir's", shortened(s.RequestID))
	case len(s.BodyID) > MaxBodyID:
		return tooLong("id", MaxBodyID)
	}
	return nil
}

// thumb reads the value of a thumb, which people and programs write in several ways.
func (s *Said) thumb() error {
	if s.Name != thumbs || s.Type == event.TypeBoolean {
		return nil
	}
	up := s.Text == "up" || s.Type == event.TypeNumber && s.Value == 1e6
	if !up && s.Text != "down" && (s.Type != event.TypeNumber || s.Value != 0) {
		return wrong("value", "send true or false, \"up\" or \"down\", 1 or 0", "it is no thumb")
	}
	s.Type, s.Text, s.Value = event.TypeBoolean, "", 0
	if up {
		s.Value = 1e6
	}
	return nil
}

func (s *Said) checkTags() error {
	tags, err := meter.ParseTags(strings.Join(s.Tags, ","))
	if err != nil {
		return wrong("tags", meter.TagForm, "%s", err)
	}
	s.Tags = tags
	return nil
}

// CheckSource says what is wrong with the name of a source, or nil.
func CheckSource(source string) error {
	if sourceForm.MatchString(source) {
		return nil
	}
	return wrong("source", "write one such as import, or judge:NAME", "%q is no source of scores", shortened(source))
}

// Score is the score of what was said of a request. Who, from where and when are
// the caller's to fill in.
func (s *Said) Score(request string) *event.Score {
	return &event.Score{Event: request, Name: s.Name, Type: s.Type, Value: s.Value, Text: s.Text, Comment: s.Comment, Tags: s.Tags}
}

// IDTime is when Weir made an id of its own, to the millisecond.
func IDTime(id string) (time.Time, bool) {
	if !idForm.MatchString(id) {
		return time.Time{}, false
	}
	var ms int64
	if _, err := fmt.Sscanf(id[:8]+id[9:13], "%x", &ms); err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(ms).UTC(), true
}

// NoRequest is the answer when there is no such request, or none for the one who
// speaks: the two are not told apart.
func NoRequest() *fault.Error {
	return fault.New(fault.NotFound, "request_not_found", "there is no such request of this caller").
		Mend("send the reply's x-weir-request-id, with the key that made the request; it is known once its answer has ended")
}

// Over is the answer when a request is too long ago.
func Over(window time.Duration) *fault.Error {
	e := fault.New(fault.NotFound, "feedback_window_over", "the request is over %s ago: what it counted for is not kept any more", days(window)).
		Mend("store.keep.exposures in the definitions says how long it is")
	e.Status = 410
	return e
}

func days(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}

func missing(param, mend string) error {
	return fault.New(fault.Invalid, "missing_field", "%s is missing", param).At(param).Mend("%s", mend)
}

// wrong is a field that holds what cannot be. Who keeps the failure does not keep
// what the caller had written.
func wrong(param, mend, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_feedback", "%s: %s", param, fmt.Sprintf(format, args...)).At(param).Mend("%s", mend).Keep("not usable")
}

func tooLong(param string, most int) error {
	return fault.New(fault.TooLarge, "feedback_too_large", "%s is longer than %d bytes", param, most).At(param).Mend("shorten it")
}

// shortened bounds a word of the caller's that is shown back.
func shortened(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
