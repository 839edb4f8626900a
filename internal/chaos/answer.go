package chaos

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
)

// answer is what is to be sent, before any fault of the wire.
type answer struct {
	status int
	kind   string          // Content-Type
	stream bool            // the length is not told beforehand
	packed bool            // Content-Encoding: gzip
	frames iter.Seq[frame] // the body; it can be walked more than once, with the same result
}

// frame is a piece of the body that is sent at once.
type frame struct {
	bytes  []byte
	event  bool // it counts as a frame; comments do not
	tokens int  // how many tokens of the answer it carries
}

// nothing is the empty body.
func nothing(func(frame) bool) {}

// compose decides what is sent, weightiest first, as Script says.
func (u *Upstream) compose(s Script, to endpoint, ask ask, id int) answer {
	a := u.content(s, to, ask, id)
	if s.GzipBomb > 0 {
		a = answer{status: s.status(), kind: "application/json", stream: true, packed: true, frames: bomb(s.GzipBomb)}
	} else if s.Gzip {
		a.packed, a.frames = true, compressed(a.frames)
	}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		a.frames = nothing // HTTP allows no body there
	}
	return a
}

// content is the body, not yet compressed.
func (u *Upstream) content(s Script, to endpoint, ask ask, id int) answer {
	status := s.status()
	switch {
	case s.Raw != nil:
		return answer{status: status, kind: eventStream, stream: true, frames: rawFrames(s.Raw)}
	case s.Golden != "":
		golden, _ := goldenNamed(s.Golden) // made only where it is wanted
		return answer{status: status, kind: eventStream, stream: true, frames: rawFrames(golden.Bytes)}
	case s.Body != "":
		return answer{status: status, kind: "application/json", frames: single([]byte(s.Body), 0)}
	case status >= 300:
		return failure(status, fmt.Sprintf("scripted status %d", status), s.Code)
	case s.ErrorIn200.Of != Never && !(to == chat && ask.Stream):
		return answer{status: status, kind: "application/json", frames: single(errorBody(http.StatusInternalServerError, scriptedError, s.Code), 0)}
	}
	return u.proper(s, to, ask, id)
}

// proper is the answer of a healthy server.
func (u *Upstream) proper(s Script, to endpoint, ask ask, id int) answer {
	switch {
	case to == unknown:
		return failure(http.StatusNotFound, "no such path", "")
	case to == wrongMethod:
		return failure(http.StatusMethodNotAllowed, "not with this method", "")
	case to == health:
		return plain(s, map[string]string{"status": "ok"}, 0)
	case to == models:
		return plain(s, u.modelList(), 0)
	case ask.err != nil:
		return failure(http.StatusBadRequest, "parse the body: "+ask.err.Error(), "")
	case to == embeddings:
		return embed(s, ask)
	}
	t := newTurn(s, ask, id)
	if ask.Stream {
		return answer{status: s.status(), kind: eventStream, stream: true, frames: s.SSE.frames(t.events())}
	}
	return plain(s, t.reply(), t.counted().Output)
}

// plain is a reply in JSON.
func plain(s Script, body any, tokens int) answer {
	return answer{status: s.status(), kind: "application/json", frames: single(encode(body), tokens)}
}

// failure is an error in OpenAI's shape.
func failure(status int, message, code string) answer {
	return answer{status: status, kind: "application/json", frames: single(errorBody(status, message, code), 0)}
}

// scriptedError is the message of an error where an answer was due.
const scriptedError = "scripted error inside a 200"

// errorBody writes an error as OpenAI does; type and code are strings or null.
func errorBody(status int, message, code string) []byte {
	detail := map[string]any{"message": message, "type": errorType(status), "param": nil, "code": nil}
	if code != "" {
		detail["code"] = code
	}
	return encode(map[string]any{"error": detail})
}

// errorType is the error type that OpenAI gives with a status.
func errorType(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

// modelList is the answer to /models.
func (u *Upstream) modelList() any {
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := make([]model, len(u.cfg.Models))
	for i, id := range u.cfg.Models {
		list[i] = model{id, "model", 1, "chaos"}
	}
	return map[string]any{"object": "list", "data": list}
}

// single is a body of one frame.
func single(body []byte, tokens int) iter.Seq[frame] {
	return func(yield func(frame) bool) { yield(frame{body, true, tokens}) }
}

// encode writes JSON; what is given it always can be.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode an answer: %v", err))
	}
	return data
}
