// Package offlimits holds the addresses that Weir never calls, whoever named
// them: those at which clouds hand out credentials to whoever asks from inside.
// Everything that dials asks it, after names are resolved, so that no name can
// hide such an address. It opens no connection itself.
package offlimits

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrMetadata says that an address is a cloud's metadata service.
var ErrMetadata = errors.New("an address of a cloud's metadata service, which Weir never calls")

var metadata = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),      // AWS, Google, Azure, Oracle and others; ECS and EKS
	netip.MustParsePrefix("fd00:ec2::/32"),       // AWS over IPv6
	netip.MustParsePrefix("fd20:ce::/32"),        // Google over IPv6
	netip.MustParsePrefix("fe80::a9fe:a9fe/128"), // link-local form of the first
	netip.MustParsePrefix("100.100.100.200/32"),  // Alibaba
	netip.MustParsePrefix("168.63.129.16/32"),    // Azure's host
	netip.MustParsePrefix("192.0.0.192/32"),      // Oracle, old form
}

// Metadata reports whether an address is one of a metadata service. Zones and the
// IPv4-in-IPv6 form do not hide it.
func Metadata(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, p := range metadata {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// Refuse checks the address, IP:PORT, that is about to be called. The error is
// ErrMetadata, or says that the address cannot be read.
func Refuse(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if ip := to.Addr().Unmap().WithZone(""); Metadata(ip) {
		return fmt.Errorf("%s is %w", ip, ErrMetadata)
	}
	return nil
}
