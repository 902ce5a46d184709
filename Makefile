# Two commands do everything on a bare machine (python3 >= 3.11 with pip): `make demo`, `make test`.
# uv is used from PATH if it is there; else a pinned copy goes into .tools/. Nothing is installed outside this folder.

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
export UV_PYTHON := $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE ?= copy
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE # a daemon is five processes: each would compile all of it again
BIN := .venv/bin
# One more than there are CPUs, for many a test waits; five at most.
TEST_PROCESSES ?= $(shell n=$$(($$(nproc) + 1)); echo $$((n < 5 ? n : 5)))
PIP := $(UV) pip install --quiet --python $(BIN)/python

.PHONY: demo run observe test test-slow check bench bench-proxy bench-decisions lock lock-check tools clean

demo: .venv/.run ## the main job: three quantised models on trial, real traffic, ends by itself
	@$(BIN)/shadowmon demo $(ARGS)

observe: .venv/.run tools ## the demo beside a real Prometheus and Alertmanager, to look at
	@$(BIN)/python -m deploy.observe $(ARGS)

run: .venv/.run ## the daemon on the demo's configuration, until Ctrl-C
	@$(BIN)/shadowmon demo --keep-running $(ARGS)

test: .venv/.test tools ## everything that a commit must pass
	@PATH="$(CURDIR)/.tools/servers/usr/bin:$(CURDIR)/.tools/servers/usr/sbin:$$PATH" $(BIN)/pytest -q -m "not slow" -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

test-slow: .venv/.test tools ## long statistical runs, kill loops; figures go to docs/
	@PATH="$(CURDIR)/.tools/servers/usr/bin:$(CURDIR)/.tools/servers/usr/sbin:$$PATH" $(BIN)/pytest -q -m slow $(ARGS)

check: .venv/.test lock-check ## lint, format, types, import contracts, locks
	@$(BIN)/ruff check src tests benchmarks grafana deploy
	@$(BIN)/ruff format --check src tests benchmarks grafana deploy
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/.test tools ## speed beside nginx, Envoy and a plain aiohttp proxy; one table
	@PATH="$(CURDIR)/.tools/servers/usr/bin:$(CURDIR)/.tools/servers/usr/sbin:$$PATH" $(BIN)/python -m benchmarks $(ARGS)

bench-proxy: .venv/.test tools ## the data plane beside nginx and Envoy: cost, users' latency, hazards
	@PATH="$(CURDIR)/.tools/servers/usr/bin:$(CURDIR)/.tools/servers/usr/sbin:$$PATH" $(BIN)/python -m benchmarks $(ARGS) proxy users hazards

bench-decisions: .venv/.test ## the decision rule beside its bounds and its peers; ARGS="--full --write docs/statistics.md"
	@$(BIN)/python -m benchmarks.decisions $(ARGS)

lock: | $(UV) ## write the hash-pinned requirement files again
	@sh requirements/compile.sh "$(UV)" requirements

lock-check: | $(UV) ## are the requirement files what pyproject.toml asks for?
	@sh requirements/check.sh "$(UV)"

tools: .tools/servers/.fetched ## Prometheus, promtool, nginx, wrk: Debian's own packages, unpacked, no root

.tools/servers/.fetched: tests/fetch-servers.sh
	@sh tests/fetch-servers.sh .tools/servers && touch $@

.tools/uv/bin/uv:
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools/uv uv==$(UV_VERSION)

.venv/bin/python: | $(UV)
	@$(UV) venv --quiet --allow-existing .venv

.venv/.run: requirements/run.lock pyproject.toml | .venv/bin/python
	@$(PIP) --require-hashes -r requirements/run.lock
	@$(PIP) --no-deps -e .
	@touch $@

.venv/.test: requirements/test.lock pyproject.toml | .venv/bin/python
	@$(PIP) --require-hashes -r requirements/test.lock
	@$(PIP) --no-deps -e .
	@touch $@ .venv/.run

clean:
	rm -rf .venv .tools
