"""Saved reports of API V2 through the public client library `pyqualys`.

    clients/python @pyqualys clients/pyqualys_reports.py http://127.0.0.1:8080/ LOGIN < password

Launches a report and lists it until it is finished. Prints `report ID`.
"""

import sys
import time

from pyqualys import QualysAPI

PATIENCE_S = 120

server, login = sys.argv[1:]
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


launched = service.report.scan_report(template_id=2, output_format="xml", report_title="Through pyqualys")
identifier = next(find(launched, "VALUE"))
deadline = time.monotonic() + PATIENCE_S
states = []
while states != ["Finished"]:
    if time.monotonic() > deadline:
        sys.exit(f"{identifier} is {states}")
    states = list(find(service.report.list_report(id=identifier), "STATE"))
    time.sleep(0.2)
assert identifier in list(find(service.report.list_report(), "ID"))
print("report", identifier)
