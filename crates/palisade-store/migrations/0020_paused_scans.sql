-- When a scan was paused (NULL unless it is), and how long it was in all before.
ALTER TABLE scan ADD COLUMN paused_at BIGINT;
ALTER TABLE scan ADD COLUMN paused_us BIGINT NOT NULL DEFAULT 0;

-- What users gave it: 0 for none, 1 (first) to 9.
ALTER TABLE scan ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;

-- Addresses that were left out of it at launch.
ALTER TABLE scan ADD COLUMN excluded TEXT NOT NULL DEFAULT '';

-- Vulnerabilities among its findings; NULL when they were not counted.
ALTER TABLE scan ADD COLUMN vulnerabilities BIGINT;

CREATE INDEX scan_by_launch ON scan (launched_at, id);
