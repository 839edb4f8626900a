package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// readBody reads headers and body of one request.
func readBody(r *bufio.Reader, w io.Writer, body []byte) (_ []byte, closing bool, err error) {
	length, chunked := 0, false
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return body, true, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		k, v, _ := bytes.Cut(line, []byte(":"))
		v = bytes.TrimSpace(v)
		switch {
		case len(k) == 14 && bytes.EqualFold(k, []byte("content-length")):
			if length, err = strconv.Atoi(string(v)); err != nil || length < 0 {
				return body, true, errors.New("bad content-length")
			}
		case len(k) == 17 && bytes.EqualFold(k, []byte("transfer-encoding")):
			chunked = true
		case len(k) == 10 && bytes.EqualFold(k, []byte("connection")):
			closing = bytes.EqualFold(v, []byte("close"))
		case len(k) == 6 && bytes.EqualFold(k, []byte("expect")):
			if _, err := io.WriteString(w, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return body, true, err
			}
		}
	}
	read := func(n int) error {
		at := len(body)
		if cap(body) < at+n {
			body = append(make([]byte, 0, 2*(at+n)), body...)
		}
		body = body[:at+n]
		_, err := io.ReadFull(r, body[at:])
		return err
	}
	if !chunked {
		err = read(length)
		return body, closing, err
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return body, true, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 32)
		if err != nil {
			return body, true, err
		}
		if n > 0 {
			if err := read(int(n)); err != nil {
				return body, true, err
			}
		}
		if _, err := r.Discard(2); err != nil || n == 0 {
			return body, closing, err
		}
	}
}

// value returns the bytes after key and its colon. A key cannot match inside
// a JSON string, where its quotes would be escaped.
func value(body []byte, key string) []byte {
	for {
		i := bytes.Index(body, []byte(key))
		if i < 0 {
			return nil
		}
		body = bytes.TrimLeft(body[i+len(key):], " \t\r\n")
		if len(body) > 0 && body[0] == ':' {
			return bytes.TrimLeft(body[1:], " \t\r\n")
		}
	}
}

func boolField(body []byte, key string) bool {
	return bytes.HasPrefix(value(body, key), []byte("true"))
}

func stringField(body []byte, key string) []byte {
	v := value(body, key)
	if len(v) == 0 || v[0] != '"' {
		return nil
	}
	if i := bytes.IndexByte(v[1:], '"'); i >= 0 {
		return v[1 : 1+i]
	}
	return nil
}
