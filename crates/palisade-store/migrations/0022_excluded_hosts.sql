-- Addresses that no scan and no map may touch, until a time or for good.
CREATE TABLE excluded_host (
    first_ip BIGINT NOT NULL PRIMARY KEY,
    last_ip BIGINT NOT NULL,
    expires_at BIGINT
);

-- What was put there and taken away, by whom and why.
CREATE TABLE excluded_host_history (
    id {counted key},
    at BIGINT NOT NULL,
    login TEXT NOT NULL,
    added BIGINT NOT NULL,
    ips TEXT NOT NULL,
    comment TEXT
);
