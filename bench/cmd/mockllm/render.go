package main

import (
	"fmt"
	"strings"
)

// responses holds every byte the server ever sends for the hot paths.
type responses struct {
	chat, models, health, fail, notFound []byte
	sseHead                              []byte   // status line and headers of a stream
	sse                                  [][]byte // HTTP-chunk-framed events: role, content..., finish
	sseUsage, sseDone                    []byte   // usage event; [DONE] plus the closing HTTP chunk
}

func httpResponse(status int, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

func event(data string, last bool) []byte {
	p := "data: " + data + "\n\n"
	b := fmt.Appendf(nil, "%x\r\n%s\r\n", len(p), p)
	if last {
		b = append(b, "0\r\n\r\n"...)
	}
	return b
}

func render() *responses {
	const usage = `{"prompt_tokens":42,"completion_tokens":%d,"total_tokens":%d}`
	use := fmt.Sprintf(usage, *tokens, *tokens+42)
	chat := func(content string) string {
		return fmt.Sprintf(`{"id":"chatcmpl-mock","object":"chat.completion","created":1700000000,"model":%q,"choices":[{"index":0,"message":{"role":"assistant","content":%q},"logprobs":null,"finish_reason":"stop"}],"usage":%s,"system_fingerprint":"fp_mock"}`, *model, content, use)
	}
	pad := max(0, *size-len(chat("")))
	words := strings.Repeat("lorem ipsum dolor sit amet ", pad/27+1)[:pad]

	chunk := func(choices, use string) string {
		return fmt.Sprintf(`{"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1700000000,"model":%q,"system_fingerprint":"fp_mock","choices":%s%s}`, *model, choices, use)
	}
	r := &responses{
		chat:     httpResponse(200, chat(words)),
		models:   httpResponse(200, fmt.Sprintf(`{"object":"list","data":[{"id":%q,"object":"model","created":1700000000,"owned_by":"mock"}]}`, *model)),
		health:   httpResponse(200, `{"status":"ok"}`),
		fail:     httpResponse(*errCode, `{"error":{"message":"injected by mockllm","type":"server_error","param":null,"code":"mock_error"}}`),
		notFound: httpResponse(404, `{"error":{"message":"unknown path","type":"invalid_request_error","param":null,"code":null}}`),
		sseHead:  []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"),
		sseUsage: event(chunk("[]", `,"usage":`+use), false),
		sseDone:  event("[DONE]", true),
	}
	r.sse = append(r.sse, event(chunk(`[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]`, ""), false))
	for i := range *tokens {
		r.sse = append(r.sse, event(chunk(fmt.Sprintf(`[{"index":0,"delta":{"content":" token%d"},"finish_reason":null}]`, i), ""), false))
	}
	r.sse = append(r.sse, event(chunk(`[{"index":0,"delta":{},"finish_reason":"stop"}]`, ""), false))
	return r
}
