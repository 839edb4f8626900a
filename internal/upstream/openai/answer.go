package openai

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/upstream"
)

// answerBody is a response's body with errors that say what failed where.
type answerBody struct {
	driver *Driver
	target *target
	ctx    context.Context // of the call: an error after its end is its end
	from   io.Reader       // the body, or what unpacks it
	body   io.Closer
	packed bool
	closed atomic.Bool
}

func (d *Driver) answer(ctx context.Context, t *target, res *http.Response) *answerBody {
	return &answerBody{driver: d, target: t, ctx: ctx, from: res.Body, body: res.Body}
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, b.explain(err)
}

// Close ends it. Before the end was read, this closes the connection, which is
// how a model learns that nobody listens any more.
func (b *answerBody) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	err := b.body.Close()
	if b.driver.closed.Load() { // the driver is gone: its connections do not wait for more
		b.driver.transport.CloseIdleConnections()
	}
	return err
}

// explain classes an error of the body.
func (b *answerBody) explain(err error) error {
	class := upstream.Body
	switch {
	case b.ctx.Err() != nil:
		return upstream.Ended(b.ctx)
	case errors.Is(err, chat.ErrTooLarge):
		class = upstream.TooLarge
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		class = upstream.Protocol
	}
	return b.driver.failed(b.target, class, err)
}

// peek is the first byte that is not white space. An empty body looks like a
// whole answer, and is judged as one.
func (b *answerBody) peek() (byte, error) {
	ahead := bufio.NewReaderSize(b.from, 4<<10)
	b.from = ahead
	for {
		c, err := ahead.ReadByte()
		switch {
		case err == io.EOF:
			return '{', nil
		case err != nil:
			return 0, b.explain(err)
		case strings.IndexByte(" \t\r\n", c) < 0:
			return c, ahead.UnreadByte()
		}
	}
}

// unpack prepares for an answer that is packed although none was asked for.
func (b *answerBody) unpack(res *http.Response) error {
	switch packing := strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding"))); packing {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		b.packed, b.from = true, &unpacker{packed: b.from, left: b.driver.model.MaxAnswer}
		res.Header.Del("Content-Encoding")
		res.Header.Del("Content-Length")
		return nil
	default:
		return fmt.Errorf("answered packed as %q, which was not asked for", packing)
	}
}

// unpacker unpacks up to a limit, so that a small answer that grows into a huge
// one ends there.
type unpacker struct {
	packed io.Reader
	gzip   *gzip.Reader // made at the first read: making it reads
	left   int64
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.gzip == nil {
		z, err := gzip.NewReader(u.packed)
		if err != nil {
			return 0, err
		}
		u.gzip = z
	}
	n, err := u.gzip.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, chat.ErrTooLarge
	}
	return n, err
}
