package admin

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// backup streams a copy of the store as it is at one moment. One that breaks off
// ends the connection, so that half a copy is not taken for a whole one.
func (c *call) backup() error {
	st, err := c.server.store()
	if err != nil {
		return err
	}
	h := c.w.Header()
	out := &slowly{c: c, rc: http.NewResponseController(c.w)}
	if c.r.Method == http.MethodHead {
		h.Set("Content-Type", c.endpoint.handler.media)
		c.w.WriteHeader(http.StatusOK)
		c.begun = true
		return nil
	}
	ctx, done := c.lengthen(c.server.clocks.long)
	defer done()
	h.Set("Content-Disposition", `attachment; filename="weir-`+c.server.cfg.Now().UTC().Format("20060102-150405")+`.backup"`)
	err = st.Backup(ctx, out)
	c.server.cfg.Log.Info("backup sent", "request_id", c.requestID, "by", c.who(), "bytes", out.sent, "whole", err == nil)
	if err == nil {
		if !c.begun {
			c.write(http.StatusOK, c.endpoint.handler.media, nil)
		}
		return nil
	}
	if c.begun {
		panic(http.ErrAbortHandler)
	}
	h.Del("Content-Disposition")
	return unavailable(fmt.Errorf("back the store up: %w", err))
}

// slowly writes an answer of any length: the reader has the time of one write for
// each piece.
type slowly struct {
	c    *call
	rc   *http.ResponseController
	sent int64
}

var _ io.Writer = (*slowly)(nil)

func (s *slowly) Write(p []byte) (int, error) {
	if !s.c.begun {
		s.c.begun = true
		s.c.w.Header().Set("Content-Type", s.c.endpoint.handler.media)
		s.c.w.WriteHeader(http.StatusOK)
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(s.c.server.clocks.write))
	n, err := s.c.w.Write(p)
	s.sent += int64(n)
	return n, err
}
