-- Parts of the subscription, with asset groups and users of their own.
CREATE TABLE business_unit (
    id {counted key},
    title TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE business_unit_asset_group (
    business_unit_id BIGINT NOT NULL REFERENCES business_unit (id),
    asset_group_id BIGINT NOT NULL REFERENCES asset_group (id),
    PRIMARY KEY (business_unit_id, asset_group_id)
);

CREATE INDEX business_unit_asset_group_by_group ON business_unit_asset_group (asset_group_id);

-- NULL: the user is in no unit.
ALTER TABLE users ADD COLUMN business_unit_id BIGINT REFERENCES business_unit (id);

CREATE INDEX users_by_business_unit ON users (business_unit_id);
