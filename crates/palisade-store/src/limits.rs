//! The API limits: which calls were made within the window, and which are running.
//!
//! Both are rows, so that they outlive a process and hold for all servers on one database. A call
//! begins with one transaction, which changes the row of its function first: calls of one function
//! are counted one after the other, and never more are let in than may be. A running call is a
//! slot; a server that dies stops renewing its slots, and they are lost.
//!
//! Deliberately absent: who calls (the limits are the subscription's), and refused calls.

use palisade_model::Timestamp;

use crate::error::Result;
use crate::row::Read;
use crate::store::{Store, Write};

/// Calls that left the window, deleted at most by one later call. Each call adds one, so that what
/// is left over becomes less with every call.
const CLEANED_UP_MAX: i64 = 100;

/// How far ahead of this server's clock another one's may be. What lies further ahead was written
/// by a clock that was wrong, and must not block anybody until then.
const AHEAD_US: i64 = 60_000_000;

/// How many calls of a function are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Calls within the window; 0 for any number, and then none is counted.
    pub calls: u32,
    /// Length of the sliding window, in seconds.
    pub window_s: u32,
    /// Calls running at the same time; 0 for any number, and then none is counted.
    pub concurrent: u32,
    /// A slot that was not renewed for this long is lost, in seconds.
    pub lease_s: u32,
}

/// What became of the attempt to begin a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEntry {
    /// The call is counted. The numbers include it.
    Entered {
        /// To be given back with [`Store::leave_call`]; `None` when running calls are not counted.
        slot: Option<i64>,
        calls: u64,
        running: u64,
    },
    /// As many calls as may be are running; nothing was counted.
    TooManyRunning { calls: u64, running: u64 },
    /// As many calls as may be were made within the window; nothing was counted.
    TooManyCalls {
        calls: u64,
        running: u64,
        /// When the call was made that has to leave the window before the next is let in.
        waits_for: Timestamp,
    },
}

/// The times between which rows count, in microseconds: from the first (not included) to the
/// second.
#[derive(Debug, Clone, Copy)]
struct Span(i64, i64);

impl Span {
    fn new(now: Timestamp, length_s: u32) -> Self {
        let now_us = now.as_microsecond();
        Self(now_us - i64::from(length_s) * 1_000_000, now_us + AHEAD_US)
    }
}

impl Store {
    /// Begins a call of `function` by the server called `server`, if the limits let it in. Running
    /// calls are looked at first.
    pub async fn enter_call(
        &self,
        function: &str,
        server: &str,
        limits: CallLimits,
        now: Timestamp,
    ) -> Result<CallEntry> {
        if limits.calls == 0 && limits.concurrent == 0 {
            return Ok(CallEntry::Entered { slot: None, calls: 0, running: 0 });
        }
        let window = Span::new(now, limits.window_s);
        let mut write = self.write().await?;
        lock_function(&mut write, function, now).await?;
        clean_up(&mut write, function, window, Span::new(now, limits.lease_s)).await?;
        let (mut calls, mut running) = count(&mut write, function, window).await?;
        let entry = if is_reached(limits.concurrent, running) {
            CallEntry::TooManyRunning { calls, running }
        } else if is_reached(limits.calls, calls) {
            let waits_for = waits_for(&mut write, function, window, calls - u64::from(limits.calls)).await?;
            CallEntry::TooManyCalls { calls, running, waits_for }
        } else {
            let mut slot = None;
            if limits.calls > 0 {
                add_call(&mut write, function, now).await?;
                calls += 1;
            }
            if limits.concurrent > 0 {
                slot = Some(add_slot(&mut write, function, server, now).await?);
                running += 1;
            }
            CallEntry::Entered { slot, calls, running }
        };
        write.commit().await?;
        Ok(entry)
    }

    /// Keeps the slot of a call that goes on; gives whether it still was there.
    pub async fn renew_call(&self, slot: i64, now: Timestamp) -> Result<bool> {
        let mut write = self.write().await?;
        let renewed = sqlx::query("UPDATE api_call_slot SET renewed_at = $2 WHERE id = $1")
            .bind(slot)
            .bind(now.as_microsecond())
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// The call has ended.
    pub async fn leave_call(&self, slot: i64) -> Result<()> {
        let mut write = self.write().await?;
        sqlx::query("DELETE FROM api_call_slot WHERE id = $1").bind(slot).execute(write.connection()).await?;
        write.commit().await
    }

    /// Ends all calls of `server`: its process is new and runs none; gives how many there were.
    pub async fn leave_calls_of(&self, server: &str) -> Result<u64> {
        let rows = sqlx::query("SELECT id FROM api_call_slot WHERE server = $1")
            .bind(server.to_owned())
            .fetch_all(self.pool())
            .await?;
        // One by one: a transaction that holds one row at a time waits for nobody who waits for it.
        for row in &rows {
            self.leave_call(Read::new("api_call_slot", row).number("id")?).await?;
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }
}

fn is_reached(limit: u32, counted: u64) -> bool {
    limit > 0 && counted >= u64::from(limit)
}

/// Makes calls of the same function wait for the end of this transaction.
async fn lock_function(write: &mut Write, function: &str, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_function (name, entered_at) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET entered_at = excluded.entered_at",
    )
    .bind(function.to_owned())
    .bind(now.as_microsecond())
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Deletes what does not count any more: some of the calls, and all lost slots, of which there are
/// never more than may run.
async fn clean_up(write: &mut Write, function: &str, window: Span, lease: Span) -> Result<()> {
    sqlx::query(
        "DELETE FROM api_call WHERE id IN (
             SELECT id FROM api_call WHERE function = $1 AND (at <= $2 OR at > $3) ORDER BY at LIMIT $4 + 0)",
    )
    .bind(function.to_owned())
    .bind(window.0)
    .bind(window.1)
    .bind(CLEANED_UP_MAX)
    .execute(write.connection())
    .await?;
    sqlx::query("DELETE FROM api_call_slot WHERE function = $1 AND (renewed_at <= $2 OR renewed_at > $3)")
        .bind(function.to_owned())
        .bind(lease.0)
        .bind(lease.1)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// The calls within the window, and those that are running.
async fn count(write: &mut Write, function: &str, window: Span) -> Result<(u64, u64)> {
    let row = sqlx::query(
        "SELECT name,
             (SELECT COUNT(*) FROM api_call WHERE function = $1 AND at > $2 AND at <= $3) AS calls,
             (SELECT COUNT(*) FROM api_call_slot WHERE function = $1) AS running
         FROM api_function WHERE name = $1",
    )
    .bind(function.to_owned())
    .bind(window.0)
    .bind(window.1)
    .fetch_one(write.connection())
    .await?;
    let read = Read::new("api_function", &row);
    Ok((read.count("calls")?, read.count("running")?))
}

/// When the call was made that has `older` others before it in the window.
async fn waits_for(write: &mut Write, function: &str, window: Span, older: u64) -> Result<Timestamp> {
    let row = sqlx::query(
        "SELECT id, at FROM api_call WHERE function = $1 AND at > $2 AND at <= $3
         ORDER BY at LIMIT 1 OFFSET $4",
    )
    .bind(function.to_owned())
    .bind(window.0)
    .bind(window.1)
    .bind(i64::try_from(older).unwrap_or(i64::MAX))
    .fetch_one(write.connection())
    .await?;
    Read::new("api_call", &row).time("at")
}

async fn add_call(write: &mut Write, function: &str, now: Timestamp) -> Result<()> {
    sqlx::query("INSERT INTO api_call (function, at) VALUES ($1, $2)")
        .bind(function.to_owned())
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Gives the number of the new slot, which is never given again.
async fn add_slot(write: &mut Write, function: &str, server: &str, now: Timestamp) -> Result<i64> {
    let row = sqlx::query(
        "INSERT INTO api_call_slot (function, server, renewed_at) VALUES ($1, $2, $3) RETURNING id",
    )
    .bind(function.to_owned())
    .bind(server.to_owned())
    .bind(now.as_microsecond())
    .fetch_one(write.connection())
    .await?;
    Read::new("api_call_slot", &row).number("id")
}
