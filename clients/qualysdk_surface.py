"""The vulnerability management of the public client library `qualysdk`, call by call.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python @qualysdk clients/qualysdk_surface.py https://127.0.0.1:8443 LOGIN TARGET REPORT_ID < password

TARGET is an address to scan, REPORT_ID the number of a scheduled report. Prints a line for every call:
its name and what came of it. Its classes refuse every element that they do not know.
"""

import contextlib
import inspect
import io
import sys
import time

from qualysdk import vmdr
from qualysdk.auth import BasicAuth
from qualysdk.exceptions import QualysAPIError

server, login, target, scheduled_report = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
platform = {"api_url": server, "gateway_url": server, "qualysguard_url": server}
auth = BasicAuth(login, password, override_platform=platform)
called = set()


def call(name, *arguments, show=str, **named):
    """What a function of the library gives; what it writes about its progress is left out, and shown when it fails."""
    called.add(name)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            answer = getattr(vmdr, name)(auth, *arguments, **named)
    except Exception:
        print(name, "failed after", said.getvalue())
        raise
    # Some print the text of the answer instead of giving it.
    told = show(answer) if answer is not None else said.getvalue().strip()
    print(name, told.replace("\n", " ")[:400])
    return answer


def words(attribute):
    return lambda rows: " ".join(sorted(str(getattr(row, attribute)) for row in rows))


def one(rows, attribute, value):
    return next(row for row in rows if str(getattr(row, attribute)) == str(value))


def until(read, wanted):
    for _ in range(600):
        state = read()
        if state in wanted:
            return state
        time.sleep(0.2)
    raise SystemExit(f"still {state}, not {wanted}")


# Addresses and groups.
call("get_ip_list")
call("add_ips", target)
call("add_ips", "198.51.100.1-198.51.100.2", comment="By a client")
call("update_ips", "198.51.100.1", ud1="Room 101")
call("get_ip_list", ips="198.51.100.0/24")
call("add_ag", "Clients", ips=f"{target},198.51.100.1", business_impact="High")
group = one(call("get_ag_list", show_attributes="ALL", show=words("TITLE")), "TITLE", "Clients")
call("edit_ag", group.ID, set_comments="Edited by a client")

# Scans.
launched = call("launch_scan", ip=target, scan_title="By a client", option_title="Initial Options",
                show=lambda scan: scan.REF)


def state():
    return str(one(vmdr.get_scan_list(auth), "REF", launched.REF).STATE)


with contextlib.redirect_stdout(io.StringIO()):
    until(state, ["Finished"])
call("get_scan_list", show=words("STATE"))
call("fetch_scan", launched.REF, output_format="json", mode="extended", show=lambda rows: str(len(rows) > 0))
for action in ["pause_scan", "resume_scan", "cancel_scan"]:
    # It is over: the call has its answer, and the library tells why.
    try:
        call(action, launched.REF)
    except QualysAPIError as refused:
        print(action, "refused:", refused)

# What is known about hosts.
hosts = call("get_host_list", details="All", show=words("IP"))
call("get_hld", ids=",".join(str(host.ID) for host in hosts), show=words("IP"))
entries = call("query_kb", ids="38170,86000,38739", details="All", show=words("QID"))
for entry in entries:
    print("entry", entry.QID, entry.SEVERITY_LEVEL, entry.PATCHABLE, entry.TITLE)

# Search lists, scanners, templates, people, what was done.
call("get_static_searchlists", show=words("TITLE"))
call("get_dynamic_searchlists", show=words("TITLE"))
call("get_scanner_list", show=words("NAME"))
templates = call("get_template_list", show=words("TITLE"))
call("get_user_list", show=words("USER_LOGIN"))
call("add_user", "reader", "Unassigned", "Ada", "Brown", "Analyst", "1", "ada@scans.example", "1 Main Street",
     "Paris", "France", "", send_email=0, show=lambda told: "made" if "User:Pass is" in told else told)
made = one(vmdr.get_user_list(auth), "FIRSTNAME", "Ada")
call("edit_user", made.USER_LOGIN, phone="2")
# One page: without a limit it asks for the last page again and again.
call("get_activity_log", page_count=1, show=lambda rows: str(len(rows) > 0))

# Reports.
template = one(templates, "TITLE", "Technical Report")
report = call("launch_report", template.ID, report_title="By a client", output_format="csv", ips=target)


def report_state(number=report):
    return str(one(vmdr.get_report_list(auth), "ID", number).STATE)


with contextlib.redirect_stdout(io.StringIO()):
    until(report_state, ["Finished"])
call("get_report_list", show=words("TITLE"))
call("fetch_report", report, show=lambda rows: str(len(rows)))
try:
    call("cancel_report", report)
except QualysAPIError as refused:
    print("cancel_report refused:", refused)
call("delete_report", report)
call("get_scheduled_report_list", show=words("TITLE"))
call("launch_scheduled_report", scheduled_report)

# Leaving nothing behind.
call("purge_hosts", data_scope="vm", ips=target)
call("delete_scan", launched.REF)
call("delete_ag", group.ID)

functions = {name for name, what in inspect.getmembers(vmdr, inspect.isfunction)}
print("not called", *sorted(functions - called))
