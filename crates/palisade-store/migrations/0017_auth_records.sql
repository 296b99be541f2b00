-- What scans sign in to hosts with.
CREATE TABLE auth_record (
    id {counted key},
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    comments TEXT NOT NULL,
    ips TEXT NOT NULL,
    network_id BIGINT,
    -- JSON: fields that may be shown, the names of secrets, the vault.
    content TEXT NOT NULL,
    -- The secrets, encrypted; empty when there are none.
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    UNIQUE (kind, title)
);

-- Programs of others that keep passwords.
CREATE TABLE auth_vault (
    id {counted key},
    kind TEXT NOT NULL,
    title TEXT NOT NULL UNIQUE,
    comments TEXT NOT NULL,
    -- JSON: fields that may be shown, and the names of secrets.
    content TEXT NOT NULL,
    -- The secrets, encrypted; empty when there are none.
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
