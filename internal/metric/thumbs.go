package metric

// Thumbs is the name of the score that a person gives with a thumb: above zero is
// up, all else down.
const Thumbs = "thumbs"

// FeedbackSource is the source of scores that came through feedback.
const FeedbackSource = "feedback"

// thumbs are three: few people say anything, and those who do choose themselves.
// So the share that answers is looked at as well, like the sizes of the groups; the
// share that is content is among those; and thumbs down are counted over all
// requests, which no choice can bend.
func thumbs() family {
	response := share("thumbs_response_rate", "thumbs_response", "requests with a thumb up or down, of all")
	response.Direction = None
	up := share("thumbs_up_rate", "thumbs_up", "thumbs that are up, of those given")
	up.Direction = Up
	return family{
		metrics: []Metric{response, up, share("thumbs_down_rate", "thumbs_down", "requests with a thumb down, of all")},
		// What has no thumb yet is a request without one. thumbs_up has no part in
		// events: it is over the thumbs.
		measures: []Measure{asked("thumbs_response"), asked("thumbs_down")},
	}
}
