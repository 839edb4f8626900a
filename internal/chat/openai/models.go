package openai

// ModelInfo is one entry of the list of models: a route, or a pinned model.
type ModelInfo struct {
	ID      string
	Created int64  // unix seconds
	OwnedBy string // "weir" when empty
}

// Models writes the answer to GET /v1/models.
func Models(models []ModelInfo) []byte {
	data := appendList(nil, len(models), func(dst []byte, i int) []byte { return append(dst, Model(models[i])...) })
	return begin(nil).text("object", "list").raw("data", data).end()
}

// Model writes the answer to GET /v1/models/{id}.
func Model(m ModelInfo) []byte {
	if m.OwnedBy == "" {
		m.OwnedBy = "weir"
	}
	return begin(nil).text("id", m.ID).text("object", "model").int("created", m.Created).text("owned_by", m.OwnedBy).end()
}
