package chaos

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"net/http"
)

// embed answers with one vector per input. The same input has the same vector; nothing
// else is true of it.
func embed(s Script, ask ask) answer {
	inputs := inputsOf(ask.Input)
	if len(inputs) == 0 {
		return failure(http.StatusBadRequest, "input is missing or empty", "")
	}
	type item struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding any    `json:"embedding"`
	}
	data := make([]item, len(inputs))
	used := Usage{}
	for i, in := range inputs {
		v := vector(in, ask.Dimensions)
		data[i] = item{"embedding", i, v}
		if ask.EncodingFormat == "base64" {
			data[i].Embedding = packed(v)
		}
		used.Input += tokensIn(len(in))
	}
	if s.Usage != nil {
		used = *s.Usage
	}
	body := map[string]any{"object": "list", "model": ask.Model, "data": data}
	if !s.NoUsage {
		body["usage"] = map[string]int{"prompt_tokens": used.Input, "total_tokens": used.Input}
	}
	return plain(s, body, 0)
}

// inputsOf parts the input of an embeddings request: a text, texts, tokens, or lists of tokens.
func inputsOf(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		if len(raw) == 0 || string(raw) == "null" {
			return nil
		}
		return []json.RawMessage{raw}
	}
	if len(list) > 0 && list[0][0] != '"' && list[0][0] != '[' {
		return []json.RawMessage{raw} // a list of tokens is one input
	}
	return list
}

// vector makes a unit vector out of a hash of the input.
func vector(input []byte, size int) []float32 {
	if size < 1 || size > 4096 {
		size = 8
	}
	h := fnv.New64a()
	h.Write(input)
	v, sum := make([]float32, size), 0.0
	for i := range v {
		h.Write([]byte{byte(i)})
		x := float64(h.Sum64()>>11)/(1<<53) - 0.5
		v[i], sum = float32(x), sum+x*x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// packed is a vector as OpenAI's base64 form has it: little-endian 32-bit floats.
func packed(v []float32) string {
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}
