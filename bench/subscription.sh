#!/usr/bin/env bash
# Fills a database with a large subscription: 100,000 hosts and 5 million detections, in about a
# minute. The database must have Palisade's schema (any `palisade user` command makes it) and no hosts.
#
#   bench/subscription.sh PALISADE sqlite3 FILE
#   bench/subscription.sh PALISADE psql URL
#
# HOSTS, EACH (detections of every host) and CROWD (more detections of the first host) set other sizes.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
palisade=$1 client=$2 database=$3
hosts=${HOSTS:-100000} each=${EACH:-48} crowd=${CROWD:-200000}

# Vulnerabilities that the KnowledgeBase knows: the reports leave others out.
qids=$("$palisade" kb list | awk '$3 == "confirmed" || $3 == "potential" { print $1 }')
count=$(wc -l <<<"$qids")
[ "$count" -ge 100 ] && [ "$each" -le "$count" ] || { echo "too few QIDs" >&2; exit 1; }
rows=$(awk '{ printf "%s(%d, %d)", (NR > 1 ? ", " : ""), NR - 1, $1 }' <<<"$qids")
largest=$hosts
[ "$largest" -ge $((crowd / 100)) ] || largest=$((crowd / 100))
script=$(sed -e '/^--/d' -e "s/QID_COUNT/$count/g" -e "s/QIDS/$rows/" -e "s/LARGEST/$largest/g" \
  -e "s/HOSTS/$hosts/g" -e "s/EACH/$each/g" -e "s/CROWD/$crowd/g" "$here/subscription.sql")

case $client in
  # Nothing in it is worth a sync while it is made.
  sqlite3) sqlite3 "$database" "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; $script ANALYZE;" ;;
  psql) psql -q -v ON_ERROR_STOP=1 -d "$database" -c "$script" -c "VACUUM ANALYZE" ;;
  *) echo "sqlite3 or psql" >&2; exit 1 ;;
esac
