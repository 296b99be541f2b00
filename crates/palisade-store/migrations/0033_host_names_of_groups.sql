-- Names of hosts that an asset group has beside its addresses.
ALTER TABLE asset_group ADD COLUMN host_names TEXT NOT NULL DEFAULT '{"dns":[],"netbios":[]}';
