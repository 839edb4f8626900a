package gateway

import (
	"context"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
)

// Steps are the features of one variant on one route, in the order of the
// journey. The zero value is the relay: frames pass untouched.
type Steps struct {
	Render   []Step // the prompt
	Retrieve []Step // documents
	Compress []Step // the prompt, made shorter
	RailsIn  []Step // checks of what was asked
	Cache    []Step // an answer from memory

	Reserve  []Reserve   // money and places, before the upstream
	Rounds   []Round     // looks at an answer, may ask again
	RailsOut []Transform // checks and changes of what is answered
}

// Step reads or changes the exchange before the upstream. Frames that it
// returns are the answer: the upstream is not asked. An error ends the
// exchange: a *fault.Error is shown to the caller.
type Step func(ctx context.Context, x *Exchange) (chat.Frames, error)

// Reserve takes something that must be given back: money, a place in a queue.
type Reserve func(ctx context.Context, x *Exchange) (Reservation, error)

// Reservation is given back exactly once on every ending: success, error,
// cancel, panic. Settle learns how the exchange ended and what it used.
type Reservation interface {
	Settle(x *Exchange, o event.Outcome, u chat.Usage)
}

// Round looks at the answer of one round of the upstream. It returns the frames
// to go on with, or again = true after changing x.Request, and the upstream is
// asked once more. Frames that it read and wants passed on it puts back with
// chat.Replay; those of a round that is asked again it closes.
type Round func(ctx context.Context, x *Exchange, answer chat.Frames) (next chat.Frames, again bool, err error)

// MaxRounds bounds the rounds of one exchange.
const MaxRounds = 16

// Transform changes an answer on its way out. It may hold frames back.
type Transform func(ctx context.Context, x *Exchange, answer chat.Frames) chat.Frames

// run takes the steps in turn until one answers.
func run(ctx context.Context, x *Exchange, name string, steps []Step) error {
	for _, s := range steps {
		frames, err := s(ctx, x)
		if err != nil {
			return err
		}
		if frames != nil {
			x.answer, x.AnsweredBy = frames, name
			return nil
		}
	}
	return nil
}
