package simulated

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
)

// dimensions of a simulated embedding.
const dimensions = 64

// Embed gives each text a unit vector of its own: the same for the same text
// and seed, and no nearer for texts that mean the same.
func (d *Driver) Embed(ctx context.Context, c *upstream.Call) (*upstream.Reply, error) {
	texts, err := inputs(c.Request)
	if err == nil {
		err = d.refuse(c)
	}
	if err != nil {
		return refusal(c, openai.Status(err), err), nil
	}
	begin := time.Now()
	l := d.draw(c)
	if r, err := bad(ctx, c, &l, begin); r != nil || err != nil {
		return r, err
	}
	if err := wait(ctx, begin.Add(l.first)); err != nil {
		return nil, err
	}
	p := d.Profile()
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = vector(p.Seed, text)
	}
	body := openai.ComposeEmbedding(d.name, vectors, chat.Usage{Input: tokensOf(c.Request)})
	if asBase64(c.Request) {
		body = packed(body, vectors)
	}
	return reply(openai.NewWhole(openai.WithMember(body, "simulated", []byte("true")))), nil
}

// inputs are the texts to embed, in any of the four forms: a text, texts, a
// list of token numbers, lists of them. Token numbers stand for themselves.
func inputs(r *chat.Request) ([][]byte, error) {
	if n := param(r, "dimensions"); n != nil && string(n) != "64" && string(n) != "null" {
		return nil, fault.New(fault.Unsupported, "unsupported_parameter", "simulated embeddings have %d dimensions", dimensions).At("dimensions").
			Mend("Leave %q out", "dimensions")
	}
	raw := bytes.TrimSpace(param(r, "input"))
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return [][]byte{raw}, nil
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Invalid, "invalid_value", "must hold at least one text").At("input")
	}
	if c := list[0][0]; c != '"' && c != '[' { // one list of token numbers
		return [][]byte{raw}, nil
	}
	texts := make([][]byte, len(list))
	for i := range list {
		texts[i] = list[i]
	}
	return texts, nil
}

func vector(seed uint64, text []byte) []float32 {
	h := fnv.New64a()
	_, _ = h.Write(text)
	dice := rand.New(rand.NewPCG(seed, h.Sum64()))
	var v [dimensions]float64
	sum := 0.0
	for i := range v {
		v[i] = dice.NormFloat64() // normal in each direction: no direction is preferred
		sum += v[i] * v[i]
	}
	unit := make([]float32, dimensions)
	for i := range v {
		unit[i] = float32(v[i] / math.Sqrt(sum))
	}
	return unit
}

// asBase64 tells whether vectors are wanted packed, as most SDKs want them.
func asBase64(r *chat.Request) bool {
	return string(bytes.TrimSpace(param(r, "encoding_format"))) == `"base64"`
}

// packed replaces the vectors of a body by their bytes: little-endian 32-bit
// floats in base64.
func packed(body []byte, vectors [][]float32) []byte {
	type entry struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding string `json:"embedding"`
	}
	data := make([]entry, len(vectors))
	for i, v := range vectors {
		b := make([]byte, 0, 4*len(v))
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		data[i] = entry{"embedding", i, base64.StdEncoding.EncodeToString(b)}
	}
	list, _ := json.Marshal(data) // texts and numbers always encode
	return openai.WithMember(body, "data", list)
}
