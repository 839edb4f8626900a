package calculator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line of a batch, in bytes.
const maxLine = 256 << 20

// wrongLine is the answer to a line that cannot be computed.
type wrongLine struct {
	Error struct {
		Line    int    `json:"line"`
		Method  string `json:"method,omitempty"`
		Field   string `json:"field,omitempty"`
		Message string `json:"message"`
	} `json:"error"`
}

// Batch answers JSON lines {"method", "inputs"}, one line each, and goes on after
// one that does not fit: its answer is {"error"} with its number. Empty lines have
// none. It returns how many did not fit; an error is one of reading or writing.
func Batch(from io.Reader, to io.Writer) (wrong int, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	out := bufio.NewWriter(to)
	number := 0
	for lines.Scan() {
		number++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		answer, fits := answerLine(number, line)
		if !fits {
			wrong++
		}
		// Flushed line by line: the other end may wait for one answer before it asks again.
		if _, err := out.Write(append(answer, '\n')); err != nil {
			return wrong, fmt.Errorf("write the answer to line %d: %w", number, err)
		}
		if err := out.Flush(); err != nil {
			return wrong, fmt.Errorf("write the answer to line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return wrong, fmt.Errorf("read line %d: %w", number+1, err)
	}
	return wrong, nil
}

// answerLine computes one line, or says what is wrong with it.
func answerLine(number int, line []byte) (answer []byte, fits bool) {
	var asked struct {
		Method string          `json:"method"`
		Inputs json.RawMessage `json:"inputs"`
	}
	if err := json.Unmarshal(line, &asked); err != nil {
		return refusal(number, "", &Error{What: "this line is no JSON object: " + brief(line), Mend: `write {"method": …, "inputs": {…}}`}), false
	}
	m, err := Named(asked.Method)
	if err != nil {
		return refusal(number, asked.Method, err), false
	}
	answer, err = m.Run(asked.Inputs)
	if err != nil {
		return refusal(number, asked.Method, err), false
	}
	return answer, true
}

func refusal(number int, method string, err error) []byte {
	var w wrongLine
	w.Error.Line, w.Error.Method, w.Error.Message = number, short(method), err.Error()
	var e *Error
	if errors.As(err, &e) {
		w.Error.Field = e.Field
	}
	text, _ := json.Marshal(w) // strings and a number
	return text
}
