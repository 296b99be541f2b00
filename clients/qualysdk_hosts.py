"""Hosts and detections through the public client library `qualysdk`.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python @qualysdk clients/qualysdk_hosts.py https://127.0.0.1:8443 LOGIN < password

Its classes refuse every element that they do not know. Prints the ids and addresses of the hosts, and
what it reads of their detections.
"""

import sys

from qualysdk import vmdr
from qualysdk.auth import BasicAuth

server, login = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
platform = {"api_url": server, "gateway_url": server, "qualysguard_url": server}
auth = BasicAuth(login, password, override_platform=platform)


def told(hosts):
    return sorted(f"{host.ID}={host.IP}" for host in hosts)


print("get_host_list", *told(vmdr.get_host_list(auth)))
hosts = vmdr.get_hld(auth)
print("get_hld", *told(hosts))
found = [detection for host in hosts for detection in host.DETECTION_LIST]
print("detected", len(found), *sorted({str(detection.TYPE) for detection in found}))
