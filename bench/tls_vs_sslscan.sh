#!/usr/bin/env bash
# One port with everything that the machine's OpenSSL still speaks, taken apart in turns by `palisade
# scan` and by sslscan. Prints every run, the medians and their ratio; fails when Palisade lists less
# than sslscan does, or is not fast enough. Needs root. See README.md beside this file.
#
#   bench/tls_vs_sslscan.sh [RUNS]      (default: 5 of each)
#
# PALISADE=PATH takes a binary that is there instead of building one.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/program.sh"

runs=${1:-5}
faster_min=2
export PALISADE_LAB=palisade-bench
lab=$here/lab/lab.sh

[ "$(id -u)" = 0 ] || fail "the lab needs root: sudo env PATH=\"\$PATH\" $0"
# shellcheck disable=SC2046
missing=$(missing_packages sslscan python3 time)
# shellcheck disable=SC2086
[ -z "$missing" ] || install_packages $missing
find_palisade

work=$(mktemp -d)
trap '"$lab" down; rm -rf "$work"' EXIT
# Neither program needs root here: both connect, like everybody.
chmod 755 "$work"
install -m 755 "$palisade" "$work/palisade-program"
PALISADE_LAB_HOSTS=bench-tls "$lab" up
address=$("$lab" hosts | awk 'index($2, "bench-tls.") == 1 { print $1 }')

# run NAME COMMAND...: appends the seconds to $work/NAME.
run() {
  local name=$1
  shift
  "$lab" exec scanner setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
    /usr/bin/time -f '%e %M' -o "$work/last" "$@" >"$work/$name.out"
  cat "$work/last" >>"$work/$name"
  say "  $name: $(awk '{ printf "%.2f s, %.1f MiB", $1, $2 / 1024 }' "$work/last")"
}
median() { sort -n "$work/$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

: >"$work/last"
chown 65534 "$work/last"
say "bench-tls ($address), $runs runs of each, in turns"
for _ in $(seq "$runs"); do
  run palisade "$work/palisade-program" scan --format json --ports 443 --udp none --qids 38116,900018 "$address"
  run sslscan sslscan --no-colour --xml=- "$address:443"
done
ours=$(median palisade) theirs=$(median sslscan)
faster=$(awk -v ours="$ours" -v theirs="$theirs" 'BEGIN { printf "%.1f", theirs / ours }')
echo "TLS of one port:    palisade $ours s, sslscan $theirs s: $faster times as fast"

failed=
python3 "$here/bench/tls_completeness.py" "$work/sslscan.out" "$work/palisade.out" ||
  { echo "NOT REACHED: what sslscan lists is missing, so that the number does not count"; failed=yes; }
awk -v faster="$faster" -v min="$faster_min" 'BEGIN { exit faster < min }' ||
  { echo "NOT REACHED: less than $faster_min times as fast"; failed=yes; }
[ -z "$failed" ]
