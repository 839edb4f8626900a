package openai

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/upstream"
)

// rawServer talks TCP by hand: each connection is given to serve once a whole
// request was read from it. It gives the server's base URL.
func rawServer(t testing.TB, serve func(c *net.TCPConn)) string {
	t.Helper()
	return listen(t, func(c *net.TCPConn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		serve(c)
	})
}

// listen gives each connection to serve and closes it afterwards.
func listen(t testing.TB, serve func(c *net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c.(*net.TCPConn))
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/v1"
}

// says answers every request with the same bytes.
func says(t testing.TB, bytes string) string {
	return rawServer(t, func(c *net.TCPConn) { _, _ = io.WriteString(c, bytes) })
}

func reset(c *net.TCPConn) { _ = c.SetLinger(0) } // the close that follows is a RST

// closedPort is an address at which nobody listens.
func closedPort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String() + "/v1"
}

const (
	secretKey   = "sk-canary-1f8e02"
	secretQuery = "canary-query-77ab"
	secretPass  = "canary-pass-9c41"
	secretExtra = "canary-extra-5d20"
)

// planted is a definition with a secret in every place that takes one.
func planted(base string) upstream.Model {
	scheme, rest, _ := strings.Cut(base, "://")
	m := modelAt(scheme + "://user:" + secretPass + "@" + rest + "?key=" + secretQuery)
	m.Key, m.KeyName = secretKey, "env:CANARY"
	m.Header = map[string]string{"X-Tenant-Token": secretExtra}
	m.Clocks.Connect = 3 * time.Second
	return m
}

func noSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{secretKey, secretQuery, secretPass, secretExtra} {
		if strings.Contains(text, secret) {
			t.Errorf("a secret is in %q", text)
		}
	}
}

// echo sends back the whole request, secrets and all.
func echo(t testing.TB, before string) string {
	return listen(t, func(c *net.TCPConn) {
		b := bufio.NewReader(c)
		r, err := http.ReadRequest(b)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		line := strings.ReplaceAll(fmt.Sprint(r.Header, " ", r.URL), "\r\n", " ")
		_, _ = io.WriteString(c, before+line+"\r\n\r\n")
	})
}

// U1 and U11: whatever goes wrong has its class, comes as an error of the
// contract, and gives no secret away.
func TestFailuresHaveTheirClass(t *testing.T) {
	bothWays(t, failuresHaveTheirClass)
}

func failuresHaveTheirClass(t *testing.T, prepare func(*Driver)) {
	answerOf := func(header, body string) string {
		return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + header + "\r\n" + body
	}
	for _, c := range []struct {
		name  string
		base  func(t *testing.T) string
		class upstream.Class
		says  string
	}{
		{"closed port", func(t *testing.T) string { return closedPort(t) }, upstream.Connect, "refused"},
		{"name that does not exist", func(*testing.T) string { return "http://nobody.invalid/v1" }, upstream.Connect, "nobody.invalid"},
		{"certificate of an unknown authority", func(t *testing.T) string {
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.Config.ErrorLog = quiet
			s.StartTLS()
			t.Cleanup(s.Close)
			return s.URL + "/v1"
		}, upstream.Connect, "certificate"},
		{"no TLS where it should be", func(t *testing.T) string {
			return strings.Replace(says(t, "HTTP/1.1 200 OK\r\n\r\n"), "http://", "https://", 1)
		}, upstream.Connect, "TLS handshake"},
		{"reset during the TLS handshake", func(t *testing.T) string {
			return strings.Replace(listen(t, reset), "http://", "https://", 1)
		}, upstream.Connect, ""},
		{"silence during the TLS handshake", func(t *testing.T) string {
			return strings.Replace(listen(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }), "http://", "https://", 1)
		}, upstream.Connect, "not done within 3s"},
		{"metadata service", func(*testing.T) string { return "http://169.254.169.254/latest" }, upstream.Connect, "metadata"},
		{"metadata service in IPv6 form", func(*testing.T) string { return "http://[::ffff:a9fe:a9fe]/latest" }, upstream.Connect, "metadata"},
		{"reset after the request", func(t *testing.T) string { return rawServer(t, reset) }, upstream.Header, "reset"},
		{"closed after the request", func(t *testing.T) string { return rawServer(t, func(*net.TCPConn) {}) }, upstream.Header, "EOF"},
		{"closed within the header", func(t *testing.T) string { return says(t, "HTTP/1.1 200 OK\r\nContent-Type: appl") }, upstream.Header, "EOF"},
		{"not HTTP", func(t *testing.T) string { return says(t, "SSH-2.0-OpenSSH_9.2\r\n\r\n") }, upstream.Protocol, "malformed HTTP"},
		{"not HTTP, with the request sent back", func(t *testing.T) string { return echo(t, "") }, upstream.Protocol, "malformed HTTP"},
		{"header line that is none", func(t *testing.T) string { return says(t, "HTTP/1.1 200 OK\r\n:\x01\r\n\r\n") }, upstream.Protocol, "malformed"},
		{"two lengths", func(t *testing.T) string {
			return says(t, answerOf("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"))
		},
			upstream.Protocol, "Content-Length"},
		{"endless header", func(t *testing.T) string {
			return rawServer(t, func(c *net.TCPConn) {
				_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n")
				for i := 0; err == nil; i++ {
					_, err = fmt.Fprintf(c, "X-More-%d: %s\r\n", i, strings.Repeat("a", 1000))
				}
			})
		}, upstream.Protocol, "headers exceeded"},
		{"endless informational answers", func(t *testing.T) string {
			return rawServer(t, func(c *net.TCPConn) {
				var err error
				for err == nil {
					_, err = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
				}
			})
		}, upstream.Protocol, "headers exceeded"},
		{"redirect", func(t *testing.T) string {
			return says(t, "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://elsewhere/?t="+secretQuery+"\r\nContent-Length: 0\r\n\r\n")
		}, upstream.Protocol, "a redirect to https://elsewhere): redirects are not followed"},
		{"another protocol", func(t *testing.T) string {
			return says(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		}, upstream.Protocol, "answered 101"},
		{"packed in an unknown way", func(t *testing.T) string { return says(t, answerOf("Content-Encoding: br\r\n", "xx")) }, upstream.Protocol, `"br"`},
		{"said to be packed and is not", func(t *testing.T) string {
			return says(t, answerOf("Content-Encoding: gzip\r\n", strings.Repeat("{", 50)))
		},
			upstream.Protocol, "gzip"},
		{"a stream that nobody asked for", func(t *testing.T) string {
			return says(t, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")
		}, upstream.Protocol, "stream of events"},
		{"a page", func(t *testing.T) string {
			return says(t, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>")
		}, upstream.Protocol, `type "text/html" that is not a JSON object`},
		{"nothing", func(t *testing.T) string { return says(t, answerOf("Content-Length: 0\r\n", "")) }, upstream.Protocol, "empty body"},
		{"shorter than announced", func(t *testing.T) string { return says(t, answerOf("Content-Length: 100\r\n", `{"choices":[]}`)) },
			upstream.Body, "unexpected EOF"},
		{"chunk cut off", func(t *testing.T) string {
			return says(t, answerOf("Transfer-Encoding: chunked\r\n", "ff\r\n{\"choices\""))
		},
			upstream.Body, "unexpected EOF"},
		{"reset within the body", func(t *testing.T) string {
			return rawServer(t, func(c *net.TCPConn) {
				_, _ = io.WriteString(c, answerOf("Content-Length: 100\r\n", `{"cho`))
				time.Sleep(20 * time.Millisecond)
				reset(c)
			})
		}, upstream.Body, "reset"},
		{"announced over the limit", func(t *testing.T) string { return says(t, answerOf("Content-Length: 99999999999\r\n", "{")) },
			upstream.TooLarge, "allowed"},
		{"over the limit", func(t *testing.T) string { return says(t, answerOf("", `{"a":"`+strings.Repeat("a", 2<<20))) }, upstream.TooLarge, "more than"},
		{"unpacks to over the limit", func(t *testing.T) string { return says(t, answerOf("Content-Encoding: gzip\r\n", bomb(64<<20))) },
			upstream.TooLarge, "over the limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := planted(c.base(t))
			m.MaxAnswer = 1 << 20
			d, e := open(t, m)
			prepare(d)
			_, err := d.Chat(t.Context(), callOf(t, e, false, hello))
			if !has(err, c.class) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v\nwant class %s, with %q", err, c.class, c.says)
			}
			if c.class == upstream.TooLarge && !errors.Is(err, chat.ErrTooLarge) {
				t.Errorf("%v is not chat.ErrTooLarge", err)
			}
			noSecret(t, fmt.Sprintf("%v %+v", err, err))
		})
	}
}

// bomb is n zero bytes, packed.
func bomb(n int64) string {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = io.CopyN(z, zeros{}, n)
	_ = z.Close()
	return b.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A request that is cut off while it is being sent was not answered; whether
// the reader or the writer finds out first is a matter of luck.
func TestResetWhileSending(t *testing.T) {
	base := listen(t, func(c *net.TCPConn) {
		_, _ = io.ReadFull(c, make([]byte, 10_000))
		reset(c)
	})
	d, e := open(t, planted(base))
	big := strings.Replace(hello, "Hello", strings.Repeat("Hello ", 2<<20), 1)
	_, err := d.Chat(t.Context(), callOf(t, e, false, big))
	if !has(err, upstream.Send, upstream.Header) {
		t.Errorf("%v", err)
	}
	noSecret(t, err.Error())
}

func TestFailureOfAWriteIsOneOfSending(t *testing.T) {
	for _, op := range []string{"write", "writev"} {
		if got := classOf(&unsentError{&net.OpError{Op: op, Err: io.ErrShortWrite}}); got != upstream.Send {
			t.Errorf("%s: %s", op, got)
		}
	}
}

// U11: the address that a redirect names receives nothing at all.
func TestRedirectTargetIsLeftAlone(t *testing.T) {
	var visits atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer target.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		d, e := at(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target.URL+"/latest/meta-data", status)
		})
		if _, err := d.Chat(t.Context(), callOf(t, e, false, hello)); !has(err, upstream.Protocol) {
			t.Errorf("%d: %v", status, err)
		}
		if _, err := d.Models(t.Context(), e); !has(err, upstream.Protocol) {
			t.Errorf("%d, list: %v", status, err)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the target was visited %d times", n)
	}
}

func TestErrorRepliesKeepStatusAndBodyButNoSecret(t *testing.T) {
	d, e := open(t, planted(echo(t, "HTTP/1.1 401 Unauthorized\r\nRetry-After: 7\r\nConnection: close\r\n\r\n")))
	r, err := d.Chat(t.Context(), callOf(t, e, true, hello))
	if err != nil || r.Status != 401 || r.Frames != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if !strings.Contains(string(r.Body), "Authorization:[Bearer [secret]]") || r.Header["Retry-After"][0] != "7" {
		t.Errorf("body %q, header %v", r.Body, r.Header)
	}
	noSecret(t, string(r.Body))
}

func TestErrorBodyIsBounded(t *testing.T) {
	d, e := at(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		_, _ = io.CopyN(w, zeros{}, 8<<20)
	})
	r, err := d.Chat(t.Context(), callOf(t, e, false, hello))
	if err != nil || r.Status != 500 || len(r.Body) != maxErrorBody {
		t.Fatalf("%v; %d bytes", err, len(r.Body))
	}
}

// The status is known even when the body of an error breaks off or is packed.
func TestErrorBodyThatCannotBeRead(t *testing.T) {
	for name, answer := range map[string]string{
		"cut off": "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 100\r\n\r\nbusy",
		"packed":  "HTTP/1.1 503 Service Unavailable\r\nContent-Encoding: zstd\r\nContent-Length: 4\r\n\r\nbusy",
	} {
		d, e := open(t, modelAt(says(t, answer)))
		if r, err := d.Chat(t.Context(), callOf(t, e, false, hello)); err != nil || r.Status != 503 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func packed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

const oneAnswer = `{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`

func TestPackedAnswersAreUnpacked(t *testing.T) {
	d, e := at(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, packed(oneAnswer))
	})
	if got := answer(t, d, callOf(t, e, false, hello)); got != oneAnswer {
		t.Errorf("got %q", got)
	}
}

const oneStream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"

func TestStreamsUnderOtherNames(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"packed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, packed(oneStream))
		},
		"as text": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, oneStream)
		},
		"as text and packed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, packed(oneStream))
		},
		"with no type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, oneStream)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, e := at(t, h)
			if got := answer(t, d, callOf(t, e, true, hello)); got != oneStream {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A stream was asked for and a whole answer came: one whole frame.
func TestWholeAnswerToAStream(t *testing.T) {
	for _, kind := range []string{"application/json", "text/plain", "application/problem+json"} {
		d, e := at(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, oneAnswer)
		})
		r, err := d.Chat(t.Context(), callOf(t, e, true, hello))
		if err != nil {
			t.Fatal(kind, err)
		}
		if f, err := r.Frames.Next(); err != nil || f.Kind != chat.Whole || !f.HasUsage {
			t.Errorf("%s: %+v, %v", kind, f, err)
		}
	}
}

// U6: a stream that is cut off is told from one that ended.
func TestCutStreams(t *testing.T) {
	event := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n"
	header := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	for name, c := range map[string]struct {
		base string
		want error
	}{
		"closed":   {says(t, header+"\r\n"+event), chat.ErrIncomplete},
		"in chunk": {says(t, header+"Transfer-Encoding: chunked\r\n\r\nfff\r\n"+event), io.ErrUnexpectedEOF},
	} {
		d, e := open(t, modelAt(c.base))
		r, err := d.Chat(t.Context(), callOf(t, e, true, hello))
		if err != nil {
			t.Fatal(err)
		}
		if f, err := r.Frames.Next(); err != nil || !f.Visible {
			t.Errorf("%s: first frame %+v, %v", name, f, err)
		}
		if _, err = r.Frames.Next(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		var u *upstream.Error
		if errors.As(err, &u) && u.Class != upstream.Body {
			t.Errorf("%s: class %s", name, u.Class)
		}
		_ = r.Frames.Close()
	}
}

// An event over the limit ends the stream in bounded memory.
func TestHugeEvent(t *testing.T) {
	base := rawServer(t, func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"a\":\"")
		_, _ = io.CopyN(c, zeros{}, 64<<20)
	})
	m := modelAt(base)
	m.MaxEvent = 64 << 10
	d, e := open(t, m)
	r, err := d.Chat(t.Context(), callOf(t, e, true, hello))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Frames.Close()
	if _, err := r.Frames.Next(); !errors.Is(err, chat.ErrTooLarge) {
		t.Error(err)
	}
}

// More than was announced: what was announced is the answer, if it is one, and
// the connection is not used again, so that the rest is nobody's next answer.
func TestLongerThanAnnounced(t *testing.T) {
	log.SetOutput(io.Discard) // net/http writes such bytes to package log
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	var conns atomic.Int64
	surplus := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
	d, e := open(t, modelAt(rawServer(t, func(c *net.TCPConn) {
		conns.Add(1)
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", len(oneAnswer), oneAnswer, surplus)
		_, _ = io.Copy(io.Discard, c)
	})))
	for range 3 {
		if got := answer(t, d, callOf(t, e, false, hello)); got != oneAnswer {
			t.Errorf("got %q", got)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections for 3 answers", n)
	}
	d, e = open(t, modelAt(says(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"+oneAnswer)))
	if _, err := d.Chat(t.Context(), callOf(t, e, false, hello)); !has(err, upstream.Protocol) {
		t.Error(err)
	}
}
