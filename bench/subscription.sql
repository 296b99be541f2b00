-- A subscription of HOSTS hosts and DETECTIONS detections, in SQL that SQLite and PostgreSQL both
-- understand. bench/subscription.sh fills in the capitals and the QIDs, and runs it on a database
-- that has the schema and nothing else.
--
-- Every host has EACH detections and five open ports; the first has CROWD more, on ports of their
-- own, so that there is a host that no answer may hold in memory.

BEGIN;

CREATE TABLE bench_qid (number BIGINT PRIMARY KEY, qid BIGINT NOT NULL);
INSERT INTO bench_qid (number, qid) VALUES QIDS;

CREATE TABLE bench_number (n BIGINT PRIMARY KEY);
WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < LARGEST)
INSERT INTO bench_number (n) SELECT n FROM counted;

INSERT INTO host_range (first_ip, last_ip, tracking) VALUES (167772161, 167772160 + HOSTS, 'ip');

INSERT INTO host (ip, dns_name, netbios_name, os, os_cpe, first_scan_at, last_scan_at, last_scan)
SELECT 167772161 + n, 'host-' || n || '.corp.example', 'HOST' || n,
       CASE n % 4 WHEN 0 THEN 'Debian Linux 12' WHEN 1 THEN 'Microsoft Windows Server 2019'
                  WHEN 2 THEN 'Ubuntu Linux 22.04 & Linux 5.x' ELSE NULL END,
       CASE n % 4 WHEN 0 THEN 'cpe:/o:debian:debian_linux:12' ELSE NULL END,
       1795305600000000 + n * 1000003, 1795910400000000 + n * 1000003, 'scan/1795910400.10001'
FROM bench_number WHERE n < HOSTS ORDER BY n;

INSERT INTO host_port (host_id, port, transport, service, first_seen_at, last_seen_at)
SELECT host.id, CASE n WHEN 0 THEN 22 WHEN 1 THEN 25 WHEN 2 THEN 80 WHEN 3 THEN 443 ELSE 53 END,
       CASE n WHEN 4 THEN 'udp' ELSE 'tcp' END,
       CASE n WHEN 0 THEN 'ssh' WHEN 1 THEN 'smtp' WHEN 2 THEN 'http' WHEN 3 THEN 'http over ssl'
              ELSE 'dns' END,
       first_scan_at, last_scan_at
FROM host JOIN bench_number ON n < 5 ORDER BY host.id, n;

INSERT INTO detection (host_id, qid, port, transport, tls, status, first_found_at, last_found_at,
                       last_tested_at, last_fixed_at, times_found, result, last_scan)
SELECT host.id, qid, CASE number % 5 WHEN 0 THEN 22 WHEN 1 THEN 25 WHEN 2 THEN 80 WHEN 3 THEN 443 ELSE 0 END,
       CASE number % 5 WHEN 4 THEN '' ELSE 'tcp' END, CASE number % 5 WHEN 3 THEN 1 ELSE 0 END,
       CASE (host.id + number) % 10 WHEN 0 THEN 'Fixed' WHEN 1 THEN 'New' WHEN 2 THEN 'Re-Opened' ELSE 'Active' END,
       first_scan_at + number * 60000000, last_scan_at + number, last_scan_at + number,
       CASE (host.id + number) % 10 WHEN 0 THEN last_scan_at ELSE NULL END, (host.id + number) % 50 + 1,
       'Detected by what the service says of itself: ' || qid || '/' || host.id ||
           ', Server: Example/2.4.' || number || ' (Unix) <banner> & more of the same kind', last_scan
FROM host JOIN bench_qid ON (number + host.id) % QID_COUNT < EACH ORDER BY host.id, qid;

INSERT INTO detection (host_id, qid, port, transport, tls, status, first_found_at, last_found_at,
                       last_tested_at, last_fixed_at, times_found, result, last_scan)
SELECT host.id, qid, 1000 + n, 'tcp', 0, 'Active', first_scan_at, last_scan_at, last_scan_at, NULL, 2,
       'Detected by what the service says of itself: ' || qid || ', port ' || n, last_scan
FROM host JOIN bench_qid ON number < 100 JOIN bench_number ON n < CROWD / 100
WHERE host.ip = 167772161;

DROP TABLE bench_qid;
DROP TABLE bench_number;

COMMIT;
