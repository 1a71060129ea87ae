# What a person types here. `make` alone explains the targets.
#
#   make test JOBS=8                  more processes for the tests
#   make demo PYTHON=python3.13       another Python, 3.11 or newer
#   make fast TESTS=tests/proto       some of the tests
#
# The environment is made on first use, from .ci/requirements.lock, and made again when
# that file or pyproject.toml changes. Each level of it (.run, .test, .dev) is a stamp.

VENV  ?= .venv
JOBS  ?= 2
TESTS ?= tests
LOCK  := .ci/requirements.lock

# The first that runs (a pyenv shim may stand there and not run) and is new enough.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)

BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint $(LOCK)
SAY  := printf '\n\033[1m%s\033[0m\n'
# The names that a dependency group of pyproject.toml lists; pip itself reads groups only since 25.1.
GROUP = $$($(BIN)/python -c 'import sys, tomllib; \
	groups = tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]; \
	print(*groups[sys.argv[1]])' $(1))

# Many Pythons are started here, one after another: compiled once, each starts sooner.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test fast matrix lowest check format lint imports types fix wheel spec docs lock clean

help: ## Say what there is
	@awk -F ':.*## ' '/^##  / { printf "\n%s\n", substr($$0, 5) } \
	/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

##  To see it work

demo: $(VENV)/.run ## The suite judges the reference server, and one that is wrong; ends by itself
	@$(BIN)/python examples/demo.py

##  To know that it works

test: check .services ## Everything: check, all tests with coverage, the built wheel
	@$(SAY) "tests"
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)
	@$(SAY) "coverage"
	@$(BIN)/coverage combine -q
	@.ci/coverage $(BIN)/coverage

fast: $(VENV)/.test ## The fast tests
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not slow and not original" $(TESTS)

matrix: ## The fast tests on each of Python 3.11, 3.12 and 3.13 that is found
	@.ci/matrix

lowest: ## The fast tests with the lowest versions that pyproject.toml allows
	@mkdir -p build
	@$(PYTHON) .ci/lowest > build/lowest.lock
	@$(MAKE) --no-print-directory fast VENV=.venv-lowest LOCK=build/lowest.lock

check: format lint imports types ## The next four

format: $(VENV)/.dev ## Formatting, by ruff
	@$(SAY) "format"
	@$(BIN)/ruff format --quiet --check --output-format concise || { echo "make fix puts it right"; exit 1; }

lint: $(VENV)/.dev ## Style, by ruff
	@$(SAY) "lint"
	@$(BIN)/ruff check --quiet --output-format concise

imports: $(VENV)/.dev ## Who may import whom, by import-linter
	@$(SAY) "imports"
	@found=$$($(BIN)/lint-imports --no-logo) || { echo "$$found"; exit 1; }

types: $(VENV)/.dev ## Types, by mypy and pyright
	@$(SAY) "types"
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python

##  To change it

fix: $(VENV)/.dev ## Put format and lint right where a machine can
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet

wheel: $(VENV)/.test ## Build dist/ and try it in clean environments, without extras and with them
	@DIST=dist $(BIN)/python -m pytest -q tests/wheel
	@ls dist

spec: $(VENV)/.test ## Regenerate the generated files of spec/
	@$(BIN)/python -m multichat_spec.generate

docs: $(VENV)/.test ## Regenerate the generated tables of docs/, and openapi.json
	@$(BIN)/python -m tests.house.generate_docs

lock: ## Remake the lock with the newest versions that pyproject.toml allows
	@.ci/lock $(PYTHON) $(LOCK)

clean: ## Remove everything that was made here, the environments too
	@rm -rf .venv .venv-* build dist htmlcov .coverage .coverage.* \
	.hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian splits ensurepip off Python; a pip elsewhere can then fill the new environment.
$(BIN)/python:
	@$(SAY) "environment: $(VENV)"
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer found; say make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV) >/dev/null 2>&1 || { \
	"$(PYTHON)" -m venv --clear --without-pip $(VENV) \
	&& "$(PYTHON)" -m pip --python $(VENV) install -qq pip; }

$(VENV)/.run: pyproject.toml $(LOCK) | $(BIN)/python
	@$(PIP) hatchling
	@$(PIP) --no-build-isolation --editable '.[all]'
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@$(PIP) $(call GROUP,test)
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	@$(PIP) $(call GROUP,quality)
	@touch $@

.PHONY: .services
.services:
	@.ci/services
