package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/feedback"
)

func (a *app) feedbackCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "feedback",
		Short: "Say how good answers were",
		Long: `Say how good answers were: of one request, as an application does, or of many that
stand in a file. What is said is joined to the variant that the request was
assigned to, for 30 days after it (store.keep.exposures). weir trace shows it.`,
	}
	group(cmd)
	cmd.AddCommand(a.feedbackSendCommand(), a.feedbackImportCommand())
	return cmd
}

// word is what weir feedback send sends.
type word struct {
	id, reply, name, value, comment, tags, key string
	text                                       bool
}

func (a *app) feedbackSendCommand() *cobra.Command {
	g := gatewayCaller{app: a}
	w := word{}
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Say something of one request",
		Long: `Say something of one request, as applications do: at /v1/feedback of the data
listener. It needs the key that made the request, with scope feedback.

VALUE is true or false, a number, or a text. A later word of the same name takes
the place of the earlier. The name thumbs also takes up and down.`,
		Example: `  weir feedback send --request-id 0198c0de-7c1a-7e50-9a3f-2b6d4c8e1f00 --name thumbs --value up
  weir feedback send --id chatcmpl-123 --name solved --value false --comment "asked for another parcel"`,
		Args:              takes(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := g.open(); err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return a.sendFeedback(ctx, &g, &w, output.word)
	}
	f := cmd.Flags()
	f.StringVar(&g.url, "gateway", "", "`URL` of the data listener (default $WEIR_GATEWAY, else "+usualGateway+")")
	keyFlag(cmd, &g.keyRef, "`env:NAME` of the variable that holds the key that made the request, with scope feedback")
	f.StringVar(&w.id, "request-id", "", "Weir's `ID` of the request: x-weir-request-id")
	f.StringVar(&w.reply, "id", "", "the `ID` in the body of its reply, in place of --request-id")
	f.StringVar(&w.name, "name", "", "`NAME` of what is said: thumbs, solved, relevance")
	f.StringVar(&w.value, "value", "", "`VALUE`: true or false, a number, or a text")
	f.BoolVar(&w.text, "text", false, "take the value for a text, whatever it looks like")
	f.StringVar(&w.comment, "comment", "", "`TEXT` beside the value")
	f.StringVar(&w.tags, "tags", "", "`LIST` of NAME=VALUE, with commas")
	f.StringVar(&w.key, "idempotency-key", "", "a `WORD` with which the same, sent again, counts once")
	return cmd
}

// body is what is sent, checked as the listener would.
func (w *word) body() ([]byte, error) {
	s := &feedback.Said{}
	for _, f := range []struct{ name, text string }{
		{"request_id", w.id}, {"id", w.reply}, {"name", w.name}, {"value", w.value}, {"comment", w.comment}, {"tags", w.tags}, {"idempotency_key", w.key},
	} {
		if err := s.Set(f.name, f.text); err != nil {
			return nil, err
		}
	}
	if w.text && w.value != "" {
		quoted, _ := json.Marshal(w.value)
		if err := s.SetValue(quoted); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(s.Of(), s.Check()); err != nil {
		return nil, err
	}
	body := map[string]any{"name": s.Name, "value": s.JSON()}
	for name, text := range map[string]string{"request_id": s.RequestID, "id": s.BodyID, "comment": s.Comment, "idempotency_key": s.Key} {
		if text != "" {
			body[name] = text
		}
	}
	if len(s.Tags) > 0 {
		body["tags"] = s.Tags
	}
	return json.Marshal(body)
}

func (a *app) sendFeedback(ctx context.Context, g *gatewayCaller, w *word, form string) error {
	body, err := w.body()
	if err != nil {
		return usage(err)
	}
	res, err := g.send(ctx, http.MethodPost, "/v1/feedback", body, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusAccepted {
		err := g.refused(res)
		if res.StatusCode == http.StatusForbidden {
			return advise(err, "set %s to the key that made the request; it needs scope feedback", strings.TrimPrefix(g.keyRef, "env:"))
		}
		return err
	}
	var reply struct {
		ID string `json:"feedback_id"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxRefusal)).Decode(&reply); err != nil {
		return advise(fmt.Errorf("read the answer of %s: %w", g.url, err), "see whether this is the data listener of Weir")
	}
	if form == "json" {
		return a.writeJSON(reply)
	}
	fmt.Fprintln(a.out, plain(reply.ID))
	if res.StatusCode == http.StatusAccepted {
		fmt.Fprintln(a.err, "the store is away: whose request it is will be looked up when it is back")
	}
	return nil
}
