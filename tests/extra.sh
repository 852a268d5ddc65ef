#!/usr/bin/env bash
# What needs more than the Rust toolchain: a browser, other people's servers and programs, faults of the system, a fuzzer.
#
#   tests/extra.sh                    every part
#   tests/extra.sh browser peers      these parts: browser, peers, mcp, shared, faults, fuzz, library, docs
#   tests/extra.sh mutants            only on request: a mutant of each judge of the code (minutes)
#   tests/extra.sh drift              a report, never a failure: what others have published since the catalogue was written
#
# Installs what it needs (tests/extra/setup.sh). One line a test, `ok` or `FAILED`; nothing is skipped: what can't be
# installed is a failure. HERMES_ENGINE names a binary that is built already.
set -uo pipefail
cd "$(dirname "$0")/.."
parts=("${@:-browser peers mcp shared faults fuzz library docs}")
read -ra parts <<<"${parts[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs one program of a part. Its lines are its tests; one that prints no such line is a test itself, and an end without
# a word about a failure is a failure too.
run() {
  local name=$1 lines
  shift
  lines=$(grep -cE '^(ok|FAILED) ' "$log")
  # One that hangs is a failure of its own; what installs may take as long as the network does.
  [[ $name == setup* ]] || set -- timeout --kill-after=10 15m "$@"
  if "$@" 2>&1 | tee -a "$log"; then
    [[ $name == setup* ]] || [ "$(grep -cE '^(ok|FAILED) ' "$log")" != "$lines" ] || echo "ok $name" | tee -a "$log"
  elif ! tail -n +"$((lines + 1))" <(grep -E '^(ok|FAILED) ' "$log") | grep -q '^FAILED'; then
    echo "FAILED $name did not come to its end" | tee -a "$log"
  fi
}

# Builds while packages are fetched: the one needs the processor, the other the network.
if [ -z "${HERMES_ENGINE:-}" ] && [ "${parts[*]}" != drift ]; then
  HERMES_ENGINE=${CARGO_TARGET_DIR:-$PWD/target}/debug/hermes-engine
  cargo build --locked --quiet -p hermes-engine-cli &
  build=$!
fi
export HERMES_ENGINE PYTHONDONTWRITEBYTECODE=1
. tests/extra/setup.sh
for part in "${parts[@]}"; do
  declare -F "need_$part" >/dev/null || { echo "no part is called $part"; exit 2; }
  run "setup of $part" "need_$part"
done
if [ -n "${build:-}" ] && ! wait "$build"; then
  echo "FAILED the binary does not build" | tee -a "$log"
fi

for part in "${parts[@]}"; do
  case $part in
    browser) run browser node tests/extra/browser.mjs ;;
    peers)
      run oidc-provider node tests/extra/oidc_provider.mjs
      run openid-client node tests/extra/openid_client.mjs
      run authlib "$python" tests/extra/authlib_server.py
      run "python clients" "$python" tests/extra/python_clients.py ;;
    mcp) PATH="$tools/node_modules/.bin:$PATH" run mcp python3 tests/extra/mcp.py ;;
    shared)
      run hermes-agent "$hermes_python" tests/extra/hermes_agent.py
      run "hermes fleet" "$hermes_python" tests/extra/hermes_fleet.py
      run consumers "$python" tests/extra/consumers.py
      run terminal "$python" tests/extra/terminal.py
      run drift python3 tests/extra/drift_test.py ;;
    drift) python3 tests/extra/drift.py || echo "the report is not whole" ;;
    faults) run faults tests/extra/faults.sh ;;
    fuzz) run fuzz tests/extra/fuzz.sh ;;
    library) run library tests/extra/examples.sh ;;
    clients) CLIENT_TOOLS=$tools run clients python3 tests/extra/clients.py ;;
    mutants) run mutants python3 tests/extra/mutants.py ;;
    docs)
      run recording python3 tests/extra/recording.py --check
      run prose python3 tests/extra/prose.py ;;
  esac
done

[ "${parts[*]}" != drift ] || exit 0
passed=$(grep -c '^ok ' "$log")
failed=$(grep -c '^FAILED ' "$log")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
