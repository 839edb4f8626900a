package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
)

// conversation is one talk with a route; messages add up.
type conversation struct {
	gateway               *gatewayCaller
	unit, variant, system string
	headers               headers
	json                  bool
	messages              []message
	pin                   string
	id                    string
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// begin finds the route and gives the conversation its name.
func (c *conversation) begin(ctx context.Context) error {
	if err := c.gateway.findRoute(ctx); err != nil {
		return err
	}
	c.id = fmt.Sprintf("weir-chat-%d-%d", os.Getpid(), time.Now().UnixNano())
	if c.system != "" {
		c.messages = append(c.messages, message{"system", c.system})
	}
	return nil
}

// converse reads messages line by line. A person may break an answer off, and
// goes on after an error; a script ends with the first.
func (c *conversation) converse(person bool) error {
	if person {
		fmt.Fprintf(c.gateway.app.err, "route %s · an empty line or Ctrl-D ends, Ctrl-C breaks an answer off\n", plain(c.gateway.route))
	}
	lines := bufio.NewScanner(c.gateway.app.in)
	lines.Buffer(nil, maxMessage)
	for c.next(lines, person) {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			if person {
				return nil
			}
			continue
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err := c.say(ctx, text)
		stop()
		switch {
		case err == nil:
		case !person:
			return err
		default:
			c.gateway.app.report(err, "weir chat")
		}
	}
	return lines.Err()
}

// next waits for a line. While nobody answers, Ctrl-C ends the program as it
// ends any other: no signal is caught then.
func (c *conversation) next(lines *bufio.Scanner, person bool) bool {
	if person {
		fmt.Fprint(c.gateway.app.err, "> ")
	}
	return lines.Scan()
}

// chatAnswer is what came of one message.
type chatAnswer struct {
	Route     string `json:"route"`
	Variant   string `json:"variant,omitempty"` // when this caller may know
	Reason    string `json:"reason,omitempty"`
	RequestID string `json:"request_id"`
	Text      string `json:"text"`
	Refusal   string `json:"refusal,omitempty"`
	ToolCalls int    `json:"tool_calls,omitempty"`
	Finish    string `json:"finish,omitempty"`
	First     millis `json:"ttft_ms,omitempty"`
	Total     millis `json:"total_ms"`
}

// say sends one message and prints the answer as it comes. What failed is not
// part of the conversation.
func (c *conversation) say(ctx context.Context, text string) error {
	before := len(c.messages)
	c.messages = append(c.messages, message{"user", text})
	x, err := c.ask(ctx)
	if err != nil {
		c.messages = c.messages[:before]
		return err
	}
	c.messages = append(c.messages, message{"assistant", x.Text})
	if c.json {
		return c.gateway.app.writeLine(x)
	}
	fmt.Fprintf(c.gateway.app.err, "[%s]\n", x.line())
	return nil
}

func (c *conversation) ask(ctx context.Context) (*chatAnswer, error) {
	start := time.Now()
	body := map[string]any{"model": c.gateway.route, "messages": c.messages, "stream": true}
	if c.unit != "" {
		body["user"] = c.unit
	}
	res, err := c.gateway.ask(ctx, body, c.header())
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, c.gateway.refused(res)
	}
	if pin := res.Header.Get("X-Weir-Pin"); pin != "" {
		c.pin = pin
	}
	x := &chatAnswer{Route: c.gateway.route, Variant: res.Header.Get("X-Weir-Variant"), Reason: res.Header.Get("X-Weir-Reason"), RequestID: res.Header.Get("X-Weir-Request-Id")}
	err = c.read(res.Body, x, start)
	if !c.json {
		fmt.Fprintln(c.gateway.app.out)
	}
	x.Total = millis(time.Since(start))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return x, err
}

func (c *conversation) header() http.Header {
	h := http.Header{}
	c.headers.addTo(h)
	for name, value := range map[string]string{"X-Weir-Conversation": c.id, "X-Weir-Pin": c.pin, "X-Weir-Variant": c.variant} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// read takes the stream in and writes its text as it comes.
func (c *conversation) read(body io.ReadCloser, x *chatAnswer, start time.Time) error {
	frames := openai.NewStream(body, openai.StreamOptions{})
	defer frames.Close()
	var whole strings.Builder
	defer func() { x.Text = whole.String() }()
	for {
		f, err := frames.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the answer of request %s: %w", plain(x.RequestID), err)
		case f.Kind == chat.Failure:
			r := refusalOf(f.Data)
			if r.requestID == "" {
				r.requestID = x.RequestID
			}
			if r.message == "" {
				r.message = "the stream ended with an error that says nothing"
			}
			return r
		case f.Kind != chat.Event:
			continue
		}
		deltas, err := openai.Codec{}.Deltas(f)
		if err != nil {
			continue // a frame that only others can read
		}
		for i := range deltas {
			c.take(&deltas[i], x, &whole, start)
		}
	}
}

func (c *conversation) take(d *chat.Delta, x *chatAnswer, whole *strings.Builder, start time.Time) {
	if d.Text+d.Refusal != "" && x.First == 0 {
		x.First = millis(time.Since(start))
	}
	whole.WriteString(d.Text)
	x.Refusal += d.Refusal
	for _, t := range d.ToolCalls {
		if t.Name != "" {
			x.ToolCalls++
		}
	}
	if d.Finish != "" {
		x.Finish = d.Finish
	}
	if !c.json {
		fmt.Fprint(c.gateway.app.out, plainLines(d.Text+d.Refusal))
	}
}

// line says on one line who answered, why it was them, and how long it took.
func (x *chatAnswer) line() string {
	var parts []string
	if x.Variant != "" {
		parts = append(parts, plain(x.Variant), plain(x.Reason))
	}
	parts = append(parts, x.Total.String())
	if x.First > 0 {
		parts = append(parts, "first token "+x.First.String())
	}
	if x.Finish != "" && x.Finish != "stop" {
		parts = append(parts, "ended by "+plain(x.Finish))
	}
	if x.ToolCalls > 0 {
		parts = append(parts, fmt.Sprintf("%d tool calls, not run", x.ToolCalls))
	}
	return strings.Join(append(parts, "id "+plain(x.RequestID)), " · ")
}
