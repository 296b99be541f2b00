-- Reports that are made in the background, and those that are saved.
CREATE TABLE report_job (
    id {counted key},
    title TEXT NOT NULL,
    login TEXT NOT NULL,
    format TEXT NOT NULL,
    hide_header BIGINT NOT NULL,
    -- What it is about, as JSON.
    subject TEXT NOT NULL,
    -- How whoever asked reached the server; documents name it.
    base_url TEXT NOT NULL,
    state TEXT NOT NULL,
    percent BIGINT NOT NULL,
    -- Why it ended in an error.
    reason TEXT,
    launched_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- When it is deleted.
    expires_at BIGINT NOT NULL,
    -- The name of its document, once it is finished.
    document TEXT,
    size_bytes BIGINT NOT NULL,
    -- The lease; without a token nobody makes it.
    worker TEXT,
    token TEXT,
    leased_until BIGINT,
    attempts BIGINT NOT NULL,
    restarts BIGINT NOT NULL
);

CREATE INDEX report_job_by_state ON report_job (state);
CREATE INDEX report_job_by_expiry ON report_job (expires_at);

-- What reports on tickets put them together by.
ALTER TABLE report_template ADD COLUMN tickets_by TEXT NOT NULL DEFAULT 'everything';
UPDATE report_template SET tickets_by = 'vulnerability' WHERE title = 'Tickets per Vulnerability' AND owner IS NULL;
UPDATE report_template SET tickets_by = 'user' WHERE title = 'Tickets per User' AND owner IS NULL;
UPDATE report_template SET tickets_by = 'asset-group' WHERE title = 'Tickets per Asset Group' AND owner IS NULL;

-- Whether reports on maps have only hosts that are not in the subscription.
ALTER TABLE report_template ADD COLUMN unknown_only BIGINT NOT NULL DEFAULT 0;
UPDATE report_template SET unknown_only = 1 WHERE title = 'Unknown Device Report' AND owner IS NULL;

-- Templates for reports from scans and maps that somebody selects.
INSERT INTO report_template (title, kind, selection, owner, is_global, content, updated_at) VALUES
    ('Scan Results Report', 'Scan', 'Manual', NULL, 1, '{"filter":{"information":[1,2,3,4,5]}}', 1795305600000000),
    ('Map Results Report', 'Map', 'Manual', NULL, 1, '{}', 1795305600000000);
