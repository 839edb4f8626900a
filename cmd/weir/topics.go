package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// topics are pages of help that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the exit code of each command means", Long: exitCodesText()},
		{Use: "output", Short: "What goes where, and in which form", Long: outputText},
		{Use: "environment", Short: "The variables that are read", Long: environmentText},
	}
}

func exitCodesText() string {
	var b strings.Builder
	b.WriteString("Exit codes. They keep their meaning for ever.\n")
	for _, c := range exitCodes {
		fmt.Fprintf(&b, "\n  %3d  %-13s %s", c.code, c.word, c.meaning)
	}
	return b.String()
}

const outputText = `Data goes to standard output; errors, progress and what to do next go to
standard error. So "weir logs -o json | jq" reads data and nothing else.

-o chooses the form of the data; each command lists those it has:

  table     columns, for people; wide has more of them
  text      sentences and lists, for people
  json      one JSON document
  jsonl     one JSON value a line, as they come
  yaml      the same as json, as YAML
  markdown  a page
  name      one name or id a line

With -o json or jsonl an error is one line of JSON on standard error:

  {"code":"route_not_found","message":"there is no route \"suport\"",
   "next":"did you mean \"support\"?","request_id":"0198c0de-..."}

code is stable: that of docs/reference/errors.md where Weir answered, else the
word of the exit code (weir help exit-codes). next and request_id may be absent.

Only the lines of a diff have a colour, beside the sign that says the same, and
only when standard output is a terminal. Lines that move are drawn only when
standard error is one. With TERM=dumb or NO_COLOR set there is neither. Control
characters in what models, callers and headers said are shown as a mark, and in
JSON as \uXXXX: no answer can move the cursor or set the title. Nothing ever asks a
question, but for weir chat without TEXT.`

const environmentText = `Variables that are read:

  WEIR_KEY        the key that commands send to a running Weir; another variable is
                  named with --key env:NAME. A key is never taken from the command
                  line, where every user of the machine can see it
  WEIR_GATEWAY    address of the data listener (http://127.0.0.1:8080): --gateway
  WEIR_ADMIN      address of the admin listener (http://127.0.0.1:8081): --admin
  WEIR_STORE      the folder for the journal and the database: --store
  MODEL_A_ENDPOINT, MODEL_B_ENDPOINT, MODEL_A_WEIGHT, MODEL_B_WEIGHT
                  start weir serve without a file: two model servers, 90 to 10
  WEIR_SECRET     then also seals pins and hashes users; definitions name their own
  OPENAI_API_KEY and other vendors' variables
                  weir init looks which are there, by name; definitions refer to
                  them as env:OPENAI_API_KEY
  NO_COLOR, TERM  no lines that move (weir help output)
  GOGC, GOMEMLIMIT
                  as for any Go program; weir serve chooses good ones when unset
  SSL_CERT_FILE, SSL_CERT_DIR
                  certificates to trust, where the system has those variables
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                  for the commands that ask a Weir which is not on this machine`
