package chaos

import "bytes"

// goldenForms are streams that say the same in other forms of SSE.
func goldenForms() []Stream {
	chunks := []string{roleDelta, say("to be"), say(" or not"), finish("stop"), with(choices(""), spent(Usage{Input: 3, Output: 2})), goldenDone}
	form := func(name string, raw []byte) Stream {
		return Stream{Name: name, Bytes: raw, Complete: true, Text: "to be or not", Finish: "stop", Usage: &Usage{Input: 3, Output: 2}}
	}
	// A stream may begin with blank lines, and tell how to reconnect.
	preface := "\n\nretry: 3000\n\n:\n\n"
	return []Stream{
		form("comments", written(Style{Comments: true}, chunks...)),
		form("crlf", written(Style{CRLF: true}, chunks...)),
		form("nospace", written(Style{NoSpace: true}, chunks...)),
		form("multiline-data", written(Style{MultiLine: true}, chunks...)),
		form("event-and-id", written(Style{Fields: true}, chunks...)),
		form("everything", written(Style{CRLF: true, NoSpace: true, Comments: true, MultiLine: true, Fields: true}, chunks...)),
		form("preface", append([]byte(preface), sse(chunks...)...)),
		form("two-blank-lines", bytes.ReplaceAll(sse(chunks...), []byte("\n\n"), []byte("\n\n\n"))),
	}
}
