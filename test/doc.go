// Package test holds the tests that start the real program and speak to it from
// outside, with clients and upstreams that other people wrote where there are any.
//
//   - Without a build tag: what needs Go alone. Recorded answers of two models are
//     replayed by prompt, and the upstream's own account is the oracle.
//   - Build tag tools: npm clients, aimock as upstream, curl, promtool. A tool that
//     is missing is a failure.
//   - Build tag proof: long runs, and a real model; the scripts of scripts/proof run them.
//
// Every test starts its servers on free ports, waits until they are ready, and
// stops them. It is not for what one package promises: that is tested beside it.
package test
