package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/chat"
)

// concealed reports whether the caller is not to learn what answered. An error is
// a place where a model's name shows: its own words are not passed on then.
func (x *Exchange) concealed() bool { return x.Route.Blind || !x.exposed() }

// concealing is what goes out in place of a frame that is no part of the answer:
// vendors and servers name themselves and their models there. An event that is not
// JSON is left out, since nobody can tell what it says; it is counted.
func (x *Exchange) concealing(f *chat.Frame) []byte {
	switch f.Kind {
	case chat.Failure:
		return append(append([]byte("data: "), x.retold(f.Data, 0)...), "\n\n"...)
	case chat.Comment:
		return []byte(": ping\n\n")
	}
	return nil
}

// told is what an error of the dialect says.
type told struct {
	Message string          `json:"message"`
	Type    string          `json:"type"`
	Param   json.RawMessage `json:"param"`
	Code    json.RawMessage `json:"code"`
	ID      string          `json:"request_id"`
}

// retold is a model's error in Weir's words: type, parameter and code stay. Its
// message stays only where the code says that it speaks of the request, which the
// caller has to mend, and where it names nothing. status is 0 inside a stream.
func (x *Exchange) retold(data []byte, status int) []byte {
	var body struct {
		Error told `json:"error"`
		told       // of servers that leave the wrapping out
	}
	_ = json.Unmarshal(data, &body) // what could be read of it
	e := body.Error
	if e.Message == "" && e.Type == "" {
		e = body.told
	}
	e.ID = x.ID
	if !ofTheRequest(status, e.Code) || x.named(e.Message) || e.Message == "" {
		e.Message = ownWords(status)
	}
	if !word(e.Type) || x.named(e.Type) {
		e.Type = ownType(status)
	}
	for _, v := range []*json.RawMessage{&e.Param, &e.Code} {
		if s := plain(*v); s == "" || x.named(s) {
			*v = json.RawMessage("null")
		}
	}
	raw, err := json.Marshal(struct {
		Error told `json:"error"`
	}{e})
	if err != nil { // numbers that are none cannot come out of Unmarshal
		return []byte(`{"error":{"message":"the model answered with an error","type":"server_error","param":null,"code":null}}`)
	}
	return raw
}

// requestCodes are the codes of OpenAI's that are about what was sent.
var requestCodes = map[string]bool{
	"array_above_max_length": true, "content_filter": true, "content_policy_violation": true, "context_length_exceeded": true,
	"integer_above_max_value": true, "integer_below_min_value": true, "invalid_function_parameters": true, "invalid_image_format": true,
	"invalid_image_url": true, "invalid_type": true, "invalid_value": true, "missing_required_parameter": true,
	"string_above_max_length": true, "unknown_parameter": true, "unsupported_parameter": true, "unsupported_value": true,
}

func ofTheRequest(status int, code json.RawMessage) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return requestCodes[plain(code)]
	}
	return false
}

// named reports whether a text names what answered. Its name in the definitions
// is not known to it; names of a letter or two are in every text.
func (x *Exchange) named(text string) bool {
	text = strings.ToLower(text)
	host := ""
	if u, err := url.Parse(x.served.endpoint); err == nil {
		host = u.Hostname()
	}
	for _, name := range []string{x.served.vendor, x.served.id, host} {
		if len(name) > 2 && strings.Contains(text, strings.ToLower(name)) {
			return true
		}
	}
	return false
}

func ownWords(status int) string {
	switch {
	case status == 0:
		return "the model sent an error inside its stream"
	case status == http.StatusTooManyRequests:
		return "the model is over its rate limit"
	}
	return "the model refused the request: it answered " + strconv.Itoa(status)
}

func ownType(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status >= 400 && status < 500:
		return "invalid_request_error"
	}
	return "server_error"
}

// plain is a string or a number that is short and of plain letters, "" for
// anything else.
func plain(v json.RawMessage) string {
	s := string(bytes.Trim(v, `"`))
	if s == "null" || !word(s) {
		return ""
	}
	return s
}

// word reports whether a text is short and has no more than names of fields have.
func word(s string) bool {
	return s != "" && len(s) <= 100 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.[]") == ""
}
