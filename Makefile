# Weir. `make` lists what can be run; CONTRIBUTING.md says when to run what.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN ?= bin/weir
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 20s
# The race detector leaves out the packages that are pure functions, since they
# share nothing, and test/, whose subject is another process.
RACE ?= $$(go list ./... | grep -v -E '/internal/(access|chat|experiment|fault|importtest|stats|usage)(/|$$)|/test$$')

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/weir, the same bytes wherever and whenever it is built (BIN=, VERSION=)
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/weir

.PHONY: unit
unit: lint ## Go only, no root, any system, under 5 minutes
	go test ./...
	$(MAKE) --no-print-directory race

.PHONY: lint
lint: ## gofmt and go vet
	@unformatted=$$(find . -name node_modules -prune -o -name '*.go' -exec gofmt -l {} +); \
	if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w mends them):" >&2; echo "$$unformatted" >&2; exit 1; fi
	go vet ./...

.PHONY: race
race: ## the tests of packages where goroutines meet, under the race detector
	@if [ "$$(go env GOOS)" = darwin ] || command -v "$$(go env CC)" >/dev/null; then \
		echo go test -race; go test -race $(RACE); \
	else echo "no race detector: it needs a C compiler ($$(go env CC)); make test installs one on Debian"; fi

.PHONY: test
test: ## what CI runs: unit, race and everything with real tools, under 20 minutes (installs what it needs)
	scripts/install-test-deps.sh
	$(MAKE) --no-print-directory unit
	cd bench && go vet ./... && go test ./...
	scripts/reproducible.sh
	cd test/clients && npm ci --no-audit --no-fund --ignore-scripts
	go vet -tags=tools ./test/... ./internal/store/postgres/...
	go test -count=1 -tags=tools ./test/... ./internal/store/postgres/...

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (20s)
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: proof
proof: ## long runs; each writes a dated result under docs/proof/ (about three hours)
	scripts/install-test-deps.sh
	for script in scripts/proof/*.sh; do echo "== $$script"; "$$script"; done

.PHONY: bench
bench: ## Weir against the Go floor, nginx and haproxy (ARGS=-quick: about 90 seconds)
	bench/run.sh $(ARGS)

.PHONY: clean
clean: ## removes what the other targets built
	rm -rf bin bench/results test/clients/node_modules
