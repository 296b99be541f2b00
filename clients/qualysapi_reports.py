"""Saved reports of API V2 through the public client library `qualysapi`.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python clients/qualysapi_reports.py 127.0.0.1:8443 LOGIN < password

Launches a report as XML and one as CSV, waits until they are finished, reads and deletes the first.
Prints `document ROOT` and `kept ID`.
"""

import sys
import time
from xml.etree import ElementTree

import qualysapi

PATIENCE_S = 120

server, login = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
connection = qualysapi.connect(username=login, password=password, hostname=server, max_retries=1)

templates = {str(template.title): template for template in connection.listReportTemplates()}
technical = templates["Technical Report"].id
connection.request("asset_ip.php", {"action": "add", "host_ips": "127.0.0.90"})
assert connection.listReports() == [], "there are no reports yet"
identifier, text = connection.launchReport(technical, "xml", report_title="Through qualysapi")
assert text == "New report launched", text
kept, _ = connection.launchReport(technical, "csv")

deadline = time.monotonic() + PATIENCE_S
while any(report.status != "Finished" for report in connection.listReports()):
    if time.monotonic() > deadline:
        sys.exit(f"the reports are {[str(report.status) for report in connection.listReports()]}")
    time.sleep(0.2)
report = connection.listReports(identifier)
assert (report.id, str(report.title), str(report.user_login)) == (identifier, "Through qualysapi", login), report
assert (str(report.type), str(report.output_format)) == ("Scan", "XML"), report
print("document", ElementTree.fromstring(connection.downloadReport(identifier)).tag)
connection.deleteReport(identifier)
assert [report.id for report in connection.listReports()] == [kept]
print("kept", kept)
