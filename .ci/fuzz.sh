#!/usr/bin/env bash
# Every parser of foreign bytes under inputs that libFuzzer makes from the seeds, as many at a time as
# there are processors. Fails when one of them panics, hangs or takes too much memory.
#
#   .ci/fuzz.sh [MINUTES] [TARGET]...      (default: 10 minutes each, all of them)
#
# Works with the stable compiler: coverage comes from an LLVM pass, memory errors are the compiler's
# business already. What was found before is kept beside the build (fuzz-corpus) and used again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"

minutes=${1:-10}
shift || true
seeds=$here/crates/palisade-fuzz/seeds
kept=$(target_directory "$here/Cargo.toml")
# Bytes of one input, seconds for it, MiB for all.
length_max=8192
patience_s=10
memory_mib=768

triple=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=$kept/fuzz
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares"
cargo build --locked --manifest-path "$here/Cargo.toml" --profile fuzz --target "$triple" \
  -p palisade-fuzz --features engine
program=$CARGO_TARGET_DIR/$triple/fuzz/palisade-fuzz
targets=${*:-$("$program")}

# one TARGET: 0 when nothing was found.
one() {
  local corpus=$kept/fuzz-corpus/$1 findings=$kept/fuzz-findings/$1
  mkdir -p "$corpus" "$findings"
  if PALISADE_FUZZ_TARGET=$1 "$program" -max_total_time=$((minutes * 60)) -max_len=$length_max \
    -timeout=$patience_s -rss_limit_mb=$memory_mib -malloc_limit_mb=$((memory_mib / 4)) \
    -artifact_prefix="$findings/" -print_final_stats=1 "$corpus" "$seeds/$1" >"$findings/log" 2>&1; then
    echo "$1: no finding in $(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/log") inputs"
  else
    echo "FINDING: $1: see $findings; put the input into $seeds/$1 when it is mended"
    grep -am 3 -e 'panicked at' -e 'ERROR: libFuzzer' -A 1 "$findings/log" | cat -v
    return 1
  fi
}
export -f one
export minutes seeds kept program length_max patience_s memory_mib
# shellcheck disable=SC2086
printf '%s\n' $targets | xargs -P "${PALISADE_FUZZ_JOBS:-$(nproc)}" -I '{}' bash -c 'one {}'
