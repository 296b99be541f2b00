"""Hosts through the helpers of the public client library `qualysapi`.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python clients/qualysapi_hosts.py 127.0.0.1:8443 LOGIN FIRST LAST < password

FIRST and LAST are addresses that were scanned, with nothing but scanned ones between them. Prints what
each helper gives.
"""

import sys

import qualysapi

server, login, first, last = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
connection = qualysapi.connect(username=login, password=password, hostname=server, max_retries=1)


def told(hosts):
    return " ".join(f"{host.id}={host.ip}/{host.tracking_method}" for host in hosts)


host = connection.getHost(first)
print("getHost", told([host]), host.last_scan)
print("listHosts", told(connection.listHosts()))
print("listHosts-limit", told(connection.listHosts(limit=1)))
print("listHosts-detailed", told(connection.listHosts(detailed=True, ips=last)))
print("getHostRange", told(connection.getHostRange(first, last)))
print("notScannedSince-0", told(connection.notScannedSince(0)))
print("notScannedSince-9", told(connection.notScannedSince(9)))
