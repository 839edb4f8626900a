package admin

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// browser is one without a jar: it says what it got, and sends what it is told to.
func browser() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// follow opens a link as a browser does, and gives its answer.
func (k *kept) follow(link string, header ...string) *http.Response {
	k.t().Helper()
	u, err := url.Parse(link)
	if err != nil {
		k.t().Fatal(err)
	}
	resp, err := browser().Do(k.request("GET", u.RequestURI(), "", header...))
	if err != nil {
		k.t().Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// link makes one with a key.
func (k *kept) link(key string) Link {
	k.t().Helper()
	resp, body := k.do(k.request("POST", "/api/v1/links", "{}", "Authorization", "Bearer "+k.token(key)))
	if resp.StatusCode != 200 {
		k.t().Fatalf("%s %s", resp.Status, body)
	}
	return decode[Link](k.t(), body)
}

// session opens a link and gives the cookie as it is sent.
func (k *kept) session(key string) string {
	k.t().Helper()
	resp := k.follow(k.link(key).URL)
	if resp.StatusCode != 303 || len(resp.Cookies()) != 1 {
		k.t().Fatalf("%s, %v", resp.Status, resp.Cookies())
	}
	return sessionCookie + "=" + resp.Cookies()[0].Value
}

func startWithKeys(t *testing.T, scopes map[string]string) *kept {
	t.Helper()
	k := startKept(t, nil)
	ring, err := keysOf(scopes)
	if err != nil {
		t.Fatal(err)
	}
	k.state.setKeys(ring)
	return k
}

// withCookie asks with a cookie and gives the status and the code of the answer.
func (k *kept) withCookie(method, path, cookie string, header ...string) (int, string) {
	k.t().Helper()
	resp, body := k.do(k.request(method, path, "", append(header, "Cookie", cookie)...))
	if resp.StatusCode == 200 {
		return 200, ""
	}
	return resp.StatusCode, problemIn(k.t(), body).Code
}

func TestALinkIsGoodOnce(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read,operate"})
	link := k.link("ada")
	if !strings.HasPrefix(link.URL, k.url+"/?t=") || !link.Expires.Equal(noon.Add(linkTTL)) {
		t.Errorf("%+v", link)
	}
	resp := k.follow(link.URL)
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/" || resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
	c := resp.Cookies()[0]
	if c.Name != sessionCookie || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" || c.MaxAge != 12*3600 || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	if status, code := k.withCookie("GET", "/api/v1/status", sessionCookie+"="+c.Value); status != 200 {
		t.Errorf("the session is refused: %d %s", status, code)
	}
	if resp := k.follow(link.URL); resp.StatusCode != 401 || len(resp.Cookies()) != 0 {
		t.Errorf("the link worked twice: %s", resp.Status)
	}
	// The page itself shows what is for readers.
	k.ring.Record(&event.Event{ID: "an-event-of-today"})
	if _, page := k.do(k.request("GET", "/", "", "Cookie", sessionCookie+"="+c.Value)); !strings.Contains(page, "an-event-of-today") {
		t.Error("the page shows nothing to a session")
	}
	if _, page := k.get("/"); strings.Contains(page, "an-event-of-today") {
		t.Error("the page shows events to strangers")
	}
}

func TestOfManyWhoOpenALinkOneGetsIn(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read"})
	link := k.link("ada")
	var in atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if k.follow(link.URL).StatusCode == 303 {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d got in", in.Load())
	}
}

func TestLinksAndSessionsEnd(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read"})
	late := k.link("ada")
	k.now = noon.Add(linkTTL)
	if resp := k.follow(late.URL); resp.StatusCode != 401 {
		t.Errorf("a link of %s ago: %s", linkTTL, resp.Status)
	}
	k.now = noon
	cookie := k.session("ada")
	k.now = noon.Add(sessionTTL - time.Second)
	if status, _ := k.withCookie("GET", "/api/v1/status", cookie); status != 200 {
		t.Errorf("before its end: %d", status)
	}
	k.now = noon.Add(sessionTTL)
	if status, code := k.withCookie("GET", "/api/v1/status", cookie); status != 401 || code != "missing_api_key" {
		t.Errorf("after its end: %d %s", status, code)
	}
}

// A look at what a link is (HEAD, as chat programs do) does not use it up.
func TestHeadDoesNotUseALinkUp(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read"})
	link := k.link("ada")
	u, _ := url.Parse(link.URL)
	if resp, _ := k.do(k.request("HEAD", u.RequestURI(), "")); resp.StatusCode != 200 || len(resp.Cookies()) != 0 {
		t.Errorf("HEAD: %s %v", resp.Status, resp.Cookies())
	}
	if resp := k.follow(link.URL); resp.StatusCode != 303 {
		t.Errorf("after HEAD: %s", resp.Status)
	}
}

// A session may what its key may now, and ends with the key.
func TestASessionHasTheScopesOfItsKey(t *testing.T) {
	k := startWithKeys(t, map[string]string{"reader": "read", "operator": "read,operate"})
	origin := []string{"Origin", k.url}
	reader, operator := k.session("reader"), k.session("operator")
	if status, code := k.withCookie("POST", "/api/v1/reload", reader, origin...); status != 403 || code != "scope_missing" {
		t.Errorf("a reader reloads: %d %s", status, code)
	}
	if status, code := k.withCookie("POST", "/api/v1/reload", operator, origin...); status != 200 {
		t.Errorf("an operator may not reload: %d %s", status, code)
	}
	less, err := keysOf(map[string]string{"operator": "read", "caller": "call"})
	if err != nil {
		t.Fatal(err)
	}
	k.state.setKeys(less)
	if status, code := k.withCookie("POST", "/api/v1/reload", operator, origin...); status != 403 || code != "scope_missing" {
		t.Errorf("a scope that was taken away: %d %s", status, code)
	}
	if status, code := k.withCookie("GET", "/api/v1/status", reader); status != 401 || code != "invalid_api_key" {
		t.Errorf("a key that was revoked: %d %s", status, code)
	}
	if resp, body := k.do(k.request("POST", "/api/v1/links", "{}", "Authorization", "Bearer "+k.token("caller"))); resp.StatusCode != 403 {
		t.Errorf("a key without read makes a link: %s %s", resp.Status, body)
	}
	if status, code := k.withCookie("POST", "/api/v1/links", operator, origin...); status != 403 || code != "key_needed" {
		t.Errorf("a session makes a link: %d %s", status, code)
	}
}

// A browser sends its cookie whoever makes it ask, but for SameSite; changes need
// more than the cookie.
func TestChangesByASessionComeFromOurOwnPage(t *testing.T) {
	k := startWithKeys(t, map[string]string{"operator": "read,operate"})
	cookie := k.session("operator")
	for _, row := range []struct {
		name, origin, site, kind string
		status                   int
		code                     string
	}{
		{"our own page", k.url, "same-origin", "application/json", 200, ""},
		{"our own page in an old browser", k.url, "", "application/json", 200, ""},
		{"a browser that sends no Origin", "", "same-origin", "application/json", 200, ""},
		{"neither", "", "", "application/json", 403, "origin_missing"},
		{"typed into the address bar", "", "none", "application/json", 403, "origin_missing"},
		{"another site", "http://evil.example", "cross-site", "application/json", 403, "origin_refused"},
		{"another program on this host", "http://127.0.0.1:1", "same-site", "application/json", 403, "origin_refused"},
		{"another site that hides", "null", "cross-site", "application/json", 403, "origin_refused"},
		{"another site without Origin", "", "cross-site", "application/json", 403, "cross_site"},
		{"a form", k.url, "same-origin", "text/plain", 415, "unsupported_content_type"},
	} {
		before := k.reloads
		req := k.request("POST", "/api/v1/reload", "{}", "Cookie", cookie, "Origin", row.origin, "Sec-Fetch-Site", row.site)
		req.Header.Set("Content-Type", row.kind)
		resp, body := k.do(req)
		code := ""
		if resp.StatusCode != 200 {
			code = problemIn(t, body).Code
		}
		if resp.StatusCode != row.status || code != row.code || (k.reloads > before) != (row.status == 200) {
			t.Errorf("%s: %s %s, %d reloads", row.name, resp.Status, body, k.reloads-before)
		}
	}
	// A key needs no Origin: no browser sends it by itself.
	if resp, body := k.do(k.request("POST", "/api/v1/reload", "{}", "Authorization", "Bearer "+k.token("operator"), "Cookie", cookie)); resp.StatusCode != 200 {
		t.Errorf("a key beside a cookie: %s %s", resp.Status, body)
	}
}

// Logging out ends the session on the server: a copy of the cookie is worth nothing.
func TestLogoutEndsTheSession(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read"})
	cookie, other := k.session("ada"), k.session("ada")
	resp, body := k.do(k.request("POST", "/api/v1/logout", "{}", "Cookie", cookie, "Origin", k.url))
	if c := resp.Cookies(); resp.StatusCode != 200 || len(c) != 1 || c[0].MaxAge >= 0 || c[0].Value != "" || !decode[Logout](t, body).Ended {
		t.Errorf("%s %s %v", resp.Status, body, resp.Cookies())
	}
	if status, _ := k.withCookie("GET", "/api/v1/status", cookie); status != 401 {
		t.Errorf("after the logout: %d", status)
	}
	if status, _ := k.withCookie("GET", "/api/v1/status", other); status != 200 {
		t.Errorf("another session ended with it: %d", status)
	}
}

// Behind TLS, its own or a proxy's, the cookie is for TLS only and the link says so.
func TestLinksBehindTLS(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read"})
	resp, body := k.do(k.request("POST", "/api/v1/links", "{}", "Authorization", "Bearer "+k.token("ada"), "X-Forwarded-Proto", "https"))
	link := decode[Link](t, body)
	if resp.StatusCode != 200 || !strings.HasPrefix(link.URL, "https://") {
		t.Fatalf("%s %s", resp.Status, body)
	}
	if c := k.follow(link.URL, "X-Forwarded-Proto", "https").Cookies(); len(c) != 1 || !c[0].Secure {
		t.Errorf("%v", c)
	}
}

// A link that was clicked on another site: a redirect would arrive without the
// strict cookie, so a page of ours leads on.
func TestALinkFromAnotherSite(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read"})
	resp := k.follow(k.link("ada").URL, "Sec-Fetch-Site", "cross-site")
	if resp.StatusCode != 200 || len(resp.Cookies()) != 1 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
}

// Tokens of links and sessions are in no log and no answer but the one that gives
// them, and in no header but the cookie: T10 and X1 of the list of faults.
func TestTokensOfLinksReachNoLog(t *testing.T) {
	k := startWithKeys(t, map[string]string{"ada": "read,operate"})
	link := k.link("ada")
	token := link.URL[strings.Index(link.URL, "t=")+2:]
	resp := k.follow(link.URL)
	secret := resp.Cookies()[0].Value
	for name, values := range resp.Header {
		if strings.Contains(strings.Join(values, " "), token) || name != "Set-Cookie" && strings.Contains(strings.Join(values, " "), secret) {
			t.Errorf("header %s: %v", name, values)
		}
	}
	k.follow(link.URL) // refused now
	for _, path := range []string{"/?t=" + token + "&x=1", "/api/v1/status?t=" + token, "/api/v1/status", "/nowhere?t=" + token} {
		_, body := k.do(k.request("GET", path, "", "Cookie", sessionCookie+"="+secret))
		if strings.Contains(body, token) || strings.Contains(body, secret) {
			t.Errorf("%s answers with a token: %s", path, body)
		}
	}
	if log := k.log.String(); strings.Contains(log, token) || strings.Contains(log, secret) || !strings.Contains(log, "link for a browser made") {
		t.Errorf("the log: %s", log)
	}
}

func TestGrantsAreBounded(t *testing.T) {
	g := newGrants(3)
	first := g.add(grant{expires: noon.Add(time.Minute)}, noon)
	var last string
	for i := range 3 {
		last = g.add(grant{expires: noon.Add(time.Hour + time.Duration(i))}, noon)
	}
	if _, ok := g.find(first, noon); ok || len(g.held) != 3 {
		t.Errorf("%d are held, the one that ends first among them: %v", len(g.held), ok)
	}
	if _, ok := g.find(last, noon); !ok {
		t.Error("the last is gone")
	}
	g.add(grant{expires: noon.Add(3 * time.Hour)}, noon.Add(2*time.Hour))
	if len(g.held) != 1 {
		t.Errorf("%d are held after the others ended", len(g.held))
	}
}
