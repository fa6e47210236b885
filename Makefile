# One environment in .venv, made when a target first needs it. Every target can be run on a bare machine with
# Python 3.10 or newer.
PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/installed

# Tests that fork come first: PyTorch's autograd cannot be forked once some tests of the others have used it.
FORKING := tests/base tests/mm tests/cli tests/comparison tests/tools tests/test_own_images.py \
    tests/test_written_before.py
# A worker that dies is not replaced: its test would only end the next one.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0
pytest = $(PYTEST) -m "$(1)" $(FORKING) && $(PYTEST) -m "$(1)" $(FORKING:%=--ignore=%) tests

.PHONY: help env test test-slow test-ray test-hosts test-faults test-timm test-openmmlab \
    test-next test-matrix test-web web dist quickstart docs lint clean

help:  ## Show this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

env: $(ENV)  ## Make the environment in .venv.

$(ENV): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --progress-bar off --constraint constraints.txt --editable '.[mm,keras,tools,test]'
	@# Without what it asks for: opencv-python-headless would overwrite opencv-python's files; the rest is there.
	$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt grad-cam ncnn pnnx ttach
	touch $@

test: $(ENV)  ## Run the tests; those on real data need LANMSFF_DATA=folder.
	$(call pytest,not slow)

test-slow: $(ENV)  ## Run the tests that take minutes.
	$(call pytest,slow)

test-ray: $(ENV)  ## Run the example of Ray Data on two local workers.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt 'ray[data]'
	$(BIN)/python -m pytest -m ray tests/docs/test_predict_ray.py

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

web: $(ENV) web/node_modules/.package-lock.json  ## Build the page that reads faces in the browser; needs Node 20.
	$(BIN)/python web/rules.py web/build
	$(BIN)/lanmsff export lanmsff.ferplus web/build/expression.onnx
	node web/build.js

CHROMIUM := /usr/bin/chromium
test-web: web  ## Test the page in Chromium, and that it agrees with lanmsff predict.
	test -x $(CHROMIUM) || { apt-get update --quiet && apt-get install --yes --no-install-recommends chromium; }
	$(BIN)/python web/tests/pictures.py web/build
	$(BIN)/lanmsff predict web/build/pictures --json > web/build/expected.jsonl
	CHROMIUM=$(CHROMIUM) node --test --test-concurrency=1 web/tests/*.test.js

test-hosts: $(ENV)  ## Run the tests of MassAtt in all hosts of the table.
	$(BIN)/python -m pytest -m hosts -n 2

test-faults: $(ENV)  ## Give every door damaged, misnamed, misplaced and absurd inputs; kill commands at random moments.
	$(BIN)/python -W ignore -m tests.faults

TIMM := 1.0.26 1.0.31  # the newest and one before; their source distributions hold their tests
test-timm: $(ENV)  ## Run timm's own tests of its models on ours.
	for version in $(TIMM); do \
	    test -d build/timm-$$version || { \
	        $(BIN)/python -m pip download --quiet --no-deps --no-binary timm --dest build timm==$$version && \
	        tar -xzf build/timm-$$version.tar.gz -C build; } || exit 1; \
	done
	TIMM_CHECKOUT=$$(printf ':build/timm-%s' $(TIMM) | cut -c2-) \
	    $(BIN)/python -m pytest -m slow tests/test_timm_upstream.py

# MMDetection and MMSegmentation need an older mmcv than the newest, so all three lie beside the environment. Of
# MMSegmentation the wheel holds the tests, of MMDetection the repository alone.
OPENMMLAB := build/openmmlab
$(OPENMMLAB)/installed: $(ENV)
	$(BIN)/python -m pip install --quiet --no-deps --target $(@D) mmcv-lite==2.1.0 mmdet==3.3.0 mmsegmentation==1.2.2 \
	    ftfy prettytable pycocotools regex shapely six terminaltables wcwidth
	mkdir -p build/mmsegmentation && mv $(@D)/tests build/mmsegmentation
	git clone --quiet --depth 1 --branch v3.3.0 https://github.com/open-mmlab/mmdetection build/mmdetection
	touch $@

test-openmmlab: $(OPENMMLAB)/installed  ## Run the tests with MMDetection and MMSegmentation, and their own with ours.
	PYTHONPATH=$(CURDIR)/$(OPENMMLAB) MMDET_TESTS=build/mmdetection MMSEG_TESTS=build/mmsegmentation \
	    $(BIN)/python -m pytest tests/mm/test_detection_and_segmentation.py tests/mm/test_upstream_hosts.py

# MMEngine's next version, and its continuation under the same import name, each in an environment of its own.
.venv-next/installed: MMENGINE := --pre 'mmengine>=0.11.0rc0'
.venv-onedl/installed: MMENGINE := onedl-mmengine

.venv-%/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade pip
	grep -v '^mmengine==' constraints.txt > $(@D)/constraints.txt
	$(@D)/bin/python -m pip install --progress-bar off --constraint $(@D)/constraints.txt --editable '.[mm,keras,tools,test]'
	$(@D)/bin/python -m pip uninstall --quiet --yes mmengine
	$(@D)/bin/python -m pip install --progress-bar off --constraint $(@D)/constraints.txt $(MMENGINE)
	touch $@

test-next: .venv-next/installed .venv-onedl/installed  ## Run the tests of OpenMMLab's side with other MMEngines.
	.venv-next/bin/python -m pytest tests/mm tests/cli -m "not slow"
	.venv-onedl/bin/python -m pytest tests/mm tests/cli -m "not slow"

dist: $(ENV)  ## Build the wheel and the source distribution, and check their metadata.
	$(BIN)/python -m pip install --quiet twine
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

test-matrix: $(ENV)  ## Run the tests with older and newer stacks of tools/stacks.toml: hours, 8 GB at a time.
	$(BIN)/python -m pip install --quiet uv
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/matrix.py

data/synthetic/fer2013new.csv: | $(ENV)
	$(BIN)/lanmsff draw data/synthetic

quickstart: $(ENV) data/synthetic/fer2013new.csv  ## Train LANMSFF on drawn faces, test it, show where it lies.
	$(BIN)/lanmsff train lanmsff_quickstart --work-dir work_dirs/quickstart
	$(BIN)/lanmsff test lanmsff_quickstart work_dirs/quickstart --work-dir work_dirs/quickstart

docs: $(ENV)  ## Build the documentation into build/site; broken links are errors.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt mkdocs-material
	$(BIN)/mkdocs build --strict

lint: $(ENV)  ## Check the style and the types.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt ruff mypy
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:  ## Remove the environments and the caches; data and work_dirs stay.
	rm -rf .venv .venv-next .venv-onedl build dist web/build web/node_modules .pytest_cache .hypothesis .ruff_cache
