-- What scanners had learnt of hosts when their scan was paused, so that they need not begin anew. Kept
-- until the scan has ended.
CREATE TABLE partial_host (
    slice_id BIGINT NOT NULL REFERENCES slice (id) ON DELETE CASCADE,
    ip BIGINT NOT NULL,
    -- Written and read by scanners alone: JSON.
    known TEXT NOT NULL,
    PRIMARY KEY (slice_id, ip)
);
