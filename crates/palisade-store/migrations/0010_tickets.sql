-- What policies and people decided about detections. An ignored detection is one whose ticket is
-- ignored; readers of many detections find that beside each of them.
ALTER TABLE detection ADD COLUMN ignored BIGINT NOT NULL DEFAULT 0;
ALTER TABLE detection ADD COLUMN times_not_found BIGINT NOT NULL DEFAULT 0;

-- Which hosts have a QID, for searches: answered without the detections themselves. Readers have to ask
-- for exactly this status and this flag.
CREATE INDEX detection_by_qid ON detection (qid, host_id) WHERE status <> 'Fixed' AND ignored = 0;

-- Asked in the order of their positions; the rule is JSON.
CREATE TABLE remediation_policy (
    id {counted key},
    title TEXT NOT NULL UNIQUE,
    position BIGINT NOT NULL,
    rule TEXT NOT NULL
);

-- One ticket a detection, with the detection's key.
CREATE TABLE ticket (
    number {counted key},
    host_id BIGINT NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    qid BIGINT NOT NULL,
    port BIGINT NOT NULL,
    transport TEXT NOT NULL,
    state TEXT NOT NULL,
    assignee TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Days that its assignee has, from each time it is opened.
    deadline_days BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- The last time that it was put into each state.
    opened_at BIGINT,
    resolved_at BIGINT,
    closed_at BIGINT,
    ignored_at BIGINT,
    -- When it is to be ignored no longer.
    reopen_at BIGINT,
    UNIQUE (host_id, qid, port, transport)
);

CREATE INDEX ticket_by_change ON ticket (changed_at);
CREATE INDEX ticket_by_reopening ON ticket (reopen_at);

CREATE TABLE ticket_change (
    id {counted key},
    number BIGINT NOT NULL REFERENCES ticket (number) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    old_state TEXT,
    new_state TEXT,
    added_assignee TEXT,
    removed_assignee TEXT,
    -- The scan that caused it, and when that was launched.
    scan TEXT,
    scan_launched_at BIGINT,
    -- The title of the policy that made the ticket.
    rule TEXT,
    comment TEXT
);

CREATE INDEX ticket_change_by_ticket ON ticket_change (number, id);

CREATE TABLE deleted_ticket (
    number BIGINT PRIMARY KEY,
    deleted_at BIGINT NOT NULL,
    deleted_by TEXT NOT NULL
);
