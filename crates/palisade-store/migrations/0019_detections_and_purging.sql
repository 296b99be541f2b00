-- What lists of detections tell of each: when it came back after it had been fixed, and when somebody
-- last began or ceased to ignore it.
ALTER TABLE detection ADD COLUMN first_reopened_at BIGINT;
ALTER TABLE detection ADD COLUMN last_reopened_at BIGINT;
ALTER TABLE detection ADD COLUMN times_reopened BIGINT NOT NULL DEFAULT 0;
ALTER TABLE detection ADD COLUMN ignored_changed_at BIGINT;

-- When the scanner was done with the host, and how long that took; NULL for hosts that were scanned
-- before this was kept. A host with an address below 0 is being purged: nobody reads it any more, and
-- its address is free for a host of another id.
ALTER TABLE host ADD COLUMN scan_ended_at BIGINT;
ALTER TABLE host ADD COLUMN scan_duration_s BIGINT;
