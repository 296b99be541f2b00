//! Measured round trips to one host, and the patience that follows from them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const TIMEOUT_MIN: Duration = Duration::from_millis(100);
const TIMEOUT_MAX: Duration = Duration::from_secs(3);
/// Before the first measurement.
const TIMEOUT_INITIAL: Duration = Duration::from_millis(500);

/// Round trips to one host and the patience that follows from them (RFC 6298's estimator).
#[derive(Debug, Default)]
pub(crate) struct RoundTrip(Mutex<Option<Estimate>>);

#[derive(Debug, Clone, Copy)]
struct Estimate {
    smoothed: Duration,
    variation: Duration,
    fastest: Duration,
}

impl RoundTrip {
    pub(crate) fn record(&self, sample: Duration) {
        let mut estimate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *estimate = Some(match *estimate {
            None => Estimate { smoothed: sample, variation: sample / 2, fastest: sample },
            Some(last) => Estimate {
                smoothed: (last.smoothed * 7 + sample) / 8,
                variation: (last.variation * 3 + last.smoothed.abs_diff(sample)) / 4,
                fastest: last.fastest.min(sample),
            },
        });
    }

    /// The smoothed round trip, once one was measured.
    pub(crate) fn smoothed(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map(|estimate| estimate.smoothed)
    }

    /// How long to wait for an answer of the host's network stack, 100 ms to 3 s.
    pub(crate) fn timeout(&self) -> Duration {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            None => TIMEOUT_INITIAL,
            Some(estimate) => (estimate.smoothed * 2 + estimate.variation * 4 + estimate.fastest)
                .clamp(TIMEOUT_MIN, TIMEOUT_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_the_round_trips_within_its_bounds() {
        let round_trip = RoundTrip::default();
        assert_eq!(round_trip.timeout(), TIMEOUT_INITIAL);
        for _ in 0..20 {
            round_trip.record(Duration::from_micros(50));
        }
        assert_eq!(round_trip.timeout(), TIMEOUT_MIN);
        for _ in 0..50 {
            round_trip.record(Duration::from_millis(200));
        }
        let patient = round_trip.timeout();
        assert!(patient > Duration::from_millis(350) && patient < Duration::from_secs(1), "{patient:?}");
        round_trip.record(Duration::from_mins(1));
        assert_eq!(round_trip.timeout(), TIMEOUT_MAX);
    }
}
