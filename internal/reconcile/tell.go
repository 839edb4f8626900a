package reconcile

import (
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/rollout"
)

// tell says in an undecided report where the experiment is in its life, when it is
// not running: analysis reads sums, and from them all it can say is "not yet",
// while no traffic will ever change that.
func tell(r *analysis.Report, s rollout.State) {
	if s.Verdict != nil || r.Verdict == analysis.Describes {
		return
	}
	day := s.Changed.UTC().Format(time.DateOnly)
	switch s.Phase {
	case rollout.Draft:
		r.Sentence = "The experiment is a draft: everybody is served the baseline, and nothing is compared."
		r.Change = "Starting it: weir experiment start " + s.Experiment
	case rollout.Paused:
		r.Sentence = fmt.Sprintf("Paused on %s: everybody is served the baseline. %s", day, s.Why)
		r.Change = fmt.Sprintf("Somebody decides: weir experiment resume %s, or stop", s.Experiment)
	case rollout.Archived:
		r.Sentence = fmt.Sprintf("Stopped on %s, before it was decided. What is below describes what was seen.", day)
		r.Change = "Nothing: the epoch is over. A new question is a new epoch."
	}
}
