-- The QIDs of community templates. A row is never deleted: a template that comes back has its number.
CREATE TABLE template_qid (
    template_id TEXT NOT NULL PRIMARY KEY,
    qid BIGINT NOT NULL UNIQUE,
    assigned_at BIGINT NOT NULL
);
