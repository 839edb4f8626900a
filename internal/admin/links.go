package admin

import (
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// Link lets a browser in, once.
type Link struct {
	URL     string    `json:"url" doc:"to be opened in a browser; good once"`
	Expires time.Time `json:"expires" doc:"from when on it is refused"`
}

// linkBody is what links takes: nothing.
type linkBody struct{}

// addLink makes a link to the page. The session it opens may what the key of this
// call may; a session makes none itself, or it could go on for ever.
func (c *call) addLink(*linkBody) (Link, error) {
	if c.session {
		return Link{}, fault.New(fault.Forbidden, "key_needed", "a browser's session cannot make a link for another").
			Mend("make it with a key")
	}
	now := c.server.cfg.Now()
	token := c.server.links.add(grant{digest: c.digest, expires: now.Add(linkTTL)}, now)
	c.server.cfg.Log.Info("link for a browser made", "request_id", c.requestID, "by", c.who())
	return Link{URL: c.scheme() + "://" + c.r.Host + "/?t=" + token, Expires: now.Add(linkTTL).UTC()}, nil
}

// scheme is how the caller reached this listener, as a proxy that ends TLS tells it.
func (c *call) scheme() string {
	if c.r.TLS != nil || c.r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https"
	}
	return "http"
}

// enter exchanges the token of a link for a session. Afterwards the token is
// dead, the address in the browser has none, and Referrer-Policy keeps it from
// the pages that are visited next.
func (c *call) enter(token string) error {
	now := c.server.cfg.Now()
	who, ok := c.server.links.take(token, now)
	if !ok {
		return fault.New(fault.Unauthorized, "link_invalid", "this link was used already, or is too old").
			Mend("POST /api/v1/links gives another one")
	}
	who.expires = now.Add(sessionTTL)
	c.setSession(c.server.sessions.add(who, now), int(sessionTTL.Seconds()))
	c.server.cfg.Log.Info("session of a browser begun", "request_id", c.requestID)
	if site := c.r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		// A browser that follows a link of another site sends no strict cookie, nor
		// with a redirect. A page of our own that leads on does.
		c.write(http.StatusOK, "text/html; charset=utf-8", []byte(leadOn))
		return nil
	}
	c.w.Header().Set("Location", "/")
	c.write(http.StatusSeeOther, "text/plain; charset=utf-8", nil)
	return nil
}

const leadOn = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>Weir</title></head>` +
	`<body><p><a href="/">Go on to Weir</a></p></body></html>` + "\n"

// sessionCookie names the cookie. Cookies know no ports: another program on this
// host gets to see it, so names must differ, and its holder is asked for more (guard.go).
const sessionCookie = "weir-admin"

func (c *call) setSession(token string, age int) {
	http.SetCookie(c.w, &http.Cookie{Name: sessionCookie, Value: token, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: c.scheme() == "https", SameSite: http.SameSiteStrictMode})
}

// sessionOf finds the session of the request's cookie.
func (c *call) sessionOf() (grant, bool) {
	cookie, err := c.r.Cookie(sessionCookie)
	if err != nil {
		return grant{}, false
	}
	return c.server.sessions.find(cookie.Value, c.server.cfg.Now())
}

// Logout says what came of one.
type Logout struct {
	Ended bool `json:"ended" doc:"there was a session, and it is over"`
}

// logoutBody is what logout takes: nothing.
type logoutBody struct{}

// logout ends the browser's session on the server: the cookie is worth nothing
// afterwards, wherever it was copied to.
func (c *call) logout(*logoutBody) (Logout, error) {
	ended := false
	if cookie, err := c.r.Cookie(sessionCookie); err == nil {
		_, ended = c.server.sessions.take(cookie.Value, c.server.cfg.Now())
	}
	c.setSession("", -1)
	return Logout{ended}, nil
}
