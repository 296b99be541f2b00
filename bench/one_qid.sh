#!/usr/bin/env bash
# One lab host full of services, scanned in turns for everything and for one QID. Prints every run,
# the medians and their ratio; fails when one QID takes more than a tenth of a full scan, or when it
# is not found by both. Needs root. See README.md beside this file.
#
#   bench/one_qid.sh [RUNS] [QID]...    (default: 3 runs, an SSH, a TLS and a web QID)
#
# Both sides find ports at RATE packets a second. PALISADE=PATH takes a binary that is there instead of
# building one.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/program.sh"

runs=${1:-3}
shift || true
qids=${*:-38050 86002 86000}
rate=${RATE:-100000}
ratio_max=0.1
export PALISADE_LAB=palisade-bench
lab=$here/lab/lab.sh

[ "$(id -u)" = 0 ] || fail "the lab needs root: sudo env PATH=\"\$PATH\" $0"
for command in python3 /usr/bin/time; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install python3 time"
done
find_palisade

work=$(mktemp -d)
trap '"$lab" down; rm -rf "$work"' EXIT
PALISADE_LAB_HOSTS=bench-many "$lab" up
address=$("$lab" hosts | awk 'index($2, "bench-many.") == 1 { print $1 }')

# run NAME ARGUMENT...: appends the seconds to $work/NAME.
run() {
  local name=$1
  shift
  /usr/bin/time -f '%e' -a -o "$work/$name" "$lab" exec scanner "$palisade" scan --format json --rate "$rate" "$@" "$address" \
    >"$work/$name.out"
}
median() { sort -n "$work/$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
found() {
  python3 -c '
import json, sys
hosts = json.load(open(sys.argv[1]))
sys.exit(not any(str(one["qid"]) == sys.argv[2] for host in hosts for one in host["findings"]))' "$work/$1.out" "$2"
}

for _ in $(seq "$runs"); do
  run full
  for qid in $qids; do run "$qid" --qids "$qid"; done
done
failed=
echo "load: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) cores"
full=$(median full)
echo "everything:   $full s ($(tr '\n' ' ' <"$work/full"))"
for qid in $qids; do
  one=$(median "$qid")
  ratio=$(awk -v one="$one" -v full="$full" 'BEGIN { printf "%.3f", one / full }')
  echo "QID $qid: $one s ($(tr '\n' ' ' <"$work/$qid")), ratio $ratio"
  for scan in full "$qid"; do
    found "$scan" "$qid" || { echo "NOT REACHED: QID $qid was not found"; failed=yes; }
  done
  awk -v ratio="$ratio" -v max="$ratio_max" 'BEGIN { exit ratio > max }' ||
    { echo "NOT REACHED: QID $qid takes more than $ratio_max of a full scan"; failed=yes; }
done
[ -z "$failed" ]
