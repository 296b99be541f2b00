"""Does Palisade name every service, product and version that nmap names?

    completeness.py NMAP.xml PALISADE.json

Prints a line for each port, and ends with 1 when something is missing. Two programs never spell
products alike, so a product counts as named when they share a telling word of it; a version when
ours is the beginning of nmap's, or nmap's of ours. A version that nmap gives as a range ("or later",
"2.2.X - 2.3.X") is its guess from the behaviour and no version: there the product has to do.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree

# Words that say what a program does, not which one it is.
IDLE_WORDS = {"server", "daemon", "service", "httpd", "smtpd", "imapd", "pop3d", "smbd", "store", "key", "value"}
# nmap's service names, where ours differ for the same protocol.
SAME_SERVICE = {
    "domain": "dns", "microsoft-ds": "smb", "netbios-ssn": "smb", "https": "http", "ssl": "tls",
    "imaps": "imap", "pop3s": "pop3", "smtps": "smtp", "ldaps": "ldap", "rpcbind": "rpc",
    "ldapssl": "ldap",
}


# Versions that nmap says of every server of the kind: what answers SMB 2 as Samba does.
CONSTANTS = {("Samba smbd", "4.6.2")}


def words(text):
    return {word for word in re.findall(r"[a-z0-9]{3,}", text.lower()) if word not in IDLE_WORDS}


def is_range(version):
    return bool(re.search(r"or (later|earlier)|[.]X\b|\d - \d|\?", version))


def same_version(ours, theirs):
    theirs = theirs.split(" ")[0]
    # `5.5.5-10.11.19-MariaDB`: what it passes for with old clients comes first.
    return bool(ours) and (ours.startswith(theirs) or theirs.startswith(ours) or f"-{ours}-" in theirs)


def missing_on(port, facts):
    """What nmap says of one port that is missing from ours."""
    service = port.find("service")
    state = port.find("state")
    if state is None or state.get("state") != "open" or service is None:
        return None
    if facts is None:
        return "the port is not open for us"
    name, product, version = (service.get(key) or "" for key in ("name", "product", "version"))
    # A script of nmap's writes what the broker says into the place of the service's name.
    if spoken := re.fullmatch(r"(mosquitto) version (\S+)", name):
        name, product, version = "mqtt", spoken[1], spoken[2]
    if service.get("method") != "probed" and not product:
        return None
    if SAME_SERVICE.get(name, name) != facts["service"] and facts["service"] not in name:
        return f"the service is {facts['service']}, for nmap {name}"
    ours = facts.get("product") or {}
    if product and not words(f"{product} {version}") & words(f"{ours.get('vendor', '')} {ours.get('name', '')}"):
        return f"the product {product}"
    if (product, version) in CONSTANTS:
        return None
    if version and not is_range(version) and not same_version(ours.get("version") or "", version):
        return f"the version {version} of {product} (ours: {ours.get('version')})"
    return None


def main():
    nmap, palisade = sys.argv[1:]
    with open(palisade, encoding="utf-8") as file:
        facts = {port["port"]: port for port in json.load(file)[0]["facts"]["ports"] if port["transport"] == "tcp"}
    incomplete = services = ports = 0
    for port in ElementTree.parse(nmap).getroot().iter("port"):
        number = int(port.get("portid"))
        missing = missing_on(port, facts.get(number))
        ports += 1
        services += 1 + bool((facts.get(number) or {}).get("implicit_tls"))
        if missing:
            incomplete += 1
            print(f"  {number}: {missing}")
    print(f"completeness: {services} services on {ports} ports, {incomplete} of them incomplete")
    return 1 if incomplete or not ports else 0


if __name__ == "__main__":
    sys.exit(main())
