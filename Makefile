# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# demo: sets up and compiles a real model. test: sets up and passes all checks. fpga-report: makes
# the reports in runtime/fpga/reports anew.
# Everything is made in build/; models are kept in $SEEDLM_TEST_MODELS or the user's cache.

PYTHON ?= python3
BUILD := build
BIN := $(BUILD)/venv/bin
MODELS := $(shell $(PYTHON) -c "import sys; sys.path.insert(0, 'test/models'); import catalog; print(catalog.models_dir())")
JOBS ?= 2

SOURCES := CMakeLists.txt pyproject.toml $(shell find compiler passes python runtime -type f -not -path '*/__pycache__/*')

.PHONY: demo test lint lit pytest models fpga-report clean

demo: $(BUILD)/installed $(BUILD)/runtime-venv
	$(BIN)/python test/models/fetch.py $(MODELS)
	$(BIN)/seedlm-compile $(MODELS)/minilm-l3.onnx -o $(BUILD)/minilm.vmfb --compress-embeddings
	$(BIN)/seedlm-compile $(MODELS)/minilm-l3.onnx -o $(BUILD)/minilm-original.vmfb --exclude '*'
	$(BUILD)/runtime-venv/bin/python examples/compare_embeddings.py \
	  $(BUILD)/minilm-original.vmfb $(BUILD)/minilm.vmfb

test: lint lit pytest

lint: $(BUILD)/test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf $(BUILD)/view && mkdir -p $(BUILD)/view
	cp -rs $(CURDIR)/python/seedlm $(BUILD)/view/
	cp -rs $(CURDIR)/compiler $(CURDIR)/passes $(BUILD)/view/seedlm/
	mkdir $(BUILD)/view/seedlm/runtime && cp -rs $(CURDIR)/runtime/fpga $(BUILD)/view/seedlm/runtime/
	$(BIN)/mypy
	PYTHONPATH=$(BUILD)/view $(BIN)/lint-imports

lit: $(BUILD)/test-installed
	$(BIN)/lit -v -j $(JOBS) test

pytest: $(BUILD)/test-installed models
	$(BIN)/pytest -n $(JOBS) --dist loadfile

models: $(BUILD)/test-installed
	$(BIN)/python test/models/fetch.py --slow $(MODELS)

# Synthesizes the FPGA-style device and measures its cycles; needs yosys and takes many minutes.
fpga-report: $(BUILD)/test-installed
	$(BIN)/pip install --quiet '.[fpga,synthesis]'
	$(BIN)/seedlm-fpga-report --synthesize runtime/fpga/reports/resources.json
	$(BIN)/pip install --quiet --no-deps .
	$(BIN)/seedlm-fpga-report > runtime/fpga/reports/report.txt

$(BUILD)/venv:
	$(PYTHON) -m venv $@
	$(BIN)/pip install --quiet --upgrade pip

$(BUILD)/installed: $(SOURCES) | $(BUILD)/venv
	$(BIN)/pip install --quiet .
	touch $@

$(BUILD)/test-installed: $(SOURCES) | $(BUILD)/venv
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet '.[torch,test,dev]'
	touch $@ $(BUILD)/installed

$(BUILD)/runtime-venv:
	$(PYTHON) -m venv $@
	$@/bin/pip install --quiet iree-base-runtime==3.13.0 numpy

clean:
	rm -rf $(BUILD)
