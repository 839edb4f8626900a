package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai/openaitest"
	"github.com/weirhq/weir/internal/fault"
)

func TestErrorAndStatus(t *testing.T) {
	secret := errors.New("dial 10.0.0.7: secret-cause")
	for _, c := range []struct {
		err      error
		status   int
		kind     string
		code     string
		contains string
	}{
		{fault.New(fault.Invalid, "invalid_json", "bad %q", "x").At("model").Mend("Do better").With(secret), 400, "invalid_request_error", "invalid_json", `bad "x". Do better`},
		{fault.New(fault.Unsupported, "unsupported", "no audio"), 400, "invalid_request_error", "unsupported", "no audio"},
		{fault.New(fault.Unauthorized, "invalid_api_key", "who?"), 401, "authentication_error", "invalid_api_key", "who?"},
		{fault.New(fault.Forbidden, "forbidden", "no"), 403, "permission_error", "forbidden", "no"},
		{fault.New(fault.NotFound, "model_not_found", "no"), 404, "not_found_error", "model_not_found", "no"},
		{fault.New(fault.Method, "method_not_allowed", "no"), 405, "invalid_request_error", "method_not_allowed", "no"},
		{fault.New(fault.TooLarge, "body_too_large", "no"), 413, "invalid_request_error", "body_too_large", "no"},
		{fault.New(fault.Limited, "rate_limit_exceeded", "slow"), 429, "rate_limit_error", "rate_limit_exceeded", "slow"},
		{fault.New(fault.Limited, "insufficient_quota", "broke"), 429, "insufficient_quota", "insufficient_quota", "broke"},
		{fault.New(fault.Upstream, "upstream_refused", "down").With(secret), 502, "server_error", "upstream_refused", "down"},
		{&fault.Error{Kind: fault.Upstream, Code: "context_length_exceeded", Message: "long", Status: 400}, 400, "invalid_request_error", "context_length_exceeded", "long"},
		{&fault.Error{Kind: fault.Upstream, Code: "rate", Message: "slow", Status: 429}, 429, "rate_limit_error", "rate", "slow"},
		{&fault.Error{Kind: fault.Upstream, Code: "c", Message: "m", Status: 200}, 502, "server_error", "c", "m"},
		{fault.New(fault.Timeout, "timeout", "late"), 504, "timeout_error", "timeout", "late"},
		{fault.New(fault.Unavailable, "draining", "bye"), 503, "service_unavailable_error", "draining", "bye"},
		{fault.New(fault.Cancelled, "cancelled", "left"), 499, "cancelled", "cancelled", "left"},
		{secret, 500, "server_error", "internal_error", "internal error"},
		{fmt.Errorf("relaying: %w", chat.ErrIncomplete), 502, "server_error", "stream_incomplete", "broke off"},
		{chat.ErrTooLarge, 502, "server_error", "event_too_large", "more at once"},
	} {
		t.Run(c.code, func(t *testing.T) {
			body := Codec{}.Error(c.err, "req-1", false)
			if err := openaitest.Validate("ErrorResponse", body); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Error struct {
					Message, Type, Code string
					Request             string `json:"request_id"`
				}
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			e := got.Error
			if e.Type != c.kind || e.Code != c.code || !strings.Contains(e.Message, c.contains) || e.Request != "req-1" || Status(c.err) != c.status {
				t.Errorf("status %d, %s", Status(c.err), body)
			}
			if strings.Contains(string(body), "secret-cause") {
				t.Errorf("the cause is told: %s", body)
			}
			if event := string(Codec{}.Error(c.err, "req-1", true)); event != "data: "+string(body)+"\n\n" {
				t.Errorf("as an event: %q", event)
			}
		})
	}
	if body := string(Codec{}.Error(fault.New(fault.Invalid, "", "m"), "", false)); body != `{"error":{"message":"m","type":"invalid_request_error","param":null,"code":null}}` {
		t.Error(body)
	}
}
