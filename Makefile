# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A front for nox: the sessions are in noxfile.py, and `make list` names them. Needs git, make and one Python >= 3.11;
# what else the sessions of `make test` need of the machine is looked after by tests/gate/.

.DEFAULT_GOAL := help
.PHONY: help demo sandbox docs test test-all bench lint format list nox clean

NOX := .venv/bin/nox
GATE := .venv/bin/python -m tests.gate.run
SUPPORTED = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

help:  ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

demo: $(NOX)  ## Watch people being onboarded and a step of their processes done, against the embedded sandbox
	@$(NOX) -s demo

sandbox: $(NOX)  ## Start the sandbox, which prints the variables and commands for a first roster
	@$(NOX) -s start_sandbox

docs: $(NOX)  ## Build the documentation site to .cache/site/html
	@$(NOX) -s site

test: $(NOX)  ## Run what CI runs, on the oldest and the newest ansible-core
	@$(GATE) test

test-all: $(NOX)  ## The same on every supported ansible-core
	@$(GATE) test_all

bench: $(NOX)  ## Compare with a loop of uri and with the SDK (30 minutes); a part: make bench BENCH="--sizes 100,1000"
	@$(NOX) -s bench -- $(BENCH)

lint: $(NOX)  ## Run the linters only (seconds)
	@$(NOX) -s lint

format: $(NOX)  ## Format the Python code and fix what can be fixed by itself
	@$(NOX) -s format

list: $(NOX)  ## Name all sessions; run one with .venv/bin/nox -s NAME
	@$(NOX) --list

nox: $(NOX)  ## Run any session: make nox ARGS='-s "units(2.15)" -- -k token'
	@$(NOX) $(ARGS)

clean:  ## Remove everything that was made here
	rm -rf .venv .nox .cache .ansible .hypothesis .ruff_cache tests/output tallyfy-platform-*.tar.gz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(NOX): tests/requirements/nox.txt
	@for python in python3 python3.13 python3.12 python3.11 python3.14 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[1-9]*/bin/python3; do \
	  if "$$python" -c '$(SUPPORTED)' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "make: no Python >= 3.11 with the modules venv and ensurepip was found (tried python3, python3.11 to python3.14 and pyenv)." >&2; \
	  echo "make: install one, for example with: apt-get install python3 python3-venv" >&2; \
	  exit 1; \
	fi; \
	"$$found" -m venv --clear .venv && \
	.venv/bin/python -m pip install -qq --disable-pip-version-check --requirement tests/requirements/nox.txt && \
	touch $@
