# Everything runs in .venv, which the first target that needs it makes. Python 3.11 or later and
# make are all that must be there. Paths are relative, so the folder may have any name.

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
INSTALL := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt
PINS := pyproject.toml constraints.txt
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo docs test bench lint types clean
.DELETE_ON_ERROR:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

demo: .venv/ready-to-run ## A lattice network filmed, an ordinary one trained and recorded, in out/
	@mkdir -p out
	.venv/bin/layerwise classify overlap --film out/overlap.mp4 --film out/overlap.gif \
		--page out/overlap.html --model out/overlap.lw $(ARGS)
	.venv/bin/layerwise train digits --epochs 10 --folder out/digits --resume
	.venv/bin/layerwise film out/digits --out out/digits.mp4

docs: .venv/ready-to-run ## Write the chapters anew, with every number and figure, in docs/
	$(VENV_PYTHON) -c 'from layerwise.learn.markdown import write_book as write; write("docs/how-deep-networks-work")'

# Two tests at a time, each with one thread of arithmetic: more would wait for each other.
test: .venv/ready-to-test ## Run the tests; ARGS="-k lattice" passes options to pytest
	OMP_NUM_THREADS=1 $(VENV_PYTHON) -m pytest -n 2 --dist worksteal $(ARGS)

bench: .venv/ready-to-bench ## Measure beside peers, every benchmark in one run
	@set -e; for script in benchmarks/*.py; do \
		echo "== $$script"; $(VENV_PYTHON) "$$script" $(ARGS); done

lint: .venv/ready-to-lint ## Check style and layout of the code
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .

types: .venv/ready-to-lint ## Check the types, strictly
	$(VENV_PYTHON) -m mypy

clean: ## Remove all that these targets made, .venv included
	rm -rf .venv out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf src/*.egg-info

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"Layerwise needs Python 3.11 or later as '$(PYTHON)'." \
		"If it has another name, say so: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo \
		"'$(PYTHON)' cannot make virtual environments: its venv or ensurepip module is missing." \
		"On Debian and Ubuntu the package python3-venv has them." >&2; exit 1; }
	@echo "Setting up .venv, once; this takes a minute or two."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/ready-to-run: .venv/made $(PINS)
	@$(INSTALL) -e .
	@touch $@

.venv/ready-to-test: .venv/made $(PINS)
	@$(INSTALL) -e '.[test]'
	@touch $@ .venv/ready-to-run

.venv/ready-to-bench: .venv/made $(PINS)
	@$(INSTALL) -e '.[test,bench]'
	@touch $@ .venv/ready-to-test .venv/ready-to-run

.venv/ready-to-lint: .venv/made $(PINS)
	@$(INSTALL) -e '.[test,lint]'
	@touch $@ .venv/ready-to-test .venv/ready-to-run
