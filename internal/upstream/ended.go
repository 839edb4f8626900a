package upstream

import (
	"context"
	"errors"
	"fmt"
)

// Ended is the error of a call whose context ended: the context's own, with the
// cause if that is another. It is not an Error: the endpoint did nothing wrong.
func Ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}
