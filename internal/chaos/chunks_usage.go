package chaos

// usage sends the usage on chunks of its own, if that is wanted, once or twice.
func (s *stream) usage() {
	script := s.script
	if script.NoUsage {
		return
	}
	if !script.UsageOnFinish && (s.ask.StreamOptions.IncludeUsage || script.TwoUsage) {
		s.usageChunk(s.firstUsage())
	}
	if script.TwoUsage {
		s.usageChunk(s.counted())
	}
}

// usageChunk sends one, with no choices as OpenAI does.
func (s *stream) usageChunk(u any) {
	chunk := s.shell("chat.completion.chunk")
	chunk.Usage = u
	s.put(encode(chunk), 0)
}

// firstUsage is what is told first: half of the output when the truth is to follow.
func (s *stream) firstUsage() any {
	if s.script.NoUsage {
		return nil
	}
	u := s.counted()
	if s.script.TwoUsage {
		u.Output /= 2
	}
	return u
}

// running is the usage on a chunk that is about something else: so far, null, or not
// there. OpenAI sends null whenever include_usage is asked for.
func (s *stream) running() any {
	switch {
	case s.script.NoUsage:
		return nil
	case s.script.RunningUsage:
		u := s.counted()
		u.Output = min(s.output, u.Output)
		return u
	case s.script.NullUsage || s.ask.StreamOptions.IncludeUsage:
		return null{}
	}
	return nil
}
