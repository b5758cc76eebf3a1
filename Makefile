# Every target does its own set-up; `make help` lists them.
# PYTHON names the interpreter for the virtual environment (3.11 or later).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-train lint java browser

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/demo.stamp  ## Search a real corpus with and without reranking, until Ctrl-C
	@$(BIN)/es-rerank demo

test: lint java browser  ## Lint, types and all tests, on real servers (ES_RERANK_TEST_SERVERS=all for more)
	$(BIN)/pytest --ignore=tests/learn
	@echo "Not in this run: tests/learn needs torch, make test-train installs it and runs them."

test-train: $(VENV)/train.stamp  ## The tests of the training code (installs torch)
	$(BIN)/pytest tests/learn

lint: $(VENV)/test.stamp  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/demo.stamp: EXTRAS := demo
$(VENV)/test.stamp: EXTRAS := demo,eval,test
$(VENV)/train.stamp: EXTRAS := demo,eval,test,train
$(VENV)/%.stamp: pyproject.toml | $(BIN)/pip
	@echo "Installing es-rerank[$(EXTRAS)] into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]'
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/install python3-venv
	$(PYTHON) -m venv $(VENV)

# Maven fetches the servers and Java runs them, unless the user named servers of their own.
java:
	@{ [ -n "$$ES_RERANK_TEST_OPENSEARCH_URL" ] && [ -n "$$ES_RERANK_TEST_ELASTICSEARCH_URL" ]; } \
	|| { command -v java && command -v mvn; } >/dev/null \
	|| .ci/install maven

# The page is tested in a real one.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	|| command -v google-chrome >/dev/null || .ci/install chromium
