//go:build proof

package test

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// instruction is a prompt with a rule that a program can check, in the manner of
// IFEval (Zhou et al. 2023, arXiv:2311.07911). The prompts are our own, short
// enough for a model of 135 million parameters to have a chance.
type instruction struct {
	rule   string // IFEval's name of the kind of rule
	prompt string
	kept   func(text string) bool
}

var instructions = []instruction{
	{"change_case:english_lowercase", "Describe a cat in one sentence. Use lowercase letters only, no capital letters.", func(s string) bool { return s == strings.ToLower(s) }},
	{"change_case:english_capital", "Say hello to the world. Use CAPITAL LETTERS ONLY.", func(s string) bool { return s == strings.ToUpper(s) }},
	{"punctuation:no_comma", "Name three animals of the forest without using any comma.", func(s string) bool { return !strings.Contains(s, ",") }},
	{"keywords:existence", "Write a sentence about the sea that holds the word \"harbour\".", func(s string) bool { return strings.Contains(strings.ToLower(s), "harbour") }},
	{"keywords:existence", "Write a sentence that holds the words \"river\" and \"bridge\".", func(s string) bool {
		low := strings.ToLower(s)
		return strings.Contains(low, "river") && strings.Contains(low, "bridge")
	}},
	{"keywords:forbidden_words", "Describe the winter. Do not use the word \"snow\".", func(s string) bool { return !strings.Contains(strings.ToLower(s), "snow") }},
	{"keywords:frequency", "Write a short poem that uses the word \"moon\" at least three times.", func(s string) bool { return strings.Count(strings.ToLower(s), "moon") >= 3 }},
	{"length_constraints:number_words", "What is the capital of Italy? Answer with fewer than 12 words.", func(s string) bool { return len(strings.Fields(s)) < 12 }},
	{"length_constraints:number_words", "Explain what rain is, with at least 30 words.", func(s string) bool { return len(strings.Fields(s)) >= 30 }},
	{"length_constraints:number_sentences", "What is bread? Answer with exactly one sentence.", func(s string) bool { return len(sentenceEnd.FindAllString(strings.TrimSpace(s), -1)) == 1 }},
	{"length_constraints:number_words", "What is the opposite of hot? Answer with one word.", func(s string) bool { return len(strings.Fields(s)) == 1 }},
	{"detectable_format:number_bullet_lists", "List exactly three fruits as bullet points that begin with \"* \".", func(s string) bool { return linesWith(s, "* ") == 3 }},
	{"detectable_format:number_bullet_lists", "List exactly two colours as bullet points that begin with \"- \".", func(s string) bool { return linesWith(s, "- ") == 2 }},
	{"detectable_format:json_format", "Give the name and the age of a person as a JSON object, and nothing else.", func(s string) bool { return json.Valid([]byte(strings.TrimSpace(s))) }},
	{"detectable_format:title", "Write a title for a book about trees, wrapped in double angular brackets, such as <<title>>.", func(s string) bool { return title.MatchString(s) }},
	{"detectable_format:number_highlighted_sections", "Name a planet and highlight its name with *asterisks*.", func(s string) bool { return highlight.MatchString(s) }},
	{"detectable_content:number_placeholders", "Write the first line of a letter with a placeholder such as [name].", func(s string) bool { return placeholder.MatchString(s) }},
	{"detectable_content:postscript", "Write a two line note to a friend. End it with a postscript that begins with P.S.", func(s string) bool { return strings.Contains(s, "P.S.") }},
	{"startend:quotation", "Say something kind. Wrap your whole answer in double quotation marks.", func(s string) bool {
		s = strings.TrimSpace(s)
		return len(s) > 1 && strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`)
	}},
	{"startend:end_checker", "Tell me about bees. End your answer with the words: That is all.", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "That is all.") }},
	{"detectable_format:constrained_response", "Is water wet? Answer with one of: My answer is yes. My answer is no.", func(s string) bool { return constrained.MatchString(s) }},
	{"combination:repeat_prompt", "Repeat this sentence word for word: The tide waits for nobody.", func(s string) bool { return strings.Contains(s, "The tide waits for nobody") }},
	{"keywords:letter_frequency", "Write a sentence in which the letter e appears at least five times.", func(s string) bool { return strings.Count(strings.ToLower(s), "e") >= 5 }},
	{"language:response_language", "Répondez en français : quelle est la capitale de la France ?", func(s string) bool { return strings.Contains(s, "Paris") && !strings.ContainsFunc(s, notLatin) }},
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?](\s|$)`)
	title       = regexp.MustCompile(`<<[^<>]+>>`)
	highlight   = regexp.MustCompile(`\*[^*\s][^*]*\*`)
	placeholder = regexp.MustCompile(`\[[^\]]+\]`)
	constrained = regexp.MustCompile(`My answer is (yes|no)\.`)
)

func linesWith(s, prefix string) (n int) {
	for line := range strings.Lines(s) {
		if strings.HasPrefix(strings.TrimSpace(line), prefix) {
			n++
		}
	}
	return n
}

func notLatin(r rune) bool { return unicode.IsLetter(r) && !unicode.In(r, unicode.Latin) }
