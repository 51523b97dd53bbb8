# The commands of this project: `make help`. Everything they need and the machine lacks is installed on first use
# (into node_modules and ~/.cache/cutover); Node, npm, Python, make and git must be there.
.DEFAULT_GOAL := help
.PHONY: help setup build rehearse test proof check format clean lock
# One goal at a time, even under `make -j`: they share node_modules and ports.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

NODE := node_modules/.bin/node

# KEEP, PHASES, FAULT and PORT reach the rehearsal as environment: make exports the variables of its command line.

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make rehearse KEEP=1              leave the world running and print how to play with it"
	@echo "  make rehearse PHASES=ramp-25      play only the way up to this phase, and the destroy"
	@echo "  make rehearse PHASES=full FAULT=booking   the same with a fault where it ends: --help names them"
	@echo "  make rehearse PORT=8443           the public port of the rehearsal's load balancer"

setup: ## Install what is missing (all other commands do this first)
	@sh tools/setup.sh

# domain and clients as JavaScript, for the process of the dynamic providers; nothing to do when they are newer than the sources.
build: setup
	@$(NODE) tools/build-workspaces.mjs

rehearse: build ## Play the whole migration on this machine: real engine, real HTTP, no cloud account
	@$(NODE) tools/run.mjs rehearsal/main.ts

test: build ## Lint, types, import rules and the fast tests
	@$(NODE) tools/checks.mjs test

proof: build ## The tests that start real engines, emulators and rehearsals (minutes)
	@$(NODE) tools/checks.mjs proof

check: build ## Lint, format, types and import rules only
	@$(NODE) tools/checks.mjs check

format: setup ## Format the sources and fix what the linter can fix
	@node_modules/.bin/biome check --write .

lock: setup ## Write the Python lock files anew from their requirements.in
	@sh tools/python/lock.sh

clean: ## Remove what the project made inside itself (not the shared cache)
	@rm -rf .rehearsal rehearsal-report node_modules/.cache domain/dist clients/dist
	@echo "Removed run folders, reports and build results; node_modules and the cache folder stay."
