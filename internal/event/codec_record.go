package event

import "github.com/weirhq/weir/internal/meter"

func appendBegin(b []byte, g *Begin) []byte {
	b = putText(b, 1, g.ID)
	b = putText(b, 2, g.Project)
	b = putTime(b, 3, g.Time)
	b = putText(b, 4, g.Revision)
	b = putText(b, 5, g.Path)
	b = putText(b, 6, g.Route)
	b = putAssignments(b, 7, g.Assignments)
	b = putText(b, 8, g.Conversation)
	b = putTime(b, 9, g.Begun)
	b = putText(b, 10, g.UnitKind)
	b = putText(b, 11, g.Unit)
	b = putText(b, 12, g.Key)
	b = putTexts(b, 13, g.Tags)
	b = putText(b, 14, g.Model)
	b = putBool(b, 15, g.Stream)
	b = putBool(b, 16, g.Simulated)
	return putText(b, 17, g.ClientID)
}

func readBegin(r *reader) *Begin {
	g := &Begin{}
	for r.next() {
		switch r.num {
		case 1:
			g.ID = r.string()
		case 2:
			g.Project = r.string()
		case 3:
			g.Time = r.time()
		case 4:
			g.Revision = r.string()
		case 5:
			g.Path = r.string()
		case 6:
			g.Route = r.string()
		case 7:
			g.Assignments = append(g.Assignments, readAssignment(r))
		case 8:
			g.Conversation = r.string()
		case 9:
			g.Begun = r.time()
		case 10:
			g.UnitKind = r.string()
		case 11:
			g.Unit = r.string()
		case 12:
			g.Key = r.string()
		case 13:
			g.Tags = append(g.Tags, r.string())
		case 14:
			g.Model = r.string()
		case 15:
			g.Stream = r.bool()
		case 16:
			g.Simulated = r.bool()
		case 17:
			g.ClientID = r.string()
		default:
			r.skip()
		}
	}
	return g
}

func appendEntry(b []byte, n *Entry) []byte {
	b = putText(b, 1, n.ID)
	b = putText(b, 2, n.Project)
	b = putTime(b, 3, n.Time)
	b = putText(b, 4, n.Why)
	b = putText(b, 5, n.Route)
	b = putText(b, 6, n.Variant)
	b = putText(b, 7, n.Model)
	b = putText(b, 8, n.Key)
	b = putTexts(b, 9, n.Tags)
	b = putInt(b, 10, n.Requests)
	b = putInt(b, 11, n.Errors)
	b = putUsage(b, 12, n.Usage)
	b = putText(b, 13, string(n.Source))
	b = putInt(b, 14, n.Cost)
	return putText(b, 15, string(n.Basis))
}

func readEntry(r *reader) *Entry {
	n := &Entry{}
	for r.next() {
		switch r.num {
		case 1:
			n.ID = r.string()
		case 2:
			n.Project = r.string()
		case 3:
			n.Time = r.time()
		case 4:
			n.Why = r.string()
		case 5:
			n.Route = r.string()
		case 6:
			n.Variant = r.string()
		case 7:
			n.Model = r.string()
		case 8:
			n.Key = r.string()
		case 9:
			n.Tags = append(n.Tags, r.string())
		case 10:
			n.Requests = r.int64()
		case 11:
			n.Errors = r.int64()
		case 12:
			n.Usage = readUsage(r)
		case 13:
			n.Source = r.source()
		case 14:
			n.Cost = meter.Micro(r.int64())
		case 15:
			n.Basis = r.basis()
		default:
			r.skip()
		}
	}
	return n
}
