package simulated

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// outcome is how a call will end.
type outcome uint8

const (
	answers outcome = iota
	fails
	rejects
	hangs
	truncates
)

// luck is all that chance decides of one call, drawn before it begins.
type luck struct {
	dice    *rand.Rand
	outcome outcome
	first   time.Duration // to the first token
	each    time.Duration // between tokens
	length  int           // tokens that the model wants to say
	refuses bool
	good    bool
}

// throw draws a call's luck. The order of the draws is part of what a seed
// means, so each is made whether or not it is needed.
func throw(p Profile, call, nth uint64) luck {
	l := luck{dice: rand.New(rand.NewPCG(p.Seed^call, nth))}
	l.outcome = p.outcome(l.dice.Float64())
	l.first = time.Duration(float64(p.FirstToken) / p.Speed * math.Exp(p.FirstTokenSigma*l.dice.NormFloat64()))
	l.each = time.Duration(float64(time.Second) / p.TokensPerSecond / p.Speed)
	// The mean of a log-normal is exp(mu + sigma²/2).
	mu := math.Log(p.Length) - p.LengthSigma*p.LengthSigma/2
	l.length = max(1, int(math.Round(math.Exp(mu+p.LengthSigma*l.dice.NormFloat64()))))
	l.refuses = l.dice.Float64() < p.RefusalRate
	l.good = l.dice.Float64() < p.Quality
	return l
}

// outcome lays the rates end to end and sees where u falls.
func (p *Profile) outcome(u float64) outcome {
	for _, r := range []struct {
		rate float64
		is   outcome
	}{{p.FailureRate, fails}, {p.RejectRate, rejects}, {p.TimeoutRate, hangs}, {p.TruncateRate, truncates}} {
		if u < r.rate {
			return r.is
		}
		u -= r.rate
	}
	return answers
}

var words = strings.Fields(`the a this that some each water river bridge market letter garden morning winter window teacher
	station kitchen number question answer reason example picture summer village doctor engine paper music silver gentle
	quiet early simple common useful clear often rarely always together perhaps carefully slowly brings keeps holds finds
	follows opens carries explains shows needs begins remains under above near after before between without`)

// text says something, a piece a token: the mark, words, and the verdict on
// its own quality. most bounds the tokens; 0 is no bound.
func (l *luck) text(name string, most int, stop []string) (pieces []string, finish string) {
	pieces = append(pieces, "[simulated "+name+"]")
	if l.refuses {
		pieces = append(pieces, " I'm", " sorry,", " but", " I", " can't", " help", " with", " that.")
	} else {
		pieces = append(l.sentences(pieces), "\nquality: "+map[bool]string{true: "good", false: "poor"}[l.good])
	}
	pieces, finish = cutAtStop(pieces, stop), "stop"
	if most > 0 && len(pieces) > most {
		pieces, finish = pieces[:most], "length"
	}
	return pieces, finish
}

// sentences adds words up to the length that was drawn, with room for the
// verdict. They begin with a capital and end with a full stop.
func (l *luck) sentences(pieces []string) []string {
	n := max(1, l.length-2)
	left := 0
	for i := range n {
		w := words[l.dice.IntN(len(words))]
		if left == 0 {
			left = 5 + l.dice.IntN(9)
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		if left--; left == 0 || i == n-1 {
			w += "."
		}
		pieces = append(pieces, " "+w)
	}
	return pieces
}

// cutAtStop ends the text before the first stop sequence in it. The mark stays:
// no caller can make an answer hide what it is.
func cutAtStop(pieces []string, stop []string) []string {
	rest := strings.Join(pieces[1:], "")
	end := len(rest)
	for _, s := range stop {
		if i := strings.Index(rest[:end], s); s != "" && i >= 0 {
			end = i
		}
	}
	kept := pieces[:1]
	for _, p := range pieces[1:] {
		if end <= 0 {
			break
		}
		kept = append(kept, p[:min(len(p), end)])
		end -= len(p)
	}
	return kept
}
