//! PostgreSQL: many writers, so rows that a decision hangs on are locked by name.

pub(super) const BEGIN: &str = "BEGIN";

pub(super) const COUNTED_KEY: &str = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";

/// Of pages that were vacuumed; of others it looks at the rows.
pub(super) const TRUSTS_PARTIAL_INDEXES: bool = true;

/// `jit = off`: pages of long answers look dear to the planner, because their length is a parameter,
/// and compiling a query for each takes longer than running it. So does starting parallel workers.
pub(super) const SESSION: &[&str] =
    &["SET lock_timeout = '30s'", "SET jit = off", "SET max_parallel_workers_per_gather = 0"];

/// The number only has to be the same in every release.
pub(super) const LOCK_MIGRATIONS: Option<&str> = Some("SELECT 1 FROM pg_advisory_xact_lock(7028914053)");

pub(super) const LOCK_SUBSCRIPTION: &str = "SELECT id, scans_launched FROM subscription FOR UPDATE";

pub(super) const LOCK_SCAN: &str = "SELECT id, status, hosts_alive FROM scan WHERE id = $1 FOR UPDATE";

pub(super) const LOCK_SLICE: &str =
    "SELECT id, scan_id, targets, state, token, expires_at, attempts, restarts
     FROM slice WHERE id = $1 FOR UPDATE";

pub(super) const LOCK_ROWS: &str = " FOR UPDATE";

pub(super) const NEXT_SLICE: &str =
    "SELECT id, scan_id, targets, state, token, expires_at, attempts, restarts
     FROM slice
     WHERE state = 'queued' AND scan_id IN (SELECT id FROM scan WHERE status IN ('QUEUED', 'RUNNING', 'RESUMING'))
     ORDER BY number, id LIMIT 1 FOR UPDATE SKIP LOCKED";
