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
env -u CARGO_TARGET_DIR ./quickstart --exit --listen 127.0.0.1:0 --credentials "$work/credentials"
took=$((SECONDS - started))

report=$(find "$work/palisade/palisade-data" . -name '*.xml' -newer "$work/credentials" -o -name '*.xml' -path '*palisade-data*' | head -n 1)
[ -n "$report" ] || { echo "no report was left behind" >&2; exit 1; }
grep -q '<IP value="127.0.0.1"' "$report" || { echo "the report does not know 127.0.0.1" >&2; exit 1; }
echo "from clone to report: $took s (limit $limit_s s)"
[ "$took" -le "$limit_s" ]
