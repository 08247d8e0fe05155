# `make help` lists the targets. PYTHON picks the interpreter that .venv is made from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help sweep reference test test-all coverage mutants lint format docs schema bench mini libraries clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 10

sweep: $(VENV)/ready  ## train the default sweep (36 runs) and write its report
	$(BIN)/python -m pipeline experiment=grid_mini

test: $(VENV)/dev-ready  ## run the tests, without those that take long
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not slow'

test-all: $(VENV)/dev-ready  ## run all tests, those that take long too, with more drawn cases
	HYPOTHESIS_PROFILE=many $(MAKE) test
	HYPOTHESIS_PROFILE=many $(BIN)/python -m pytest -n auto --dist worksteal -m slow

coverage: $(VENV)/dev-ready  ## run the tests without those that take long, and say which lines they do not reach
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not slow' --cov --cov-report=term-missing

SINCE ?= main
mutants: $(VENV)/dev-ready  ## change what differs from SINCE (main) in every small way, and list what no test notices
	$(PIP) --no-build-isolation -e '.[mutation]'
	rooms=$$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["tool"]["mutmut"]["only_mutate"])'); \
	    changed=$$(git diff --name-only --diff-filter=d $(SINCE) -- $$rooms ':!*/__init__.py' | sed 's/\.py$$/.*/' | tr / .); \
	    if test -z "$$changed"; then echo "nothing in these rooms differs from $(SINCE)"; exit; fi; \
	    $(BIN)/mutmut run $$changed && $(BIN)/mutmut results | sed '/not checked/d'

reference: $(VENV)/ready  ## train the networks of the reference reports and compare (about an hour)
	$(BIN)/python -m pipeline.reference

lint: $(VENV)/dev-ready  ## format and lint checks, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(VENV)/dev-ready  ## format the code in place
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/dev-ready  ## build the site of docs/ into site/; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

schema: $(VENV)/dev-ready  ## write the schema that editors use for conf/experiment/
	$(BIN)/python -m pipeline.config.editors

bench: $(VENV)/dev-ready  ## time training against torch, JAX and bare matrix products; write docs/speed.md (10 minutes)
	$(PIP) --no-build-isolation -e '.[bench]'
	$(BIN)/python -m benchmarks.table --write
	$(BIN)/python -m benchmarks.scaling --write

mini: $(VENV)/ready  ## draw fashion_mnist_mini anew from the full files
	$(BIN)/python -m pipeline.datasets._draw_mini

libraries:  ## bundle the JavaScript of the report's page again; first set versions in its package.json
	cd pipeline/report/page/browser/libraries && npm install && node bundle.mjs

clean:  ## remove .venv and caches; outputs/ stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage* build dist site

# What users need is installed first, what developers need on top of it. Everything is pinned by constraints.txt. torch
# comes first and alone, so that a CPU wheel is taken where one is at hand and no newer build with gigabytes of CUDA
# libraries is pulled in beside it. Nothing is fetched again for a later change of pyproject.toml: the build backend is
# installed, not downloaded into an isolated environment. Modules are compiled when they are first imported.
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt
$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) …"
	$(PIP) torch
	$(PIP) hatchling
	$(PIP) --no-build-isolation -e .
	touch $@

$(VENV)/dev-ready: $(VENV)/ready
	@echo "installing what developers need …"
	$(PIP) --no-build-isolation -e '.[dev]'
	touch $@
