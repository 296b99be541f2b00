#!/usr/bin/env bash
# Small calls on a subscription of 5 million detections against the same calls on one of 50,000, in turns;
# and fifty clients at once on the large one, half of them reading and half of them writing. On SQLite and
# on PostgreSQL. Prints every call; fails when a limit is missed. See README.md beside this file.
#
#   bench/calls_at_scale.sh [ROUNDS [SECONDS]]      (default 15 of each call, 30 s of fifty clients)
#
# PALISADE names a binary to use instead of building one; WORK a folder that is kept and, when it holds
# the databases already, used again; HOSTS, EACH and CROWD set another size of the large one
# (subscription.sh); DATABASES chooses among sqlite and postgres.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/databases.sh"
. "$here/bench/program.sh"

rounds=${1:-15} busy_s=${2:-30}
memory_max_kib=$((200 * 1024))
port=${PORT:-18445}
for command in sqlite3 psql curl cargo python3; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install sqlite3 postgresql curl python3"
done

find_palisade_sooner

work=${WORK:-$(mktemp -d)}
mkdir -p "$work"
server='' postgres='' login='' database='' url='' small=''
cleanup() {
  for process in $server $small; do kill "$process" 2>/dev/null || true; done
  [ -z "$postgres" ] || kill -INT "$postgres" 2>/dev/null || true
  wait
  [ -n "${WORK:-}" ] || rm -rf "$work"
}
trap cleanup EXIT

failures=0
failed() { say "FAILED: $*"; failures=$((failures + 1)); }

bench() { # DATABASE SMALL_URL LARGE_URL
  local large_port=$port small_port=$((port + 1)) small_login peak
  port=$small_port
  HOSTS=1000 EACH=48 CROWD=2000 serve "$1-small" "$2"
  small=$server small_login=$login server=''
  port=$large_port
  serve "$1" "$3"
  echo "$1: small calls, at 50,000 detections and at $(dump 'SELECT COUNT(*) FROM detection')"
  python3 "$here/bench/calls.py" small "http://127.0.0.1:$small_port" "$small_login" \
    "http://127.0.0.1:$large_port" "$login" "$rounds" || failed "$1: small calls"
  kill "$small"
  wait "$small" || true
  small=''
  echo 5 >"/proc/$server/clear_refs"
  echo "$1: many clients"
  python3 "$here/bench/calls.py" clients "http://127.0.0.1:$large_port" "$login" "$busy_s" || failed "$1: many clients"
  peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$server/status")
  echo "  peak memory $((peak / 1024)) MiB (at most $((memory_max_kib / 1024)))"
  [ "$peak" -le "$memory_max_kib" ] || failed "$1: memory"
  stop_server
}

echo "load: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) cores"
for each in ${DATABASES:-sqlite postgres}; do
  case $each in
    sqlite) bench sqlite "sqlite://$work/sqlite-small/palisade.sqlite" "sqlite://$work/sqlite/palisade.sqlite" ;;
    postgres)
      start_postgres
      bench postgres "postgres://palisade@localhost/bench_small?host=$work/pg" "postgres://palisade@localhost/bench?host=$work/pg"
      ;;
  esac
done
echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
[ "$failures" = 0 ] || fail "$failures of them failed"
