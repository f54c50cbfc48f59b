# run · search · nightly · serve · test · check · bench · attack · bases · golden · docs: what a person and CI call. Every target sets itself up first.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
LOCK := src/expertkit/evaluation/graders/typescript/package-lock.json
STAMP := .venv/installed-$(shell cat pyproject.toml constraints.txt $(LOCK) | cksum | cut -d' ' -f1)

.PHONY: run search nightly serve test check setup bench attack bases golden docs

run: setup
	@python -m flows.release

search: setup
	@python -m flows.search

nightly: setup
	@python -m flows.nightly

serve: setup
	@python -m flows.serve

test: check
	@python -m pytest -n logical --dist loadgroup --no-loadscope-reorder

check: setup
	@ruff format --check .
	@ruff check .
	@mypy
	@lint-imports
	@python -m tests.docs.check

setup: $(STAMP)

$(STAMP):
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (once)"
	@$(BIN)/python -m pip install --quiet --upgrade pip --constraint constraints.txt
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,line,dev]'
	@$(BIN)/python -m expertkit.evaluation.graders.typescript.install
	@rm -f .venv/installed-*
	@touch $@

bench: setup
	@python -m benchmarks

attack: setup
	@python -m tests.attacks.generated
	@python -m tests.attacks.containers
	@python -m tests.attacks.forgeries
	@python -m tests.attacks.mutations

bases: setup
	@for base in qwen3-tiny qwen3-small; do expert-cli base build $$base --verify || exit 1; done

golden: setup
	@python -m tests.golden.make

docs: setup
	@python -m tests.docs.make
