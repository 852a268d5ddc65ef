#!/usr/bin/env bash
# Runs the library's examples against the simulated server of a provider; one line each, `ok` or `FAILED`.
set -uo pipefail
cd "$(dirname "$0")/../.."
provider=minimax-oauth
home=$(mktemp -d)
export HERMES_HOME=$home
"$HERMES_ENGINE" simulate "$provider" --scenario approve >"$home/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$home"' EXIT
for _ in $(seq 100); do
  options=$(grep -ohE -- '--connect-to [^ ]+' "$home/log" | tr '\n' ' ')
  [ -n "$options" ] && break
  sleep 0.1
done
features=reqwest-middleware,tower
cargo build --locked --quiet -p hermes-engine --features "$features" --examples || echo "FAILED examples do not build"
folder=${CARGO_TARGET_DIR:-target}/debug/examples

# The example, and what its output must hold.
check() {
  local output
  # shellcheck disable=SC2086
  output=$("$folder/$1" "$provider" $options 2>"$home/error" </dev/null)
  if grep -qE "$2" <<<"$output"; then echo "ok example $1"; else echo "FAILED example $1: $output $(tail -1 "$home/error")"; fi
}
check login_device '^https://.* until Some'
check token '^[A-Za-z0-9._-]{8,}$'
check middleware '^elsewhere: refused'
check many_accounts '^1 new token for 1000 callers$'
check own_ui '^logged in$'
if cargo test --locked --quiet -p hermes-engine --features "$features" --test middleware >"$home/test" 2>&1; then
  echo "ok middleware of the library"
else
  tail -30 "$home/test"
  echo "FAILED middleware of the library"
fi
