// Package telemetry is what Weir counts about itself, as values.
//
// A Registry holds families; a family is one name with its help text and its
// labels; a family's series are counters, gauges or histograms, each a few
// atomic integers. The names Weir exposes are declared in llm.go, weir.go,
// record.go, server.go and otlp.go and nowhere else, so that help texts, units and
// buckets are read side by side. What has an owner that knows its value is not
// counted here: the owner is asked at each reading.
//
// # Two speeds
//
// Finding a series by its label values takes a lock and a map look-up. It is
// done once, when a configuration snapshot is built, and what comes back is a
// handle: a pointer that the snapshot keeps. Counting through a handle is one
// atomic add (two for a histogram), with no lock, no look-up and no allocation,
// so the journey of a request can count whatever it likes.
//
// # Cardinality
//
// Label values come from definitions (routes, variants, models), never from
// callers: users, tags and model names that nobody defined are not labels. As a
// second fence each family has a cap; past it, look-ups answer with the series
// whose values are all "other", and weir_telemetry_series_dropped_total counts
// them, so that nothing is lost from a total and nothing grows without end.
//
// # What it is not for
//
// The metrics of an experiment (package metric) are read from events, not from
// here: these numbers have no units in them, so they can raise an alarm but
// cannot carry a comparison. How they leave the process is a driver's business:
// telemetry/prometheus is the first.
package telemetry
