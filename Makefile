# What is run by hand; .ci/run runs all of it from a clean checkout.
PYTHON ?= python

.PHONY: check test docs

check:
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest

docs:
	$(PYTHON) -m sphinx -W --keep-going -q docs docs/_build/html
