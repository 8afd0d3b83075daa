# `make help` lists the targets. Everything lands in .venv and in build* folders; nothing else is touched.
# ARGS goes to the program that a target runs: make test ARGS="-k transaction -x", make bench ARGS="-w pk,mixed".

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
# meson-python looks for meson there, and meson for ninja: a machine needs none of its own.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Each writes one file or more of the tree, and with --check says whether they are current.
GENERATORS := $(wildcard tools/generate_*.py tools/draw_*.py tools/unasync.py)
C_FILES := core binding tests/core fuzz bench
STAMP := $(VENV)/.howdah-installed

.DEFAULT_GOAL := help

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: $(STAMP) ## Make .venv with an editable howdah in it, which rebuilds itself when imported

$(STAMP): pyproject.toml meson.options
	@$(PYTHON) tools/check_prerequisites.py
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade 'pip>=25.1'
	$(RUN) -m pip install --quiet --group dev
	$(RUN) -m pip install --quiet --no-build-isolation --editable '.[server]'
	touch $@

demo: build ## Load 336,776 real flights into a PostgreSQL of its own, and use them
	$(RUN) examples/demo.py

test: build ## Run the tests of the package: unit, and live on an embedded PostgreSQL
	$(RUN) -m pytest $(ARGS)

CORE_OPTIONS := -Dcore_tests=true -Dextension=false -Db_sanitize=address,undefined -Db_lundef=false --werror \
	--buildtype=debugoptimized

build-core: | build
	$(BIN)/meson setup $@ $(CORE_OPTIONS)

test-types: build ## Try many more values of every type than `make test` does: EXAMPLES=1000 for each
	HOWDAH_TEST_EXAMPLES=$(or $(EXAMPLES),1000) $(RUN) -m pytest tests/types --timeout=0 $(ARGS)

.PHONY: test-load
test-load: build ## Load the pools for longer than `make test` does: ROUNDS=10 restarts of the server, and so on
	HOWDAH_TEST_ROUNDS=$(or $(ROUNDS),10) $(RUN) -m pytest tests/live/test_pool_load.py $(ARGS)

test-core: build-core ## Run the C tests of the core under ASan and UBSan
	$(BIN)/meson test -C build-core --no-suite fuzz --print-errorlogs

fuzz-replay: build-core ## Run the fuzz targets over their committed corpus, under ASan and UBSan
	$(BIN)/meson test -C build-core --suite fuzz --print-errorlogs

build-fuzz: | build
	@$(PYTHON) tools/check_prerequisites.py clang
	CC=clang $(BIN)/meson setup $@ $(CORE_OPTIONS) -Dfuzzing=true

fuzz: build-fuzz ## Search the fuzz targets with libFuzzer, and add what reaches new code to the corpus (FUZZ_RUNS=20000 each)
	$(BIN)/ninja -C build-fuzz $(patsubst fuzz/%.c,fuzz/%,$(wildcard fuzz/fuzz_*.c))
	$(RUN) tools/fuzz.py build-fuzz $(if $(FUZZ_RUNS),--runs $(FUZZ_RUNS)) $(ARGS)

build-coverage: | build
	@$(PYTHON) tools/check_prerequisites.py clang
	CC=clang $(BIN)/meson setup $@ -Dcore_tests=true -Dextension=false --buildtype=debug \
		-Dc_args='-fprofile-instr-generate -fcoverage-mapping' -Dc_link_args=-fprofile-instr-generate

coverage: build-coverage ## Lines and branches of core/ that the C tests and the corpus reach, per file
	$(RUN) tools/coverage.py build-coverage $(ARGS)

# A virtual environment without pip, which sees .venv's packages but not its editable howdah.
ASAN_VENV := build-asan/venv
ASAN_SITE = $(ASAN_VENV)/lib/$(shell $(RUN) -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}")')/site-packages
ASAN_ENV = LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 PYTHONMALLOC=malloc

asan: build ## Run the tests with the extension under ASan and UBSan
	test -d $(ASAN_VENV) || $(RUN) -m venv --without-pip $(ASAN_VENV)
	$(RUN) -c 'import site; print(site.getsitepackages()[0])' > $(ASAN_SITE)/packages.pth
	$(RUN) -m pip install --quiet --upgrade --no-deps --no-build-isolation --target $(ASAN_SITE) \
		-Cbuild-dir=build-asan/meson -Csetup-args=-Db_sanitize=address,undefined -Csetup-args=-Db_lundef=false \
		-Csetup-args=-Db_lto=false -Csetup-args=-Dbuildtype=debugoptimized -Csetup-args=-Dwerror=true .
	$(ASAN_ENV) $(ASAN_VENV)/bin/python -m pytest -p no:cacheprovider --capture=sys $(ARGS)

mutants: build ## Put faults into the core one by one: each must be caught by its tests
	$(RUN) tools/mutants.py $(ARGS)

conninfo-fuzz: build ## Compare the reading of connection strings, service and password files with libpq's (EXAMPLES=200000)
	$(RUN) tools/fuzz_conninfo.py --examples $(or $(EXAMPLES),200000) $(ARGS)

boundaries: build ## Split, close and reset recorded conversations at every byte
	HOWDAH_EVERY_BYTE=1 $(RUN) -m pytest -q tests/live/test_byte_boundaries.py $(ARGS)

cancels: build ## Interrupt tasks and threads at any of their waits, in 63 scenarios: CANCELS=200 times each
	HOWDAH_CANCELS=$(or $(CANCELS),200) $(RUN) -m pytest -q tests/live/test_cancel_everywhere.py $(ARGS)

walks: build ## Walk at random over howdah and psycopg, and compare step by step: WALKS=1000 of 60 steps, from FIRST=0
	HOWDAH_WALKS=$(or $(WALKS),1000) HOWDAH_FIRST_WALK=$(or $(FIRST),0) $(RUN) -m pytest -q tests/live/test_walks.py $(ARGS)

large: build ## Values of 1 GiB and more: 6 GiB of memory, some minutes
	HOWDAH_TEST_GIGABYTE=1 $(RUN) -m pytest -v tests/live/test_gigabyte.py $(ARGS)

hostile: build ## Spoil recorded conversations in 100 ways each
	HOWDAH_HOSTILE=100 $(RUN) -m pytest -q tests/live/test_hostile_server.py $(ARGS)

lint: build ## Check style, the rooms rule, generated files, types and stubs
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	find $(C_FILES) -name '*.[ch]' | xargs $(BIN)/clang-format --dry-run --Werror
	$(RUN) tools/lint_rooms.py
	set -e; for tool in $(GENERATORS); do $(RUN) $$tool --check; done
	$(RUN) -m mypy
	$(RUN) -m mypy.stubtest --mypy-config-file pyproject.toml howdah._howdah
	$(RUN) tools/check_typing.py

typing: build ## Have mypy and pyright check a typed program in strict mode, and compare the types that they reveal
	$(RUN) tools/check_typing.py

format: build ## Format Python and C
	$(RUN) -m ruff check --fix --exit-zero
	$(RUN) -m ruff format
	find $(C_FILES) -name '*.[ch]' | xargs $(BIN)/clang-format -i

bench: build ## Compare with other drivers, turn by turn in one run
	$(RUN) -m pip install --quiet --group bench
	$(RUN) bench/run.py $(ARGS)

bench-report: build ## All of these in ten minutes: docs/benchmarks/results.md and its plots (ARGS=--quick: in two)
	$(RUN) -m pip install --quiet --group bench
	$(RUN) bench/report.py $(ARGS)

bench-memory: build ## What large results take of memory and time
	$(RUN) bench/memory.py $(ARGS)

bench-web: build ## TechEmpower's queries and updates under FastAPI, on howdah and on asyncpg
	$(RUN) -m pip install --quiet --group bench
	$(RUN) bench/web.py $(ARGS)

bench-tail: build ## What a slow query does to the others on a read lane
	$(RUN) bench/tail.py $(ARGS)

type-matrix: build ## Write docs/type-matrix.md: what each driver makes of a value of every type (ARGS=--check)
	$(RUN) -m pip install --quiet --group bench
	$(RUN) tools/type_matrix.py $(ARGS)

budget: build ## Count the instructions of the hot paths by callgrind, and fail where they grow (ARGS=--update: agree)
	@$(PYTHON) tools/check_prerequisites.py valgrind
	$(RUN) bench/budget.py $(ARGS)

# Without psycopg in it, and with howdah as users install it.
COMPAT := .venv-compat

compat: build
	test -x $(COMPAT)/bin/python || $(RUN) -m venv $(COMPAT)
	$(COMPAT)/bin/python -m pip install --quiet -r tests/compat/psycopg/requirements.txt
	$(COMPAT)/bin/python -m pip install --quiet --upgrade --force-reinstall --no-deps .

conformance-psycopg: compat ## Run psycopg's own tests, of a checkout of its repository: SUITE=folder ARGS="tests/types ..."
	@test -n "$(SUITE)" || { echo 'SUITE= must be a checkout of github.com/psycopg/psycopg'; exit 2; }
	$(RUN) tests/compat/psycopg/run.py --suite $(SUITE) --python $(COMPAT)/bin/python $(ARGS)

# With the projects that are written for psycopg, and howdah instead of it.
ECO := .venv-eco

eco: build
	test -x $(ECO)/bin/python || $(RUN) -m venv $(ECO)
	$(ECO)/bin/python -m pip install --quiet -r tests/compat/eco/requirements.txt
	$(ECO)/bin/python -m pip install --quiet --upgrade --force-reinstall --no-deps .

RUN_ECO = $(RUN) tests/compat/eco/run.py --python $(ECO)/bin/python --cache $(ECO)/suites $(if $(SUITE),--source $(SUITE))

conformance-sqlalchemy: eco ## Run SQLAlchemy's own tests (ARGS="--variant psycopg_async --subset core")
	$(RUN_ECO) sqlalchemy $(ARGS)

conformance-django: eco ## Run Django's own tests (ARGS="--variant server --subset core")
	$(RUN_ECO) django $(ARGS)

conformance-peewee: eco ## Run Peewee's own tests, of a checkout of its repository: SUITE=folder
	@test -n "$(SUITE)" || { echo 'SUITE= must be a checkout of github.com/coleifer/peewee'; exit 2; }
	$(RUN_ECO) peewee $(ARGS)

conformance-pandas: eco ## Run pandas' own tests of SQL
	$(RUN_ECO) pandas $(ARGS)

conformance-fastapi: eco ## Run an application of FastAPI, of ours, under uvicorn
	$(RUN_ECO) fastapi $(ARGS)

# What the package index serves, in forms of about a minute; nothing less than 99.5 % of what passes with psycopg.
QUICK := sqlalchemy django psycopg_async pandas fastapi

quick-%: eco
	$(RUN_ECO) $* --target 99.5

quick-psycopg_async: eco
	$(RUN_ECO) sqlalchemy --variant psycopg_async --target 99.5

conformance-quick: eco ## Run the quick forms of those, except Peewee's, two at a time
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target --old-file=eco $(addprefix quick-,$(QUICK))

api-compare: build ## Which of psycopg's names and signatures are missing, differ, or only raise (ARGS=-q: the totals)
	-$(RUN) tests/compat/psycopg/api_compare.py howdah $(ARGS)
	$(RUN) tests/compat/psycopg/only_raising.py

bench-tls: build ## What TLS costs, beside psycopg, on Debian's PostgreSQL
	$(RUN) bench/tls.py $(ARGS)

# Before anything is built: one line says all that lacks.
servers-there:
	@$(PYTHON) tools/check_prerequisites.py servers

matrix: servers-there build ## Real parts: PostgreSQL 17 and 18 and pgbouncer of newer Debians (made once, in .cache), Kerberos; 216 ways to log in
	$(RUN) -m pip install --quiet --group matrix
	$(RUN) tests/servers/debootstrapped.py
	$(RUN) -m pytest tests/matrix --timeout=300
	for root in $$($(RUN) tests/servers/debootstrapped.py); do HOWDAH_DEBIAN=$$root $(RUN) -m pytest tests/live/test_tls.py tests/live/test_pgbouncer.py || exit; done
	$(RUN) tests/servers/matrix.py $(ARGS)

smoke: build ## Install into a fresh environment of each CPython on this machine, and try it
	$(RUN) tools/smoke.py $(ARGS)

free-threaded: build ## Build a CPython without a GIL, once, and run the unit and live tests on it (ARGS=tests/live/test_threads.py)
	$(RUN) tools/free_threaded.py test $(ARGS)

free-threaded-tsan: build ## The tests of threads, pools and read lanes, with CPython and the extension under ThreadSanitizer
	$(RUN) tools/free_threaded.py --sanitize test $(ARGS)

bench-threads: build ## How threads scale with a connection each, with a GIL and without
	$(RUN) tools/free_threaded.py bench --write docs/benchmarks/threads.md $(ARGS)

clean: ## Delete what was built, .venv included
	rm -rf build build-* dist $(VENV)

.PHONY: conninfo-fuzz typing help build demo test test-types test-core fuzz-replay fuzz coverage asan mutants boundaries hostile large cancels lint format bench bench-tail bench-memory bench-web bench-report bench-tls matrix servers-there budget type-matrix smoke compat conformance-psycopg \
	eco conformance-sqlalchemy conformance-django conformance-peewee conformance-pandas conformance-fastapi \
	conformance-quick api-compare clean free-threaded free-threaded-tsan bench-threads
