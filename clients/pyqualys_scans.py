"""Scans of API V2 through the public client library `pyqualys`.

    clients/python @pyqualys clients/pyqualys_scans.py http://127.0.0.1:8080/ LOGIN 127.0.0.7 < password

Launches a scan, waits for its end, and reads its results in every form. Prints `finding QID` for
each result.
"""

import sys
import time

from pyqualys import QualysAPI

PATIENCE_S = 120

server, login, target = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
service = QualysAPI(username=login, password=password, host=server, verify_ssl=False).service("vulnerability")
service.FORMAT = "json"


def find(value, key):
    """The values of a key, however deep they are."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from find(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from find(inner, key)


launched = service.scanner.start_scan(scan_title="Through pyqualys", ip=target, option_title="Initial Options")
reference = next(value for value in find(launched, "VALUE") if str(value).startswith("scan/"))
deadline = time.monotonic() + PATIENCE_S
states = []
while states != ["Finished"]:
    if time.monotonic() > deadline:
        sys.exit(f"{reference} is {states}")
    states = list(find(service.scanner.scan_status(reference), "STATE"))
    time.sleep(0.2)
assert reference in list(find(service.scanner.scan_list(show_op=1), "REF"))

report = service.scanner.get_scan_report(scan_ref=reference, output_format="json")
assert report["type"] == "json" and report["data"], report
for result in report["data"]:
    assert result["ip"] == target, result
    print("finding", result["qid"])
extended = service.scanner.get_scan_report(scan_ref=reference, output_format="json_extended")["data"]
assert extended[1]["reference"] == reference and extended[1]["status"] == "Finished", extended[1]
table = service.scanner.get_scan_report(scan_ref=reference, output_format="csv")
assert table["type"] == "csv" and table["data"].startswith('"IP","DNS","NetBIOS","QID"'), table
