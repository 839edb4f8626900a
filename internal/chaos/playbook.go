package chaos

import (
	"strings"
	"sync"
)

// Header names the script of one request: a registered name, or a script in textual form.
const Header = "x-chaos-script"

// playbook chooses the script of each request. The more particular wins: the
// header, the path, the model, the queue, and at last the normal script.
type playbook struct {
	mu      sync.Mutex
	named   map[string]Script
	byPath  map[string]Script
	byModel map[string]Script
	queue   []Script
	normal  Script
}

func newPlaybook(normal Script) *playbook {
	return &playbook{normal: normal, named: map[string]Script{}, byPath: map[string]Script{}, byModel: map[string]Script{}}
}

// choose returns the script for a request, taking it off the queue if it was there.
// Only requests that ask a model touch the queue and the normal script, so
// that a look at /models or /health uses nothing up.
func (b *playbook) choose(r Request, asksModel bool) (Script, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text := strings.Join(r.Header.Values(Header), ";"); text != "" {
		if s, ok := b.named[text]; ok {
			return s, nil
		}
		return Parse(text)
	}
	path, _, _ := strings.Cut(r.Path, "?")
	for suffix, s := range b.byPath {
		if strings.HasSuffix(path, suffix) {
			return s, nil
		}
	}
	if !asksModel {
		return Script{}, nil
	}
	if s, ok := b.byModel[r.Model]; ok {
		return s, nil
	}
	return b.next(), nil
}

// next takes a script off the queue, or returns the normal one; the lock is held.
func (b *playbook) next() Script {
	if len(b.queue) == 0 {
		return b.normal
	}
	s := b.queue[0]
	b.queue = b.queue[1:]
	return s
}

// refuses says whether a connection is to be closed at accept, and uses the script
// up. Before the request is read neither header, path nor model is known, so with
// scripts by path or model this waits until it is.
func (b *playbook) refuses() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.byPath)+len(b.byModel) > 0 {
		return false
	}
	refuse := b.normal.Refuse
	if len(b.queue) > 0 {
		refuse = b.queue[0].Refuse
	}
	if refuse {
		b.next()
	}
	return refuse
}

// Register gives a script a name that the header can use.
func (u *Upstream) Register(name string, s Script) {
	u.book.edit(func(b *playbook) { b.named[name] = s })
}

// SetScript sets what is played when nothing more particular is; at first that is
// UpstreamConfig.Script.
func (u *Upstream) SetScript(s Script) {
	u.book.edit(func(b *playbook) { b.normal = s })
}

// Enqueue adds scripts for the next requests that ask a model, one each, in order.
func (u *Upstream) Enqueue(scripts ...Script) {
	u.book.edit(func(b *playbook) { b.queue = append(b.queue, scripts...) })
}

// Queued returns how many scripts are still to be used.
func (u *Upstream) Queued() (n int) {
	u.book.edit(func(b *playbook) { n = len(b.queue) })
	return n
}

// ForModel sets the script of requests for one model; such requests leave the queue alone.
func (u *Upstream) ForModel(model string, s Script) {
	u.book.edit(func(b *playbook) { b.byModel[model] = s })
}

// ForPath sets the script of requests whose path ends so, as "/models".
func (u *Upstream) ForPath(suffix string, s Script) {
	u.book.edit(func(b *playbook) { b.byPath[suffix] = s })
}

// edit does something under the lock.
func (b *playbook) edit(do func(*playbook)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do(b)
}
