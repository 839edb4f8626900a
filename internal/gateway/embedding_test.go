package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
)

const embedPath = "/v1/embeddings"

// Vectors of another model lie in another space: an error is better than those.
func TestEmbeddingsDoNotFallBack(t *testing.T) {
	r := newRig(t, setup{route: retries(2, "b")})
	r.up.SetScript(chaos.MustParse("status=503"))
	a := r.post(embedPath, journeys[embedPath].body("r", false))
	if e := r.last(1); a.status != 503 || r.second.Count() != 0 || e.Outcome != event.UpstreamError || len(e.Attempts) != 3 {
		t.Errorf("%d %s, model b was asked %d times: %+v", a.status, a.body, r.second.Count(), e.Attempts)
	}
	if a := r.chat("r", false); a.status != 200 {
		t.Errorf("a conversation did not fall back: %d %s", a.status, a.body)
	}
}

// A variant's parameters are for conversations, but for those that only
// embeddings have.
func TestParametersByOperation(t *testing.T) {
	r := newRig(t, setup{route: func(x *experiment.Route) {
		x.Baseline.Parameters = map[string]json.RawMessage{"temperature": []byte("0.3"), "max_tokens": []byte("100"), "dimensions": []byte("8"), "encoding_format": []byte(`"float"`)}
	}})
	r.post(embedPath, journeys[embedPath].body("r", false))
	r.chat("r", false)
	embedding, chat := string(r.up.Requests()[0].Body), string(r.up.Requests()[1].Body)
	for name, ofEmbeddings := range map[string]bool{"temperature": false, "max_tokens": false, "dimensions": true, "encoding_format": true} {
		if strings.Contains(embedding, name) != ofEmbeddings || strings.Contains(chat, name) == ofEmbeddings {
			t.Errorf("%s: embeddings got %s, a conversation got %s", name, embedding, chat)
		}
	}
}
