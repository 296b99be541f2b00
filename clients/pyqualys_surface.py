"""What the public client library `pyqualys` does beside scans, hosts and reports, call by call.

    clients/python @pyqualys clients/pyqualys_surface.py http://127.0.0.1:8080/ LOGIN < password

Prints a line for every call: its name and what came of it.
"""

import sys
from xml.etree import ElementTree

from pyqualys import QualysAPI

server, login = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
service = QualysAPI(username=login, password=password, host=server, verify_ssl=False).service("vulnerability")
service.FORMAT = "json"


def find(node, name):
    """Everything under a name, wherever it is."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name:
                yield value
            yield from find(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from find(value, name)


def call(name, *arguments, show="TEXT", **named):
    answer = getattr(service, name)(*arguments, **named)
    print(name, *find(answer, show))
    return answer


call("add_asset_ips", host_ips="198.51.100.1-198.51.100.3", comment="By a client", show="RETURN")
call("update_asset_ips", host_ips="198.51.100.1", comment="Edited", show="RETURN")
call("get_asset_ips", show="RANGE")
made = call("add_asset", title="Through pyqualys", ips="198.51.100.1")
group = next(find(made, "VALUE"))
call("update_asset", asset_id=group, comments="Edited", ips="198.51.100.2")
call("search_asset", asset_id=group, show="TITLE")
call("list_assets", show="TITLE")
call("delete_asset", group)
user = {
    "first_name": "Ada", "last_name": "Brown", "title": "Analyst", "email": "ada@scans.example", "phone": "1",
    "address1": "1 Main Street", "city": "Paris", "country": "France", "user_role": "reader",
    "business_unit": "Unassigned", "send_email": 0,
}
made = call("add_user", **user, show="USER_LOGIN")
reader = next(find(made, "USER_LOGIN"))
call("edit_user", login=reader, phone="2", show="MESSAGE")
# This one gives the document as it is, whatever the format.
users = ElementTree.fromstring(service.get_users().encode())
print("get_users", *(user.text for user in users.iter("USER_LOGIN")))
# A user who never came is neither active nor inactive: the call has its answer, a refusal.
call("deactivate_user", reader, show="MESSAGE")
call("activate_user", reader, show="MESSAGE")
