-- What reports are about and what they show.
CREATE TABLE report_template (
    id {counted key},
    title TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    selection TEXT NOT NULL,
    -- A login; NULL for those that every subscription starts with.
    owner TEXT,
    -- Whether everybody may use it.
    is_global BIGINT NOT NULL,
    -- What a template of a report on hosts holds, as JSON; what is missing has its default.
    content TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

INSERT INTO report_template (title, kind, selection, owner, is_global, content, updated_at) VALUES
    ('Executive Report', 'Scan', 'Auto', NULL, 1, '{"display":{"host_risks":true,"hosts":false,"glossary":false}}', 1795305600000000),
    ('Technical Report', 'Scan', 'Auto', NULL, 1, '{"filter":{"information":[1,2,3,4,5]}}', 1795305600000000),
    ('Patch Report', 'Patch', 'Auto', NULL, 1, '{}', 1795305600000000),
    ('High Severity Report', 'Scan', 'Auto', NULL, 1, '{"filter":{"vulnerabilities":[4,5],"potential":[4,5]},"display":{"order":"severity"}}', 1795305600000000),
    ('Top 20 Report', 'Compliance', 'Auto', NULL, 1, '{}', 1795305600000000),
    ('Payment Card Industry (PCI) Technical Report', 'Compliance', 'Manual', NULL, 1, '{}', 1795305600000000),
    ('Payment Card Industry (PCI) Executive Report', 'Compliance', 'Manual', NULL, 1, '{}', 1795305600000000),
    ('Executive Remediation Report', 'Remediation', 'Auto', NULL, 1, '{}', 1795305600000000),
    ('Tickets per Vulnerability', 'Remediation', 'Auto', NULL, 1, '{}', 1795305600000000),
    ('Tickets per User', 'Remediation', 'Auto', NULL, 1, '{}', 1795305600000000),
    ('Tickets per Asset Group', 'Remediation', 'Auto', NULL, 1, '{}', 1795305600000000),
    ('Unknown Device Report', 'Map', 'Manual', NULL, 1, '{}', 1795305600000000);

-- Whether the evidence is a table: its columns divided by tabs, the first line their titles.
ALTER TABLE detection ADD COLUMN result_is_table BIGINT NOT NULL DEFAULT 0;
