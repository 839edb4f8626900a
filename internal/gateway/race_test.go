//go:build race

package gateway_test

// stride thins out the longest of the tests where the race detector makes them
// ten times as long: without it they look at every case.
const stride = 9
