-- How scans are done. The version counts up with each edit, so that an edit of something older is
-- noticed. Scans keep a whole copy of their own.
CREATE TABLE option_profile (
    id {counted key},
    title TEXT NOT NULL UNIQUE,
    -- Login of whoever made it; NULL for those the subscription came with.
    owner TEXT,
    is_default BIGINT NOT NULL,
    is_global BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- All of it as JSON.
    profile TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What goes by a profile and would miss it, for example a schedule: kind and id of the user.
CREATE TABLE option_profile_use (
    option_profile_id BIGINT NOT NULL REFERENCES option_profile (id),
    user_kind TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (user_kind, user_id)
);

CREATE INDEX option_profile_use_by_profile ON option_profile_use (option_profile_id);

-- The value that every web request of a scan carries.
ALTER TABLE scan ADD COLUMN http_header TEXT;
