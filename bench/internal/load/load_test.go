package load

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
)

func TestBody(t *testing.T) {
	for _, size := range []int{256, 1 << 10, 64 << 10} {
		for _, stream := range []bool{false, true} {
			if b := Body("m", size, stream); !json.Valid(b) || size > 512 && (len(b) < size*9/10 || len(b) > size*5/4) {
				t.Errorf("size %d: %d bytes, valid %v", size, len(b), json.Valid(b))
			}
		}
	}
}

func TestSetUser(t *testing.T) {
	r, err := newRequest(&Config{URL: "http://127.0.0.1:1", Model: "m", BodySize: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	r.setUser(1234)
	if bytes.Count(r.bytes, []byte("u-00001234")) != 2 || bytes.Contains(r.bytes, []byte(userMark)) {
		t.Errorf("the user id is not in header and body:\n%s", r.bytes)
	}
}

func TestFirstTokenIsTheFirstEventWithContent(t *testing.T) {
	stream := []byte(stream(0, 1))
	role := bytes.Index(stream, []byte("\n\n")) + 2
	for cut := role; cut < len(stream); cut++ {
		var rep reply
		s := sse{client: &client{}, rep: &rep}
		s.feed(stream[:role])
		if rep.events != 1 || !rep.token.IsZero() {
			t.Fatal("the event with the role alone was taken for a token")
		}
		s.feed(stream[role:cut])
		s.feed(stream[cut:])
		if rep.token.IsZero() || rep.token.Before(rep.first) {
			t.Fatalf("cut at %d: first event %v, first token %v", cut, rep.first, rep.token)
		}
	}
}

func TestSSEInAnyPieces(t *testing.T) {
	stream := []byte("data: {\"a\":\"data: x\"}\n\n: comment\n\ndata:{}\r\n\r\nevent: e\ndata: {}\n\ndata: [DONE]\n\n")
	for range 1000 {
		var rep reply
		s := sse{client: &client{}, rep: &rep}
		for p := stream; len(p) > 0; {
			n := 1 + rand.IntN(len(p))
			s.feed(p[:n])
			p = p[n:]
		}
		if rep.events != 3 || !rep.done || len(s.client.gaps) != 2 {
			t.Fatalf("%d events, done %v, %d gaps", rep.events, rep.done, len(s.client.gaps))
		}
	}
}
