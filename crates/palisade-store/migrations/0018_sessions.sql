-- Sessions of version 2. The token itself is nowhere: its digest finds the row. A session is bound to
-- the password it was opened with, likewise by a digest.
CREATE TABLE api_session (
    digest TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    bound_to TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX api_session_user ON api_session (user_id);
