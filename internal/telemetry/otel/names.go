package otel

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

// Names of the conventions for generative AI, as they stood in November 2026.
// They are in development: a change touches this file.
const (
	operationName  = attribute.Key("gen_ai.operation.name")
	providerName   = attribute.Key("gen_ai.provider.name")
	requestModel   = attribute.Key("gen_ai.request.model")
	requestStream  = attribute.Key("gen_ai.request.stream")
	responseID     = attribute.Key("gen_ai.response.id")
	finishReasons  = attribute.Key("gen_ai.response.finish_reasons")
	firstChunk     = attribute.Key("gen_ai.response.time_to_first_chunk")
	conversationID = attribute.Key("gen_ai.conversation.id")
	inputTokens    = attribute.Key("gen_ai.usage.input_tokens")
	outputTokens   = attribute.Key("gen_ai.usage.output_tokens")
	cacheRead      = attribute.Key("gen_ai.usage.cache_read.input_tokens")
	cacheCreation  = attribute.Key("gen_ai.usage.cache_creation.input_tokens")
	reasoning      = attribute.Key("gen_ai.usage.reasoning.output_tokens")
	tokenType      = attribute.Key("gen_ai.token.type")
	errorType      = attribute.Key("error.type")
	serverAddress  = attribute.Key("server.address")
	serverPort     = attribute.Key("server.port")
	httpStatus     = attribute.Key("http.response.status_code")

	tokenUsage        = "gen_ai.client.token.usage"
	operationDuration = "gen_ai.client.operation.duration"
	timeToFirstChunk  = "gen_ai.client.operation.time_to_first_chunk"
)

// Weir's own.
const (
	weirRequest     = attribute.Key("weir.request.id")
	weirRoute       = attribute.Key("weir.route")
	weirVariant     = attribute.Key("weir.variant")
	weirReason      = attribute.Key("weir.reason")
	weirExperiment  = attribute.Key("weir.experiment")
	weirEpoch       = attribute.Key("weir.epoch")
	weirStep        = attribute.Key("weir.step")
	weirEnrolled    = attribute.Key("weir.enrolled")
	weirModel       = attribute.Key("weir.model")
	weirRevision    = attribute.Key("weir.revision")
	weirOutcome     = attribute.Key("weir.outcome")
	weirStatus      = attribute.Key("weir.status")
	weirFallback    = attribute.Key("weir.fallback")
	weirCost        = attribute.Key("weir.cost.micro_dollars")
	weirCostBasis   = attribute.Key("weir.cost.basis")
	weirUsageSource = attribute.Key("weir.usage.source")
	weirOverhead    = attribute.Key("weir.overhead")
	weirQueue       = attribute.Key("weir.queue")
	weirSimulated   = attribute.Key("weir.simulated")
	weirAttempt     = attribute.Key("weir.attempt")
	weirResult      = attribute.Key("weir.attempt.result")
)

// The buckets that the conventions recommend: tokens, and seconds.
var (
	tokenBounds    = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	durationBounds = []float64{.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	chunkBounds    = []float64{.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
)

// operations are the conventions' words for paths of the API.
var operations = map[string]string{
	"/v1/chat/completions": "chat",
	"/v1/responses":        "chat",
	"/v1/messages":         "chat",
	"/v1/completions":      "text_completion",
	"/v1/embeddings":       "embeddings",
}

func operation(path string) string {
	if op := operations[path]; op != "" {
		return op
	}
	return "chat"
}

// providers are the conventions' words for vendors, where they are not ours. Others
// go by the name they have in definitions.
var providers = map[string]string{
	"gemini":  "gcp.gemini",
	"mistral": "mistral_ai",
	"xai":     "x_ai",
}

func provider(vendor string) string {
	if p := providers[vendor]; p != "" {
		return p
	}
	if vendor == "" {
		return "weir" // no model was asked
	}
	return vendor
}

// longest is how many bytes a value may have. Some come from upstreams.
const longest = 256

// text is a value that can be sent: valid, and bounded. One wrong byte would cost
// the batch it is in.
func text(k attribute.Key, v string) attribute.KeyValue {
	if len(v) > longest {
		v = v[:longest]
		for len(v) > longest-utf8.UTFMax && !utf8.ValidString(v) {
			v = v[:len(v)-1]
		}
	}
	return k.String(strings.ToValidUTF8(v, string(utf8.RuneError)))
}
