package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/feedback"
)

func (a *app) feedbackImportCommand() *cobra.Command {
	r := remote{scope: "operate"}
	i := importing{app: a}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take what was said of many requests out of a file",
		Long: `Take what was said of many requests out of a file, whoever made them: CSV with a
header, or a line of JSON for each. Columns and fields are request_id (or id, of the
reply), name, value, comment, tags, idempotency_key and time. A dash reads standard
input.

What is good is taken. What is not is told with its line number and goes into
FILE.rejected, to be mended and imported by itself; the exit code is 2 then. The
same said twice counts once, so a file may be imported again, also after it broke
off. With --dry-run everything is looked up and nothing is kept.`,
		Example: `  weir feedback import thumbs.csv --dry-run
  weir feedback import judged.jsonl --source judge:gpt-4o --name relevance`,
		Args: takes(1, 1),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := feedback.CheckSource(i.source); err != nil {
			return usage(err)
		}
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		i.client = c
		if err := i.file(ctx, args[0]); err != nil {
			return r.mend(err)
		}
		return i.tell(output.word)
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&i.source, "source", "import", "`SOURCE` that the words come from: judge:NAME of a judge")
	f.StringVar(&i.name, "name", "", "`NAME` of what is said in lines that have none")
	f.Var(&form{"", []string{"csv", "jsonl"}}, "format", "csv or jsonl (default what the file looks like)")
	i.format = f.Lookup("format").Value
	f.StringVar(&i.rejectedName, "rejected", "", "`FILE` for the lines that were not taken (default FILE.rejected)")
	f.BoolVar(&i.dryRun, "dry-run", false, "say what is wrong and keep nothing")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"csv", "jsonl"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// importing carries a file to Weir, a portion at a time.
type importing struct {
	app          *app
	client       *client.Client
	source, name string
	format       fmt.Stringer
	rejectedName string
	dryRun       bool

	reader   *saidReader
	waiting  []saidLine
	size     int // bytes that wait, about
	sum      imported
	rejected io.WriteCloser // nil: none yet
	told     time.Time
}

// imported is what came of a file.
type imported struct {
	Lines    int            `json:"lines"` // that said something, or should have
	Accepted int            `json:"accepted"`
	Rejected int            `json:"rejected"`
	DryRun   bool           `json:"dry_run"`
	File     string         `json:"rejected_file,omitempty"`
	Problems []importedLine `json:"problems"` // the first hundred
}

type importedLine struct {
	Line    int    `json:"line"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"`
}

// Bounds of a portion, and of the problems that are told one by one.
const (
	importItems    = 500
	importBytes    = 256 << 10
	importProblems = 100
)

// file imports a file, or standard input.
func (i *importing) file(ctx context.Context, name string) (err error) {
	in := i.app.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return usage(fmt.Errorf("read the file: %w", err))
		}
		defer f.Close()
		in = f
		i.rejectedName = cmp.Or(i.rejectedName, name+".rejected")
	}
	i.sum.Problems, i.sum.DryRun = []importedLine{}, i.dryRun
	defer func() {
		i.moving("")
		if i.rejected != nil {
			err = errors.Join(err, i.rejected.Close())
		}
	}()
	if i.reader, err = newSaidReader(in, i.format.String(), i.name); err != nil {
		return err
	}
	for ctx.Err() == nil {
		line, err := i.reader.next()
		if errors.Is(err, io.EOF) {
			return i.send(ctx)
		}
		if err != nil {
			return errors.Join(i.send(ctx), err)
		}
		if err := i.take(ctx, line); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take puts a line to those that wait, or aside.
func (i *importing) take(ctx context.Context, line saidLine) error {
	switch {
	case line.err != nil:
		i.sum.Lines++
		return i.reject(line, line.err)
	case line.said == nil: // an empty line
		return nil
	}
	i.sum.Lines++
	i.waiting = append(i.waiting, line)
	// In JSON a byte may become six.
	i.size += 200 + 2*len(line.raw)
	if len(i.waiting) < importItems && i.size < importBytes {
		return nil
	}
	return i.send(ctx)
}

// send sends what waits, again where that may help: what arrived twice counts once.
func (i *importing) send(ctx context.Context) error {
	if len(i.waiting) == 0 {
		return nil
	}
	b := client.FeedbackBatch{Source: i.source, DryRun: i.dryRun}
	for _, line := range i.waiting {
		s := line.said
		b.Feedback = append(b.Feedback, client.FeedbackItem{RequestID: s.RequestID, BodyID: s.BodyID, Name: s.Name, Value: s.JSON(), Comment: s.Comment, Tags: s.Tags, IdempotencyKey: s.Key, Time: s.Time})
	}
	reply, err := i.insist(ctx, b)
	if err != nil {
		return advise(fmt.Errorf("%d lines were taken, and then, from line %d on: %w", i.sum.Accepted, i.waiting[0].number, err),
			"import the file again when that is mended: what was taken counts once")
	}
	i.sum.Accepted += reply.Accepted
	for _, p := range reply.Rejected {
		if p.Index < 0 || p.Index >= len(i.waiting) {
			continue
		}
		if err := i.reject(i.waiting[p.Index], &fault.Error{Code: p.Code, Message: p.Message, Hint: p.Next}); err != nil {
			return err
		}
	}
	i.waiting, i.size = i.waiting[:0], 0
	if time.Since(i.told) > 200*time.Millisecond {
		i.told = time.Now()
		i.moving(fmt.Sprintf("line %s: %s taken, %s rejected", thousands(int64(i.reader.number)), thousands(int64(i.sum.Accepted)), thousands(int64(i.sum.Rejected))))
	}
	return nil
}

// importTries is how often a portion is sent, with a pause of one second more each time.
const importTries = 4

func (i *importing) insist(ctx context.Context, b client.FeedbackBatch) (client.FeedbackReply, error) {
	for try := 1; ; try++ {
		reply, err := i.client.AddFeedback(ctx, b)
		var weir *client.Error
		if err == nil || try == importTries || ctx.Err() != nil || unreachable(err) ||
			errors.As(err, &weir) && weir.Status != http.StatusServiceUnavailable && weir.Status != http.StatusTooManyRequests {
			return reply, err
		}
		pause(ctx, time.Duration(try)*time.Second)
	}
}

// moving shows how far it is, where there is a terminal to show it on.
func (i *importing) moving(text string) {
	if i.app.terminal && (text != "" || !i.told.IsZero()) {
		fmt.Fprint(i.app.err, "\r\033[K", cut(text, columns(i.app.err)))
	}
}

// reject tells of a line, and puts it into the file of those that were not taken.
func (i *importing) reject(line saidLine, why error) error {
	i.sum.Rejected++
	e := importedLine{Line: line.number, Message: why.Error()}
	var f *fault.Error
	if errors.As(why, &f) {
		e.Code, e.Message, e.Next = f.Code, f.Message, f.Hint
	}
	if len(i.sum.Problems) < importProblems {
		i.sum.Problems = append(i.sum.Problems, e)
	}
	if i.dryRun || i.rejectedName == "" {
		return nil
	}
	return i.putAside(line)
}

func (i *importing) putAside(line saidLine) error {
	if i.rejected == nil {
		f, err := os.OpenFile(i.rejectedName, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return advise(fmt.Errorf("keep the lines that were not taken: %w", err), "name another file: --rejected FILE")
		}
		i.rejected, i.sum.File = f, i.rejectedName
		if _, err := f.Write(i.reader.head); err != nil {
			return fmt.Errorf("keep the lines that were not taken: %w", err)
		}
	}
	raw := line.raw
	if !bytes.HasSuffix(raw, []byte("\n")) {
		raw = append(bytes.Clone(raw), '\n')
	}
	_, err := i.rejected.Write(raw)
	if err != nil {
		return fmt.Errorf("keep the lines that were not taken: %w", err)
	}
	return nil
}

// tell says what came of it.
func (i *importing) tell(form string) error {
	s := &i.sum
	for _, p := range s.Problems {
		if form == "text" {
			fmt.Fprintf(i.app.err, "line %d: %s\n", p.Line, plain(strings.TrimSuffix(p.Message+". "+p.Next, ". ")))
		}
	}
	if form == "json" {
		if err := i.app.writeJSON(s); err != nil {
			return err
		}
	} else {
		if more := s.Rejected - len(s.Problems); more > 0 {
			fmt.Fprintf(i.app.err, "and %s more\n", thousands(int64(more)))
		}
		taken := "taken"
		if s.DryRun {
			taken = "good, and nothing was kept: a dry run"
		}
		fmt.Fprintf(i.app.out, "%s of %s lines %s\n", thousands(int64(s.Accepted)), thousands(int64(s.Lines)), taken)
		if s.File != "" {
			fmt.Fprintln(i.app.err, plain("those that were not are in "+s.File))
		}
	}
	if s.Rejected > 0 {
		return exit(exitUsage)
	}
	return nil
}
