# make setup | chat | test | lint | coverage | verify | bench | clean
# PYTHON=/path/to/python chooses the interpreter; otherwise the first of 3.11, 3.12, 3.13 that runs.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup chat test lint coverage verify bench clean
# Weights come from a pinned package; without this a model library first waits a minute for a hub.
export HF_HUB_OFFLINE := 1
export PYTHON

py := .venv/bin/python

help:
	@echo 'make setup    environment and embedding model (repeats are quick)'
	@echo 'make chat     talk to the bot in the terminal; piped input works too'
	@echo 'make test     the tests (under ten minutes)'
	@echo 'make lint     style, types, layers, licences'
	@echo 'make coverage write COVERAGE.md anew'
	@echo 'make verify   the long checks'
	@echo 'make bench    what is fast, measured'
	@echo 'make clean    remove the environment and caches'

setup:
	@tools/setup.sh

chat: setup
	@$(py) bot.py chat

test: setup
	@$(py) -m pytest $(ARGS)

# All five always run, so that one call shows everything that is wrong.
lint: setup
	@status=0; \
	$(py) -m ruff check . || status=1; \
	$(py) -m ruff format --check --quiet . || { echo 'lint: not formatted; run .venv/bin/ruff format .'; status=1; }; \
	$(py) -m mypy || status=1; \
	.venv/bin/lint-imports --no-logo || status=1; \
	$(py) tools/licences.py || status=1; \
	exit $$status

# What of the documents and their rules is held where; a test fails while the page is stale.
coverage: setup
	@$(py) -m tools.coverage

verify: setup
	@if [ -f benchmarks/verify.py ]; then $(py) -m benchmarks.verify; \
	else echo 'verify: no long checks yet (benchmarks/verify.py)'; fi

bench: setup
	@if [ -f benchmarks/bench.py ]; then $(py) -m benchmarks.bench; \
	else echo 'bench: no benchmarks yet (benchmarks/bench.py)'; fi

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find bot knowledge rules tests tools -name __pycache__ -prune -exec rm -rf {} +
