//! The API limits: how many calls of a function the subscription may make within a sliding window,
//! and how many of them may run at the same time.
//!
//! They are looked at before anything else is done, whoever calls, so no permission is asked for
//! here. The counting itself is the store's, for all servers on one database. A running call holds
//! a [`Slot`]; its keeper renews it while the call goes on and gives it back when the slot is
//! released or dropped, for example because the client hung up.

use std::time::Duration;

use palisade_model::Timestamp;
use palisade_store::{CallEntry, CallLimits};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::error::{Error, Result};

/// A slot that was not renewed for this long is lost: its server is dead.
const SLOT_LEASE_S: u32 = 60;
/// How often slots are renewed: a few failures do no harm.
const SLOT_RENEWAL: Duration = Duration::from_secs(15);

/// What the operator allows for each function. Servers on one database must agree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls within the window; 0 for any number.
    pub rate_limit_calls: u32,
    /// Length of the sliding window.
    pub rate_limit_window_s: u32,
    /// Calls that run at the same time; 0 for any number.
    pub concurrency_limit: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rate_limit_calls: 300, rate_limit_window_s: 3_600, concurrency_limit: 2 }
    }
}

/// Where the subscription stands with one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStatus {
    pub limits: Limits,
    /// Calls that may still be made; `None` when there is no limit.
    pub remaining: Option<u64>,
    /// Seconds until the next call is let in; 0 when the rate limit refused nothing.
    pub to_wait_s: u64,
    /// Calls that are running, with the present one if it was let in; 0 when they are not limited,
    /// because they are not counted then.
    pub running: u64,
}

/// Which limit a call ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitReached {
    /// So many running calls have to end before another is let in.
    Concurrency { to_finish: u64 },
    /// See [`LimitStatus::to_wait_s`].
    Rate,
}

/// Whether a call was let in.
#[derive(Debug)]
pub struct Admission {
    pub status: LimitStatus,
    /// The running call, or the limit that it ran into; then nothing was counted.
    pub entry: Result<Slot, LimitReached>,
}

/// A running call. To be released when it has ended, before its client learns so: else the client
/// could meet its own last call at the next one. Dropped, it is given back a moment later.
#[derive(Debug)]
#[must_use]
pub struct Slot {
    /// `None` when running calls are not limited.
    keeper: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Slot {
    /// Gives the slot back and waits until that is so.
    pub async fn release(self) {
        if let Some((release, keeper)) = self.keeper {
            drop(release);
            // A keeper that panicked has said so; its slot expires.
            let _ = keeper.await;
        }
    }
}

impl App {
    /// Counts a call of `function`, or refuses it because a limit is reached. When both are, the
    /// concurrency limit is the reason.
    pub async fn begin_call(&self, function: &str) -> Result<Admission> {
        let limits = self.parts.config.limits;
        let now = self.clock().now();
        let call_limits = CallLimits {
            calls: limits.rate_limit_calls,
            window_s: limits.rate_limit_window_s,
            concurrent: limits.concurrency_limit,
            lease_s: SLOT_LEASE_S,
        };
        let server = &self.parts.config.server_name;
        let entered = self.store().enter_call(function, server, call_limits, now).await?;
        let status = |calls: u64, running: u64, to_wait_s: u64| LimitStatus {
            limits,
            remaining: (limits.rate_limit_calls > 0)
                .then(|| u64::from(limits.rate_limit_calls).saturating_sub(calls)),
            to_wait_s,
            running,
        };
        Ok(match entered {
            CallEntry::Entered { slot, calls, running } => Admission {
                status: status(calls, running, 0),
                entry: Ok(Slot { keeper: slot.map(|slot| self.keep(slot)) }),
            },
            CallEntry::TooManyRunning { calls, running } => {
                let to_finish = running.saturating_sub(u64::from(limits.concurrency_limit)).saturating_add(1);
                let entry = Err(LimitReached::Concurrency { to_finish });
                Admission { status: status(calls, running, 0), entry }
            }
            CallEntry::TooManyCalls { calls, running, waits_for } => {
                let to_wait_s = to_wait_s(waits_for, limits.rate_limit_window_s, now);
                Admission { status: status(calls, running, to_wait_s), entry: Err(LimitReached::Rate) }
            }
        })
    }

    /// Ends the calls that the last process of this server left running. To be done once, before
    /// the server takes calls; gives how many there were.
    pub async fn end_former_calls(&self) -> Result<u64> {
        Ok(self.store().leave_calls_of(&self.parts.config.server_name).await?)
    }

    /// Starts the keeper of a slot.
    fn keep(&self, slot: i64) -> (oneshot::Sender<()>, JoinHandle<()>) {
        let (release, mut released) = oneshot::channel();
        let app = self.clone();
        let keeper = tokio::spawn(async move {
            while tokio::time::timeout(SLOT_RENEWAL, &mut released).await.is_err() {
                match app.store().renew_call(slot, app.clock().now()).await {
                    Ok(true) => {}
                    Ok(false) => return tracing::warn!(slot, "the slot of a running call was lost"),
                    Err(error) => log_failure(slot, error, "the slot of a running call was not renewed"),
                }
            }
            if let Err(error) = app.store().leave_call(slot).await {
                log_failure(slot, error, "a slot was not given back; it expires by itself");
            }
        });
        (release, keeper)
    }
}

fn log_failure(slot: i64, error: palisade_store::Error, what: &'static str) {
    let error = Error::from(error);
    tracing::warn!(error = &error as &dyn std::error::Error, slot, "{what}");
}

/// Seconds until a call made at `made_at` leaves the window; at least 1.
fn to_wait_s(made_at: Timestamp, window_s: u32, now: Timestamp) -> u64 {
    let leaves_us = made_at.as_microsecond().saturating_add(i64::from(window_s) * 1_000_000);
    let wait_us = leaves_us.saturating_sub(now.as_microsecond()).max(1);
    u64::try_from(wait_us).unwrap_or(1).div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_rounded_up() {
        let at = |us| Timestamp::from_microsecond(us).unwrap();
        assert_eq!(to_wait_s(at(0), 10, at(0)), 10);
        assert_eq!(to_wait_s(at(0), 10, at(1)), 10);
        assert_eq!(to_wait_s(at(0), 10, at(9_000_000)), 1);
        assert_eq!(to_wait_s(at(0), 10, at(9_999_999)), 1);
        assert_eq!(to_wait_s(at(0), 10, at(20_000_000)), 1, "never nothing when a call was refused");
    }
}
