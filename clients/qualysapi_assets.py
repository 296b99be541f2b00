"""Assets, templates and appliances through the public client library `qualysapi`.

    REQUESTS_CA_BUNDLE=palisade-data/certificate.pem \
        clients/python clients/qualysapi_assets.py 127.0.0.1:8443 LOGIN < password

Prints a line for every helper: its name and what it gives.
"""

import sys

import qualysapi

server, login = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
connection = qualysapi.connect(username=login, password=password, hostname=server, max_retries=2)

connection.addIP("198.51.100.1-198.51.100.3", "vm")
connection.request("asset_group.php", {
    "action": "add", "title": "Through qualysapi", "host_ips": "198.51.100.1", "host_dns": "www.scans.example",
})
for group in connection.listAssetGroups():
    print("listAssetGroups", group.title, *group.scanips, *group.scandns)
templates = connection.listReportTemplates()
print("listReportTemplates", len(templates), sum(int(template.isGlobal) for template in templates))
code, made = connection.createVirtualHost("shop.scans.example", "198.51.100.1", "8080")
print("createVirtualHost", code, made.TEXT)
for host in connection.listVirtualHosts("198.51.100.1", "8080"):
    print("listVirtualHosts", host.ip, host.port, host.fqdn)
code, gone = connection.deleteVirtualHost("198.51.100.1", "8080")
print("deleteVirtualHost", code, gone.TEXT)
connection.request("/api/2.0/fo/appliance/", {"action": "create", "name": "Harbour"})
for appliance in connection.listAppliances():
    print("listAppliances", appliance.name, appliance.status)
