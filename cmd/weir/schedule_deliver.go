package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/notify"
	spent "github.com/weirhq/weir/internal/usage"
)

// deliver writes a report into its folder or posts it; where says which, without
// a secret.
func (s *scheduler) deliver(ctx context.Context, r definition.Report, id string, made *spent.Report) (where string, err error) {
	var text strings.Builder
	if err := made.WriteMarkdown(&text); err != nil {
		return "", fmt.Errorf("write the report: %w", err)
	}
	page := plainLines(text.String())
	if r.Folder != "" {
		return writeReport(r, made, page)
	}
	send, done, err := s.sender(r)
	if err != nil {
		return "", err
	}
	defer done()
	m := notify.Message{ID: id, Kind: "report", Time: s.now().UTC(), Text: page, Data: made}
	return r.Webhook.String(), send.Send(ctx, &m)
}

// writeReport writes a file with the name of the period: weekly-2026-03-02.md. The
// same report written again takes its own place.
func writeReport(r definition.Report, made *spent.Report, page string) (string, error) {
	if err := os.MkdirAll(r.Folder, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for reports: %w", err)
	}
	name := filepath.Join(r.Folder, fmt.Sprintf("%s-%s.md", r.Name, made.Window.Start.Format("2006-01-02")))
	if err := replaceFile(name, []byte(page), 0o644); err != nil {
		return "", fmt.Errorf("write the report: %w", err)
	}
	return name, nil
}
