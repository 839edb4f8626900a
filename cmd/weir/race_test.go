//go:build race

package main

// stride thins out what is repeated: the race detector makes all of it ten times slower.
const stride = 10
