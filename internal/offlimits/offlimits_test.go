package offlimits

import (
	"errors"
	"testing"
)

func TestRefuse(t *testing.T) {
	for address, refused := range map[string]bool{
		"169.254.169.254:80": true, "169.254.170.2:80": true, "[::ffff:169.254.169.254]:80": true, "[fd00:ec2::254]:80": true,
		"[fd20:ce::254]:80": true, "[fe80::a9fe:a9fe%eth0]:80": true, "100.100.100.200:80": true, "168.63.129.16:80": true, "192.0.0.192:80": true,
		"127.0.0.1:80": false, "10.0.0.1:8000": false, "100.100.100.201:80": false, "[::1]:80": false, "[fe80::1%eth0]:80": false, "169.253.255.255:80": false,
	} {
		if err := Refuse(address); errors.Is(err, ErrMetadata) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := Refuse("metadata.google.internal:80"); err == nil || errors.Is(err, ErrMetadata) {
		t.Errorf("a name that was not resolved: %v", err)
	}
}
