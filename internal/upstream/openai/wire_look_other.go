//go:build !unix

package openai

import "net"

// canLook says that idle connections cannot be looked at here without waiting,
// so net/http's transport, which keeps a goroutine reading from each, serves
// plain endpoints too.
const canLook = false

type look struct{}

func (*look) at(net.Conn)    {}
func (*look) possible() bool { return false }
func (*look) quiet() bool    { return false }
