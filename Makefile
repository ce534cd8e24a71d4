# callscribe: `make` lists what there is. Every target sets up what it needs in .venv;
# the machine has to have Python 3.11 or later, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# In this order: the quick ones first, last what ends with an error where a target is not reached. `make bench BENCHMARKS=accuracy` runs one alone.
BENCHMARKS ?= api listing searching console box encryption scale interruption nothing crosstalk mixes accuracy speech processors memory limit redaction

# Further arguments of the program: `make serve ARGS="--port 9000"`, `make test ARGS="-k callbacks"`.
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo serve test soak fuzz lint bench lock vendor sbom audit

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## Start a server, have the bundled call transcribed, print the conversation
	@$(BIN)/callscribe demo $(ARGS)

serve: $(INSTALLED) ## Run the server on http://127.0.0.1:8321
	@$(BIN)/callscribe serve $(ARGS)

test: $(INSTALLED) ## Run the tests, in two processes; LONG_TESTS=1 those that take long as well
	$(BIN)/python -m pytest --numprocesses 2 --no-loadscope-reorder $(ARGS)

soak: $(INSTALLED) ## Disturb a fleet in every way for ten minutes: ARGS="--jobs 200 --minutes 10 --seed N"
	@$(BIN)/python tests/faults/soak.py $(ARGS)

fuzz: $(INSTALLED) ## Throw changed files, URLs and bodies at what strangers reach: ARGS="--minutes 10 --seed N --only media"
	@$(BIN)/python tests/fuzz/run.py $(ARGS)

lint: $(INSTALLED) ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED) ## Run the benchmarks one after another
	@set -e; for name in $(BENCHMARKS); do \
	  printf '\n== benchmarks/%s.py ==\n' "$$name"; \
	  $(BIN)/python "benchmarks/$$name.py" $(ARGS); \
	done

vendor: $(INSTALLED) ## Bring the console's libraries from the npm registry, in the versions that scripts/vendor.py names
	@$(BIN)/python scripts/vendor.py

sbom: $(INSTALLED) ## Write sbom.cdx.json: what an installation consists of, in CycloneDX
	@$(BIN)/python scripts/sbom.py $(ARGS)

audit: $(INSTALLED) ## Check licences and advisories of all that is locked: error 1 where something is found, 3 where nobody answered
	@$(BIN)/python scripts/audit.py $(ARGS)

# hatchling builds the project itself (with editables), without isolation so that both are locked like the rest.
lock: $(BIN)/python ## Write requirements.lock, and those of the image, anew from pyproject.toml, for Linux and macOS, Python 3.11 and later
	$(PIP) install 'uv>=0.13.9,<0.14'
	{ sed -n 's/^requires = \["\(hatchling[^"]*\)"\]$$/\1/p' pyproject.toml; echo 'editables>=0.5,<0.6'; } \
	| $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev --group bench --group audit \
	  --generate-hashes --no-annotate --custom-compile-command 'make lock' --output-file requirements.lock \
	  pyproject.toml -
	sed -n 's/^requires = \["\(hatchling[^"]*\)"\]$$/\1/p' pyproject.toml \
	| $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --constraint requirements.lock \
	  --generate-hashes --no-annotate --custom-compile-command 'make lock' --output-file deploy/build.lock -
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --constraint requirements.lock \
	  --generate-hashes --no-annotate --custom-compile-command 'make lock' --output-file deploy/requirements.lock \
	  pyproject.toml

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "callscribe needs Python 3.11 or later. Name one: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python cannot make virtual environments: install its venv module." >&2; exit 1; }

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV); the first time takes a few minutes."
	@$(PIP) install --require-hashes --no-deps --only-binary :all: --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
