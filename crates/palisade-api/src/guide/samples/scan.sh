#!/bin/sh
# Scans a host and counts the findings by severity.
#
#   LOGIN=acme_ab1 PASSWORD=... sh scan.sh https://127.0.0.1:8443 127.0.0.1
#
# The address must be in the subscription (see asset_ip.php). Set CURL_CA_BUNDLE to the server's
# certificate when it is self-signed.
set -eu

server=$1
target=$2
report=${3:-scan.xml}

# The password goes through a configuration on standard input, where the list of processes does
# not show it. --no-buffer shows the keep-alive comments as they come.
printf 'user = "%s:%s"\n' "$LOGIN" "$PASSWORD" |
    curl --config - --fail --silent --show-error --no-buffer --output "$report" \
        --data-urlencode "ip=$target" \
        --data-urlencode "save_report=yes" \
        "$server/msp/scan.php"

if grep -q '<SCAN value="None">' "$report"; then
    sed -n '/<ERROR/,/<\/ERROR>/p' "$report" >&2
    exit 1
fi

echo "report: $report"
for severity in 5 4 3 2 1; do
    count=$(grep -c "<VULN number=\"[0-9]*\" severity=\"$severity\"" "$report" || true)
    echo "severity $severity: $count"
done
