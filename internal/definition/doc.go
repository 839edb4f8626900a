// Package definition reads the declarative document: what should be tried. It
// parses with positions, validates, and compiles to an immutable
// experiment.Set beside the models, keys and addresses that go with it.
//
//	text ──Parse──► Document ──Compile──► Compiled
//
// The document is strict. An unknown field, a repeated name or a model that
// nobody defined is a Problem with file, line and column, and all problems are
// listed, not only the first. The same structs with the same tags make the
// decoder, the JSON Schema for editors and the reference page, so the three
// cannot disagree.
//
// It opens no file and no socket: texts come in as bytes, secrets stay
// references, and whoever calls it resolves both.
package definition
