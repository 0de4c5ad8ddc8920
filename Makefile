# make serve   install everything, then serve Scrawl on http://localhost:8000 (PORT=… for another port)
# make test    the same set-up, then the whole test suite, including a real browser
# make test-quick  the same set-up, then the tests that need neither a browser nor a server: one to two minutes
# make test-fresh  in a clone, with the newest of every dependency: test-quick, the packages' sizes, a start of serve
# make lint    formatting, lint and types
# make bench   the benchmarks
# make package build the Lambda package and the stack's template, for both architectures
# make review  check the stack's template with cfn-lint and checkov
# make protos  generate the gRPC server's code from its .proto files again
# make deploy  the same set-up as for serve, then deploy Scrawl to AWS; options in ARGS='--stage test --dry-run'
# make rehearse  deploy the stack onto LocalStack, in an environment of its own, use it, and remove it again
# make lock    fix the versions in the Lambda package and in the images again, base images by digest
#
# Works with GNU make 3.81 and newer. Everything is installed into .venv, and again when pyproject.toml changes.

VENV := .venv
BIN := $(VENV)/bin
SERVE_STAMP := $(VENV)/.installed-serve
DEV_STAMP := $(VENV)/.installed-dev
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore

# The newest interpreters come last: their wheels may not be there yet.
PYTHONS := $(PYTHON) python3.12 python3.13 python3.14 python3 python

.PHONY: help serve test test-quick test-fresh lint format bench package deploy review rehearse protos lock lock-lambda clean
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

serve: $(SERVE_STAMP)
	@$(BIN)/scrawl serve

# Compiled bytecode is kept, which some images turn off: without it each process of a test compiles everything again.
test test-quick: export PYTHONDONTWRITEBYTECODE =

# Each worker has a core: BLAS with more threads only makes them wait for each other.
test test-quick: export OPENBLAS_NUM_THREADS = 1

# A file's tests run in one of the workers, of which there is one a core, so that they can share a server. The files are
# taken in the order that tests/conftest.py gives them, not by how many tests they have.
test: $(DEV_STAMP)
	@$(BIN)/python -m tests.support.browser
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

# Files with no test for test-quick whose imports take long, such as schemathesis, moto's servers and Playwright: pytest
# would import them at the start, in each process.
NOT_QUICK := browser functions/api/test_contract.py functions/api/test_contract_together.py \
  infra/deploy/test_real_stack.py bench/test_lessons.py bench/test_costs.py
test-quick: $(DEV_STAMP)
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile -p no:schemathesis -p no:playwright \
	  $(addprefix --ignore tests/,$(NOT_QUICK)) -m "not browser and not server and not package and not ci_only" $(ARGS)

test-fresh:
	@.ci/try-fresh

lint: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(DEV_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV_STAMP)
	@$(BIN)/python -m tests.support.browser
	@for program in bench/*.py; do \
	  name=$$(basename $$program .py); \
	  echo "== bench.$$name"; \
	  $(BIN)/python -m bench.$$name || exit 1; \
	done

package: $(SERVE_STAMP)
	@for architecture in x86_64 arm64; do \
	  $(BIN)/scrawl package --architecture $$architecture --out build/package/$$architecture || exit 1; \
	done

deploy: $(SERVE_STAMP)
	@$(BIN)/scrawl deploy $(ARGS)

# checkov wants other versions of much that Scrawl uses: it gets an environment of its own.
review: $(DEV_STAMP)
	@test -x .venv-review/bin/checkov || { $(BIN)/python -m venv .venv-review && .venv-review/bin/python -m pip install -qq checkov; }
	@$(BIN)/scrawl package --template-only --out build/review
	@$(BIN)/cfn-lint build/review/sam.json
	@.venv-review/bin/checkov --file build/review/sam.json --framework cloudformation --compact --quiet --skip-download

# LocalStack wants older versions of much that Scrawl uses: it gets an environment of its own.
REHEARSAL := .venv-rehearsal
rehearse: $(DEV_STAMP) $(REHEARSAL)/.installed
	@$(BIN)/python -m tests.rehearsal

$(REHEARSAL)/.installed: tests/rehearsal/requirements.txt
	@test -x $(REHEARSAL)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(REHEARSAL)
	@$(BIN)/uv pip install --quiet --python $(REHEARSAL)/bin/python --requirement tests/rehearsal/requirements.txt
	@touch $@

# The images get the versions that are installed here, which the tests have run with; the Lambdas the newest. The last
# lines fail unless arm64 and every Python of Lambda have wheels of the same versions.
UV := $(BIN)/uv pip compile --quiet --no-annotate --only-binary :all:
UV_LOCK := $(UV) --python-version 3.12 --python-platform x86_64-manylinux_2_34 --generate-hashes --custom-compile-command "make lock"
LAMBDA := infra/package/lambda-requirements
PLAIN := infra/package/plain-requirements.in
IMAGES := infra/containers/requirements
lock-lambda: $(DEV_STAMP)
	@$(UV_LOCK) --upgrade --output-file $(LAMBDA).txt $(LAMBDA).in
	@$(UV_LOCK) --constraint $(LAMBDA).txt --emit-build-options --output-file requirements.txt $(PLAIN)

lock: lock-lambda
	@mkdir -p build
	@$(BIN)/python -m pip freeze --exclude-editable > build/installed.txt
	@for image in api grpc prepare site; do \
	  $(UV_LOCK) --constraint build/installed.txt --no-emit-package pip --output-file $(IMAGES)/$$image.txt $(IMAGES)/$$image.in || exit 1; \
	done
	@$(BIN)/python -m infra.containers.digests
	@for file in $(LAMBDA).txt $(IMAGES)/*.txt; do \
	  $(UV) --python-version 3.12 --python-platform aarch64-manylinux_2_34 $$file > /dev/null || exit 1; \
	done
	@for python in 3.13 3.14; do for machine in x86_64 aarch64; do \
	  $(UV) --python-version $$python --python-platform $$machine-manylinux_2_34 $(LAMBDA).txt > /dev/null || exit 1; \
	done; done

protos: $(DEV_STAMP)
	@$(BIN)/python -m infra.rpc.generate

clean:
	rm -rf build $(VENV)

$(BIN)/python:
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
	    echo "Making a virtual environment in $(VENV) with $$($$python --version)"; \
	    $$python -m venv --clear $(VENV) || rm -rf $(VENV); \
	    test -x $(BIN)/python; exit; \
	  fi; \
	done; \
	echo "Scrawl needs Python 3.12 or newer; found none among: $(PYTHONS)." >&2; \
	echo "Install it (Debian, Ubuntu: apt install python3.12-venv; macOS: brew install python@3.12; anywhere: uv" >&2; \
	echo "python install 3.12, or pyenv install 3.12), or name one: make PYTHON=/path/to/python3.12 …" >&2; \
	exit 1

$(SERVE_STAMP): pyproject.toml | $(BIN)/python
	@echo "Installing what Scrawl needs into $(VENV): about 1.2 GB, a minute or two the first time"
	@$(PIP_INSTALL) --editable '.[grpc]'
	@touch $@

$(DEV_STAMP): pyproject.toml | $(BIN)/python
	@echo "Installing what Scrawl and its tests need into $(VENV): about 1.5 GB, a minute or two the first time"
	@$(PIP_INSTALL) --editable '.[grpc,dev]'
	@touch $@ $(SERVE_STAMP)
