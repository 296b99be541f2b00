"""A scan and its report through the public client library `qualysapi`, as a script would do it.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python clients/qualysapi_scan.py 127.0.0.1:8443 LOGIN 192.0.2.7 < password

Adds the target to the subscription, scans it with save_report=yes, finds the saved report in the
list, fetches it, and prints one line a finding: address, QID, severity and port. The password is
read from standard input, so that it is not in the list of processes.
"""

import sys
from xml.etree import ElementTree

import qualysapi


def element(text):
    """The document that the server answered with; an API error ends the script."""
    root = ElementTree.fromstring(text)
    error = root.find("ERROR")
    if error is not None:
        sys.exit(f"{root.tag}: error {error.get('number')}: {''.join(error.itertext()).strip()}")
    return root


def main():
    server, login, target = sys.argv[1:]
    password = sys.stdin.readline().rstrip("\n")
    connection = qualysapi.connect(username=login, password=password, hostname=server, max_retries=2)

    about = element(connection.request("about.php"))
    print("version", about.findtext("WEB-VERSION"))

    added = element(connection.request("asset_ip.php", {"action": "add", "host_ips": target}))
    if added.find("RETURN") is None or added.find("RETURN").get("status") != "SUCCESS":
        sys.exit("the target was not added")

    scan = element(connection.request("scan.php", {"ip": target, "save_report": "yes"}))
    reference = scan.get("value")

    saved = element(connection.request("scan_report_list.php", {"last": "yes"})).findall("SCAN_REPORT")
    if [report.get("ref") for report in saved] != [reference]:
        sys.exit(f"{reference} is not the last saved report")
    print("status", saved[0].get("status"))

    report = element(connection.request("scan_report.php", {"ref": reference}))
    for host in report.iter("IP"):
        for category in host.iter("CAT"):
            for finding in category:
                number, severity = finding.get("number"), finding.get("severity")
                print("finding", host.get("value"), number, severity, category.get("port", "-"))


if __name__ == "__main__":
    main()
