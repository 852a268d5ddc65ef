#!/usr/bin/env bash
# Arbitrary input to what reads text from outside: each target of tests/fuzz over its corpus, then for a bounded time with
# what the fuzzer makes of it. Needs cargo-fuzz and a C++ compiler. What is found is kept under tests/fuzz/artifacts/.
#
#   tests/extra/fuzz.sh                  every target, 15 seconds each
#   tests/extra/fuzz.sh 600 file store   these targets, ten minutes each
set -uo pipefail
cd "$(dirname "$0")/../.."
# What cargo-fuzz asks of the compiler is of the nightly one; the stable one has it too.
export RUSTC_BOOTSTRAP=1 CARGO_TERM_COLOR=never
PATH="$PATH:${CI_TOOLS:-$HOME/.cache/hermes-engine-ci}/bin"
seconds=${1:-15}
targets=("${@:2}")
[ "${#targets[@]}" != 0 ] || targets=(file template answer store callback paste allowance)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# No sanitizer beyond the fuzzer's own: no crate of the project has unsafe code, and the build takes half as long.
build=(--fuzz-dir tests/fuzz --dev --sanitizer none)
if ! cargo fuzz build "${build[@]}" >"$work/build" 2>&1; then
  tail -20 "$work/build"
  echo "FAILED fuzz targets do not build"
  exit 1
fi

# What the fuzzer adds to a corpus stays in a folder of its own: the committed one is what somebody has looked at.
fuzz() {
  local target=$1 log=$work/$1.log
  mkdir "$work/$target"
  if cargo fuzz run "${build[@]}" "$target" "$work/$target" "tests/fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -timeout=20 -print_final_stats=1 >"$log" 2>&1; then
    echo "ok fuzz $target $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 inputs in \2 s/p' "$log")"
  else
    grep -m 5 -E 'panicked at|^(thread|assertion|ERROR|SUMMARY)|libFuzzer: ' -A 2 "$log" | head -20
    echo "FAILED fuzz $target $(sed -n 's/.*written to \(.*\)$/\1/p' "$log" | head -1)"
  fi
}

for target in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
  fuzz "$target" &
done
wait
