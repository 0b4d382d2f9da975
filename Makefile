VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# Wheels only, each with its hash: nothing is built and nothing unexpected is run while installing.
LOCKED := $(PIP) install --require-hashes --only-binary :all:
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header $(if $(UPGRADE),--upgrade)
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup setup-spark demo test test-spark check secrets bench faults faults-long lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## install everything locked into .venv (again only when a lock changes)

setup-spark: $(VENV)/.spark ## add what training with Spark needs (450 MB to fetch, 500 MB on disk)

demo: $(VENV)/.base ## play with the bot in the browser: no token, no account
	$(BIN)/two demo $(ARGS)

test: setup ## run all tests (ARGS="-k party" for some, JOBS=1 for one at a time)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-spark: setup setup-spark ## run the tests of training with Spark; they need Java 17 or 21
	$(BIN)/python -m pytest -m spark $(ARGS)

check: setup ## lint, types, import contracts, Dockerfile, workflows, secrets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/python -X utf8 .ci/secret_scan.py

secrets: setup ## look for secrets in the tracked files only
	$(BIN)/python -X utf8 .ci/secret_scan.py

bench: setup ## measure speed
	$(BIN)/two bench $(ARGS)

faults: setup ## races, kills and chaos at full size: one row a promise (FAULTS_SEED=1 repeats a run)
	FAULTS_SCALE=1 $(BIN)/python -m pytest -m faults -n $(JOBS) $(ARGS)

faults-long: setup ## the same, ten times as long
	FAULTS_SCALE=10 $(BIN)/python -m pytest -m faults -n $(JOBS) $(ARGS)

lock: setup ## write the locks anew from requirements/*.in (UPGRADE=1 for newer versions)
	$(COMPILE) --output-file requirements/base.txt requirements/base.in
	$(COMPILE) --output-file requirements/dev.txt requirements/dev.in
	$(COMPILE) --output-file requirements/build.txt requirements/build.in
	$(COMPILE) --constraints requirements/base.txt --output-file requirements/spark.txt requirements/spark.in

clean: ## remove .venv and the tools' caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

# PYTHON=/path/to/python3.11 chooses another one.
$(BIN)/python:
	@python=$$(for name in $(PYTHON) python3.11 python3 python; do \
	  "$$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo "$$name" && break; \
	done); \
	test -n "$$python" || { echo "Python 3.11 was not found; make setup PYTHON=/path/to/python3.11" >&2; exit 1; }; \
	"$$python" -m venv $(VENV)

$(VENV)/.base: requirements/base.txt requirements/build.txt requirements/base.in pyproject.toml | $(BIN)/python
	@echo "Installing what TWO needs into $(VENV) ..."
	@$(LOCKED) -r requirements/base.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@$(BIN)/python -m recommender.warm
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	@echo "Installing the tools for tests and checks into $(VENV) ..."
	@$(LOCKED) -r requirements/base.txt -r requirements/dev.txt
	@touch $@

# pyspark is published as source only. Its "build" copies finished jars into a wheel, with the locked setuptools and
# nothing fetched; packing those without compressing them again, and keeping no copy, takes a third of the time.
$(VENV)/.spark: $(VENV)/.base requirements/spark.txt
	@echo "Installing Spark into $(VENV) ..."
	@$(LOCKED) --no-binary pyspark --no-build-isolation --no-cache-dir \
	  --config-settings=--build-option=--compression=stored --no-deps -r requirements/spark.txt
	@touch $@
