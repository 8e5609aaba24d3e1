# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# demo: sets up and compiles a real model. test: sets up and passes all checks.
# demo-fpga: compiles it for the simulated FPGA-style device and compares.
# emulators: installs a software Vulkan device, QEMU and Icarus Verilog on Debian; tests are skipped without them.
# quality: measures what formats cost two real models; takes long.
# fpga-report: makes the reports in runtime/fpga/reports anew.
# Everything is made in build/; models are kept in $SEEDLM_TEST_MODELS or the user's cache.

PYTHON ?= python3
BUILD := build
BIN := $(BUILD)/venv/bin
MODELS := $(shell $(PYTHON) -c "import sys; sys.path.insert(0, 'test/models'); import catalog; print(catalog.models_dir())")
JOBS ?= 2
QUALITY := $(BUILD)/quality
EMULATORS := mesa-vulkan-drivers qemu-user iverilog
FORMATS ?= paper-4bit,paper-4bit+aa,paper-3bit,paper-3bit+aa,seed-4bit,seed-4bit+aa,seed-3bit,seed-3bit+aa,rtn4-g32,rtn4-g128,mxfp4

SOURCES := CMakeLists.txt pyproject.toml $(shell find compiler passes python runtime -type f -not -path '*/__pycache__/*')

.PHONY: demo demo-fpga test lint lit pytest models emulators quality fpga-report clean
.DELETE_ON_ERROR:

demo: $(BUILD)/installed $(BUILD)/runtime-venv
	$(BIN)/python test/models/fetch.py $(MODELS)
	$(BIN)/seedlm-compile $(MODELS)/minilm-l3.onnx -o $(BUILD)/minilm.vmfb --compress-embeddings
	$(BIN)/seedlm-compile $(MODELS)/minilm-l3.onnx -o $(BUILD)/minilm-original.vmfb --exclude '*'
	$(BUILD)/runtime-venv/bin/python examples/compare_embeddings.py \
	  $(BUILD)/minilm-original.vmfb $(BUILD)/minilm.vmfb

demo-fpga: $(BUILD)/installed
	$(BIN)/pip install --quiet '.[fpga]'
	$(BIN)/python test/models/fetch.py $(MODELS)
	$(BIN)/seedlm-compile $(MODELS)/minilm-l3.onnx -o $(BUILD)/minilm-fpga.vmfb \
	  --target fpga --verify 1

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

emulators:
	dpkg -s $(EMULATORS) >/dev/null 2>&1 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(EMULATORS); }

quality: $(QUALITY)/table.md
	cat $<

$(QUALITY)/table.md: $(QUALITY)/smollm2.json $(QUALITY)/minilm.json bench/quality_table.py
	$(BIN)/python bench/quality_table.py SmolLM2-135M=$(QUALITY)/smollm2.json \
	  MiniLM-L6=$(QUALITY)/minilm.json > $@

$(QUALITY)/smollm2.json: $(QUALITY)/models
	$(BIN)/seedlm-eval $(MODELS)/smollm2.gguf --text $(MODELS)/lee.txt --tokens 4096 --context 512 \
	  --format $(FORMATS) --calibration $(MODELS)/wikipedia.txt --calibration-tokens 8192 \
	  --json $@ --plot $(@:.json=.svg)

$(QUALITY)/minilm.json: $(QUALITY)/models
	$(BIN)/seedlm-eval $(MODELS)/all-minilm-l6-v2 --text $(MODELS)/lee.txt --context 128 \
	  --format $(FORMATS) --calibration $(MODELS)/wikipedia.txt --calibration-tokens 8192 \
	  --json $@ --plot $(@:.json=.svg)

$(QUALITY)/models: $(BUILD)/test-installed
	mkdir -p $(QUALITY)
	$(BIN)/python test/models/fetch.py --quality $(MODELS)
	touch $@

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
	$(BIN)/pip install --quiet '.[eval,text,test,dev]'
	touch $@ $(BUILD)/installed

$(BUILD)/runtime-venv:
	$(PYTHON) -m venv $@
	$@/bin/pip install --quiet iree-base-runtime==3.13.0 numpy

clean:
	rm -rf $(BUILD)
