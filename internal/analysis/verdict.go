package analysis

// Verdict is what a report comes to.
type Verdict string

// The verdicts.
const (
	NotYet       Verdict = "not_yet"                  // the decision clock has not rung
	Deploy       Verdict = "deploy"                   // the variant is better (or no worse, with the gain)
	Keep         Verdict = "keep"                     // the baseline: the candidate is shown to be worse, or fails a proof
	NoDifference Verdict = "no_worthwhile_difference" // whatever difference there is, is too small to matter
	RollBack     Verdict = "roll_back"                // harm is shown
	Inconclusive Verdict = "inconclusive"             // the look was taken and shows neither
	Invalid      Verdict = "invalid"                  // the groups are not comparable: nothing can be said
	Describes    Verdict = "describes"                // no primary metric was declared: nothing is decided
)
