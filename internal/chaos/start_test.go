package chaos

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// soon is how long a test waits for what should come at once, on a busy machine.
const soon = 10 * time.Second

// start runs an upstream with the normal script in textual form.
func start(t *testing.T, script string) *Upstream {
	t.Helper()
	s, err := Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	u, err := NewUpstream(UpstreamConfig{Script: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	return u
}

// client is a plain client that follows no redirects and unpacks nothing.
func client(t *testing.T) *http.Client {
	tr := &http.Transport{DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 60 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

const (
	plainBody  = `{"model":"m-1","messages":[{"role":"user","content":"hello there"}]}`
	streamBody = `{"model":"m-1","stream":true,"messages":[{"role":"user","content":"hello there"}]}`
	usageBody  = `{"model":"m-1","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hello there"}]}`
)

// result is a reply as a plain client gets it.
type result struct {
	*http.Response
	body string
	err  error // from the body, or instead of a reply
}

// post asks for a completion and reads the reply to its end, good or bad.
func post(t *testing.T, base, body string) result {
	t.Helper()
	c := client(t)
	c.Transport.(*http.Transport).DisableKeepAlives = true
	return send(t, c, base+"/v1/chat/completions", body, nil)
}

// send posts a body.
func send(t *testing.T, c *http.Client, url, body string, header http.Header) result {
	t.Helper()
	req, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := c.Do(req)
	if err != nil {
		return result{&http.Response{Header: http.Header{}}, "", err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return result{resp, string(data), err}
}

// rawPost asks over a bare connection.
func rawPost(t *testing.T, addr, body string) *net.TCPConn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := nc.Write(rawRequest(body)); err != nil {
		t.Fatal(err)
	}
	return nc.(*net.TCPConn)
}

// rawRequest is a request as bytes.
func rawRequest(body string) []byte {
	var out bytes.Buffer
	req, _ := http.NewRequest("POST", "http://upstream/v1/chat/completions", strings.NewReader(body))
	req.Write(&out)
	return out.Bytes()
}

// finished waits for the end of the answer to request id.
func finished(t *testing.T, u *Upstream, id int) Request {
	t.Helper()
	r, err := u.WaitEnded(id, soon)
	if err != nil {
		t.Fatalf("%v; so far %+v", err, r)
	}
	return r
}
