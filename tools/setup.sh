#!/bin/sh
# `make setup`: checks what the machine itself must have, then installs the rest (tools/setup/main.mjs).
# Usage: tools/setup.sh. Exit codes: 0 set up, 1 something failed, 2 the machine lacks something. PYTHON= names another python3.
# Only shell built-ins are used before the check is done, so that it can speak on a machine that has nothing.
set -u
case $0 in */*) cd "${0%/*}/.." || exit 1 ;; *) cd .. || exit 1 ;; esac
root=$PWD

# Everything but our own node_modules/.bin, whose node may be about to be replaced.
path=
rest=$PATH:
while [ -n "$rest" ]; do
  entry=${rest%%:*}
  rest=${rest#*:}
  case $entry in "$root"/node_modules/*) ;; *) path=$path${path:+:}$entry ;; esac
done
PATH=$path

missing=
lacks() { # what, needed for, Debian, macOS
  missing="$missing
  $1
      needed for   $2
      Debian       $3
      macOS        $4"
}

# at_least 1.25.11 1.26.8 → true; compares up to three numbers, missing ones count as 0, "rc1" and the like are ignored.
at_least() {
  want=$1.0.0. have=$2.0.0.
  for _ in 1 2 3; do
    w=${want%%.*} h=${have%%.*}
    want=${want#*.} have=${have#*.}
    w=${w%%[!0-9]*} h=${h%%[!0-9]*}
    [ -n "$h" ] || return 1
    [ "$h" -gt "$w" ] && return 0
    [ "$h" -lt "$w" ] && return 1
  done
  return 0
}

node_ok=
check_node() {
  found=$(node -p process.versions.node 2>/dev/null) || found=
  if at_least 18 "$found"; then
    node_ok=1
  else
    lacks "node 18 or newer (found: ${found:-none})" "starting the set-up, which installs its own Node 22 into node_modules" \
      "apt-get install nodejs npm" "brew install node"
  fi
  command -v npm >/dev/null 2>&1 ||
    lacks "npm" "installing the packages of package-lock.json" "apt-get install npm" "brew install node"
}

python=${PYTHON:-python3}
check_python() {
  found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || found=
  if ! at_least 3.11 "$found"; then
    lacks "python3 3.11 or newer (found: ${found:-none})" "the AWS emulators and the LangGraph service of the rehearsal" \
      "apt-get install python3 python3-venv" "brew install python"
  elif ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    lacks "python3's venv module ($python has none)" "the Python environments of emulators and LangGraph service" \
      "apt-get install python3-venv" "brew install python"
  fi
}

check_commands() {
  command -v git >/dev/null 2>&1 ||
    lacks "git" "finding out which files belong to the project, archiving the old service" "apt-get install git" "brew install git"
  command -v make >/dev/null 2>&1 ||
    lacks "make" "the commands of this project" "apt-get install make" "xcode-select --install"
}

# Go writes counters into the person's configuration folder: see goEnv in setup/environment.mjs.
go_env() {
  home=${HOME:-/nonexistent}
  GOENV=${GOENV:-${XDG_CONFIG_HOME:-$home/.config}/go/env} \
    XDG_CONFIG_HOME=${CUTOVER_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/cutover}/config go env "$1" 2>/dev/null
}

# Go matters only where Pulumi is neither in the cache nor downloadable.
check_go() {
  needed=1.25
  while read -r word version _; do [ "$word" = go ] && needed=$version && break; done <tools/pulumi/cli/go.mod
  found=$(go_env GOVERSION) || found=
  found=${found#go}
  at_least "$needed" "$found" && return
  # Since 1.21 Go fetches the version that go.mod asks for by itself, unless told not to.
  at_least 1.21 "$found" && [ "$(go_env GOTOOLCHAIN)" != local ] && return
  if [ -n "$node_ok" ]; then
    why=$(node tools/setup/needs-go.mjs) && return
  else
    why="needed only where the official Pulumi release can't be downloaded"
  fi
  lacks "go $needed or newer (found: ${found:-none})" "building Pulumi ($why)" \
    "https://go.dev/dl (apt's golang-go where new enough)" "brew install go"
}

command -v node >/dev/null 2>&1 && node tools/setup/main.mjs --check 2>/dev/null && exit 0

check_node
check_python
check_commands
check_go
if [ -n "$missing" ]; then
  printf '%s\n' "This machine lacks what the set-up can't install itself:$missing" "Then run \`make setup\` again." >&2
  exit 2
fi
exec node tools/setup/main.mjs --install "$python"
