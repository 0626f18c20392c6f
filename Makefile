# `make help` lists the targets. What takes more than a line stands in scripts/.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help run demo test test-pages pages-pictures test-matrix pgtap gotest fuzz test-faults year bench bench-compare bench-docs \
  bench-auth bench-judge bench-plans bench-report bench-overload security psql tern stamp docs fmt build clean need-go
export PKG TESTFLAGS FUZZTIME VERSIONS SQL

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Whatever builds needs the right Go, and says so before it installs or starts anything.
run demo test test-pages pages-pictures test-matrix pgtap gotest fuzz year bench bench-compare bench-docs bench-judge bench-plans bench-report \
bench-auth bench-overload test-faults security tern stamp docs fmt build: | need-go

need-go:
	@. scripts/lib.bash && need_go

run: ## starts a database of its own (or uses DATABASE_URL or PGHOST) and the server; Ctrl-C stops both
	@scripts/run

demo: build ## plays the opening minute with 600 invented students against the running server; DEMO='--students 2000'
	@scripts/with-database bin/energy demo $(DEMO)

test: ## checks everything, on a throwaway database beside a running "make run"; ENERGY_TEST_CLOCK='2028-02-29 12:00': as on that day
	@scripts/test

test-matrix: ## runs the tests in SQL and in Go on PostgreSQL 12, 14, 16, 17 and 18, which it fetches; VERSIONS='12 18'
	@scripts/test-matrix

pgtap: ## runs the tests in SQL only; SQL='db/tests/wire db/tests/access.sql' for a part
	@scripts/test pgtap

test-pages: ## runs the tests of the pages in Chromium, each screen in every size, theme and language
	@ALL=1 scripts/test browser

pages-pictures: ## takes the pictures of docs/pages anew, in Chromium
	@scripts/pages-pictures

gotest: ## runs the tests in Go only; PKG=./api TESTFLAGS='-run Token -v' for a part
	@scripts/test go

year: ## plays simulated academic years, longer than "make test" does; YEARS=5 SEED=1
	@PKG=./test/year TESTFLAGS='-v -timeout 0 -year.years=$(or $(YEARS),5) -year.seed=$(or $(SEED),1)' scripts/test go

bench: build ## measures the server beside the machine's limits; BENCH='--only rush,list --seconds 5 --json figures.json' (--help)
	@scripts/with-cluster scripts/go-run ./bench run --pgbin "$$(scripts/postgres bin)" $(BENCH)

bench-compare: ## compares the figures of two runs; A=before.json B=after.json
	@scripts/go-run ./bench compare $(A) $(B)

bench-docs: ## writes docs/performance.md, docs/scaling.md and their charts from the figures in docs/bench.json
	@scripts/go-run ./bench docs docs/bench.json docs

bench-judge: ## measures nightly judging of 100,000 students, and the waits of those who enrol meanwhile
	@scripts/with-cluster scripts/go-run ./bench/judge $(BENCH)

bench-plans: ## times all that can be called over 20,000 students, with JIT and statistics and without; lists what is slower; ONLY='visit_lessons|enrol'
	@PKG=./db TESTFLAGS='-v -count=1 -timeout 60m -run ^TestTimesDependOnNoServerSetting$$ -plans.times -plans.only=$(ONLY)' \
	  scripts/test go

bench-report: build ## measures the reports of 25,000 and of 1,000,000 marks, and the waits of those who enrol meanwhile
	@scripts/with-cluster scripts/go-run ./bench/report $(BENCH)

bench-auth: build ## measures what the auth server adds to calls of the main server, and a storm of log-ins
	@scripts/with-cluster scripts/go-run ./bench/auth $(BENCH)

bench-overload: build ## sends ten times what the server can sustain, for a minute; BENCH='--seconds 10 --times 20 --flush 0'
	@scripts/with-cluster scripts/go-run ./bench/overload $(BENCH)

test-faults: ## kills servers and databases, cuts networks, fills disks in mid-rush, as long as in life; prints what happened
	@ENERGY_TEST_LONG=1 go test -v -count=1 -timeout 60m ./test/faults $(TESTFLAGS)

security: ## looks for faults with gosec, and for known vulnerabilities of modules where their list can be reached
	@scripts/security

fuzz: ## sends nasty requests for FUZZTIME=10s and more
	@scripts/test fuzz

psql: ## opens psql on the database of "make run": the administrator's screen (db/admin.psql)
	@PSQLRC="$$PWD/db/admin.psql" scripts/with-database psql

# The SQL files are written for these, whatever the server or the role has.
TERN_OPTIONS = -c standard_conforming_strings=on -c quote_all_identifiers=off

tern: ## migrates the database of "make run" by the tern CLI, and installs the functions
	@PGOPTIONS="$$PGOPTIONS $(TERN_OPTIONS)" scripts/with-database scripts/go-run github.com/jackc/tern/v2 migrate -m db/migrations
	@PGOPTIONS="$$PGOPTIONS $(TERN_OPTIONS)" scripts/with-database scripts/go-run github.com/jackc/tern/v2 code install db/functions

stamp: ## gives changed functions their new version (db/functions/version.sql)
	@scripts/go-run ./internal/stamp

docs: ## writes docs/database.md from the catalogue of a migrated database
	@scripts/with-cluster scripts/go-run ./internal/docs

fmt: ## formats the Go code
	@go fmt ./...

build: ## builds bin/energy
	@. scripts/lib.bash && go_build bin/energy

clean: ## removes what was built; the database of "make run" stays (it is the folder .energy)
	@rm -rf bin
