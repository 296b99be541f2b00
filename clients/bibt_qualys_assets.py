"""Asset groups, hosts and scheduled scans through the public client library `bibt-qualys`.

    clients/python @bibt-qualys clients/bibt_qualys_assets.py http://127.0.0.1:8080 LOGIN < password

Prints the titles of the groups, the addresses of the hosts, and the titles of the scheduled scans.
"""

import sys

from bibt.qualys import Client

server, login = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
client = Client(login, password, server)

print("groups", *(group["TITLE"] for group in client.list_asset_groups()))
print("hosts", *(host["IP"] for host in client.list_hosts()))
print("schedules", *(schedule["TITLE"] for schedule in client.list_scan_schedules()))
