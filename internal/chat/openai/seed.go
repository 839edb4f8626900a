package openai

import "github.com/weirhq/weir/internal/chat"

// What a body in the short form gets when it says nothing.
const (
	seedMaxTokens   = "512"
	seedTemperature = "0.7"
)

// FromSeed turns the short form of a request, {"prompt", "user_id",
// "max_tokens", "temperature"}, into OpenAI's: the prompt becomes one user
// message, the two parameters get their defaults, and user_id is handed out
// instead of being sent on. A body that has messages keeps them and its
// parameters, and only gives up its user_id. Other members stay as they came.
//
// h is what Scan found in body. When ok, out is a new body that has to be
// scanned again; otherwise it is body itself.
func FromSeed(body []byte, h *chat.Head) (out []byte, user string, ok bool, err error) {
	var patches []chat.Field
	if m, found := member(body, h, "user_id"); found {
		if err := m.identity("user_id", &user); err != nil {
			return body, "", false, err
		}
		patches = append(patches, chat.Field{Name: "user_id"})
	}
	if prompt, found := member(body, h, "prompt"); found && !has(h.Members, "messages") {
		if err := prompt.oneOf("prompt", "a string", '"'); err != nil {
			return body, "", false, err
		}
		patches = append(patches, chat.Field{Name: "prompt"}, chat.Field{Name: "messages", Value: userMessage(prompt.bytes())})
		patches = appendDefault(patches, body, h, "max_tokens", seedMaxTokens)
		patches = appendDefault(patches, body, h, "temperature", seedTemperature)
	}
	if len(patches) == 0 {
		return body, "", false, nil
	}
	return AppendPatched(make([]byte, 0, len(body)+128), body, h, patches), user, true, nil
}

// userMessage is an array of one message with the given content, a JSON string.
func userMessage(content []byte) []byte {
	v := append([]byte(`[{"role":"user","content":`), content...)
	return append(v, "}]"...)
}

func appendDefault(patches []chat.Field, body []byte, h *chat.Head, name, value string) []chat.Field {
	if m, found := member(body, h, name); found && !m.null() {
		return patches
	}
	if name == "max_tokens" && h.MaxCompletion >= 0 {
		return patches // the newer name of the same limit
	}
	return append(patches, chat.Field{Name: name, Value: []byte(value)})
}

// member finds a top-level member of a body.
func member(body []byte, h *chat.Head, name string) (value, bool) {
	for _, m := range h.Members {
		if m.Key == name {
			return value{body, m.From, m.Upto}, true
		}
	}
	return value{}, false
}
