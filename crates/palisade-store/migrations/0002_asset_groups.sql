-- Named sets of addresses, and the users they are assigned to.

CREATE TABLE asset_group (
    id {counted key},
    title TEXT NOT NULL UNIQUE,
    -- Login of whoever made it.
    owner TEXT NOT NULL,
    ips TEXT NOT NULL,
    business_impact TEXT NOT NULL,
    comments TEXT,
    division TEXT,
    function TEXT,
    location TEXT,
    -- The environmental metrics as JSON.
    environment TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE asset_group_user (
    asset_group_id BIGINT NOT NULL REFERENCES asset_group (id),
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (asset_group_id, user_id)
);

CREATE INDEX asset_group_user_by_user ON asset_group_user (user_id);

-- The titles of the groups a scan was launched with, as a JSON list.
ALTER TABLE scan ADD COLUMN asset_groups TEXT NOT NULL DEFAULT '[]';

-- Whether slices are handed out only as far as their addresses are assigned to the scan's user.
ALTER TABLE scan ADD COLUMN assigned_only BIGINT NOT NULL DEFAULT 0;

-- What was targeted and how, kept when a scan's results are deleted.
CREATE TABLE scan_target (
    id {counted key},
    reference TEXT NOT NULL UNIQUE,
    launched_at BIGINT NOT NULL,
    targets TEXT NOT NULL,
    profile TEXT NOT NULL
);

CREATE INDEX scan_target_by_time ON scan_target (launched_at);

INSERT INTO scan_target (reference, launched_at, targets, profile)
SELECT reference, launched_at, targets, profile FROM scan ORDER BY id;
