"""Saved reports of API V2 through the public client library `bibt-qualys`.

    clients/python @bibt-qualys clients/bibt_qualys_reports.py http://127.0.0.1:8080 LOGIN TITLE < password

Lists the reports that are finished and reads the newest one of that title, which the library makes JSON
of. There are several reports: one alone is no list to the library. Prints `format FORMAT` and
`host ADDRESS` for each host in it.
"""

import sys

from bibt.qualys import Client

server, login, title = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
client = Client(login, password, server)

reports = client.list_reports()
assert all(report["STATUS"]["STATE"] == "Finished" for report in reports), reports
assert any(report["TITLE"] == title for report in reports), reports
output_format, result = client.get_report_result(title, parse_xml_to_json=True, force_list=("HOST",))
print("format", output_format)
for host in result:
    print("host", host["IP"])
