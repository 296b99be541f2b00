-- Networks beside the one that there is always, whose number is 0.
CREATE TABLE network (
    id {counted key},
    name TEXT NOT NULL UNIQUE,
    updated_at BIGINT NOT NULL
);

-- Scanner appliances.
CREATE TABLE appliance (
    id {counted key},
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    -- The personalisation code, encrypted.
    sealed_code TEXT NOT NULL,
    network_id BIGINT NOT NULL,
    polling_interval_s BIGINT NOT NULL,
    comments TEXT NOT NULL,
    -- As JSON.
    vlans TEXT NOT NULL,
    routes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);

-- The appliances that scan the hosts of asset groups.
CREATE TABLE asset_group_appliance (
    asset_group_id BIGINT NOT NULL REFERENCES asset_group (id) ON DELETE CASCADE,
    appliance_id BIGINT NOT NULL REFERENCES appliance (id) ON DELETE CASCADE,
    is_default BIGINT NOT NULL,
    PRIMARY KEY (asset_group_id, appliance_id)
);

-- The network that the addresses of a group are in.
ALTER TABLE asset_group ADD COLUMN network_id BIGINT NOT NULL DEFAULT 0;
