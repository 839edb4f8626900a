// Package stats is statistics as pure functions: sums that merge, sketches,
// estimators, tests. It has never heard of a model, a route or a request.
package stats
