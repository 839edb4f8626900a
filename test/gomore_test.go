//go:build tools

package test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

func goStructured(t *testing.T, client *openai.Client) {
	p := openai.ChatCompletionNewParams{Model: "assistant", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Extract the event: the launch is on Friday.")}}
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "event", Strict: openai.Bool(true), Schema: map[string]any{
			"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}, "day": map[string]any{"type": "string"}},
			"required": []string{"name", "day"}, "additionalProperties": false,
		},
	}}
	got, err := client.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.Choices[0].Message.Content, `{"name":"launch","day":"Friday"}`)
}

func goImages(t *testing.T, client *openai.Client) {
	p := openai.ChatCompletionNewParams{Model: "assistant", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
		openai.TextContentPart("What colour is this?"),
		openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: redDot, Detail: "low"}),
	})}}
	got, err := client.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.Choices[0].Message.Content, "It is red.")
}

func goUntouched(t *testing.T, client *openai.Client) {
	p := openai.ChatCompletionNewParams{
		Model: "assistant", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Give me two likely words.")},
		N: openai.Int(2), Logprobs: openai.Bool(true), TopLogprobs: openai.Int(3), LogitBias: map[string]int64{"50256": -100},
		PresencePenalty: openai.Float(-0.5), ReasoningEffort: shared.ReasoningEffortLow,
	}
	got, err := client.Chat.Completions.New(t.Context(), p,
		option.WithJSONSet("x_vendor", map[string]any{"nested": []any{1.5, nil, "é\u2028😀"}, "flag": true}))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.Choices[0].Message.Content, "perhaps")
}

func goEmbeddings(t *testing.T, client *openai.Client) {
	got, err := client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: "vectors", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"red", "blue"}},
		EncodingFormat: openai.EmbeddingNewParamsEncodingFormatFloat, Dimensions: openai.Int(4),
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "embeddings", len(got.Data), 2)
	if want := []float64{0.25, -0.5, 0.75, 1}; !reflect.DeepEqual(got.Data[0].Embedding, want) {
		t.Errorf("embedding %v, want %v", got.Data[0].Embedding, want)
	}
}

func goModels(t *testing.T, client *openai.Client) {
	var ids []string
	pages := client.Models.ListAutoPaging(t.Context())
	for pages.Next() {
		ids = append(ids, pages.Current().ID)
	}
	if err := pages.Err(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"assistant", "locked", "vectors", "openai-compatible/mock-a"} {
		if !strings.Contains(" "+strings.Join(ids, " ")+" ", " "+want+" ") {
			t.Errorf("%s is not among the models %v", want, ids)
		}
	}
	one, err := client.Models.Get(t.Context(), "assistant")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "id", one.ID, "assistant")
	_, err = client.Models.Get(t.Context(), "nobody")
	apiError(t, err, http.StatusNotFound)
}
