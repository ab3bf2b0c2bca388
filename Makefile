# The verbs of this tree; CI calls only these. `make help` lists them.

PYTHON ?= python3
PY := .venv/bin/python
JOBS ?= 2
# Tools that load the settings get the profile that needs nothing from outside; tests bring
# their own.
TOOLS := SHOEBOX_PROFILE=embedded
# Some images of Python forbid it to keep what it compiled; a test run starts hundreds of
# processes, and each would compile the tree again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run cluster test check bench-write reference lock clean venv venv-dev

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: venv ## start Shoebox here: SQLite, Valkey, folders; SHOEBOX_DATA, WRITE_PORT, READ_PORT, FLOWER_PORT, VALKEY_PORT, METRICS_PORT move it, RENDER_PORT adds sizes on demand
	@$(PY) -m config.local embedded

cluster: venv ## start it on real parts: RabbitMQ, PostgreSQL, Valkey, SeaweedFS, nginx; also EDGE_PORT, EDGE_READ_PORT, SERVERS_PORT
	@deploy/install-test-servers rabbitmq-server postgresql nginx
	@$(PY) -m config.local cluster

test: venv-dev ## set up and run all tests; as root on Debian installs the servers they start
	@deploy/install-test-servers
	@status=0; \
	$(PY) -m pytest -q -n $(JOBS) tests/unit tests/contract tests/docs || status=1; \
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile -m "not real" tests/integration || status=1; \
	$(PY) -m pytest -q -n $(JOBS) --dist loadgroup --no-loadscope-reorder -m "real or drill or browser" tests/drills tests/browser tests/integration || status=1; \
	exit $$status

check: venv-dev ## ruff, formatting, types, import rules, spelling, docs
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(TOOLS) $(PY) -m mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/codespell
	$(PY) -m pytest -q tests/docs

bench-write: venv-dev ## what uploads cost, against bare receivers, crowds and kills; BENCH="accept --rounds 3" for parts
	@$(PY) -m bench.write $(BENCH)

reference: venv-dev ## write docs/reference again from settings, commands, errors and metrics
	@$(TOOLS) $(PY) manage.py reference --write

lock: ## resolve the dependencies again into both locks
	@PYTHON="$(PYTHON)" deploy/make-locks

clean: ## remove .venv and caches; data folders stay
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@PYTHON="$(PYTHON)" deploy/make-venv requirements.lock

venv-dev:
	@PYTHON="$(PYTHON)" deploy/make-venv requirements-dev.lock
