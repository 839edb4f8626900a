package test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// weir is a running Weir.
type weir struct {
	*process
	data, admin, telemetry string // URLs without a path
	file                   string // of the definitions; empty when they come from elsewhere
}

var listening = regexp.MustCompile(`(?m)^\s*(data|admin|telemetry)\s+(https?://[^/\s]+)`)

// serve runs Weir with definitions on free ports, and waits until it is ready.
func serve(t *testing.T, definitions string, env ...string) *weir {
	t.Helper()
	return serveDefinitions(t, definitions, env)
}

// serveFile is serve with flags of the caller's.
func serveFile(t *testing.T, definitions string, flags ...string) *weir {
	t.Helper()
	return serveDefinitions(t, definitions, nil, flags...)
}

func serveDefinitions(t *testing.T, definitions string, env []string, flags ...string) *weir {
	t.Helper()
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte(definitions), 0o600); err != nil {
		t.Fatal(err)
	}
	w := serveWith(t, env, append([]string{"-c", file}, flags...)...)
	w.file = file
	return w
}

// serveWith runs `weir serve` with flags of the caller's.
func serveWith(t *testing.T, env []string, flags ...string) *weir {
	t.Helper()
	args := append([]string{"serve", "--data", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--telemetry", "127.0.0.1:0"}, flags...)
	w := &weir{process: start(t, "weir", env, weirBinary, args...)}
	w.await(t, "listening", func() bool {
		found := listening.FindAllStringSubmatch(w.out.String(), -1)
		for _, f := range found {
			switch f[1] {
			case "data":
				w.data = f[2]
			case "admin":
				w.admin = f[2]
			case "telemetry":
				w.telemetry = f[2]
			}
		}
		return w.data != "" && w.admin != "" && w.telemetry != ""
	})
	w.await(t, "ready", func() bool { return status(w.data+"/readyz") == http.StatusOK })
	return w
}

// status is the status of a GET, 0 when there is no answer.
func status(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
