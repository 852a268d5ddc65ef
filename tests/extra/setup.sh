# Installs what the parts of tests/extra.sh need, below one cache folder; sourced by it. Quick where all is there already.
#
# npm's packages are pinned by package-lock.json, PyPI's by the two requirements files, Debian's are what Debian has.

tools="${CI_TOOLS:-$HOME/.cache/hermes-engine-ci}/extra"
python="$tools/python/bin/python"
hermes_python="$tools/hermes/bin/python"
extra=$PWD/tests/extra
mkdir -p "$tools"

# debian PROGRAM PACKAGE...: the packages, unless the program is there.
debian() {
  local program=$1
  shift
  command -v "$program" >/dev/null && return
  [ -e "$tools/.apt-updated" ] || apt-get -qq update >"$tools/apt.log" 2>&1
  touch "$tools/.apt-updated"
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" >>"$tools/apt.log" 2>&1 ||
    { tail -5 "$tools/apt.log"; echo "FAILED apt can't install $*"; return 1; }
}

# once NAME FILE COMMAND...: the command, unless it ended well for this very file.
once() {
  local name=$1 file=$2 sum
  shift 2
  sum=$(sha256sum <"$file")
  [ "$(cat "$tools/$name.done" 2>/dev/null)" = "$sum" ] && return
  "$@" >"$tools/$name.log" 2>&1 || { tail -5 "$tools/$name.log"; echo "FAILED $name can't be installed"; return 1; }
  echo "$sum" >"$tools/$name.done"
}

node_packages() {
  cp "$extra/package.json" "$extra/package-lock.json" "$tools/" && cd "$tools" && npm ci --no-audit --no-fund
}

# Debian's own Node may be older than what the packages ask for; npm has newer ones.
PATH="$tools/newer-node/node_modules/.bin:$PATH"
need_node() {
  debian node nodejs npm && debian npm npm || return
  if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 22 ]; then
    once newer-node "$extra/setup.sh" npm install --no-audit --no-fund --prefix "$tools/newer-node" node@22.22.0 || return
  fi
  once node "$extra/package-lock.json" node_packages
}

venv() {
  rm -rf "${tools:?}/$1"
  python3 -m venv "$tools/$1" && "$tools/$1/bin/pip" install --quiet --no-deps --only-binary :all: -r "$2"
}

# need_venv NAME: the folder's requirements-NAME.txt, all of it and nothing else.
need_venv() {
  debian python3 python3 python3-venv && once "$1" "$extra/requirements-$1.txt" venv "$1" "$extra/requirements-$1.txt"
}

# Real clients of the proxy. opencode is left out for its size, and goose is in neither registry: their files are tried with a
# program of the name alone (tests/serve.rs).
node_clients() {
  mkdir -p "$tools/node-clients" && cp "$extra"/clients/package*.json "$tools/node-clients/" &&
    cd "$tools/node-clients" && npm ci --no-audit --no-fund
}

cargo_fuzz() { cargo install --quiet --locked --version 0.13.2 --root "$(dirname "$tools")" cargo-fuzz; }

cargo_mutants() { cargo install --quiet --locked --version 27.1.0 --root "$(dirname "$tools")" cargo-mutants; }

need_browser() { debian chromium chromium && need_node; }
need_mcp() { debian python3 python3 && need_node; }
need_peers() { need_node && need_venv python; }
need_shared() { debian git git && need_venv python && need_venv hermes; }
need_drift() { debian python3 python3 python3-pip && debian npm npm; }
need_faults() { debian strace strace && debian python3 python3; }
need_library() { :; }
need_clients() {
  need_node && need_venv clients && once node-clients "$extra/clients/package-lock.json" node_clients
}
need_docs() { debian python3 python3; }
need_mutants() { debian python3 python3 && once cargo-mutants "$extra/setup.sh" cargo_mutants; }
need_fuzz() { debian g++ g++ && once cargo-fuzz "$extra/setup.sh" cargo_fuzz; }
