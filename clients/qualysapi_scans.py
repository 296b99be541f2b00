"""Scans of API V2 through the public client library `qualysapi`.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python clients/qualysapi_scans.py 127.0.0.1:8443 LOGIN 127.0.0.7 < password

Launches a scan, pauses it, lets it go on, lists it until it has ended, and launches one that is
cancelled. Prints `scan REFERENCE STATE` for each.
"""

import sys
import time

import qualysapi

PATIENCE_S = 120

server, login, target = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
connection = qualysapi.connect(username=login, password=password, hostname=server, max_retries=1)


def wait(reference, states):
    """The scan, as soon as it is in one of the states."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        scan = next(scan for scan in connection.listScans() if scan.ref == reference)
        if scan.status in states:
            return scan
        time.sleep(0.2)
    sys.exit(f"{reference} is {scan.status}, not one of {states}")


connection.request("asset_ip.php", {"action": "add", "host_ips": target})
launched = connection.launchScan("Through the library", "Initial Options", "External", ip=target)
assert launched.ref.startswith("scan/"), launched.ref
assert launched.target == [target] and launched.type == "API", vars(launched)
assert launched.title == "Through the library" and launched.user_login == login, vars(launched)

scan = wait(launched.ref, ["Running", "Finished"])
if scan.status == "Running":
    try:
        scan.pause(connection)
    except Exception as error:
        # It may have ended between the look and the request.
        print(f"not paused: {error}", file=sys.stderr)
    scan = wait(launched.ref, ["Paused", "Finished"])
if scan.status == "Paused":
    scan.resume(connection)
finished = wait(launched.ref, ["Finished"])
assert finished.processed == 1 and finished.duration.count(":") == 2, vars(finished)
print(f"scan {finished.ref} {finished.status}")

second = connection.launchScan("To be cancelled", "Initial Options", "External", ip=target)
second.cancel(connection)
print(f"scan {second.ref} {wait(second.ref, ['Canceled', 'Finished']).status}")
running = connection.listScans(state="Finished", type="API", target=target, user_login=login)
assert launched.ref in [scan.ref for scan in running], running
