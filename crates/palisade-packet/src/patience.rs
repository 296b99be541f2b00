//! How long silence lasts before it is believed: from round trips that were measured without keeping
//! a time for any probe.
//!
//! Every few milliseconds the sender says how far it is; an answer's position then tells about when
//! its question left, at most that much too early. Too long is the safe side.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Before anything was measured.
const INITIAL: Duration = Duration::from_millis(600);
/// Asking again too soon costs one packet, so it follows the round trips closely...
const SHORTEST: Duration = Duration::from_millis(60);
/// ... and ending too soon costs an answer.
const SHORTEST_AT_LAST: Duration = Duration::from_millis(400);
const LONGEST: Duration = Duration::from_millis(2_500);
/// Marks closer to each other than this are left out.
const MARK_EVERY: Duration = Duration::from_millis(10);
/// Marks that are kept: five seconds' worth.
const MARKS_MAX: usize = 512;
/// One answer of so many is measured.
const EVERY: u64 = 16;

#[derive(Debug)]
pub(crate) struct Patience {
    /// Microseconds.
    current: AtomicU64,
    slowest: AtomicU64,
    heard: AtomicU64,
    /// Where the first pass was, and when; oldest first.
    marks: Mutex<VecDeque<(u64, Instant)>>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            current: AtomicU64::new(micros(INITIAL)),
            slowest: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            marks: Mutex::new(VecDeque::new()),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Patience {
    /// Until a question is asked again.
    pub(crate) fn get(&self) -> Duration {
        Duration::from_micros(self.current.load(Ordering::Relaxed))
    }

    /// After the last time it is asked.
    pub(crate) fn at_last(&self) -> Duration {
        self.get().max(SHORTEST_AT_LAST)
    }

    /// The first pass is at `position` now.
    pub(crate) fn mark(&self, position: u64, now: Instant) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.back().is_some_and(|(_, last)| now.duration_since(*last) < MARK_EVERY) {
            return;
        }
        marks.push_back((position, now));
        if marks.len() > MARKS_MAX {
            marks.pop_front();
        }
    }

    /// An answer to a first question at `position` came now. Gives its round trip where measured.
    pub(crate) fn learn(&self, position: u64) -> Option<Duration> {
        if !self.heard.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
            return None;
        }
        let round_trip = {
            let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            // The last mark at or before the question: it left after that.
            let (_, left) = marks.iter().rev().find(|(at, _)| *at <= position)?;
            left.elapsed()
        };
        let slowest = self.slowest.fetch_max(micros(round_trip), Ordering::Relaxed).max(micros(round_trip));
        let patience = Duration::from_micros(slowest) * 3 / 2 + Duration::from_millis(50);
        self.current.store(micros(patience.clamp(SHORTEST, LONGEST)), Ordering::Relaxed);
        Some(round_trip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_the_slowest_answer_within_its_bounds() {
        let patience = Patience::default();
        assert_eq!(patience.get(), INITIAL);
        let now = Instant::now();
        patience.mark(0, now);
        patience.mark(1_000, now + MARK_EVERY);
        assert!(patience.learn(1_500).is_some());
        assert!(patience.get() >= SHORTEST && patience.get() < INITIAL, "{:?}", patience.get());
        assert!(patience.at_last() >= SHORTEST_AT_LAST);
        let long_ago = now.checked_sub(Duration::from_secs(5)).unwrap_or(now);
        let slow = Patience::default();
        slow.mark(0, long_ago);
        assert!(slow.learn(10).is_some());
        assert_eq!(slow.get(), LONGEST);
    }
}
