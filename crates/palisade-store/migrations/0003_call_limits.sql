-- What the API limits count, for each function of the API. There is one subscription, so its
-- limits are those of the database.

-- One row a function: whoever begins a call changes it first, so that calls of one function are
-- counted one after the other, whichever server they came to.
CREATE TABLE api_function (
    name TEXT PRIMARY KEY,
    entered_at BIGINT NOT NULL
);

-- The calls that were let in; those that left the window are cleaned up by later calls.
CREATE TABLE api_call (
    id {counted key},
    function TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX api_call_by_time ON api_call (function, at);

-- The calls that are running. A row that its server does not renew is that of a dead server.
CREATE TABLE api_call_slot (
    id {counted key},
    function TEXT NOT NULL,
    server TEXT NOT NULL,
    renewed_at BIGINT NOT NULL
);

CREATE INDEX api_call_slot_by_function ON api_call_slot (function, renewed_at);
