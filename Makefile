# Accord from a checkout: `make help` lists what there is.

PYTHON ?= python3
PORT ?= 8501
CHROMIUM ?= /usr/bin/chromium
CI ?= false
export CHROMIUM

VENV := .venv
PY := $(VENV)/bin/python
WITHOUT_BROWSER := $(VENV)/.without-browser
hash = $(shell cat $(1) | cksum | tr ' ' '-')
APP_READY := $(VENV)/.app-$(call hash,requirements.txt)
DEV_READY := $(VENV)/.dev-$(call hash,requirements.txt requirements-dev.txt)

# uv is quicker where it is there and reaches an index; pip is always there.
pip_install = { command -v uv >/dev/null && uv pip install --quiet --python $(PY) -r $(1) 2>/dev/null; } || \
	$(PY) -m pip install --quiet --disable-pip-version-check -r $(1)

.PHONY: help app install test bench screenshots browser

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1@\2/p' Makefile | awk -F@ '{printf "%-18s %s\n", $$1, $$2}'

app: $(APP_READY) ## set up if needed and serve the dashboard on PORT (default 8501)
	@echo "Accord: http://localhost:$(PORT)"
	@$(PY) -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("192.0.2.1", 9)); \
		print("On this network: http://%s:$(PORT)" % s.getsockname()[0])' 2>/dev/null || true
	@exec $(PY) -m streamlit run app.py --server.port $(PORT) --server.headless true --browser.serverAddress localhost

install: $(APP_READY) ## set up the virtual environment and nothing else

test: $(DEV_READY) browser ## lint, check types and run every test
	$(PY) -m ruff check .
	$(PY) -m mypy
	@if [ -e $(WITHOUT_BROWSER) ]; then set -- -m 'not browser'; fi; \
	$(PY) -m pytest -n 2 --dist loadgroup --no-loadscope-reorder "$$@"

bench: $(DEV_READY) ## run every benchmark
	@for file in benchmarks/[a-z]*.py; do \
		[ -e "$$file" ] || { echo "There are no benchmarks."; break; }; \
		echo "== $$file"; PYTHONPATH=. $(PY) "$$file" || exit 1; \
	done

screenshots: $(DEV_READY) browser ## take the pictures of the documentation from the running app
	@[ ! -e $(WITHOUT_BROWSER) ]
	$(PY) docs/screenshots.py

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Accord needs Python 3.11 or later, and $(PYTHON) is not: name one, as in make install PYTHON=python3.12"; exit 1; }
	@echo "Making $(VENV) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null || \
		{ echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv)"; exit 1; }

$(APP_READY): | $(PY)
	@echo "Installing what the app needs ..."
	@$(call pip_install,requirements.txt)
	@rm -f $(VENV)/.app-* && touch $@

$(DEV_READY): $(APP_READY)
	@echo "Installing what tests need ..."
	@$(call pip_install,requirements-dev.txt)
	@rm -f $(VENV)/.dev-* && touch $@

# Browser tests need Chromium: Debian's package where it may be installed, else the line says what to do.
browser: | $(PY)
	@as_root() { if [ "$$(id -u)" = 0 ]; then "$$@"; else sudo -n "$$@"; fi; }; \
	rm -f $(WITHOUT_BROWSER); \
	if [ ! -x "$(CHROMIUM)" ] && command -v apt-get >/dev/null && as_root true 2>/dev/null; then \
		echo "Installing Chromium ..."; \
		as_root apt-get update >/dev/null 2>&1; \
		as_root apt-get install --yes --no-install-recommends chromium >/dev/null 2>&1; \
	fi; \
	if [ ! -x "$(CHROMIUM)" ]; then \
		echo "Browser tests need Chromium: apt-get install chromium, or name yours, as in make test CHROMIUM=/path/to/chrome"; \
		[ "$(CI)" != true ] || exit 1; \
		touch $(WITHOUT_BROWSER); \
	fi
