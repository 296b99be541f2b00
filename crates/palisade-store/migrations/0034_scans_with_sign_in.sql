-- When the scanner was last done with a host that had let it in, and how long that scan took.
ALTER TABLE host ADD COLUMN auth_scan_ended_at BIGINT;
ALTER TABLE host ADD COLUMN auth_scan_duration_s BIGINT;
