package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/upstream"
)

// A vendor that names itself beside the answer, and cuts events into lines.
const talkative = "data: {\"id\":\"c\",\"choices\":\ndata: [{\"index\":0,\"delta\":{\"content\":\"A\"},\"finish_reason\":null}]}\n\n" +
	": OPENROUTER PROCESSING\n\n" +
	"data: {\"model\":\"secret-model\", oops\n\n" +
	"data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"

func TestBlindStreamsNameNobody(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprint(w, talkative)
	}))
	defer up.Close()
	for _, blind := range []bool{false, true} {
		r := newRig(t, setup{
			models: func(a, _ *upstream.Model) { a.Endpoints = []string{up.URL + "/v1"} },
			route:  func(x *experiment.Route) { x.Expose, x.Blind = experiment.Always, blind },
		})
		got := r.chat("r", true, "X-User-Id", "u")
		body := got.body
		if !blind {
			if body != talkative {
				t.Errorf("without blind the stream is not relayed as it came: %q", body)
			}
			continue
		}
		if strings.Contains(body, "OPENROUTER") || strings.Contains(body, "secret-model") {
			t.Errorf("a blind stream names who answers: %q", body)
		}
		text := ""
		for _, d := range got.events() {
			var m struct {
				Model   string
				Choices []struct{ Delta struct{ Content string } }
			}
			if err := json.Unmarshal([]byte(d), &m); err != nil || m.Model != "r" {
				t.Fatalf("an event of a blind stream: %q (%v)", d, err)
			}
			text += m.Choices[0].Delta.Content
		}
		if text != "A" || !got.done() {
			t.Errorf("the text is %q, and the end came: %v", text, got.done())
		}
	}
}
