"""Does Palisade list every version, suite and group that sslscan lists?

    tls_completeness.py SSLSCAN.xml PALISADE.json

Prints how many of each, what is missing, and ends with 1 when something is. What Palisade lists
beyond that is counted only.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree

# sslscan names groups as OpenSSL does, ours are the registry's names.
SAME_GROUP = {"X25519": "x25519", "X448": "x448"}


def theirs(path):
    found = {"version": set(), "suite": set(), "group": set()}
    for element in ElementTree.parse(path).iter():
        get = element.get
        if element.tag == "protocol" and get("enabled") == "1":
            found["version"].add(f"{get('type').upper()}v{get('version')}")
        elif element.tag == "cipher":
            found["suite"].add((get("sslversion"), int(get("id"), 16)))
        elif element.tag == "group":
            name = get("name").split(" ")[0]
            found["group"].add(SAME_GROUP.get(name, name))
    return found


def ours(path):
    with open(path, encoding="utf-8") as file:
        hosts = json.load(file)
    found = {"version": set(), "suite": set(), "group": set()}
    for host in hosts:
        for port in host["facts"]["ports"]:
            tls = port.get("tls") or {}
            found["version"] |= set(tls.get("versions", []))
            found["suite"] |= {(suite["version"], suite["id"]) for suite in tls.get("suites", [])}
            found["group"] |= set(tls.get("groups", []))
    return found


def main():
    listed, known = theirs(sys.argv[1]), ours(sys.argv[2])
    missing = False
    for kind in listed:
        left = sorted(listed[kind] - known[kind])
        print(f"{kind}s: sslscan {len(listed[kind])}, palisade {len(known[kind])}, missing {left or 'none'}")
        missing = missing or bool(left) or not listed[kind]
    return 1 if missing else 0


sys.exit(main())
