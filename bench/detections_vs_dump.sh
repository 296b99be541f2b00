#!/usr/bin/env bash
# asset/host/vm/detection/ as XML against the database client's own dump of the same joined rows, in
# turns, on SQLite and on PostgreSQL: rate, first byte, memory, and what a page costs at the start and
# deep in the list. Prints every run; fails when a limit is missed. See README.md beside this file.
#
#   bench/detections_vs_dump.sh [RUNS]      (default 3 of each)
#
# PALISADE names a binary to use instead of building one; WORK a folder that is kept and, when it holds
# the databases already, used again; HOSTS, EACH and CROWD set other sizes (subscription.sh); DATABASES
# chooses among sqlite and postgres.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/databases.sh"
. "$here/bench/program.sh"

runs=${1:-3}
memory_max_kib=$((200 * 1024))
port=${PORT:-18444}
for command in sqlite3 psql curl cargo; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install sqlite3 postgresql curl"
done

find_palisade_sooner

work=${WORK:-$(mktemp -d)}
mkdir -p "$work"
server='' postgres='' login='' database='' url=''
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$postgres" ] || kill -INT "$postgres" 2>/dev/null || true
  wait
  [ -n "${WORK:-}" ] || rm -rf "$work"
}
trap cleanup EXIT

failures=0
failed() { say "FAILED: $*"; failures=$((failures + 1)); }

# What curl says of a request whose answer is thrown away: `%{time_total}`, `%{time_starttransfer}`.
timed() { # VARIABLE PARAMETERS
  curl -sf -o /dev/null -w "%{$1}" -H 'X-Requested-With: bench' -u "$login" \
    "http://127.0.0.1:$port/api/2.0/fo/asset/host/vm/detection/?action=list&$2"
}

answer() { # PARAMETERS
  curl -sf -H 'X-Requested-With: bench' -u "$login" \
    "http://127.0.0.1:$port/api/2.0/fo/asset/host/vm/detection/?action=list&$1"
}

median() { sort -n "$1" | sed -n "$(((runs + 1) / 2))p"; }

columns='host.id, host.ip, dns_name, netbios_name, os, os_cpe, last_scan_at, qid, port, transport, tls,
  detection.status, first_found_at, last_found_at, last_tested_at, last_fixed_at, times_found, ignored, result'
from='FROM host JOIN detection ON detection.host_id = host.id'
query="SELECT $columns $from WHERE detection.status <> 'Fixed' AND ignored = 0 ORDER BY host.id, qid, port, transport"

# The whole list, against the dump.
compare() { # RATIO
  local rows elements ours theirs first run peak whole='truncation_limit=0'
  rows=$(dump "SELECT COUNT(*) FROM ($query) AS counted")
  elements=$(answer "$whole" | grep -c '<DETECTION>' || true)
  [ "$rows" = "$elements" ] || failed "$database: $rows rows, but $elements detections"
  dump "$query" >/dev/null
  echo 5 >"/proc/$server/clear_refs"
  : >"$work/ours"; : >"$work/theirs"; : >"$work/first"
  for run in $(seq "$runs"); do
    theirs=$(seconds dump "$query")
    read -r first ours < <(timed 'time_starttransfer} %{time_total' "$whole"; echo)
    echo "$theirs" >>"$work/theirs"; echo "$ours" >>"$work/ours"; echo "$first" >>"$work/first"
    say "  $database: dump $theirs s, palisade $ours s, first byte $first s"
  done
  theirs=$(median "$work/theirs") ours=$(median "$work/ours") first=$(median "$work/first")
  awk -v name="$database" -v rows="$rows" -v ours="$ours" -v theirs="$theirs" -v min="$1" 'BEGIN {
    printf "%s: %d rows  dump %.3f s  palisade %.3f s  ratio %.2f (at least %.1f)\n",
      name, rows, theirs, ours, theirs / ours, min; exit theirs / ours < min }' || failed "$database: the rate"
  awk -v ours="$ours" -v first="$first" 'BEGIN {
    printf "  first byte %.3f s, %.4f of the whole (at most 0.1)\n", first, first / ours; exit first > ours / 10 }' ||
    failed "$database: the first byte"
  peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$server/status")
  echo "  peak memory $((peak / 1024)) MiB (at most $((memory_max_kib / 1024)))"
  [ "$peak" -le "$memory_max_kib" ] || failed "$database: memory"
}

# A filtered page of a hundredth of the hosts: the first one against the last but one. The first host,
# which has very many detections, is left out.
pages() {
  local size ids first deep run parameters
  ids=$(dump 'SELECT COUNT(*) FROM host')
  size=$((ids / 101))
  parameters="status=New,Re-Opened&severities=3-5&truncation_limit=$size"
  first=$(dump 'SELECT MIN(id) + 1 FROM host')
  deep=$(dump "SELECT id FROM host ORDER BY id LIMIT 1 OFFSET $((size * 99 + 1))")
  : >"$work/ours"; : >"$work/theirs"
  for run in $(seq $((runs * 10))); do
    timed time_total "$parameters&id_min=$first" >>"$work/theirs"; echo >>"$work/theirs"
    timed time_total "$parameters&id_min=$deep" >>"$work/ours"; echo >>"$work/ours"
  done
  awk -v size="$size" -v first="$(sort -n "$work/theirs" | head -n 1)" -v deep="$(sort -n "$work/ours" | head -n 1)" 'BEGIN {
    printf "  a filtered page of %d hosts: %.3f s at page 1, %.3f s at page 100, ratio %.2f (at most 1.5)\n",
      size, first, deep, deep / first; exit deep > first * 1.5 }' || failed "$database: deep pages"
}

echo "load: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) cores"
for each in ${DATABASES:-sqlite postgres}; do
  case $each in
    sqlite)
      serve sqlite "sqlite://$work/sqlite/palisade.sqlite"
      compare 1.0
      ;;
    postgres)
      start_postgres
      serve postgres "postgres://palisade@localhost/bench?host=$work/pg"
      compare 0.7
      ;;
  esac
  pages
  stop_server
done
echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
[ "$failures" = 0 ] || fail "$failures of them failed"
