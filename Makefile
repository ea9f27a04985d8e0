# make demo: see on this machine what threads and processes do with the same work (about three minutes).
# make test: the whole test suite.   make test-lowest: what can be shown in a minute with the lowest versions that pyproject.toml allows.   make test-contract: its first tier, in half a minute.   make lint: ruff and mypy.   make docs: the pages as a site.   make bench: what a span costs.   make clean.
# make prove: most checks of docs/checks.md, on this machine; it should have nothing else to do (more than 40 minutes).
# Nothing but make and Python >= 3.11 is needed; PYTHON=/path/to/python chooses one.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14,$(shell \
	$(name) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(name))))

# Test files are shared among the CPUs; each process has a lock of its own, so that none waits for another's runs.
SHARED := --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

# Only for Python 3.11 all of those versions have wheels.
LOWEST := $(VENV)-lowest
LOWEST_TESTS := $(wildcard tests/contract/test_analysis_*.py tests/contract/test_figure_*.py tests/contract/test_verdict*.py) \
	tests/contract/test_comparing.py tests/contract/test_maps.py tests/contract/test_store.py \
	tests/collaboration/test_analysis_errors.py tests/collaboration/test_analysis_observed.py \
	tests/collaboration/test_figure_edges.py tests/collaboration/test_simulated_comparisons.py \
	tests/end_to_end/test_any_surroundings.py::test_figures_look_alike_whatever_matplotlib_is_told
LOWEST_PYTHON ?= $(firstword $(shell command -v python3.11) $(PYTHON))

.PHONY: demo test test-contract test-lowest test-engines lint docs bench prove matrix clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(BIN)/breakeven run +experiment=tour
	$(BIN)/breakeven show

test: $(VENV)/developing
	$(BIN)/python -m pytest $(SHARED)

test-contract: $(VENV)/developing
	$(BIN)/python -m pytest $(SHARED) --hypothesis-profile=quick tests/contract

test-lowest: $(LOWEST)/installed
	$(LOWEST)/bin/python -m pytest $(SHARED) -p no:cacheprovider -W default $(LOWEST_TESTS)

# Sweeps on real clusters of nodes on this host: Dask, Ray, and Slurm, which is installed where that can be done; a part of make test.
test-engines: $(VENV)/developing
	.ci/slurm
	$(BIN)/python -m pytest tests/engines

lint: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The pages of docs/ as a site in build/site; a warning, such as a link that leads nowhere, fails it.
docs: $(VENV)/developing
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

bench: $(VENV)/developing
	$(BIN)/python -m benchmarks.span_cost

prove: $(VENV)/developing
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.rounds
	$(BIN)/python -m benchmarks.kinds
	$(BIN)/python -m benchmarks.known_answers
	$(BIN)/python -m benchmarks.disturbance
	$(BIN)/python -m benchmarks.cross_check
	$(BIN)/python -m benchmarks.null_test
	$(BIN)/python -m benchmarks.forecasts
	$(BIN)/python -m benchmarks.economy --calm

# One run of every model, channel and pattern with every interpreter found here; docs/matrix.md says what came out (20 minutes or more).
matrix: $(VENV)/developing
	$(BIN)/python -m benchmarks.matrix --run

clean:
	rm -rf $(VENV) $(LOWEST) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "breakeven needs Python >= 3.11 with its venv module; name one with PYTHON=/path/to/python" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(LOWEST)/installed: pyproject.toml
	@test -n "$(LOWEST_PYTHON)" || { echo "the lowest versions need Python 3.11; name it with LOWEST_PYTHON=/path/to/python" >&2; exit 2; }
	$(LOWEST_PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[test]'
	touch $@

$(VENV)/developing: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/launchers \
		hydra-submitit-launcher submitit hydra-ray-launcher
	touch $@ $(VENV)/installed
