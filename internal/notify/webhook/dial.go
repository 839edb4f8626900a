package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// metadata are the addresses at which clouds hand out credentials to whoever asks
// from inside: the same list as that of the drivers of models.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),      // AWS, Google, Azure, Oracle and others; ECS and EKS
	netip.MustParsePrefix("fd00:ec2::/32"),       // AWS over IPv6
	netip.MustParsePrefix("fd20:ce::/32"),        // Google over IPv6
	netip.MustParsePrefix("fe80::a9fe:a9fe/128"), // link-local form of the first
	netip.MustParsePrefix("100.100.100.200/32"),  // Alibaba
	netip.MustParsePrefix("168.63.129.16/32"),    // Azure's host
	netip.MustParsePrefix("192.0.0.192/32"),      // Oracle, old form
}

var errMetadata = errors.New("an address of a cloud's metadata service, which Weir never calls")

// refuseMetadata looks at the address that is about to be called, after names
// are resolved, so that no name can hide it.
func refuseMetadata(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	ip := to.Addr().Unmap().WithZone("")
	for _, p := range metadata {
		if p.Contains(ip) {
			return fmt.Errorf("%s is %w", ip, errMetadata)
		}
	}
	return nil
}
