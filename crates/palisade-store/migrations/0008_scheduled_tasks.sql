-- Tasks that start scans and maps by themselves, and what they started. The option profile of a task stands in
-- option_profile_use.

CREATE TABLE scheduled_task (
    id {counted key},
    -- scan or map
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    -- Login of whoever made it; it runs with their permissions.
    owner TEXT NOT NULL,
    active BIGINT NOT NULL,
    -- As they were written; beside the asset groups below.
    target_text TEXT NOT NULL,
    -- The addresses of a task that scans.
    targets TEXT NOT NULL,
    -- The domains of a task that maps, as JSON.
    map_targets TEXT NOT NULL,
    -- Whether everything within the owner's reach is among the targets.
    all_hosts BIGINT NOT NULL,
    excluded TEXT NOT NULL,
    scanner TEXT NOT NULL,
    -- The value that every web request of its scans carries.
    http_header TEXT,
    -- The recurrence as JSON.
    schedule TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- NULL unless it is active. A start is taken by moving this on, which only one server can do.
    next_launch_at BIGINT,
    -- Starts since it was last activated.
    starts BIGINT NOT NULL
);

CREATE INDEX scheduled_task_by_time ON scheduled_task (next_launch_at);

CREATE TABLE scheduled_task_asset_group (
    task_id BIGINT NOT NULL REFERENCES scheduled_task (id) ON DELETE CASCADE,
    asset_group_id BIGINT NOT NULL REFERENCES asset_group (id),
    PRIMARY KEY (task_id, asset_group_id)
);

CREATE INDEX scheduled_task_by_asset_group ON scheduled_task_asset_group (asset_group_id);

-- What a task started: one row for a scan, one for each map. Stays when the task is dropped, until what it started has ended.
CREATE TABLE scheduled_run (
    id {counted key},
    task_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    owner TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    launched_at BIGINT NOT NULL,
    -- Of the scan or map.
    reference TEXT NOT NULL,
    -- When it is cancelled if it has not ended.
    end_at BIGINT,
    -- Whether somebody still has to see to its end.
    open BIGINT NOT NULL,
    UNIQUE (task_id, due_at, reference)
);

CREATE INDEX scheduled_run_by_open ON scheduled_run (open, end_at);
