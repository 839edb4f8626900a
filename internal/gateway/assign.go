package gateway

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/fault"
)

// cookieName is the session cookie, as the mesh rule that many come from names it.
const cookieName = "llm-session"

// conversationHeaders carry a conversation's id: ours, then what clients of
// other gateways already send.
var conversationHeaders = []string{"X-Weir-Conversation", "X-Litellm-Session-Id", "X-Bf-Session-Id", "X-Session-Id"}

// assign finds the route and gives the unit its variant.
func (g *Gateway) assign(x *Exchange) error {
	rp := x.state.routes[x.Request.Head.Model]
	if rp == nil || !x.Principal.MayUse(rp.route.Name) {
		return x.unknownRoute()
	}
	x.Route, x.rp = rp.route, rp
	rp.series.InFlight.Add(1) // end takes it back, whatever comes of the rest
	in := experiment.Input{Key: x.Principal.Name, Groups: x.Principal.Groups, Header: x.r.Header.Get, MayForce: x.Principal.Can(access.Force)}
	var err error
	if in.Forced, err = x.forcedVariant(&in); err != nil {
		return err
	}
	session := x.session(time.Now())
	in.Unit = x.findUnit(session)
	x.conversation = x.findConversation(session)
	in.Pin = x.findPin(session)
	if x.path.op == chat.OpEmbed {
		// Vector spaces of different models do not mix: embeddings stay with the baseline.
		x.Assignment = experiment.Assignment{Variant: rp.route.Baseline, Arm: -1, Unit: in.Unit, Probability: 1}
	} else {
		x.Assignment = x.state.snapshot.Set.Assign(rp.route, &in)
	}
	x.plan = rp.plan(x.path.op, x.Assignment.Variant)
	x.boundWrites()
	if err := x.plan.capable(x.path.op); err != nil {
		return err
	}
	x.applyParameters()
	x.announce(session)
	if x.Assignment.Reason == experiment.NoUnit {
		rp.series.NoUnit.Inc()
	}
	if x.Assignment.Enrolled {
		rp.series.Enrolled.Inc()
	}
	return nil
}

// unknownRoute is the answer for a name that is no route, or none for this key.
func (x *Exchange) unknownRoute() error {
	name := x.Request.Head.Model
	var may []string
	for _, n := range x.state.names {
		if x.Principal.MayUse(n) {
			may = append(may, n)
		}
	}
	e := notFound(x.state, name).At("model")
	if near := fault.Nearest(name, may); near != "" {
		return e.Mend("did you mean %q? GET /v1/models lists them", near)
	}
	return e.Mend("GET /v1/models lists them: %s", short(strings.Join(may, ", "), 300))
}

// notFound says that a name is no route and no model, or none for the key.
func notFound(st *state, name string) *fault.Error {
	if st.snapshot.Keys == nil {
		return fault.New(fault.NotFound, "model_not_found", "no route or model %q", short(name, 100)).Keep("no such route or model")
	}
	return fault.New(fault.NotFound, "model_not_found", "no route or model %q that this key may use", short(name, 100)).
		Keep("no such route or model that this key may use")
}

// forcedVariant reads x-weir-variant.
func (x *Exchange) forcedVariant(in *experiment.Input) (string, error) {
	name := x.header("X-Weir-Variant")
	if name == "" {
		return "", nil
	}
	if !in.MayForce {
		return "", fault.New(fault.Forbidden, "force_not_allowed", "x-weir-variant needs a key with the scope `force`").At("x-weir-variant")
	}
	if _, ok := x.Route.Find(name); !ok {
		return "", fault.New(fault.Invalid, "unknown_variant", "route %q has no variant %q in force", x.Route.Name, short(name, 100)).
			At("x-weir-variant").Mend("it has: %s", strings.Join(x.Route.Variants(), ", "))
	}
	return name, nil
}

// findUnit takes the first source of the route that is present.
func (x *Exchange) findUnit(s *experiment.Session) experiment.Unit {
	for _, src := range x.Route.Unit {
		id := ""
		switch src.From {
		case "header":
			id = x.r.Header.Get(src.Name)
		case "user":
			id = x.Request.Head.User
		case "safety_identifier":
			id = x.Request.Head.SafetyID
		case "metadata":
			id = metadata(x.Request.Member("metadata"), src.Name)
		case "cookie":
			if s != nil {
				id = s.ID
			}
		case "key":
			if x.state.snapshot.Keys != nil {
				id = x.Principal.Name
			}
		}
		if id != "" {
			return experiment.Unit{Kind: src.Kind, ID: id}
		}
	}
	return experiment.Unit{}
}

// metadata reads one member of the body's metadata object; "" when it is not a string there.
func metadata(raw []byte, name string) string {
	var m map[string]json.RawMessage
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &m) != nil || json.Unmarshal(m[name], &s) != nil {
		return ""
	}
	return s
}

// session opens the cookie, or mints one for what looks like a browser: SDKs
// drop cookies, so each of their calls would be a new unit.
func (x *Exchange) session(now time.Time) *experiment.Session {
	if !x.Route.Cookie || x.state.snapshot.Signer == nil {
		return nil
	}
	if c, err := x.r.Cookie(cookieName); err == nil {
		if s, err := x.state.snapshot.Signer.OpenSession(c.Value, now, x.state.snapshot.CookieTTL); err == nil {
			return s
		}
	}
	if x.header("Origin") == "" && x.header("Sec-Fetch-Site") == "" {
		return nil
	}
	s, err := experiment.NewSession(rand.Reader, now)
	if err != nil {
		return nil
	}
	x.newSession = true
	return &s
}

func (x *Exchange) findConversation(s *experiment.Session) string {
	for _, h := range conversationHeaders {
		if id := x.header(h); id != "" {
			return id
		}
	}
	if id := x.Request.Head.Conversation; id != "" {
		return id
	}
	if s != nil {
		return s.ID
	}
	return ""
}

// findPin opens the pin of the conversation. One that does not open is no pin:
// the conversation counts as begun now.
func (x *Exchange) findPin(s *experiment.Session) *experiment.Pin {
	if x.conversation == "" || x.state.snapshot.Signer == nil {
		return nil
	}
	if token := x.header("X-Weir-Pin"); token != "" {
		if pin, err := x.state.snapshot.Signer.OpenPin(token, x.conversation); err == nil {
			return pin
		}
	}
	if s != nil && s.ID == x.conversation {
		return s.Pin
	}
	return nil
}

// announce sets the headers that tell of the assignment, and what the client is
// to carry: before the first byte, on errors too.
func (x *Exchange) announce(s *experiment.Session) {
	a := &x.Assignment
	if x.exposed() {
		x.set("X-Weir-Variant", a.Variant.Name)
		x.set("X-Model-Version", a.Variant.Name)
		x.set("X-Weir-Reason", a.Reason.String())
		if a.Experiment != nil {
			x.set("X-Weir-Experiment", a.Experiment.Name)
		}
	}
	x.carryFeedbackToken()
	if x.conversation == "" || a.Experiment == nil {
		x.setCookie(s)
		return
	}
	x.carryPin(s)
	x.setCookie(s)
}

// carryPin hands the conversation its pin, in the cookie or in a header.
func (x *Exchange) carryPin(s *experiment.Session) {
	pin := x.Assignment.Carry(x.start.Unix())
	if pin == nil {
		return
	}
	x.begun = pin.Begun
	if s != nil && s.ID == x.conversation {
		if s.Pin == nil || *s.Pin != *pin {
			s.Pin, x.newSession = pin, true
		}
		return
	}
	if x.state.snapshot.Signer != nil {
		x.set("X-Weir-Pin", x.state.snapshot.Signer.Pin(*pin, x.conversation))
	}
}

// setCookie sends the session when it is new or changed. Its life is fixed from
// when it was issued, not extended by use.
func (x *Exchange) setCookie(s *experiment.Session) {
	if s == nil || !x.newSession {
		return
	}
	ttl := time.Until(time.Unix(s.Issued, 0).Add(x.state.snapshot.CookieTTL))
	http.SetCookie(x.w, &http.Cookie{Name: cookieName, Value: x.state.snapshot.Signer.Session(*s), Path: "/",
		MaxAge: max(1, int(ttl.Seconds())), HttpOnly: true, Secure: x.state.snapshot.Secure, SameSite: http.SameSiteLaxMode})
}

// exposed reports whether this caller is told which variant answered.
func (x *Exchange) exposed() bool {
	if x.state.snapshot.Environment {
		return true
	}
	switch x.Route.Expose {
	case experiment.Always:
		return true
	case experiment.Never:
		return false
	}
	return x.Principal.Can(access.Read)
}
