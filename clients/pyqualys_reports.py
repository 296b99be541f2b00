"""Saved reports of API V2 through the public client library `pyqualys`.

    clients/python @pyqualys clients/pyqualys_reports.py http://127.0.0.1:8080/ LOGIN < password

Launches two reports and lists them until they are finished. Prints `report ID` for the first.
"""

import sys
import time
from xml.etree import ElementTree

from pyqualys import QualysAPI

PATIENCE_S = 120

server, login = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
service = QualysAPI(username=login, password=password, host=server, verify_ssl=False).service("vulnerability")


def values(answer, tag):
    """The texts of a tag in an answer, which the library gives as text."""
    assert answer["status"] == 200, answer
    return [element.text for element in ElementTree.fromstring(answer["response"].encode()).iter(tag)]


launched = service.report.scan_report(template_id=2, output_format="xml", report_title="Through pyqualys")
[identifier] = values(launched, "VALUE")
service.report.scan_report(template_id=4, output_format="csv", report_title="Another through pyqualys")
deadline = time.monotonic() + PATIENCE_S
states = []
while set(states) != {"Finished"}:
    if time.monotonic() > deadline:
        sys.exit(f"the reports are {states}")
    states = values(service.report.list_report(), "STATE")
    time.sleep(0.2)
assert values(service.report.list_report(id=identifier), "ID") == [identifier]
print("report", identifier)
