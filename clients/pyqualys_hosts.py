"""Hosts and detections through the public client library `pyqualys`.

    clients/python @pyqualys clients/pyqualys_hosts.py https://127.0.0.1:8443/ LOGIN < password

Prints the ids and addresses of the hosts as one call lists them, as pages of one host give them, and how
many detections each has.
"""

import sys

from pyqualys import QualysAPI

server, login = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
service = QualysAPI(username=login, password=password, host=server, verify_ssl=False).service("vulnerability")
service.FORMAT = "json"


def as_list(value):
    """The library makes a list only of what there are several of."""
    return value if isinstance(value, list) else [value]


def hosts(document):
    response = document["data"]["HOST_LIST_OUTPUT"]["RESPONSE"]
    return [f"{host['ID']}={host['IP']}" for host in as_list(response["HOST_LIST"]["HOST"])]


def detections(document):
    return document["data"]["HOST_LIST_VM_DETECTION_OUTPUT"]["RESPONSE"]


print("list_hosts", *hosts(service.list_hosts(details="All/AGs")))
pages = [hosts(page) for page in service.iter_hosts(truncation_limit=1)]
print("iter_hosts", *(" ".join(page) for page in pages))
print("pages", len(pages))
listed = as_list(detections(service.list_host_detections(show_igs=1))["HOST_LIST"]["HOST"])
print("list_host_detections", *(f"{host['ID']}={host['IP']}" for host in listed))
print("detected", min(len(as_list(host["DETECTION_LIST"]["DETECTION"])) for host in listed))
paged = list(service.iter_host_detections(truncation_limit=1, show_igs=1))
print("iter_host_detections", *(as_list(detections(page)["HOST_LIST"]["HOST"])[0]["IP"] for page in paged))
