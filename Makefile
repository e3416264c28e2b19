# Every target runs on a fresh clone: it makes what it needs first. `make help` lists them.

# The first Python that is new enough; say PYTHON=... to take another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
RUN := .venv/bin/python
# Two workers share the tests (tests/workers.py says how). Without them: .venv/bin/python -m pytest
TESTS := $(RUN) -m pytest --numprocesses 2
TOPIC ?= gemini-feed
# `make up PROFILE=simulator` brings up the simulated exchange; without it, Gemini's live market data.
PROFILE ?=
# A recipe's command on the run in containers that is up, whichever of the two that is.
ON_CONTAINERS = profile=$$(docker/which-runs) && COMPOSE_PROFILES=$$profile docker compose
# What FEED=replay plays, and whose frames they are.
export DEMO_FILE := $(or $(FILE),$(DEMO_FILE))
export DEMO_EXCHANGE := $(or $(EXCHANGE),$(DEMO_EXCHANGE))
# A run of its own: its fast clock must not become that of the demo.
PICTURE_STATE := state/picture

.DEFAULT_GOAL := help
.PHONY: help setup environment dev-environment demo demo-reset demo-picture forecast forecast-here status status-here tail test test-slow check format \
	lock up down logs password compose-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

environment:
	@$(PYTHON) -m local.environment

dev-environment:
	@$(PYTHON) -m local.environment --dev

up: ## bring everything up in containers (PROFILE=simulator: without internet) and say where it is
	@$(if $(PROFILE),COMPOSE_PROFILES=$(PROFILE) )docker compose up --detach --build
	@echo "Kibana: http://127.0.0.1:$${KIBANA_PORT:-5601}   Spark: http://127.0.0.1:$${SPARK_UI_PORT:-4040}   make status, make logs, make down"

down: ## stop the containers; what they stored is kept (docker compose down -v forgets it)
	@$(ON_CONTAINERS) down || echo "Nothing runs in containers."

logs: ## follow the logs of the containers (PART=bot: of one)
	@$(ON_CONTAINERS) logs --follow --tail 100 $(PART)

password: ## print the administrator's login for Kibana and Elasticsearch
	@$(ON_CONTAINERS) run --rm --no-deps password

setup: environment ## set up only: the virtual environment and the servers' files
	@$(RUN) -m local setup

# FEED=live reaches what is run through the environment, as every variable that is given to make.
demo: environment ## start everything and show each minute's ratio and decision (FEED=live: Gemini's market; FEED=replay FILE=… EXCHANGE=…: a recording); Ctrl-C stops it
	@$(RUN) -m local demo

demo-reset: environment ## forget what the demo has stored
	@$(RUN) -m local reset

forecast: ## train: on minutes of yours (HISTORY=minutes.csv.gz), else on the history of the demo's market, or of the containers that run
	@if [ -z "$(HISTORY)" ] && docker/which-runs >/dev/null; then \
		$(ON_CONTAINERS) run --rm --no-deps forecast python -m compose forecast --again; \
	else $(MAKE) --no-print-directory forecast-here; fi

forecast-here: environment
	@$(RUN) -m $(if $(HISTORY),forecasting train --history "$(HISTORY)",local forecast)

status: ## what is up, where, how old its last record is, and counts (JSON=1 for machines)
	@if docker/which-runs >/dev/null; then \
		$(if $(JSON),,$(ON_CONTAINERS) ps --all --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}' && echo &&) \
		$(ON_CONTAINERS) run --rm --no-deps status python -m compose status $(if $(JSON),--json); \
	else $(MAKE) --no-print-directory status-here; fi

status-here: environment
	@$(RUN) -m local status $(if $(JSON),--json) || [ $$? = 3 ]

tail: environment ## print a topic as it fills: make tail TOPIC=gemini-feed
	@$(RUN) -m local tail $(TOPIC)

test: dev-environment ## the tests, on the real broker and Spark
	@$(TESTS)

test-slow: dev-environment ## the tests that drive the whole system for minutes
	@$(TESTS) -m slow

compose-check: dev-environment ## bring the compose file up for real, on stand-ins for images that cannot be pulled
	@$(RUN) -m tests.compose.check

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
	@for name in run dev app spark fetch; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/$$name.in -o requirements/$$name.lock; done
