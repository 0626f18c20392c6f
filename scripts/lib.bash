# Shared by the scripts of this folder. They keep to bash 3.2, which is what macOS has, and to what a bare Debian has:
# no curl, ps or flock is taken for granted.
# shellcheck shell=bash

# ROOT is the project's folder, without symbolic links.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# say tells the person something; standard output is kept for what other programs read.
say() { printf '%s\n' "$*" >&2; }

# die says in one sentence what is wrong and what to do, and ends the script.
die() {
  say "$*"
  exit 1
}

# as_root runs a command with root's rights; only after may_install said yes.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

# may_install: can Debian's packages be installed without asking for a password?
may_install() {
  command -v apt-get >/dev/null || return 1
  ((EUID == 0)) || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# install_packages installs Debian's packages, silently unless it fails.
install_packages() {
  local log
  log=$(mktemp)
  say "installing $* …"
  # UCF_FORCE_CONFFOLD: a configuration file that stands there already is kept, without a question.
  if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# port_in_use HOST PORT: does anything answer there?
port_in_use() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# is_alive PID: is there such a process, whoever owns it?
is_alive() {
  if [[ -d /proc/self ]]; then [[ -d /proc/$1 ]]; else ps -p "$1" >/dev/null 2>&1; fi
}

# use_cluster FOLDER DATABASE points libpq, pgx and tern at the private cluster in FOLDER: at its socket, which costs both
# sides less than an address. The password stays in a file.
use_cluster() {
  unset DATABASE_URL PGHOSTADDR PGSERVICE PGPASSWORD PGOPTIONS PGSSLMODE
  export PGHOST=127.0.0.1 PGPORT PGUSER=postgres PGDATABASE=$2 PGPASSFILE=$1/pgpass
  PGPORT=$(cat "$1/port")
  if [[ -S $1/data/.s.PGSQL.$PGPORT ]]; then PGHOST=$1/data; fi
}

# create_database makes the database that PGDATABASE names, unless it is there; $1 is psql.
create_database() {
  "$1" -Xqd postgres -v ON_ERROR_STOP=1 -v name="$PGDATABASE" >/dev/null <<'SQL'
select format('create database %I', :'name') where not exists (select from pg_database where datname = :'name') \gexec
SQL
}

# go_build OUTPUT builds the one binary.
go_build() {
  local flags=()
  # Where git will not read the tree (no git, or a clone of another user), the build goes without its revision.
  git -C "$ROOT" rev-parse HEAD >/dev/null 2>&1 || flags=(-buildvcs=false)
  (cd "$ROOT" && go build ${flags[@]+"${flags[@]}"} -o "$1" ./cmd/energy)
}
