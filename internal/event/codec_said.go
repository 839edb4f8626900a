package event

func appendScore(b []byte, s *Score) []byte {
	b = putText(b, 1, s.ID)
	b = putText(b, 2, s.Event)
	b = putText(b, 3, s.Project)
	b = putTime(b, 4, s.Time)
	b = putText(b, 5, s.Name)
	b = putText(b, 6, s.Source)
	b = putInt(b, 7, s.Value)
	b = putText(b, 8, s.Comment)
	b = putText(b, 9, s.By)
	b = putText(b, 10, s.Type)
	b = putText(b, 11, s.Text)
	b = putTexts(b, 12, s.Tags)
	b = putBool(b, 13, s.Token)
	return putBool(b, 14, s.Unchecked)
}

func readScore(r *reader) *Score {
	s := &Score{}
	for r.next() {
		switch r.num {
		case 1:
			s.ID = r.string()
		case 2:
			s.Event = r.string()
		case 3:
			s.Project = r.string()
		case 4:
			s.Time = r.time()
		case 5:
			s.Name = r.string()
		case 6:
			s.Source = r.string()
		case 7:
			s.Value = r.int64()
		case 8:
			s.Comment = r.string()
		case 9:
			s.By = r.string()
		case 10:
			s.Type = r.string()
		case 11:
			s.Text = r.string()
		case 12:
			s.Tags = append(s.Tags, r.string())
		case 13:
			s.Token = r.bool()
		case 14:
			s.Unchecked = r.bool()
		default:
			r.skip()
		}
	}
	return s
}

func appendDecision(b []byte, d *Decision) []byte {
	b = putText(b, 1, d.ID)
	b = putText(b, 2, d.Project)
	b = putTime(b, 3, d.Time)
	b = putText(b, 4, d.Subject)
	b = putText(b, 5, d.Action)
	b = putText(b, 6, d.Reason)
	b = putText(b, 7, d.By)
	return putBytes(b, 8, d.Report)
}

func readDecision(r *reader) *Decision {
	d := &Decision{}
	for r.next() {
		switch r.num {
		case 1:
			d.ID = r.string()
		case 2:
			d.Project = r.string()
		case 3:
			d.Time = r.time()
		case 4:
			d.Subject = r.string()
		case 5:
			d.Action = r.string()
		case 6:
			d.Reason = r.string()
		case 7:
			d.By = r.string()
		case 8:
			d.Report = r.bytes()
		default:
			r.skip()
		}
	}
	return d
}

func appendBody(b []byte, y *Body) []byte {
	b = putText(b, 1, y.ID)
	b = putTime(b, 2, y.Time)
	b = putBytes(b, 3, y.Request)
	b = putBytes(b, 4, y.Response)
	return putBool(b, 5, y.Cut)
}

func readBody(r *reader) *Body {
	y := &Body{}
	for r.next() {
		switch r.num {
		case 1:
			y.ID = r.string()
		case 2:
			y.Time = r.time()
		case 3:
			y.Request = r.bytes()
		case 4:
			y.Response = r.bytes()
		case 5:
			y.Cut = r.bool()
		default:
			r.skip()
		}
	}
	return y
}
