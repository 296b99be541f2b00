#!/usr/bin/env bash
# The long answers of the API against the database client's own dump of the same rows, in turns, on
# SQLite and on PostgreSQL. Prints every run, the ratio of the rates and the server's peak memory;
# fails below 0.7 or above 200 MiB. See README.md beside this file.
#
#   bench/report_vs_dump.sh [RUNS]      (default 3 of each, thrice as many of short ones)
#
# PALISADE names a binary to use instead of building one; WORK a folder that is kept and, when it
# holds the databases already, used again; HOSTS, EACH and CROWD set other sizes (subscription.sh).
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/databases.sh"
. "$here/bench/program.sh"

runs=${1:-3}
ratio_min=0.7
memory_max_kib=$((200 * 1024))
port=${PORT:-18443}
for command in sqlite3 psql curl cargo; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install sqlite3 postgresql curl"
done

find_palisade_sooner

work=${WORK:-$(mktemp -d)}
mkdir -p "$work"
server= postgres=
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$postgres" ] || kill -INT "$postgres" 2>/dev/null || true
  wait
  [ -n "${WORK:-}" ] || rm -rf "$work"
}
trap cleanup EXIT

# The answer of the API; likewise with a number. curl reads a range in brackets as that many calls.
call() { # SCRIPT PARAMETERS [TIMES]
  local times=${3:-1} range=
  [ "$times" = 1 ] || range="#[1-$times]"
  curl -sf -u "$login" "http://127.0.0.1:$port/msp/$1?$2$range"
}

failures=0
# compare NAME ELEMENT QUERY SCRIPT PARAMETERS [TIMES]: both have to give as many rows.
compare() {
  local name=$1 element=$2 query=$3 script=$4 parameters=$5 times=${6:-1} rows elements ours theirs run peak turns=$runs
  rows=$(dump "SELECT COUNT(*) FROM ($query) AS counted")
  elements=$(call "$script" "$parameters" | grep -c "<$element>" || true)
  dump "$query" >/dev/null
  # The kernel counts the peak anew.
  echo 5 >"/proc/$server/clear_refs"
  [ "$rows" = "$elements" ] || { say "FAILED: $name: $rows rows, but $elements $element"; failures=$((failures + 1)); }
  : >"$work/ours"; : >"$work/theirs"
  # What takes less than a second is hurt most by whatever else the machine does.
  [ "$rows" -gt 1000000 ] || turns=$((runs * 3))
  for run in $(seq "$turns"); do
    theirs=$(seconds dump "$query" "$times"); ours=$(seconds call "$script" "$parameters" "$times")
    echo "$theirs" >>"$work/theirs"; echo "$ours" >>"$work/ours"
    say "  $database $name: dump $theirs s, palisade $ours s"
  done
  theirs=$(sort -n "$work/theirs" | head -n 1)
  ours=$(sort -n "$work/ours" | head -n 1)
  awk -v name="$database $name" -v rows="$rows" -v ours="$ours" -v theirs="$theirs" -v min="$ratio_min" 'BEGIN {
    printf "%-40s %8d rows  dump %7.3f s  palisade %7.3f s  ratio %.2f (at least %.1f)",
      name, rows, theirs, ours, theirs / ours, min; exit theirs / ours < min }' || failures=$((failures + 1))
  peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$server/status")
  echo "  peak memory $((peak / 1024)) MiB (at most $((memory_max_kib / 1024)))"
  [ "$peak" -le "$memory_max_kib" ] || failures=$((failures + 1))
}

kb_query='SELECT qid, kind, severity, title, category, updated, threat, impact, solution, refs FROM bench_kb ORDER BY qid'

# The entries as the API gives them, in a table of the same database: there is none otherwise.
fill_kb() {
  call knowledgebase_download.php show_pci_flag=1 | python3 -c '
import sys, xml.etree.ElementTree as tree
quoted = lambda text: "\x27" + (text or "").replace("\x27", "\x27\x27") + "\x27"
print("DROP TABLE IF EXISTS bench_kb;")
print("CREATE TABLE bench_kb (qid BIGINT PRIMARY KEY, kind TEXT, severity TEXT, title TEXT, category TEXT, "
      "updated TEXT, threat TEXT, impact TEXT, solution TEXT, refs TEXT);")
for entry in tree.parse(sys.stdin).getroot().iter("VULN"):
    tags = ["VULN_TYPE", "SEVERITY_LEVEL", "TITLE", "CATEGORY", "LAST_UPDATE", "DIAGNOSIS", "CONSEQUENCE", "SOLUTION"]
    refs = " ".join(each.text or "" for each in entry.iter() if each.tag in ("ID", "URL"))
    values = [entry.findtext("QID")] + [quoted(entry.findtext(tag)) for tag in tags] + [quoted(refs)]
    print("INSERT INTO bench_kb VALUES (" + ", ".join(values) + ");")' >"$work/kb.sql"
  case $database in
    sqlite) sqlite3 "$work/sqlite/palisade.sqlite" <"$work/kb.sql" ;;
    postgres) psql -q -d "$url" <"$work/kb.sql" ;;
  esac
}

bench() { # DATABASE URL
  serve "$1" "$2"

  local columns='host.ip, dns_name, os, qid, port, transport, tls, detection.status, first_found_at,
    last_found_at, times_found, result'
  local from='FROM host JOIN detection ON detection.host_id = host.id' order='ORDER BY host.ip, qid, port, transport'
  compare asset_data_report VULN_INFO "SELECT $columns $from WHERE detection.status <> 'Fixed' AND ignored = 0 $order" \
    asset_data_report.php template_id=2
  compare "get_host_info, one large host" VULNINFO \
    "SELECT $columns $from WHERE host.ip = 167772161 AND detection.status <> 'Fixed' AND ignored = 0 ORDER BY qid, port, transport" \
    get_host_info.php 'host_ip=10.0.0.1&vuln_details=1'
  compare asset_search HOST \
    'SELECT ip, dns_name, netbios_name, os, first_scan_at, last_scan_at FROM host ORDER BY ip' \
    asset_search.php target_asset_groups=All
  compare "asset_search, one QID" HOST \
    "SELECT host.ip, dns_name, netbios_name, os, first_scan_at, last_scan_at, qid $from
     WHERE qid = 38173 AND detection.status <> 'Fixed' AND ignored = 0 AND host.ip > 167772161 $order" \
    asset_search.php 'target_ips=10.0.0.2-10.10.0.0&vuln_qid=38173'
  fill_kb
  compare "knowledgebase_download, 100 times" VULN "$kb_query" knowledgebase_download.php show_pci_flag=1 100
  stop_server
}

echo "load: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) cores"
start_postgres
bench sqlite "sqlite://$work/sqlite/palisade.sqlite"
bench postgres "postgres://palisade@localhost/bench?host=$work/pg"
echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
[ "$failures" = 0 ] || fail "$failures of them failed"
