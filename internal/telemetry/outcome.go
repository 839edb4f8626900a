package telemetry

import "fmt"

// Outcome is how one exchange ended, exactly one each. The words are those of
// the event's outcome; here they are numbers, so that counting one is an index.
type Outcome uint8

// The outcomes of an exchange.
const (
	OutcomeOK            Outcome = iota
	OutcomeBlocked               // by a rail
	OutcomeTruncated             // the upstream died in mid-answer
	OutcomeTimeout               // one of the clocks ran out
	OutcomeUpstreamError         // the upstream failed
	OutcomeRejected              // the upstream answered 4xx after assignment
	OutcomeCancelled             // the client left
	OutcomeInterrupted           // Weir itself died; found in the journal afterwards
	OutcomeRefused               // limits, budget, access
	OutcomeInvalid               // Weir refused it before assignment
	outcomes                     // how many there are
)

var outcomeNames = [outcomes]string{
	"ok", "blocked", "truncated", "timeout", "upstream_error",
	"rejected", "cancelled", "interrupted", "refused", "invalid",
}

// String returns the outcome's word, the value of the label.
func (o Outcome) String() string {
	if o < outcomes {
		return outcomeNames[o]
	}
	return "unknown"
}

// OutcomeNamed returns the outcome of that word.
func OutcomeNamed(word string) (Outcome, bool) {
	for o, name := range outcomeNames {
		if name == word {
			return Outcome(o), true
		}
	}
	return outcomes, false
}

// Against says whether the outcome counts against the variant that had it.
// A cancelled request does not: the client left, and cancel_rate watches that.
// A blocked one does not either: the rail did its work.
func (o Outcome) Against() bool {
	switch o {
	case OutcomeTruncated, OutcomeTimeout, OutcomeUpstreamError, OutcomeRejected, OutcomeInterrupted:
		return true
	}
	return false
}

// beforeModel says whether the request never became the model's, so that the
// llm_* families do not know it.
func (o Outcome) beforeModel() bool { return o == OutcomeRefused || o == OutcomeInvalid }

// MarshalText writes the outcome's word.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the outcome's word.
func (o *Outcome) UnmarshalText(text []byte) error {
	named, ok := OutcomeNamed(string(text))
	if !ok {
		return fmt.Errorf("unknown outcome %q", text)
	}
	*o = named
	return nil
}
