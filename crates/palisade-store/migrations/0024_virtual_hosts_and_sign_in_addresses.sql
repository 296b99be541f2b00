-- Names that web servers are asked by: the host of an address and port, and its names as JSON.
CREATE TABLE virtual_host (
    ip BIGINT NOT NULL,
    port BIGINT NOT NULL,
    -- 0 is the network that there is always.
    network_id BIGINT NOT NULL,
    names TEXT NOT NULL,
    PRIMARY KEY (network_id, ip, port)
);

-- The addresses that users may sign in from. At most one row, whose id is 1.
CREATE TABLE restricted_ip (
    id BIGINT NOT NULL PRIMARY KEY,
    enabled BIGINT NOT NULL,
    ips TEXT NOT NULL
);
