# Every word here is a chore of dev.py, which also works without make. ARGS="..." goes to the chore.
PYTHON ?= python3
ARGS ?=
CHORES = demo test test-long lint torture audit openapi bench bench-page screenshots lock

.DEFAULT_GOAL := help
.PHONY: help clean $(CHORES)

help: ## list the chores
	@$(PYTHON) dev.py --help
	@echo '  clean       Remove what the chores made; the embedded data stays. (make only)'

$(CHORES):
	@$(PYTHON) dev.py $@ $(ARGS)

clean: ## remove what the chores made; the embedded data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find src tests -name __pycache__ -prune -exec rm -rf {} +
