#!/usr/bin/env bash
# Lab hosts full of services, and two scanners in turns that say what speaks there: `palisade scan`
# and `nmap -sV`. Prints every run, the medians and their ratio. A ratio counts only when Palisade
# names every product and version that nmap names; the script fails when it does not, or is too slow.
# Needs root. See README.md beside this file.
#
#   bench/services_vs_nmap.sh [RUNS] [many|small]...    (default: 3 of each, both hosts)
#
# PALISADE=PATH takes a binary that is there instead of building one.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/program.sh"

runs=${1:-3}
shift || true
hosts=${*:-many small}
# How many times as fast on the host with many services; most seconds on the one with small ones.
faster_min=8
small_s_max=8
export PALISADE_LAB=palisade-bench
lab=$here/lab/lab.sh

[ "$(id -u)" = 0 ] || fail "the lab needs root: sudo env PATH=\"\$PATH\" $0"
for command in nmap python3 /usr/bin/time; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install nmap python3 time"
done
find_palisade

work=$(mktemp -d)
trap '"$lab" down; rm -rf "$work"' EXIT
wanted=
for host in $hosts; do wanted="$wanted bench-$host"; done
PALISADE_LAB_HOSTS=${wanted# } "$lab" up

# run NAME COMMAND...: appends the seconds to $work/NAME.
run() {
  local name=$1
  shift
  /usr/bin/time -f '%e %M' -a -o "$work/$name" "$lab" exec scanner "$@" >"$work/$name.out"
  say "  $name: $(tail -n 1 "$work/$name" | awk '{ printf "%.2f s, %.1f MiB", $1, $2 / 1024 }')"
}
median() { sort -n "$work/$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

failed=
complain() { echo "NOT REACHED: $*"; failed=yes; }

for host in $hosts; do
  address=$("$lab" hosts | awk -v name="bench-$host." 'index($2, name) == 1 { print $1 }')
  ports=$("$lab" truth | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(",".join(str(row["port"]) for row in rows if row["host"] == sys.argv[1] and row["transport"] == "tcp"))' "$address")
  count=$(tr ',' '\n' <<<"$ports" | wc -l)
  say "bench-$host ($address), $count ports, $runs runs of each, in turns"
  for _ in $(seq "$runs"); do
    run "$host-palisade" "$palisade" scan --stage services --format json --ports "$ports" --udp none "$address"
    # And with all that nmap does not do here: TLS and SSH taken apart, every QID judged.
    run "$host-everything" "$palisade" scan --format json --ports "$ports" --udp none "$address"
    # nmap is the same from run to run and slow on the small services: once is enough there.
    [ "$host" = small ] && [ -e "$work/$host-nmap" ] && continue
    run "$host-nmap" nmap -n -Pn -sT -sV -p "$ports" -oX - "$address"
  done
  ours=$(median "$host-palisade") theirs=$(median "$host-nmap")
  everything=$(median "$host-everything")
  faster=$(awk -v ours="$ours" -v theirs="$theirs" 'BEGIN { printf "%.1f", theirs / ours }')
  echo "bench-$host:    palisade $ours s, nmap -sV $theirs s: $faster times as fast"
  awk -v host="$host" -v ours="$everything" -v theirs="$theirs" 'BEGIN {
    printf "bench-%s:    a full scan of the same ports %.2f s: %.1f times as fast as nmap -sV\n", host, ours, theirs / ours }'
  for ours_out in palisade everything; do
    python3 "$here/bench/completeness.py" "$work/$host-nmap.out" "$work/$host-$ours_out.out" ||
      complain "bench-$host: what nmap names is missing from $ours_out, so that the number does not count"
  done
  case $host in
    many) awk -v faster="$faster" -v min="$faster_min" 'BEGIN { exit faster < min }' ||
      complain "bench-many: less than $faster_min times as fast" ;;
    small) awk -v ours="$ours" -v max="$small_s_max" 'BEGIN { exit ours > max }' ||
      complain "bench-small: more than $small_s_max s" ;;
  esac
done
[ -z "$failed" ]
