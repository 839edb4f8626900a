package openai

import (
	"math"
	"strconv"

	"github.com/weirhq/weir/internal/chat"
)

// ComposeEmbedding writes the answer to an embeddings request.
func ComposeEmbedding(model string, vectors [][]float32, usage chat.Usage) []byte {
	data := appendList(nil, len(vectors), func(dst []byte, i int) []byte {
		w := begin(dst).text("object", "embedding").int("index", int64(i)).key("embedding")
		w.b = appendList(w.b, len(vectors[i]), func(dst []byte, j int) []byte { return appendFloat(dst, vectors[i][j]) })
		return w.end()
	})
	count := begin(nil).int("prompt_tokens", usage.Input).int("total_tokens", usage.Input).end()
	return begin(nil).text("object", "list").raw("data", data).text("model", model).raw("usage", count).end()
}

// appendFloat writes a number; what JSON has no word for becomes 0.
func appendFloat(dst []byte, v float32) []byte {
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, '0')
	}
	return strconv.AppendFloat(dst, float64(v), 'g', -1, 32)
}
