-- The domains of the subscription, and the addresses that belong to each.
CREATE TABLE domain (
    id {counted key},
    name TEXT NOT NULL UNIQUE,
    netblock TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE asset_group_domain (
    asset_group_id BIGINT NOT NULL REFERENCES asset_group (id) ON DELETE CASCADE,
    domain_id BIGINT NOT NULL REFERENCES domain (id),
    PRIMARY KEY (asset_group_id, domain_id)
);

CREATE TABLE map (
    id {counted key},
    reference TEXT NOT NULL UNIQUE,
    -- The id of the first map launched by the same request: its maps run one after another.
    request BIGINT NOT NULL,
    title TEXT NOT NULL,
    domain TEXT NOT NULL,
    -- As it was asked for; empty when only the DNS is to tell.
    netblock TEXT NOT NULL,
    asset_groups TEXT NOT NULL,
    status TEXT NOT NULL,
    launched_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    login TEXT NOT NULL,
    launch_type TEXT NOT NULL,
    save_report BIGINT NOT NULL,
    -- Whether its user reaches only what is assigned to them.
    assigned_only BIGINT NOT NULL,
    profile TEXT NOT NULL,
    scanner TEXT,
    -- Why it ended in an error.
    reason TEXT,
    -- The lease; without a token nobody holds it.
    worker TEXT,
    token TEXT,
    expires_at BIGINT,
    attempts BIGINT NOT NULL,
    restarts BIGINT NOT NULL,
    -- Position among the stages of a map, the earliest 0.
    stage BIGINT,
    work_done BIGINT NOT NULL,
    work_total BIGINT NOT NULL,
    hosts BIGINT NOT NULL,
    -- Name servers as JSON, and why the picture is not whole, as JSON.
    name_servers TEXT NOT NULL,
    notes TEXT NOT NULL
);

CREATE INDEX map_by_status ON map (status);

-- The hosts of an ended map.
CREATE TABLE map_host (
    map_id BIGINT NOT NULL REFERENCES map (id) ON DELETE CASCADE,
    ip BIGINT NOT NULL,
    -- Whether the address was in the subscription when the map ended.
    approved BIGINT NOT NULL,
    host TEXT NOT NULL,
    PRIMARY KEY (map_id, ip)
);
