# The only door. `make` lists what there is.

SERVERS := infra/local/servers

.DEFAULT_GOAL := help
.PHONY: help run web pictures test test-identity test-long check bench up down

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: ## Everything in one process on one file, with a demo day moving; prints URLs and a ready curl
	RUST_LOG=$${RUST_LOG:-warn} cargo run --profile demo --no-default-features --bin dealerboard -- serve --hello --demo

web: ## Build the screens into web/dist, which is committed
	web/run build

pictures: ## Show the screens to a browser in both themes, and keep how they look in docs/screens
	mkdir -p docs/screens
	PICTURES=$(CURDIR)/docs/screens cargo test -p dealerboard --test screens every_screen

test: ## Start real Kafka, registry, Postgres and Redis, run every test, stop what was started
	$(SERVERS) run -- cargo test --workspace

test-identity: ## The tests of identity providers, Keycloak included (a minute to start)
	DEALERBOARD_TEST_KEYCLOAK=1 cargo test -p dealerboard --test identity -- --nocapture

test-long: ## What `make test` has in short: questions across tenants, changed tokens, restarts
	$(SERVERS) run -- infra/local/long

check: ## Formatting, lints and dependencies, as CI wants them
	cargo fmt --all --check
	infra/check/dependencies
	cargo clippy --workspace --all-targets -- -D warnings

bench: ## Measure on real servers; a table with ratios, and target/bench/report.json
	cargo build --release -p dealerboard-load-tests
	POSTGRES_SHARED_BUFFERS=2GB $(SERVERS) run -- infra/local/bench

up: ## Start the local servers and leave them running
	$(SERVERS) start

down: ## Stop them
	$(SERVERS) stop
