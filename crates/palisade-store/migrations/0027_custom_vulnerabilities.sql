-- What the subscription says of entries of the KnowledgeBase. Changes count feed_revision up.
CREATE TABLE custom_vulnerability (
    qid BIGINT PRIMARY KEY,
    -- NULL: as in the content.
    severity BIGINT,
    disabled BIGINT NOT NULL,
    threat_comment TEXT,
    impact_comment TEXT,
    solution_comment TEXT,
    modified_at BIGINT NOT NULL,
    modified_by TEXT NOT NULL
);
