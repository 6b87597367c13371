# The one place that knows how things are built and checked; `make` lists what
# there is. Python environments live under .venv and are made from lock files.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# Which recording to rehearse, and by how much its waits are shortened.
SCENARIO ?= tests/scenarios/spike-s3.toml
SPEED ?= 60

# How large a soak is; FAULTS of a hundred AWS calls fail, SEED draws another plan.
GATEWAYS ?= 20
ALARMS ?= 200
FAULTS ?= 5
SEED ?= 1

# How Lambdas are built for AWS; `sam build` passes nothing, so these are its defaults.
ARCHITECTURE ?= arm64
LAMBDA_PROFILE ?= release

VENV := .venv/local-aws
PYTHON := $(VENV)/bin/python
SAM := .venv/sam/bin/sam
SCENARIOS := $(sort $(wildcard tests/scenarios/*.toml tests/scenarios/meanwhile/*.toml))
PYTHONPATH_REHEARSAL := tests/local-aws:tests/rehearsal

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | awk -F '\t' '{printf "make %-18s %s\n", $$1, $$2}'

# --- the main job, without an AWS account

.PHONY: rehearse
rehearse: programs $(VENV)/.locked ## Play a NAT spike against a local AWS and print the mail (SCENARIO=…, SPEED=…)
	PYTHONPATH=$(PYTHONPATH_REHEARSAL) $(PYTHON) -m rehearsal --scenario $(SCENARIO) --speed $(SPEED)

.PHONY: soak
soak: programs $(VENV)/.locked ## Raise many alarms at once while AWS calls fail (GATEWAYS=…, ALARMS=…, FAULTS=…, SEED=…)
	PYTHONPATH=$(PYTHONPATH_REHEARSAL) $(PYTHON) -m soak --gateways $(GATEWAYS) --alarms $(ALARMS) \
		--faults $(FAULTS) --seed $(SEED)

.PHONY: programs
programs: ## Build every program for this machine
	cargo build --workspace --bins

# --- the page of `natspike serve`

PAGE := crates/natspike/page

.PHONY: page
page: $(PAGE)/node_modules/.package-lock.json ## Build the page anew into crates/natspike/page/dist
	cd $(PAGE) && npm run build

$(PAGE)/node_modules/.package-lock.json: $(PAGE)/package-lock.json
	cd $(PAGE) && npm ci

# What is built is committed, so that cargo needs no Node: it must be what the
# sources give.
.PHONY: test-page
test-page: ## Check, test and build the page, and that what is committed is what was built
	cd $(PAGE) && npm ci && npm run check && npm run build
	git diff --exit-code HEAD -- $(PAGE)/dist
	@test -z "$$(git ls-files --others --exclude-standard -- $(PAGE)/dist)" || \
		{ git status --short -- $(PAGE)/dist; exit 1; }

# With chromium of NATSPIKE_CHROMIUM, or /usr/bin/chromium.
PAGE_TESTS := tests/page
.PHONY: test-page-e2e
test-page-e2e: programs $(PAGE_TESTS)/node_modules/.package-lock.json $(PAGE)/node_modules/.package-lock.json ## Use the page in a browser, as a user does
	cd $(PAGE_TESTS) && npm run --silent check && npm test --silent

.PHONY: pictures
pictures: programs $(PAGE_TESTS)/node_modules/.package-lock.json ## Take the pictures of the page anew (docs/pictures)
	cd $(PAGE_TESTS) && npm run --silent pictures

$(PAGE_TESTS)/node_modules/.package-lock.json: $(PAGE_TESTS)/package-lock.json
	cd $(PAGE_TESTS) && npm ci

.PHONY: test-api
test-api: programs .venv/api/.locked ## Try out the API of natspike serve by its own document
	cd tests && ../.venv/api/bin/python -m pytest api

# --- checks

.PHONY: test
test: test-rust lint test-sam-build test-python test-rehearsals test-page test-page-e2e test-api ## Run all tests

.PHONY: test-rust
test-rust: programs
	cargo test --workspace

.PHONY: test-python
test-python: programs $(VENV)/.locked
	cd tests && ../$(PYTHON) -m pytest local-aws rehearsal contracts differential

# The real `sam build` of both stacks, with the programs that are there already.
.PHONY: test-sam-build
test-sam-build: programs $(SAM)
	cd cf-assistive-macros && LAMBDA_PROFILE=dev $(CURDIR)/$(SAM) build --build-dir $(CURDIR)/target/sam/macros
	LAMBDA_PROFILE=dev $(SAM) build --build-dir target/sam/recorder

.PHONY: lint
lint: $(VENV)/.locked $(SAM) ## Lint templates, state machine and Python
	PYTHON=$(CURDIR)/$(PYTHON) SAM=$(CURDIR)/$(SAM) tests/lint/run.sh
	cd tests && ../$(PYTHON) -m ruff check . ../bench && ../$(PYTHON) -m ruff format --check . ../bench

.PHONY: test-rehearsals
test-rehearsals: programs $(VENV)/.locked
	rm -rf target/journal
	@set -e; for scenario in $(SCENARIOS); do \
		echo "--- $$scenario"; \
		PYTHONPATH=$(PYTHONPATH_REHEARSAL) $(PYTHON) -m rehearsal --scenario $$scenario --speed $(SPEED); \
	done; echo "$(words $(SCENARIOS)) passed, 0 failed"
	PYTHONPATH=$(PYTHONPATH_REHEARSAL) $(PYTHON) -m rehearsal.retirement
	$(MAKE) test-soak
	$(MAKE) test-permissions

# A small soak, as short as possible.
.PHONY: test-soak
test-soak: programs $(VENV)/.locked
	PYTHONPATH=$(PYTHONPATH_REHEARSAL) $(PYTHON) -m soak --gateways 3 --alarms 12 --seed $(SEED) \
		--recording-time 4 --settle-delay 2

# Of the journals that the last rehearsals left in target/journal.
.PHONY: test-permissions
test-permissions: $(VENV)/.locked
	cd tests && ../$(PYTHON) -m pytest contracts/recorded_permissions.py

.PHONY: fmt
fmt: ## Check the formatting of the Rust code
	cargo fmt --all --check

.PHONY: clippy
clippy: ## Check the Rust code for more than errors
	cargo clippy --workspace --all-targets -- -D warnings

# --- measuring and fuzzing: by hand, never part of the tests

# BENCH_RECORDS, BENCH_TOOLS, BENCH_ROUNDS, BENCH_PAGE: see bench/measure/__main__.py.
# About 4 GB of recordings are made in target/bench and kept for the next time.
# natspike without AWS: the same engine, and no SDK to compile first.
TARGET := $(or $(CARGO_TARGET_DIR),target)
.PHONY: bench
bench: ## Measure natspike beside other tools, write docs/performance.md (BENCH_RECORDS=…, BENCH_TOOLS=…)
	cargo build --release -p natspike -p traffic --no-default-features --target-dir $(TARGET)/bench
	cargo build --release --manifest-path bench/engine/Cargo.toml --target-dir $(TARGET)/bench/engine
	python=$$(tests/local-aws/find-python) && PYTHONPATH=bench "$$python" -m measure \
		--programs $(TARGET)/bench/release --engine $(TARGET)/bench/engine/release/engine \
		--data $(TARGET)/bench/recordings --environments .venv/bench

# The flags are cargo-fuzz's own without a sanitizer, which stable Rust lacks.
# With nightly and cargo-fuzz, `cargo fuzz run text` adds the address sanitizer.
FUZZ_TARGETS := text header gzip parquet partial
FUZZ_SECONDS ?= 60
FUZZ_FLAGS := --cfg fuzzing -Cdebug-assertions -Coverflow-checks -Cpasses=sancov-module \
	$(addprefix -Cllvm-args=-sanitizer-coverage-,level=4 inline-8bit-counters pc-table trace-compares)
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
.PHONY: fuzz
fuzz: ## Feed the readers strange input, each for a minute (FUZZ_SECONDS=…, FUZZ_TARGETS=…; needs a C++ compiler)
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --bins --manifest-path fuzz/Cargo.toml \
		--target $(HOST) --target-dir $(TARGET)/fuzz
	@set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p $(TARGET)/fuzz/corpus/$$target $(TARGET)/fuzz/found; \
		$(TARGET)/fuzz/$(HOST)/release/$$target -seed=1 -max_total_time=$(FUZZ_SECONDS) -max_len=20000 \
			-timeout=20 -print_final_stats=1 -artifact_prefix=$(TARGET)/fuzz/found/$$target- \
			$(TARGET)/fuzz/corpus/$$target fuzz/seeds/$$target; done

.PHONY: lock-bench
lock-bench: ## Renew the lock files of the measured tools (needs uv)
	cd bench/locks && for input in *.in; do \
		UV_CUSTOM_COMPILE_COMMAND="make lock-bench" uv pip compile --quiet --upgrade \
			--python-version 3.13 --generate-hashes --no-emit-index-url $$input -o $${input%.in}.txt; done

# --- environments, from lock files

$(VENV)/.locked: tests/local-aws/requirements.txt tests/local-aws/find-python
	python=$$(tests/local-aws/find-python) && "$$python" -m venv --clear $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

.venv/api/.locked: tests/api/requirements.txt tests/local-aws/find-python
	python=$$(tests/local-aws/find-python) && "$$python" -m venv --clear .venv/api
	.venv/api/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

$(SAM): tests/local-aws/requirements-sam.txt tests/local-aws/find-python
	python=$$(tests/local-aws/find-python) && "$$python" -m venv --clear .venv/sam
	.venv/sam/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

.PHONY: lock-local-aws
lock-local-aws: ## Renew the Python lock files (needs uv)
	cd tests/local-aws && for name in requirements requirements-sam; do \
		UV_CUSTOM_COMPILE_COMMAND="make lock-local-aws" uv pip compile --quiet --upgrade \
			--python-version 3.13 --generate-hashes --no-emit-index-url $$name.in -o $$name.txt; done

.PHONY: lock-api
lock-api: ## Renew the Python lock file of the API's tests (needs uv)
	cd tests/api && UV_CUSTOM_COMPILE_COMMAND="make lock-api" uv pip compile --quiet --upgrade \
		--python-version 3.13 --generate-hashes --no-emit-index-url requirements.in -o requirements.txt

# --- what `sam build` calls: build-<logical id> with ARTIFACTS_DIR set

kebab = $(shell printf '%s' '$(1)' | sed 's/\([A-Z]\)/-\1/g; s/^-//' | tr 'A-Z' 'a-z')

ifeq ($(LAMBDA_PROFILE),dev)
build-%:
	cargo build --workspace --bins
	cp target/debug/$(call kebab,$*) $(ARTIFACTS_DIR)/bootstrap
else
# All functions in one cargo call: the SDKs are compiled once, and the calls
# for the other functions find everything fresh.
FUNCTIONS := $(notdir $(patsubst %/Cargo.toml,%,$(wildcard functions/*/Cargo.toml cf-assistive-macros/*/Cargo.toml)))
build-%:
	cargo lambda build --release --$(subst x86_64,x86-64,$(ARCHITECTURE)) $(foreach package,$(FUNCTIONS),--package $(package))
	cp target/lambda/$(call kebab,$*)/bootstrap $(ARTIFACTS_DIR)/bootstrap
endif

.PHONY: clean
clean: ## Remove what was built and installed here
	rm -rf target .venv .aws-sam cf-assistive-macros/.aws-sam tests/lint/node_modules \
		$(PAGE)/node_modules $(PAGE_TESTS)/node_modules
