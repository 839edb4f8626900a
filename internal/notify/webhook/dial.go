package webhook

import (
	"context"
	"syscall"

	"github.com/weirhq/weir/internal/offlimits"
)

// refuseMetadata looks at the address that is about to be called, after names
// are resolved, so that no name can hide it.
func refuseMetadata(_ context.Context, _, address string, _ syscall.RawConn) error {
	return offlimits.Refuse(address)
}
