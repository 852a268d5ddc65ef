#!/bin/sh
# Kills a refresh at each of its system calls, breaks each of its writes, and races many processes for one token.
# Needs strace and python3. Usage: tests/extra/faults.sh; takes about five minutes.
set -eu
cd "$(dirname "$0")/../.."

if ! command -v strace >/dev/null; then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get install -y -qq strace >/dev/null
fi
cargo build --quiet --package hermes-engine-cli --bin hermes-engine
target="${CARGO_TARGET_DIR:-target}"
python3 tests/extra/faults.py "$target/debug/hermes-engine" "$@"

HERMES_TEST_PROCESSES=256 HERMES_TEST_ROUNDS=300 \
    cargo test --quiet --package hermes-engine-cli --test program -- --nocapture --test-threads 1 races::
