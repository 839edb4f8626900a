package definition

// ReportSpec is one entry of `reports`.
type ReportSpec struct {
	Period string    `json:"period,omitzero" needed:"yes" enum:"weekly monthly" doc:"What it covers and how often it is made: each Monday the week before, or on the first of a month the month before, in UTC."`
	To     Reference `json:"to,omitzero" needed:"yes" doc:"Where it goes: file:PATH, a folder that gets a file for each period, or env:NAME, a variable that holds the URL of a webhook." example:"file:reports"`
}

// Report is a report on a schedule, compiled.
type Report struct {
	Name    string
	Period  string    // "weekly" or "monthly", in UTC
	Folder  string    // where its files are written, as it is to be opened; "" for a webhook
	Webhook Reference // holds the URL to post it to; zero for a folder
}

func (c *compiler) reports() []Report {
	var list []Report
	for _, name := range names(c.doc.Reports) {
		if !c.doc.whole("reports", name) {
			continue
		}
		at, s := path("reports", name), c.doc.Reports[name]
		c.name(at, name, false)
		r := Report{Name: name, Period: s.Period, Folder: s.To.Path()}
		if r.Folder == "" {
			r.Webhook = s.To
		}
		list = append(list, r)
	}
	return list
}
