"""Scans of API V2 through the public client library `bibt-qualys`.

    clients/python @bibt-qualys clients/bibt_qualys_scans.py http://127.0.0.1:8080 LOGIN TITLE < password

Lists the scans that have finished, of which there have to be two (the library takes one for none), and
reads the results of the newest one of that title. Prints `finding QID` for each result.
"""

import sys

from bibt.qualys import Client

server, login, title = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
client = Client(login, password, server)

scans = client.list_scans()
assert all(scan["STATUS"]["STATE"] == "Finished" for scan in scans), scans
reference = next(scan["REF"] for scan in scans if scan["TITLE"] == title)
result = client.get_scan_result(title)
assert result["scan_metadata"]["reference"] == reference, result["scan_metadata"]
assert result["request_metadata"]["username"] == login, result["request_metadata"]
assert "target_distribution_across_scanner_appliances" in result["scan_notes"], result["scan_notes"]
for finding in result["results"]:
    print("finding", finding["qid"])
