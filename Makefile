# Every target runs on a fresh clone: it makes what it needs first. `make help` lists them.

# The first Python that is new enough; say PYTHON=... to take another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
RUN := .venv/bin/python
TOPIC ?= gemini-feed
# A run of its own: its fast clock must not become that of the demo.
PICTURE_STATE := state/picture

.DEFAULT_GOAL := help
.PHONY: help setup environment dev-environment demo demo-reset demo-picture forecast status tail test test-slow check format lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

environment:
	@$(PYTHON) -m local.environment

dev-environment:
	@$(PYTHON) -m local.environment --dev

setup: environment ## set up only: the virtual environment and the servers' files
	@$(RUN) -m local setup

# FEED=live reaches what is run through the environment, as every variable that is given to make.
demo: environment ## start everything and show each minute's ratio and decision (FEED=live: Gemini's market); Ctrl-C stops it
	@$(RUN) -m local demo

demo-reset: environment ## forget what the demo has stored
	@$(RUN) -m local reset

forecast: environment ## train on a history of minutes: make forecast HISTORY=minutes.csv.gz
	@$(RUN) -m forecasting train --history "$(or $(HISTORY),$(error say which history: make forecast HISTORY=minutes.csv.gz))"

status: environment ## what is up, where, how old its last record is, and counts (JSON=1 for machines)
	@$(RUN) -m local status $(if $(JSON),--json) || [ $$? = 3 ]

tail: environment ## print a topic as it fills: make tail TOPIC=gemini-feed
	@$(RUN) -m local tail $(TOPIC)

test: dev-environment ## the tests, on the real broker and Spark
	@$(RUN) -m pytest

test-slow: dev-environment ## the tests that drive the whole system for minutes
	@$(RUN) -m pytest -m slow

check: dev-environment ## formatting, lint and types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

format: dev-environment ## put the code into form
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

demo-picture: environment ## draw docs/demo.svg anew from a run of the demo
	@STATE_DIR=$(PICTURE_STATE) $(RUN) -m local reset
	@STATE_DIR=$(PICTURE_STATE) DEMO_SPEED=4 $(RUN) -m local demo --minutes 14 --picture docs/demo.svg

lock: ## resolve requirements/*.in anew (needs uv)
	@for name in run dev; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/$$name.in -o requirements/$$name.lock; done
