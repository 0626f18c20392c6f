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

# install_packages installs Debian's packages, silently unless it fails; not_installed then says why, where that is known.
# What an interrupted installation left half done is completed first where it is in the way.
not_installed=''
install_packages() {
  local log
  say "installing $* …"
  if log=$(apt_install "$@" 2>&1); then return; fi
  local unreachable='Temporary failure resolving|Could not resolve|nable to connect|ould not connect|etwork is unreachable'
  if [[ $log =~ $unreachable ]]; then
    # shellcheck disable=SC2034 # the callers' sentences end with it
    not_installed=' (there is no network, or Debian is not reached)'
    return 1
  fi
  if log=$(repair_packages 2>&1 && apt_install "$@" 2>&1); then return; fi
  printf '%s\n' "$log" | tail -n 20 >&2
  return 1
}

apt_install() {
  # UCF_FORCE_CONFFOLD: a configuration file that stands there already is kept, without a question.
  as_root apt-get -o Acquire::Retries=0 update </dev/null &&
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
      apt-get -o Acquire::Retries=0 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" </dev/null
}

# repair_packages configures what is unpacked only, and completes what lacks others.
repair_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 dpkg --configure -a </dev/null &&
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
      apt-get -o DPkg::Lock::Timeout=300 --fix-broken install -y --no-install-recommends </dev/null
}

# port_in_use HOST PORT: does anything answer there?
port_in_use() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# is_alive PID: is there such a process, whoever owns it?
is_alive() {
  if [[ -d /proc/self ]]; then [[ -d /proc/$1 ]]; else ps -p "$1" >/dev/null 2>&1; fi
}

# is_script PID NAME: is that process one of our scripts? A process id may belong to another program by now.
is_script() {
  is_alive "$1" && [[ $(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null || ps -o command= -p "$1") == *scripts/$2* ]]
}

# remove_leftovers SCRIPT PREFIX… removes the throwaway clusters of killed runs: the folders PREFIX.… whose run.pid names no
# running script, and after an hour those that never got one.
remove_leftovers() {
  local script=$1 prefix old pid
  shift
  for prefix in "$@"; do
    for old in "$prefix".*; do
      [[ -d $old && -O $old ]] || continue
      if pid=$(cat "$old/run.pid" 2>/dev/null) && [[ -n $pid ]]; then
        ! is_script "$pid" "$script" || continue
      else
        [[ -n $(find "$old" -maxdepth 0 -mmin +60 2>/dev/null) ]] || continue
      fi
      "$ROOT/scripts/postgres" remove "$old"
    done
  done
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

# busy TEXT COMMAND… runs a command that may be silent for long, and says every busy_seconds that it still works.
busy_seconds=15
busy() {
  local text=$1 code=0 ticker
  shift
  say "$text …"
  (
    for ((seconds = 1; ; seconds++)); do
      sleep 1 >/dev/null 2>&1
      # $$ is the script's own process, here too
      kill -0 $$ 2>/dev/null || exit 0
      ((seconds % busy_seconds)) || say "$text … $seconds s"
    done
  ) </dev/null >/dev/null &
  ticker=$!
  disown "$ticker" 2>/dev/null || true
  "$@" || code=$?
  kill "$ticker" 2>/dev/null || true
  return "$code"
}

# go_number TEXT prints the version in what `go version` says as one number that can be compared; a beta is older than its
# release.
go_number() {
  local pattern='go([0-9]+)\.([0-9]+)((rc|beta)[0-9]+|\.([0-9]+))?'
  [[ $1 =~ $pattern ]] || return 1
  local patch=${BASH_REMATCH[5]:-0}
  [[ -z ${BASH_REMATCH[4]} ]] || patch=-1
  echo $((BASH_REMATCH[1] * 1000000 + BASH_REMATCH[2] * 1000 + patch))
}

# need_go ends the script unless a Go is here that can build Energiya. It must come before anything is installed or started.
# It asks `go version` only, outside the project: an old Go cannot read our go.mod, and other commands of a newer one would
# fetch a toolchain without a word.
need_go() {
  local wanted advice said number go reason
  wanted=$(sed -n 's/^go //p' "$ROOT/go.mod")
  advice="Energiya is built with Go $wanted or newer: unpack it from https://go.dev/dl/ into /usr/local and put its"
  advice+=" programs first in the PATH (export PATH=/usr/local/go/bin:\$PATH)"
  go=$(command -v go) || die "Go is not in the PATH, and $advice"
  said=$(cd / && GOTOOLCHAIN=local GOWORK=off GOFLAGS='' go version 2>/dev/null) || said=''
  number=$(go_number "$said") || die "$go does not say its version (go version), and $advice"
  ((number < $(go_number "go$wanted"))) || return 0
  said=${said#go version } said=${said%% *}
  ((number >= $(go_number go1.21))) || die "$go is $said, which is too old, and $advice"
  # From 1.21 on Go takes the toolchain that go.mod names, from its cache or the network. That is the person's to forbid
  # (GOTOOLCHAIN=local), and is not done silently.
  say "$go is $said: it uses Go $wanted, and fetches that where it has to …"
  reason=$(cd "$ROOT" && go list -m 2>&1) ||
    die "$go is $said and did not get Go $wanted (${reason##*$'\n'}), and $advice"
}

# need_folder ends the script where nothing can be written into the project's folder.
need_folder() {
  [[ -w $ROOT ]] ||
    die "$ROOT cannot be written by this user: make a clone of Energiya in a folder of your own, and run it there"
}

# go_build OUTPUT [PACKAGE] builds a program, by default the one binary.
go_build() {
  local output=$1 package=${2:-./cmd/energy} flags=() line
  local unreachable='dial tcp|no such host|i/o timeout|TLS handshake|unreachable|module lookup disabled'
  need_folder
  # Where git will not read the tree (no git, or a clone of another user), the build goes without its revision.
  git -C "$ROOT" rev-parse HEAD >/dev/null 2>&1 || flags=(-buildvcs=false)
  if busy "building $output" go_says build ${flags[@]+"${flags[@]}"} -o "$output" "$package"; then return; fi
  if line=$(printf '%s\n' "$go_said" | grep -m 1 -E "$unreachable"); then
    line="modules that it needs are not on this machine and could not be fetched (${line##*: })"
  else
    say "$go_said"
    line='see above'
  fi
  die "$output could not be built: $line"
}

# go_says runs go in the project and keeps what it says in go_said.
go_said=''
go_says() { go_said=$(cd "$ROOT" && go "$@" 2>&1); }
