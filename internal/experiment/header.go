package experiment

import (
	"errors"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// headerType is a type of its own and not a map: a map could be ranged over,
// measured and tested for keys, and each would need an answer that a look-up by
// name cannot give. This way the compiler refuses them.
var headerType = types.NewOpaqueType("header")

// header is a request's headers to CEL: header["x-user-group"].
type header struct {
	get func(name string) string
}

var _ traits.Indexer = (*header)(nil)

// Get implements traits.Indexer. An absent header is "".
func (h *header) Get(name ref.Val) ref.Val {
	s, ok := name.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(name)
	}
	if h.get == nil {
		return types.String("")
	}
	value := h.get(string(s))
	if len(value) > maxValue {
		return types.NewErr("header %q is over %d bytes", string(s), maxValue)
	}
	return types.String(value)
}

var errHeader = errors.New("header can only be indexed by name")

// ConvertToNative implements ref.Val.
func (h *header) ConvertToNative(reflect.Type) (any, error) { return nil, errHeader }

// ConvertToType implements ref.Val.
func (h *header) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errHeader) }

// Equal implements ref.Val.
func (h *header) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(h)) }

// Type implements ref.Val.
func (h *header) Type() ref.Type { return headerType }

// Value implements ref.Val.
func (h *header) Value() any { return h }
