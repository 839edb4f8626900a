package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// R3: who had connected when the door was closed is still heard, and told not to
// come again on that connection.
func TestR3WhoHasConnectedIsHeard(t *testing.T) {
	m := model(t, "")
	l := newLive(t, twoModelsOf(m.URL(), m.URL()))
	var conns []net.Conn
	for range 20 {
		conn, err := net.Dial("tcp", l.s.data.net.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		conns = append(conns, conn)
	}
	// A request over each tenth, so that these are known to have been taken; the others are new.
	for i := 0; i < len(conns); i += 10 {
		send(t, conns[i], "a")
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		l.s.drain(time.Minute, nil)
	}()
	eventually(t, "the door is closed", func() bool {
		conn, err := net.DialTimeout("tcp", l.s.data.net.Addr().String(), time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	for i, conn := range conns {
		if res := send(t, conn, "a"); res == nil || res.StatusCode != 200 || !res.Close {
			t.Errorf("connection %d: %+v", i, res)
		}
	}
	select {
	case <-drained:
	case <-time.After(soon):
		t.Error("with nobody left it still drains")
	}
}

// send puts a question over a connection and reads the answer; nil without one.
func send(t *testing.T, conn net.Conn, route string) *http.Response {
	t.Helper()
	body := question(route, false)
	_ = conn.SetDeadline(time.Now().Add(soon))
	_, _ = io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res
}
