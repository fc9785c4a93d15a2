# `make help` lists what there is. The environment is made on first use, and again when the
# lock changes; PYTHON names the Python to make it with (3.11 to 3.13).
PYTHON  ?= python3
PROFILE ?= quick
PARAMS  ?=
SAMPLE  ?= 5
# seconds after which a notebook, and a training, has failed; none: never
TIMEOUT     ?=
JOB_TIMEOUT ?=
# processes at the same time
WORKERS ?= $(shell $(PYTHON) -c "import os; print(len(getattr(os, 'sched_getaffinity', lambda _: range(os.cpu_count()))(0)))")
MAKEFLAGS += --jobs=$(WORKERS)
# COMPUTE=no forbids to compute what is not stored
export HW1_COMPUTE := $(COMPUTE)

VENV  := .venv/bin
BUILD := report/build/$(PROFILE)
ASKED := $(BUILD)/.asked
# what is checked and computed for one chapter says nothing about the others
CHECKED := $(BUILD)/.checked$(NAME:%=-%)
COMPUTED := $(BUILD)/.computed$(NAME:%=-%)
ENV   := .venv/.lock-sha256

# the report's list decides, not what lies in notebooks/
NOTEBOOKS := $(sort $(shell sed -n 's|^ *- \([0-9][0-9]_[a-z0-9_]*\).*|notebooks/\1.ipynb|p' report/report.yml))
CHAPTERS  := $(NOTEBOOKS:notebooks/%=$(BUILD)/%)
LIBRARY   := $(shell find hw1lib -type f ! -path '*/__pycache__/*' ! -path 'hw1lib/publish/*')
PUBLISH   := $(shell find hw1lib/publish -type f ! -path '*/__pycache__/*')

.PHONY: report chapter first lab keep test test-browser test-faults lint bench docs doctor reference verify mutants map lock clean help FORCE
.DELETE_ON_ERROR:

report: $(BUILD)/report.pdf ## the report as PDF and HTML: make report PROFILE=full PARAMS="-p seed 1"
	@echo "the report: $(BUILD)/report.pdf and $(BUILD)/report.html"

chapter: $(NAME:%=$(BUILD)/%.pdf) ## one chapter as PDF and HTML: make chapter NAME=11_function_fit
	@$(if $(NAME),echo "the chapter: $< and $(<:.pdf=.html)",echo "which one? make chapter NAME=11_function_fit" >&2; exit 2)

first: $(ENV) ## the first figure, from results that come along: nothing trained or downloaded
	@$(VENV)/python -m hw1lib.first

lab: $(ENV) ## JupyterLab on copies of the notebooks, to play with; keep takes a change over
	$(VENV)/python tools/play.py
	JUPYTER_CONFIG_PATH=$(CURDIR)/tools/jupyter $(VENV)/jupyter lab play --LabApp.default_url=/lab/tree/11_function_fit.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

keep: $(ENV) ## a change made in make lab into the notebook: make keep NAME=11_function_fit
	@$(VENV)/python tools/play.py $(or $(NAME),--help)

test: $(ENV) ## all tests but those in a browser
	@# torch's threads would compete with the other workers
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(VENV)/python -m pytest -n auto --dist loadfile \
	    --no-loadscope-reorder -m "not browser"

test-faults: $(ENV) ## hundreds of kills, 100,000 made-up settings: HW1_KILLS=500 HW1_FUZZ=100000, an hour or more
	OMP_NUM_THREADS=1 HW1_KILLS=$(or $(HW1_KILLS),500) HW1_FUZZ=$(or $(HW1_FUZZ),100000) HW1_FILES=30 \
	    $(VENV)/python -m pytest tests/faults tests/test_own_parameters.py tests/results/test_store.py \
	    tests/publish/test_killed_export.py

test-browser: $(ENV) ## the HTML report and JupyterLab in Chromium; needs the extra browser, HW1_AXE names axe.min.js
	OMP_NUM_THREADS=1 $(VENV)/python -m pytest -m browser tests/browser

lint: $(ENV) ## style, types, and notebooks without outputs
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(if $(NOTEBOOKS),$(VENV)/nbstripout --verify --keep-id $(NOTEBOOKS))

bench: $(ENV) ## our speed beside that of the loops people write
	$(VENV)/python -m benchmarks

reference: $(ENV) ## pack the stored results of the full profile into reference/
	$(VENV)/python -m hw1lib.reference write

verify: $(ENV) ## compute a few of the packed results again: make verify SAMPLE=5
	$(VENV)/python -m hw1lib.reference verify --sample $(SAMPLE)

mutants: $(ENV) ## a hundred small changes of the library, and which of them no test notices
	$(VENV)/python tools/mutants.py

map: $(ENV) ## docs/map.md and its picture, anew from the imports
	$(VENV)/python tools/map.py

lock: $(ENV) ## requirements.lock and environment.yml anew from pyproject.toml; needs uv
	$$(command -v uv || echo .boot/bin/uv) pip compile --quiet pyproject.toml --extra dev --extra fast \
	    --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	    --custom-compile-command "make lock" --output-file requirements.lock
	$(VENV)/python tools/environment_yml.py

docs: $(ENV) ## all modules and functions, as pages to read: report/build/docs/index.html
	$(VENV)/python -m pdoc hw1lib --docformat google --output-directory report/build/docs

doctor: $(ENV) ## whether this machine can make the report, and what helps
	$(VENV)/python -m hw1lib.doctor

clean: ## remove the built reports; results, data and the environment stay
	rm -rf report/build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

$(BUILD)/report.pdf: $(CHAPTERS) $(PUBLISH) report/report.yml report/references.bib $(ENV)
	@$(VENV)/python -m hw1lib.publish report/report.yml --chapters $(BUILD) --out $(BUILD)

$(BUILD)/%.pdf: $(BUILD)/%.ipynb $(PUBLISH) report/report.yml report/references.bib $(ENV)
	@$(VENV)/python -m hw1lib.publish report/report.yml --only $* --chapters $(BUILD) --out $(BUILD)

$(CHAPTERS): $(BUILD)/%: notebooks/% $(LIBRARY) $(ENV) $(ASKED) | $(COMPUTED)
	@# one thread, since as many chapters are executed at once as there are cores
	@OMP_NUM_THREADS=1 $(VENV)/python -m hw1lib.publish.execute $< $@ --known-only $(CHECKED) \
	    $(if $(TIMEOUT),--timeout $(TIMEOUT)) -p profile $(PROFILE) $(PARAMS)

# before any chapter starts: what is given, and what somebody may have saved in a notebook
$(CHECKED): $(ASKED) $(NOTEBOOKS) $(ENV)
	@$(VENV)/python -m hw1lib.parameters report/report.yml \
	    $(if $(NAME),--only $(NAME)) --out $@ -p profile $(PROFILE) $(PARAMS)

# the trainings of all chapters share the cores; afterwards the chapters only read
$(COMPUTED): $(LIBRARY) $(ENV) $(ASKED) | $(CHECKED)
	@$(if $(COMPUTE),,OMP_NUM_THREADS=1 $(VENV)/python -m hw1lib.compute --workers $(WORKERS) $(if $(JOB_TIMEOUT),--job-timeout $(JOB_TIMEOUT)) \
	    $(if $(NAME),--only $(firstword $(subst _, ,$(NAME)))) --profile $(PROFILE) $(PARAMS))
	@touch $@

# the summary reads what the others computed
$(BUILD)/00_summary.ipynb: | $(filter-out %/00_summary.ipynb,$(CHAPTERS))

# The two files below keep their date unless their content changes, so looking costs nothing.

$(ENV): FORCE
	@$(PYTHON) tools/bootstrap.py

$(ASKED): FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' "$$HW1_DATA" "$$HW1_RESULTS" '$(subst ','\'',$(PARAMS))' > $@.new
	@# and what lies in a folder of images
	@set -- $(PARAMS); for word; do case $$word in \
	    folder:*) ls -lRL "$${word#folder:}" >> $@.new 2>&1 || true;; esac; done
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
