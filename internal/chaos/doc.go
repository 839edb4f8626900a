// Package chaos plays faults: it is the model server that misbehaves on
// purpose, and the wire that breaks.
//
// Three parts stand alone:
//
//   - [Upstream] is an OpenAI-compatible server that follows a [Script]. It
//     writes HTTP/1.1 on the bare connection, because a server that guards its
//     framing (as net/http does) cannot cut an answer at byte 137, lie about
//     its length or reset. It also is the oracle: what it received and sent, and
//     when the peer left, is what a test believes, not what a gateway says of itself.
//   - [Proxy] sits before any TCP server and spoils its connections by a [Toxic].
//   - [Golden] is a set of finished streams whose meaning is known.
//
// A script is a struct, or a line of words such as
// "ttft=200ms;stall-after=10;stall-for=1s" (see [Parse]); the zero script is a
// healthy server.
//
// It is not for simulating how good, fast or dear a model is: its words mean
// nothing and its figures are made up. It judges nobody either; which behaviour is
// right under a fault is for the tests that use it. It must never be
// reachable from outside: it keeps every request it gets, secrets included.
package chaos
