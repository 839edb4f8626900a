//go:build !race

package gateway_test

const stride = 1
