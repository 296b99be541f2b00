//! SQLite: one writer at a time, so a transaction that begins as a writer has locked everything.
//!
//! A bound value that stands alone behind LIMIT is part of the plan: the statement is made anew each time
//! one is bound, which takes longer than most statements run. Queries of this crate say `LIMIT $1 + 0`.

pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// Never given again, not even after the newest row is deleted.
pub(super) const COUNTED_KEY: &str = "INTEGER PRIMARY KEY AUTOINCREMENT";

/// It looks at each row again.
pub(super) const TRUSTS_PARTIAL_INDEXES: bool = false;

/// `synchronous = FULL`: in WAL mode `NORMAL` survives a killed process too, but a machine that
/// loses power forgets the last commits, and a result that was acknowledged is never asked for
/// again. It costs one sync a host and one a second and running slice.
pub(super) const SESSION: &[&str] = &[
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
];

/// `BEGIN IMMEDIATE` is the lock.
pub(super) const LOCK_MIGRATIONS: Option<&str> = None;

pub(super) const LOCK_SUBSCRIPTION: &str = "SELECT id, scans_launched FROM subscription";

pub(super) const LOCK_SCAN: &str = "SELECT id, status, hosts_alive FROM scan WHERE id = $1";

pub(super) const LOCK_SLICE: &str =
    "SELECT id, scan_id, targets, state, token, expires_at, attempts, restarts
     FROM slice WHERE id = $1";

/// `BEGIN IMMEDIATE` is the lock here too.
pub(super) const LOCK_ROWS: &str = "";

pub(super) const NEXT_SLICE: &str =
    "SELECT id, scan_id, targets, state, token, expires_at, attempts, restarts
     FROM slice
     WHERE state = 'queued' AND scan_id IN (SELECT id FROM scan WHERE status IN ('QUEUED', 'RUNNING', 'RESUMING'))
     ORDER BY number, id LIMIT 1";
