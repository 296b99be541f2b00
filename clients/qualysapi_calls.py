"""Every call of API V1 that the public client library `qualysapi` wraps, through the library.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python clients/qualysapi_calls.py 127.0.0.1:8443 LOGIN 127.0.0.7 < input

The input is the password on a line, then one line of JSON: {script: [parameters, root]} for every
call that the server has, with parameters that are in order. What the library wraps is read from its
own tables. The steps below are made in their order and must succeed; calls without a step are made
with the parameters given, and must be answered in their form, though it may be a refusal. Prints
`exercised SCRIPT` or, for what the server does not have, `missing SCRIPT`.
"""

import json
import sys
from xml.etree import ElementTree

import qualysapi
from qualysapi.api_methods import api_methods

server, login, target = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
served = json.loads(sys.stdin.readline())
# Another name for one of the calls, by which the library knows it.
served["time_zone_code.php"] = served["time_zone_code_list.php"]
connection = qualysapi.connect(username=login, password=password, hostname=server, max_retries=1)
exercised = set()


def refusal(root):
    """The text of a refusal, if the document is one."""
    for element in root.iter():
        if element.tag == "ERROR" or element.tag == "RETURN" and element.get("status") == "FAILED":
            return f"{element.get('number')} {''.join(element.itertext()).strip()}"
    return None


def call(script, parameters=None, may_refuse=()):
    """One call, which must be answered in its form; gives the document."""
    text = connection.request(script, parameters or None)
    root = ElementTree.fromstring(text)
    if root.tag not in (served[script][1], "GENERIC_RETURN"):
        sys.exit(f"{script} answered with {root.tag}: {text[:500]}")
    refused = refusal(root)
    if refused and may_refuse != "anything" and not refused.startswith(tuple(may_refuse) or "never"):
        sys.exit(f"{script} refused: {refused}")
    exercised.add(script)
    return root


def steps():
    call("about.php")
    call("time_zone_code.php")
    call("asset_ip.php", {"action": "add", "host_ips": target})
    call("asset_ip_list.php")
    call("asset_group.php", {"action": "add", "title": "Web servers", "host_ips": target})
    call("asset_group_list.php", {"title": "Web servers"})
    groups = {group.title: group for group in connection.listAssetGroups()}
    if groups["Web servers"].scanips != [target]:
        sys.exit(f"the library reads {groups}")
    user = {
        "action": "add",
        "user_role": "reader",
        "business_unit": "Unassigned",
        "asset_groups": "Web servers",
        "first_name": "Ada",
        "last_name": "Brown",
        "title": "Analyst",
        "email": "ada@acme.example",
        "address1": "1 Main Street",
        "city": "Paris",
        "country": "France",
        "send_email": "0",
    }
    reader = call("user.php", user).findtext(".//USER_LOGIN")
    listed = [user.findtext("USER_LOGIN") for user in call("user_list.php").iter("USER")]
    if sorted(listed) != sorted([login, reader]):
        sys.exit(f"user_list.php lists {listed}")
    call("password_change.php", {"user_logins": reader, "email": "0"})

    scan = call("scan.php", {"ip": target, "save_report": "yes"}).get("value")
    call("scan_running_list.php", may_refuse=["3511 "])
    call("scan_report_list.php")
    call("scan_report.php", {"ref": scan})
    call("scan_cancel.php", {"ref": scan}, may_refuse=["3503 "])
    targeted = {"date_from": "2020-01-01", "ips": target, "ip_targeted_list": "1"}
    call("scan_target_history.php", targeted)
    call("get_host_info.php", {"host_ip": target, "general_info": "1", "vuln_details": "1"})
    call("asset_search.php", {"target_ips": target})
    call("knowledgebase_download.php", {"vuln_id": "82023"})
    call("iscanner_list.php")
    call("action_log_report.php", {"date_from": "2020-01-01"})
    call("scan_report_delete.php", {"ref": scan})
    call("user.php", {"action": "edit", "login": reader, "asset_groups": ""})
    call("asset_group_delete.php", {"title": "Web servers"})


steps()
for script in sorted(api_methods["1"] | api_methods["1 post"]):
    if script not in served:
        print("missing", script)
        continue
    if script not in exercised:
        call(script, dict(served[script][0]), may_refuse="anything")
    print("exercised", script)
