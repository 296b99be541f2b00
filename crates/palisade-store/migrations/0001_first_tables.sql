-- Times are microseconds since 1970, addresses their numbers, yes and no 1 and 0, sets and
-- profiles the texts that the vocabulary prints. Only BIGINT and TEXT: what every database has.

CREATE TABLE subscription (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- Counted up by each launch; gives scans their numbers and lines launches up.
    scans_launched BIGINT NOT NULL
);

INSERT INTO subscription (id, scans_launched) VALUES (1, 0);

CREATE TABLE users (
    id {counted key},
    login TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    assigned_ips TEXT NOT NULL,
    eula_accepted_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_login_at BIGINT
);

-- The addresses of the subscription: disjoint closed intervals with their attributes.
CREATE TABLE host_range (
    first_ip BIGINT PRIMARY KEY,
    last_ip BIGINT NOT NULL,
    tracking TEXT NOT NULL,
    owner TEXT,
    comment TEXT,
    ud1 TEXT,
    ud2 TEXT,
    ud3 TEXT
);

-- Hosts that a scan has seen alive.
CREATE TABLE host (
    id {counted key},
    ip BIGINT NOT NULL UNIQUE,
    dns_name TEXT,
    netbios_name TEXT,
    os TEXT,
    os_cpe TEXT,
    first_scan_at BIGINT NOT NULL,
    last_scan_at BIGINT NOT NULL,
    last_scan TEXT NOT NULL
);

-- Port 0 and an empty transport stand for a finding of the host as a whole: a key has no NULLs.
CREATE TABLE detection (
    host_id BIGINT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    qid BIGINT NOT NULL,
    port BIGINT NOT NULL,
    transport TEXT NOT NULL,
    tls BIGINT NOT NULL,
    status TEXT NOT NULL,
    first_found_at BIGINT NOT NULL,
    last_found_at BIGINT NOT NULL,
    last_tested_at BIGINT NOT NULL,
    last_fixed_at BIGINT,
    times_found BIGINT NOT NULL,
    result TEXT NOT NULL,
    last_scan TEXT NOT NULL,
    PRIMARY KEY (host_id, qid, port, transport)
);

CREATE TABLE scan (
    id {counted key},
    reference TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    target_text TEXT NOT NULL,
    targets TEXT NOT NULL,
    status TEXT NOT NULL,
    launched_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    login TEXT NOT NULL,
    launch_type TEXT NOT NULL,
    save_report BIGINT NOT NULL,
    profile TEXT NOT NULL,
    -- The QIDs it is limited to as a JSON list; NULL for all.
    qids TEXT,
    hosts_total BIGINT NOT NULL,
    hosts_done BIGINT NOT NULL,
    hosts_alive BIGINT NOT NULL,
    findings BIGINT NOT NULL,
    scanner TEXT,
    -- Why it ended in an error.
    reason TEXT
);

CREATE INDEX scan_by_status ON scan (status);

CREATE TABLE slice (
    id {counted key},
    scan_id BIGINT NOT NULL REFERENCES scan (id) ON DELETE CASCADE,
    -- Position in its scan: scanners take low numbers first, so that scans share them evenly.
    number BIGINT NOT NULL,
    targets TEXT NOT NULL,
    hosts BIGINT NOT NULL,
    -- queued, leased, done, dropped
    state TEXT NOT NULL,
    worker TEXT,
    token TEXT,
    expires_at BIGINT,
    -- Times it came back without a single host having been delivered since the last delivery:
    -- because its scanner fell silent or failed, and because its scanner's process was new.
    attempts BIGINT NOT NULL,
    restarts BIGINT NOT NULL,
    -- Position among the stages of a scan, the earliest 0.
    stage BIGINT,
    work_done BIGINT NOT NULL,
    work_total BIGINT NOT NULL,
    findings BIGINT NOT NULL,
    UNIQUE (scan_id, number)
);

CREATE INDEX slice_by_state ON slice (state, number, id);

-- What a scan found on a host. The key is what makes delivery idempotent.
CREATE TABLE scan_host (
    scan_id BIGINT NOT NULL REFERENCES scan (id) ON DELETE CASCADE,
    ip BIGINT NOT NULL,
    name TEXT,
    os TEXT,
    os_cpe TEXT,
    netbios_name TEXT,
    alive BIGINT NOT NULL,
    timed_out BIGINT NOT NULL,
    -- The findings as a JSON list.
    findings TEXT NOT NULL,
    -- The name of the full fact sheet in the document folder.
    document TEXT NOT NULL,
    taken_in_at BIGINT NOT NULL,
    PRIMARY KEY (scan_id, ip)
);

CREATE TABLE activity_log (
    id {counted key},
    at BIGINT NOT NULL,
    login TEXT,
    from_address TEXT NOT NULL,
    module TEXT NOT NULL,
    action TEXT NOT NULL,
    details TEXT NOT NULL,
    refused BIGINT NOT NULL
);
