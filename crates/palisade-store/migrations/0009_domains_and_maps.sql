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
