# make run    builds the page and serves it; PORT=8080
# make test   runs everything there is, and never passes by leaving some out
#
# Only Go and make are needed for everything but test, bench and screenshots.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: run build dist dev lesson size test check native wasm differential compare sim sim-breaks fuzz browser kills monkey bench screenshots needs clean

SITE := go run ./web/cmd/site

run:
	@$(SITE) serve

build:
	@$(SITE) build
	go build -o dist/everysec-server ./engine/cmd/everysec-server

# As build, and the whole site as one HTML file that needs no server, and as a
# zip for any host and any path: dist/download.
dist:
	@$(SITE) dist

dev:
	@$(SITE) dev

# Begins a lesson: make lesson NAME=bitmaps
lesson:
	@go run ./lessons/cmd/scaffold $(NAME)

size:
	@$(SITE) size

# Fast first: what fails soon should not wait for what takes long.
test: needs check native wasm differential browser

check:
	@unformatted=$$(go tool gofumpt -l .); if [ -n "$$unformatted" ]; then echo "not gofumpt formatted: $$unformatted"; exit 1; fi
	go vet ./...
	GOOS=js GOARCH=wasm go vet ./wasm/... ./web/view/... ./web/app/... ./web/console/...
	go tool staticcheck ./...
	staticcheck=$$(go tool -n staticcheck); GOOS=js GOARCH=wasm $$staticcheck ./wasm/... ./web/view/...

# Packages whose tests need a browser or a redis-server run on their own.
APART := everysec/web/browsertest|everysec/engine/differential

native:
	go test $$(go list ./... | grep -vE '^($(APART))(/|$$)')

# The engine again, as it runs in the page.
wasm:
	go run ./web/cmd/wasmtest ./engine/...

differential:
	go test -count=1 -timeout 10m ./engine/differential/...

# How much of Redis is here, and what is compared with a redis-server: the
# figures of the README. COMMANDS and SEED make it a longer or another run.
compare: needs
	@go run ./engine/cmd/compare -commands $(or $(COMMANDS),120000) -seed $(or $(SEED),1)

# Crashes at every disk operation, and what comes back: COUNT rounds from SEED on.
sim:
	@go run ./engine/cmd/sim -seed $(or $(SEED),1) -rounds $(or $(COUNT),100000)

# Mistakes made in the engine on purpose: the simulation must catch each within
# COUNT rounds. Most are in a thousand, the rarest needs a hundred thousand.
sim-breaks:
	@go run ./engine/cmd/sim -breaks -rounds $(or $(COUNT),400000)

# Every fuzz target there is, each for FUZZTIME: hostile commands, payloads and
# files, what a console is given, what the page and the worker tell each other.
fuzz:
	@grep -rHoE '^func Fuzz\w+' --include=*_test.go . | sed -E 's,/[^/]*:func , ,' | while read package target; do \
		echo "$$package $$target"; \
		go test $$package -run xxx -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),5m) -fuzzminimizetime 2s; \
	done

browser:
	go test -count=1 -timeout 20m ./web/browsertest/...

# The browser is killed KILLS times under each policy, with SIGKILL, while it
# writes, rewrites, saves and starts: what was lost, and whether it was allowed.
kills: needs
	KILLS=$(or $(KILLS),100) SEED=$(or $(SEED),1) go test -count=1 -timeout 0 -v -run TestAKilledBrowser ./web/browsertest

# Somebody without a plan at the page, for TIME, from SEED on.
monkey: needs
	MONKEY=$(or $(TIME),5m) SEED=$(or $(SEED),1) go test -count=1 -timeout 0 -v -run TestAMonkeyAtThePage ./web/browsertest

# Prints figures beside what they are compared with; it fails only where it
# cannot measure. go test -bench . ./engine/... measures the parts.
bench: needs
	go run ./web/benchmark

screenshots:
	SCREENSHOTS=1 go test -count=1 -run TestScreenshots ./web/browsertest

# What the tests need beside Go.
needs:
	@missing=""; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v npm >/dev/null || missing="$$missing npm"; \
	command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing="$$missing firefox-esr"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	else \
		echo "make test needs:$$missing (apt-get install$$missing)"; exit 1; \
	fi

clean:
	rm -rf dist
