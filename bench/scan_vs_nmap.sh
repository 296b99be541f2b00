#!/usr/bin/env bash
# One lab host, the same ports, two scanners in turns: `palisade scan` and `nmap -sV`.
# Prints every run, the medians, their ratio and the peak memory; fails when Palisade took more than
# a third of nmap's time or more than 150 MiB. Needs root. See README.md beside this file.
#
#   bench/scan_vs_nmap.sh [RUNS]      (default 5 of each)
#
# PALISADE=PATH takes a binary that is there instead of building one.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/program.sh"

runs=${1:-5}
memory_max_kib=$((150 * 1024))
target=bench
export PALISADE_LAB=palisade-bench
lab=$here/lab/lab.sh

[ "$(id -u)" = 0 ] || fail "the lab needs root: sudo env PATH=\"\$PATH\" $0"
for command in nmap cargo /usr/bin/time; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install nmap time"
done

find_palisade

work=$(mktemp -d)
trap '"$lab" down; rm -rf "$work"' EXIT
PALISADE_LAB_HOSTS=$target "$lab" up
address=$("$lab" hosts | awk -v name="$target." 'index($2, name) == 1 { print $1 }')

# nmap's own choice of 1,000 ports, as it says itself in its greppable output.
"$lab" exec scanner nmap -oG - -v -sT --top-ports 1000 127.0.0.1 >"$work/nmap-ports"
ports=$(sed -n 's/^# Ports scanned: TCP([0-9]*;\([0-9,-]*\)).*/\1/p' "$work/nmap-ports")
[ -n "$ports" ] || fail "nmap does not say which ports it scans"

# run NAME COMMAND...: appends "seconds KiB" to $work/NAME.
run() {
  local name=$1
  shift
  /usr/bin/time -f '%e %M' -a -o "$work/$name" "$lab" exec scanner "$@" >"$work/$name.out"
  say "  $name: $(tail -n 1 "$work/$name" | awk '{ printf "%.2f s, %.1f MiB", $1, $2 / 1024 }')"
}
median() { sort -n "$work/$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
peak() { awk '$2 > top { top = $2 } END { print top + 0 }' "$work/$1"; }

say "$target ($address), $runs runs of each, in turns"
for _ in $(seq "$runs"); do
  run palisade "$palisade" scan --format json --ports "$ports" --udp none "$address"
  run nmap nmap -n -Pn -sT -sV --top-ports 1000 -oX - "$address"
done

palisade_s=$(median palisade)
nmap_s=$(median nmap)
ratio=$(awk -v ours="$palisade_s" -v theirs="$nmap_s" 'BEGIN { printf "%.3f", ours / theirs }')
palisade_open=$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)[0]["facts"]["ports"]))' <"$work/palisade.out")
nmap_open=$(grep -o 'state="open"' "$work/nmap.out" | wc -l)
echo "open ports:   palisade $palisade_open, nmap $nmap_open"
echo "median:       palisade $palisade_s s, nmap -sV $nmap_s s"
echo "ratio:        $ratio (at most 0.333)"
echo "peak memory:  palisade $(($(peak palisade) / 1024)) MiB (at most 150), nmap $(($(peak nmap) / 1024)) MiB"
[ "$palisade_open" -ge "$nmap_open" ] || fail "palisade missed open ports; its time says nothing"
awk -v ratio="$ratio" 'BEGIN { exit ratio > 1 / 3 }' || fail "too slow"
[ "$(peak palisade)" -le "$memory_max_kib" ] || fail "too much memory"
