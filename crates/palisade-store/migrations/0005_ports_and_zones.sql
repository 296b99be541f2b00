-- The DNS zones known when a scan was launched, as a JSON list: name servers are asked for them.
ALTER TABLE scan ADD COLUMN zones TEXT NOT NULL DEFAULT '[]';

-- The open ports of a host, as the scans that looked at each of them last saw it.
CREATE TABLE host_port (
    host_id BIGINT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    port BIGINT NOT NULL,
    transport TEXT NOT NULL,
    service TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (host_id, port, transport)
);

-- Hosts by their names, in any case of letters.
CREATE INDEX host_by_dns_name ON host (LOWER(dns_name));
CREATE INDEX host_by_netbios_name ON host (LOWER(netbios_name));

-- The latest stored result of one host.
CREATE INDEX scan_host_by_ip ON scan_host (ip, scan_id);
