-- What goes by a search list and would miss it, for example an option profile: kind and id of the user.
CREATE TABLE search_list_use (
    search_list_id BIGINT NOT NULL REFERENCES search_list (id),
    user_kind TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (search_list_id, user_kind, user_id)
);

CREATE INDEX search_list_use_by_user ON search_list_use (user_kind, user_id);
