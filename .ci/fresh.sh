#!/usr/bin/env bash
# The promise of the README, timed: a clone without anything built, `./quickstart --exit`, a report
# of this machine. (Cargo's download cache and installed packages are used as they are.)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
limit_s=480
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

started=$SECONDS
git clone -q "$here" "$work/palisade"
cd "$work/palisade"
env -u CARGO_TARGET_DIR ./quickstart --exit --credentials "$work/credentials"
took=$((SECONDS - started))

report=$(find palisade-data/reports -name '*.xml')
[ -n "$report" ] || { echo "no report was left behind" >&2; exit 1; }
# Palisade's own server listens while it scans, so there is at least one service to be found.
for part in '<IP value="127.0.0.1"' 'number="82023"' '>FINISHED<'; do
  grep -q -- "$part" "$report" || { echo "the report lacks $part" >&2; exit 1; }
done
echo "from clone to report: $took s (limit $limit_s s)"
[ "$took" -le "$limit_s" ]
