# Each command sets up what it needs in .venv on its first run; later runs are quick and work offline.
#   make demo             the main job on the bundled data: leaderboard and HTML report
#   make test             the test suite
#   make check            format, lint, types, import direction, documentation
#   make bench FAMILY=linear_model
#   make docs             the site, into site/
#   make clean            removes .venv and everything built
# Another Python: make demo PYTHON=python3.12      Paths are relative, so the folder may have a space in its name.

PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
SECONDS_NOW := $(shell date +%s)
ARGS ?=
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

demo: .venv/demo.stamp
	@ready=$$(date +%s); \
	.venv/bin/panlearn compare $(ARGS); \
	now=$$(date +%s); \
	echo "$$((now - $(SECONDS_NOW))) s from the start, $$((ready - $(SECONDS_NOW))) s of them to set up the environment"

# Two processes with a thread of BLAS and of torch each: pools of two that spin on two cores take twice as long.
test: .venv/test.stamp
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses 2 --dist loadfile $(ARGS)

check: .venv/dev.stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m pyright --pythonpath "$(PY)"
	.venv/bin/lint-imports
	$(PY) -m mkdocs build --quiet --strict

bench: .venv/bench.stamp
	@test -n "$(FAMILY)" || { echo "which family? make bench FAMILY=linear_model (the files of benchmarks/)"; exit 2; }
	$(PY) -m benchmarks "$(FAMILY)" $(ARGS)

docs: .venv/dev.stamp
	$(PY) -m mkdocs build --quiet --strict
	@echo "site/index.html"

clean:
	rm -rf .venv site dist build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# hatchling is installed first and used without isolation, so that a repeated install needs no network.
.venv/base.stamp:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "panlearn needs Python 3.11 or newer, and $(PYTHON) is not; say which one: make $(MAKECMDGOALS) PYTHON=python3.12"; \
	  exit 2; }
	"$(PYTHON)" -m venv .venv
	$(PIP) hatchling editables
	@touch $@

.venv/demo.stamp: .venv/base.stamp pyproject.toml constraints.txt
	@echo "installing panlearn into .venv ..."
	$(PIP) --no-build-isolation --editable .
	@touch $@

.venv/test.stamp .venv/dev.stamp .venv/bench.stamp: .venv/%.stamp: .venv/base.stamp pyproject.toml constraints.txt
	@echo "installing panlearn[$*] into .venv ..."
	$(PIP) --no-build-isolation --editable ".[$*]"
	@touch $@
