# `make run` and `make test` are all a user needs; PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
LOCK := requirements.lock
CHROMIUM := /usr/bin/chromium
PUBLIC := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_INDEX_URL= PIP_EXTRA_INDEX_URL= PIP_CONSTRAINT=
CORES ?= 2
# Another city than the usual one, as in `make run CITY=hefei`: a folder of cities/, or the path of a pack.
CITY ?=
export URBANIZATION_CITY = $(CITY)
# The tests of a file share what they have run, so they stay together.
SIDE_BY_SIDE = --numprocesses $(CORES) --dist loadfile
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: run test coverage test-browser slow lint audit notices pages docs bundle benchmark benchmark-page equivalence lock clean
.DELETE_ON_ERROR:

run: $(READY)
	$(BIN)/python run_scenarios.py run

test: lint
	$(BIN)/pytest -q $(SIDE_BY_SIDE)

# Lines and branches that tests reach, in the processes that they start too; slower than make test.
coverage: $(READY)
	$(BIN)/pytest -q $(SIDE_BY_SIDE) --cov
	$(BIN)/coverage json -q -o - | $(BIN)/python -m tests.coverage_floor

# The live page in Chromium, which is installed if it is missing and this system's apt can.
test-browser: $(READY)
	@test -x $(CHROMIUM) || { $(ROOT) apt-get update -q && $(ROOT) apt-get install -y -q chromium; } || \
		{ echo "$(CHROMIUM) is missing and could not be installed: install Debian's package chromium, then make test-browser again."; exit 1; }
	$(BIN)/pytest -q -m browser

slow: $(READY)
	$(BIN)/pytest -q -m slow

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/typos
	$(BIN)/python -m supply.licences

# Known vulnerabilities of what is locked. Without a network nothing is said of them, and nothing fails.
audit: $(READY)
	$(BIN)/python -m supply.advisories

# The licences of what is locked, in THIRD_PARTY_NOTICES.md; after `make lock`.
notices: $(READY)
	$(BIN)/python -m supply.licences --write

# The pages and numbers that are worked out from the model, the data and the ensemble.
pages: $(READY)
	$(BIN)/python -m analysis.pages

# The same, then the documentation site, in site/; no network is used.
docs: pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "Written to site/: open site/index.html"

# The project with the wheels it needs, for machines without a network: a zip in dist/. docs/windows.md says how to use it.
bundle: $(READY)
	$(BIN)/python -m supply.bundle

# Minutes, on a quiet machine; rewrites docs/performance.md.
benchmark: $(READY)
	$(BIN)/python -m benchmarks.measure

# A few minutes, on a quiet machine with Chromium (make test-browser installs it); rewrites benchmarks/live_page.md.
benchmark-page: $(READY)
	$(BIN)/python -m benchmarks.live_page

# An hour and more of PySD, taken up where it was stopped; rewrites benchmarks/equivalence.md.
equivalence: $(READY)
	$(BIN)/python -m benchmarks.equivalence

# The environment is complete only once the stamp is there: an interrupted set-up starts again. The locked pip comes
# first, and installs the rest.
$(READY): $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	sed -n '/^pip==/,/[^\\]$$/p' $(LOCK) > .venv/pip.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/pip.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(LOCK)
	@touch $@

# From the public index whatever this machine is set to; keeps what is locked where pyproject.toml still allows it.
# `make lock UPGRADE=--upgrade` takes the newest releases. PySD asks for odfpy, in which files are under the GPL, to read
# OpenDocument tables, of which there are none here.
lock: LEFT_OUT := --unsafe-package odfpy
lock:
	$(PYTHON) -m venv .venv-lock
	$(PUBLIC) .venv-lock/bin/pip install --quiet pip-tools
	$(PUBLIC) CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile --quiet $(UPGRADE) $(LEFT_OUT) \
		--extra dev --generate-hashes --strip-extras --no-annotate \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file $(LOCK) pyproject.toml
	rm -r .venv-lock

clean:
	rm -rf .venv .venv-lock site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
