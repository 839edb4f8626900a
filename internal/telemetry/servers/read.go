package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/weirhq/weir/internal/offlimits"
)

// newClient makes the client of all targets. It follows no redirect: a page that
// sends its reader elsewhere is not the page that was asked for.
func newClient(via http.RoundTripper) *http.Client {
	if via == nil {
		via = &http.Transport{
			Proxy:                  nil, // model servers are near; the address in the definition is the one called
			DialContext:            (&net.Dialer{Timeout: 3 * time.Second, Control: refuseLinkLocal}).DialContext,
			TLSHandshakeTimeout:    3 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		}
	}
	return &http.Client{Transport: via, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// refuseLinkLocal keeps away from the addresses at which clouds hand out
// credentials, whatever name they were found by. No model server lives there.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := at.Addr().Unmap(); ip.IsLinkLocalUnicast() {
		return fmt.Errorf("%s is a link-local address, where clouds keep credentials: no model server is read there", ip)
	}
	return offlimits.Refuse(address)
}

// read reads one page.
func (r *Reader) read(ctx context.Context, t *target) (Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.def.URL, nil)
	if err != nil {
		return Reading{}, errors.New("the URL cannot be asked")
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4;q=0.9, */*;q=0.1")
	req.Header.Set("User-Agent", "weir")
	res, err := r.client.Do(req)
	if err != nil {
		return Reading{}, r.why(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return Reading{}, fmt.Errorf("it answered %d %s%s", res.StatusCode, http.StatusText(res.StatusCode), hint(res))
	}
	page := &io.LimitedReader{R: res.Body, N: r.cfg.Limit + 1}
	got, err := parse(page, t.def.Kind)
	switch {
	case page.N <= 0:
		return Reading{}, fmt.Errorf("its page has more than %d bytes", r.cfg.Limit)
	case err != nil:
		return Reading{}, r.why(ctx, err)
	}
	return got, nil
}

// hint says what an answer other than 200 may come from.
func hint(res *http.Response) string {
	switch {
	case res.StatusCode == http.StatusNotFound:
		return "; the page is /metrics for most servers, /prometheus/metrics for TensorRT-LLM"
	case res.StatusCode/100 == 3:
		return "; redirects are not followed"
	}
	return ""
}

// why is the cause without the URL, whose query may hold a key.
func (r *Reader) why(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", r.cfg.Timeout)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
