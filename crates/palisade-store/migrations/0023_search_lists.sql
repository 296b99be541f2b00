-- Named lists of QIDs: counted out, or by what they have in common.
CREATE TABLE search_list (
    id {counted key},
    title TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    is_global BIGINT NOT NULL,
    content TEXT NOT NULL,
    comments TEXT,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    modified_by TEXT NOT NULL
);
