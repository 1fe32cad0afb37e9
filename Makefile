# Each target needs nothing but Python 3.11 or newer: it makes .venv, installs what the locks name, and does its work.
# What is up to date is left alone.

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench bench-large soak clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

python := .venv/bin/python
# A stamp's name says what was installed: another lock, or another folder, is another stamp.
packages := .venv/.ready-$(shell { pwd; cat requirements.lock pyproject.toml setup/python.sh; } | cksum | tr ' ' -)
assets := node_modules/.ready-$(shell cat package-lock.json requirements-node.lock setup/assets.sh | cksum | tr ' ' -)

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

$(packages):
	@sh setup/python.sh
	@rm -f .venv/.ready-* && touch $@

$(assets): | $(packages)
	@sh setup/assets.sh
	@rm -f node_modules/.ready-* && touch $@

demo: $(packages) $(assets) ## run Accredit with a shop's orders in the foreground; Ctrl-C ends it
	@exec $(python) -m accredit demo run --stop-with-parent $(DEMO)

test: $(packages) $(assets) ## run all tests, or those of make test TESTS="tests/engine"
	@sh setup/chromium.sh
	@exec $(python) -m pytest $(TESTS)

lint: $(packages) ## check style, types, layers, locks and migrations
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	.venv/bin/lint-imports
	$(python) setup/check_locks.py
	$(python) -W ignore::RuntimeWarning -m django makemigrations --check --dry-run --settings accredit.config.settings

bench: $(packages) ## measure, each figure beside its yardstick; at most 30 minutes
	@sh setup/wrk.sh
	@exec $(python) -m bench $(BENCH)

bench-large: $(packages) ## measure the sizes of ten million clicks
	@sh setup/wrk.sh
	@exec $(python) -m bench --large $(BENCH)

soak: $(packages) ## kill the services 200 times under load, and count; about 10 minutes
	@exec $(python) -m soak $(SOAK)

clean: ## remove what the demo stored, and what checks and builds left; .venv and node_modules stay
	@if [ -x $(python) ] && [ -d .accredit ]; then $(python) -m accredit clean --yes; else rm -rf .accredit; fi
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find accredit tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
