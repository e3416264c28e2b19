# Every target runs on a fresh clone: it makes what it needs first. `make help` lists them.

# The first Python that is new enough; say PYTHON=... to take another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
RUN := .venv/bin/python
# Two workers share the tests (tests/workers.py says how). Without them: .venv/bin/python -m pytest
TESTS := $(RUN) -m pytest --numprocesses 2
TOPIC ?= gemini-feed
ROUNDS ?= 5
# `make up PROFILE=simulator` brings up the simulated exchange; without it, Gemini's live market data.
PROFILE ?=
# In front of a recipe's commands on the run in containers that is up, whichever of the two that is. Where it fails, its
# exit code tells whether nothing runs (3) or Docker cannot be asked (4, said already).
FIND_RUN = COMPOSE_PROFILES=$$(docker/which-runs) && export COMPOSE_PROFILES
IN_RUN = $(FIND_RUN) || { found=$$?; test $$found != 3 || echo "Nothing runs in containers: make up starts it." >&2; \
	exit $$found; };
# The containers that answer a question come and go without a word.
ASK = docker compose --progress quiet run --rm --no-deps
# What FEED=replay plays, and whose frames they are.
export DEMO_FILE := $(or $(FILE),$(DEMO_FILE))
export DEMO_EXCHANGE := $(or $(EXCHANGE),$(DEMO_EXCHANGE))
# A run of its own: its fast clock must not become that of the demo.
PICTURE_STATE := state/picture

.DEFAULT_GOAL := help
.PHONY: help setup environment dev-environment demo demo-reset demo-picture forecast forecast-here status status-here tail test test-slow explore check format \
	lock up down logs password compose-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

environment: ## the virtual environment alone (.venv), for the commands that begin with `python -m`
	@$(PYTHON) -m local.environment

dev-environment:
	@$(PYTHON) -m local.environment --dev

up: ## bring everything up in containers (PROFILE=simulator: without internet) and say where it is
	@$(if $(PROFILE),export COMPOSE_PROFILES=$(PROFILE); )docker compose up --detach --build \
	&& echo "Kibana: http://$$(docker compose port kibana 5601)   Spark: http://$$(docker compose port spark 4040)   make status, make logs, make down"

down: ## stop the containers; what they stored is kept (docker compose down -v forgets it)
	@if COMPOSE_PROFILES=$$(docker/which-runs --all); then export COMPOSE_PROFILES; docker compose down; \
	else found=$$?; test $$found = 3 || exit $$found; echo "Nothing runs in containers."; fi

logs: ## follow the logs of the containers (PART=bot: of one)
	@$(IN_RUN) docker compose logs --follow --tail 100 $(PART)

password: ## print the administrator's login for Kibana and Elasticsearch
	@$(IN_RUN) $(ASK) password

setup: environment ## set up only: the virtual environment and the servers' files
	@$(RUN) -m local setup

# FEED=live reaches what is run through the environment, as every variable that is given to make.
demo: environment ## start everything and show each minute's ratio and decision (FEED=live: Gemini's market; FEED=replay FILE=… EXCHANGE=…: a recording); Ctrl-C stops it
	@$(RUN) -m local demo

demo-reset: environment ## forget what the demo has stored
	@$(RUN) -m local reset

forecast: ## train: on minutes of yours (HISTORY=minutes.csv.gz), else on the history of the demo's market, or of the containers that run
	@if [ -z "$(HISTORY)" ] && $(FIND_RUN); then $(ASK) forecast python -m compose forecast --again; \
	else $(MAKE) --no-print-directory forecast-here; fi

forecast-here: environment
	@$(RUN) -m $(if $(HISTORY),forecasting train --history "$(HISTORY)",local forecast)

status: ## what is up, where, how old its last record is, and counts (JSON=1 for machines)
	@if $(FIND_RUN); then \
		$(if $(JSON),,docker compose ps --all --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}' && echo &&) \
		$(ASK) status python -m compose status $(if $(JSON),--json); \
	else $(MAKE) --no-print-directory status-here; fi

status-here: environment
	@$(RUN) -m local status $(if $(JSON),--json) || [ $$? = 3 ]

tail: environment ## print a topic as it fills: make tail TOPIC=gemini-feed
	@$(RUN) -m local tail $(TOPIC)

test: dev-environment ## the tests, on the real broker and Spark
	@$(TESTS)

test-slow: dev-environment ## the tests that drive the whole system for minutes
	@$(TESTS) -m slow

explore: dev-environment ## the properties alone, on examples that no run has seen (ROUNDS=5 times)
	@for round in $$(seq $(ROUNDS)); do $(TESTS) -m "hypothesis and not slow" --hypothesis-profile explore || exit; done

compose-check: dev-environment ## bring the compose file up for real, on stand-ins for images that cannot be pulled
	@$(RUN) -m tests.compose.check

check: dev-environment ## formatting, lint and types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@PATH="$$PWD/.venv/bin:$$PATH" cython-lint market/compiled

format: dev-environment ## put the code into form
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

demo-picture: environment ## draw docs/demo.svg anew from a run of the demo
	@STATE_DIR=$(PICTURE_STATE) $(RUN) -m local reset
	@STATE_DIR=$(PICTURE_STATE) DEMO_SPEED=4 $(RUN) -m local demo --minutes 14 --picture docs/demo.svg

lock: ## resolve requirements/*.in anew (needs uv)
	@for name in run dev app spark fetch build; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/$$name.in -o requirements/$$name.lock; done
