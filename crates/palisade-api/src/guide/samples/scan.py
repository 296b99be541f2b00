#!/usr/bin/env python3
"""Scans a host and prints the findings, worst first.

    LOGIN=acme_ab1 PASSWORD=... python3 scan.py https://127.0.0.1:8443 127.0.0.1

The address must be in the subscription (see asset_ip.php). Set SSL_CERT_FILE to the server's
certificate when it is self-signed. Needs nothing but Python's standard library.
"""

import base64
import os
import sys
import threading
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree


def call(server, script, **parameters):
    """Calls the API with a POST and returns the root element of the answer."""
    body = urllib.parse.urlencode(parameters).encode()
    request = urllib.request.Request(f"{server}/msp/{script}", data=body)
    credentials = f"{os.environ['LOGIN']}:{os.environ['PASSWORD']}".encode()
    request.add_header("Authorization", "Basic " + base64.b64encode(credentials).decode())
    with urllib.request.urlopen(request) as answer:
        return ElementTree.fromstring(answer.read())


def show_progress(server, stop):
    """Prints one line every 15 seconds while scans are running: 240 calls an hour, where 300 are usual."""
    while not stop.wait(15):
        for scan in call(server, "scan_running_list.php").iter("SCAN"):
            keys = {key.get("value"): key.text for key in scan.iter("KEY")}
            print(
                f"{scan.get('value')}: {keys['nbhost_done']} of {keys['nbhost_total']} hosts,",
                f"{keys.get('stage', 'waiting')}, {keys['findings']} findings",
                file=sys.stderr,
            )


def main(server, target):
    stop = threading.Event()
    threading.Thread(target=show_progress, args=(server, stop), daemon=True).start()
    scan = call(server, "scan.php", ip=target, save_report="yes")
    stop.set()
    for error in scan.iter("ERROR"):
        print(f"error {error.get('number')}: {error.text.strip()}", file=sys.stderr)
    findings = []
    for host in scan.iter("IP"):
        for kind in ("VULN", "PRACTICE", "INFO", "SERVICE"):
            for category in host.iter("CAT"):
                for finding in category.findall(kind):
                    port = category.get("port", "-")
                    title = finding.findtext("TITLE")
                    row = (finding.get("severity"), kind, host.get("value"), port, finding.get("number"), title)
                    findings.append(row)
    for row in sorted(findings, key=lambda row: (row[0], row[1] == "VULN"), reverse=True):
        print("\t".join(row))
    return 1 if scan.get("value") == "None" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/"), sys.argv[2]))
