# Every target does its own set-up: it makes .venv with any Python >= 3.11 and installs what it needs.
# PYTHON=/path/to/python chooses another one.

.PHONY: help demo test oracle differential model trainers ray ray-bench bench lint dev clean
.DEFAULT_GOAL := help

BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@echo "make demo    two corpora: ingest, seal, compare, certify, verify"
	@echo "make test    the tests"
	@echo "make oracle  what other programs must accept: model_signing verifies our seals"
	@echo "make differential  what torch and transformers decide, beside what we do"
	@echo "make model   perplexity under a small language model"
	@echo "make trainers  what we write, opened by datasets, mlcroissant, webdataset, mosaicml-streaming, megatron-core"
	@echo "make ray     scans on a Ray cluster of two nodes on this machine, whose workers and nodes are killed"
	@echo "make ray-bench  one scan by the pool and by Ray"
	@echo "make bench   measurements: a table and build/bench.json"
	@echo "make lint    ruff, mypy --strict, import-linter"
	@echo "make dev     everything a developer needs in .venv"
	@echo "make clean   remove .venv, build products and caches"

demo: .venv/.has-test
	$(BIN)/headwater demo

# A process a processor; the tests of a file share what it makes once.
test: .venv/.has-test
	$(BIN)/python -m pytest -n auto --dist loadfile

oracle: .venv/.has-test .venv/.has-oracle
	$(BIN)/python -m pytest -m oracle

differential: .venv/.has-test .venv/.has-differential
	$(BIN)/python -m pytest -m differential

model: .venv/.has-test .venv/.has-model
	$(BIN)/python -m pytest -m model

trainers: .venv/.has-test build/trainers/rows/.made build/trainers/torch/.made
	$(BIN)/python -m pytest -m trainers

# Environments of their own: mosaicml-streaming pins numpy, xxhash and transformers below ours.
build/trainers/rows/.made: .venv/.has-test
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet 'datasets==5.2.0' 'mlcroissant==1.1.1' 'webdataset==1.0.2'
	touch $@

# --no-deps: of what the two ask for, their data sets import only what the line before installs.
build/trainers/torch/.made: .venv/.has-test
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet 'torch==2.13.0' 'transformers==4.57.6' 'numpy==2.1.3' \
	    'xxhash==3.8.2' 'zstd==1.5.7.2' 'brotli==1.2.1' 'python-snappy==0.7.3' 'catalogue==2.0.10' \
	    'pillow==13.0.0' tqdm packaging
	$(@D)/bin/python -m pip install --quiet --no-deps 'mosaicml-streaming==0.13.0' 'megatron-core==0.16.1'
	touch $@

ray: build/ray/.made
	build/ray/bin/python -m pytest -m ray

# An environment of its own: Ray is 240 MB that nothing else needs.
build/ray/.made: .venv/.has-test pyproject.toml
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --editable '.[ray,test]'
	touch $@

ray-bench: build/ray/.made
	build/ray/bin/python -m pip install --quiet 'datasets>=4' 'pymerkle==7.0.0'
	build/ray/bin/python -m tests.bench --only engines

bench: .venv/.has-bench
	$(BIN)/python -m tests.bench

dev: .venv/.has-dev .venv/.has-bench

lint: .venv/.has-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict -p ledger -p cli -p migrations
	$(BIN)/lint-imports --no-cache

# One stamp for each extra; a changed pyproject.toml installs again. A half-made .venv, whose Python or
# pip does not run, is made anew.
.venv/.has-%: pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	    rm -rf .venv; \
	    python="$(PYTHON)"; \
	    for name in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	        test -n "$$python" && break; \
	        "$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	            >/dev/null 2>&1 && python="$$name"; \
	    done; \
	    test -n "$$python" || { \
	        echo "make: found no Python >= 3.11 with venv; install one, or say PYTHON=..." >&2; \
	        exit 1; }; \
	    echo "making .venv with $$($$python --version)"; \
	    "$$python" -m venv .venv; }
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

clean:
	rm -rf .venv build dist headwater.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find ledger cli schemas migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +
