//! How fast a sweep sends: as fast as it may, less while answers get lost, more again when not.

use std::time::{Duration, Instant};

/// How often the rate is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Answers that came to a repeated question only, of all: above this they were lost.
const LOSS_PERCENT: u64 = 4;
/// Fewer than this say nothing.
const LOST_MIN: u64 = 16;
/// Never slower than this part of the permitted rate.
const SLOWEST_PART: f64 = 0.02;
/// A machine that sends faster than this is not held back.
const UNHINDERED_PPS: f64 = 1_000_000.0;
/// What may be made up for after a pause.
const CREDIT: Duration = Duration::from_millis(50);
/// Shorter waits are put off: a thread that sleeps is late by more than that.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// Answers and losses since the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) sent: u64,
    /// Answers to first questions.
    pub(crate) first: u64,
    /// Answers to repeated questions: the first one, or its answer, was lost.
    pub(crate) repeated: u64,
    /// Frames that this machine itself lost.
    pub(crate) dropped: u64,
}

/// The adapting rate.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Packets a second.
    permitted: f64,
    now: f64,
    next: Instant,
    looked: Instant,
}

impl Rate {
    pub(crate) fn new(permitted_pps: u32, started: Instant) -> Self {
        let permitted = f64::from(permitted_pps.max(1));
        Self { permitted, now: permitted, next: started, looked: started }
    }

    /// Packets a second, at this moment.
    #[cfg(test)]
    fn current(&self) -> f64 {
        self.now
    }

    /// Packets that should go at once at this rate: about five milliseconds' worth.
    pub(crate) fn batch(&self, most: usize) -> usize {
        let wished =
            (1..=most).rev().find(|count| f64::from(u32::try_from(*count).unwrap_or(1)) <= self.now / 200.0);
        wished.unwrap_or(1)
    }

    /// Takes account of `packets` more and says how long to wait before they go.
    pub(crate) fn wait(&mut self, packets: usize, now: Instant) -> Duration {
        if self.now >= UNHINDERED_PPS {
            return Duration::ZERO;
        }
        let due = self.next.max(now.checked_sub(CREDIT).unwrap_or(now));
        self.next = due + Duration::from_secs_f64(f64::from(u32::try_from(packets).unwrap_or(1)) / self.now);
        let wait = due.saturating_duration_since(now);
        if wait < WAIT_MIN { Duration::ZERO } else { wait }
    }

    /// Adapts; call it every [`LOOK_EVERY`].
    pub(crate) fn look(&mut self, seen: Seen, now: Instant) {
        let elapsed = now.saturating_duration_since(self.looked).as_secs_f64().max(0.001);
        self.looked = now;
        let all = seen.first + seen.repeated;
        let lossy = seen.repeated >= LOST_MIN && seen.repeated * 100 > all * LOSS_PERCENT;
        if lossy || seen.dropped > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
            let measured = seen.sent as f64 / elapsed;
            // A machine slower than its permission is slowed from where it is.
            let from = if measured > 1.0 { self.now.min(measured) } else { self.now };
            self.now = (from * 0.6).max(self.permitted * SLOWEST_PART).max(1.0);
        } else {
            self.now = (self.now * 1.15).min(self.permitted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_slows_it_and_peace_quickens_it_again() {
        let start = Instant::now();
        let mut rate = Rate::new(100_000, start);
        let at = |looks: u32| start + LOOK_EVERY * looks;
        rate.look(Seen { sent: 10_000, first: 500, repeated: 100, dropped: 0 }, at(1));
        assert!((59_000.0..61_000.0).contains(&rate.current()), "{}", rate.current());
        rate.look(Seen { sent: 6_000, first: 600, repeated: 0, dropped: 3 }, at(2));
        assert!(rate.current() < 40_000.0);
        for look in 3..30 {
            rate.look(Seen { sent: 5_000, first: 500, repeated: 2, dropped: 0 }, at(look));
        }
        assert!((rate.current() - 100_000.0).abs() < 1.0);
        for look in 30..90 {
            rate.look(Seen { sent: 5_000, first: 0, repeated: 500, dropped: 0 }, at(look));
        }
        assert!(rate.current() >= 2_000.0, "it never stops");
    }

    #[test]
    fn packets_are_spread_over_time() {
        let start = Instant::now();
        let mut rate = Rate::new(1_000, start);
        assert_eq!(rate.batch(64), 5);
        assert_eq!(rate.wait(5, start), Duration::ZERO);
        let second = rate.wait(5, start);
        assert!(second <= Duration::from_millis(5));
        let total = (0..100).map(|_| rate.wait(5, start)).last().unwrap();
        assert!((Duration::from_millis(490)..Duration::from_millis(510)).contains(&total), "{total:?}");
        let mut fast = Rate::new(500_000, start);
        assert_eq!(fast.wait(64, start), Duration::ZERO);
        assert_eq!(fast.wait(64, start), Duration::ZERO, "not worth a sleep yet");
        let put_off = (0..10).map(|_| fast.wait(64, start)).last().unwrap();
        assert!(put_off >= WAIT_MIN, "{put_off:?}");
    }
}
