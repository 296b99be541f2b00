-- What an account may do beyond its role: words, separated by commas. Those there are keep what they could do.
ALTER TABLE users ADD COLUMN permissions TEXT NOT NULL DEFAULT '';

UPDATE users SET permissions = 'create_option_profiles,edit_auth_records,edit_virtual_hosts' WHERE role = 'unit_manager';

UPDATE users SET permissions = 'create_option_profiles,edit_asset_groups,edit_virtual_hosts' WHERE role = 'scanner';
