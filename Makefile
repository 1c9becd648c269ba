PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench torture pictures scan words clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(VENV)/run.stamp ## Start web, worker and simulator with demo data
	$(BIN)/postroom demo

test: $(VENV)/dev.stamp lint ## Run every test: unit, contract, browser, faults, on SQLite and PostgreSQL
	$(BIN)/pytest -n $(WORKERS)
	POSTROOM_TEST_DATABASE=postgresql $(BIN)/pytest -n $(WORKERS) --ignore=tests/browser --ignore=tests/faults --ignore=tests/contract --ignore=tests/simulator

lint: $(VENV)/dev.stamp ## Check style, types, imports and page templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates app/simulator/pages --lint --quiet

format: $(VENV)/dev.stamp ## Format code and page templates
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp ## Measure, as ratios against a bare loop (ONLY=name for one)
	$(BIN)/python -m tests.bench $(ONLY)

torture: $(VENV)/dev.stamp ## Kill workers and break the network for long (KILLS=n SEED=n)
	KILLS=$(or $(KILLS),200) SEED=$(or $(SEED),1) $(BIN)/pytest tests/faults -k "random_moments or storm" --timeout 3600

pictures: $(VENV)/dev.stamp ## Take the pictures in docs/pictures with a real Chromium
	$(BIN)/python -m tests.pictures

scan: $(VENV)/dev.stamp ## Scan a demo with wapiti, the libraries with pip-audit (WAPITI=path MINUTES=n)
	$(BIN)/python scripts/scan.py $(if $(WAPITI),--wapiti $(WAPITI)) --minutes $(or $(MINUTES),10)

words: $(VENV)/dev.stamp ## Bring the catalogues of words up to date with the code
	$(BIN)/python -m tests.words

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Postroom needs Python 3.11 or newer; found $$($(PYTHON) --version). Try: make PYTHON=python3.11" && false)
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

clean: ## Remove the environment and every cache (not the data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
