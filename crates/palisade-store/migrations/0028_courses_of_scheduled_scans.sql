-- Scheduled scans that pause, go on, and tell people before and after.

-- Of a task that scans: DNS names of hosts among its targets, as JSON; what its scans are given as priority.
ALTER TABLE scheduled_task ADD COLUMN names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE scheduled_task ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;

-- Who is told what, as JSON; NULL for nobody but the owner at the end. How long before a start somebody is to
-- be told of it; NULL for nobody. The start that was told of last.
ALTER TABLE scheduled_task ADD COLUMN notifications TEXT;
ALTER TABLE scheduled_task ADD COLUMN notify_before_us BIGINT;
ALTER TABLE scheduled_task ADD COLUMN announced_at BIGINT;

-- How often it was changed: a change of what was read before is noticed.
ALTER TABLE scheduled_task ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;

-- When a scan is to be paused, and to be resumed; NULL when that is done, or not to be. Who is told of its end.
ALTER TABLE scheduled_run ADD COLUMN pause_at BIGINT;
ALTER TABLE scheduled_run ADD COLUMN resume_at BIGINT;
ALTER TABLE scheduled_run ADD COLUMN notifications TEXT;

-- People who are told together; addresses as JSON.
CREATE TABLE distribution_group (
    id {counted key},
    title TEXT NOT NULL UNIQUE,
    addresses TEXT NOT NULL
);
