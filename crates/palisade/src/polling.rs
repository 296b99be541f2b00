//! How often a client may ask the same thing: quickly at first, ever more seldom as the calls that
//! the API's rate limit leaves become fewer. However long it goes on, some are left for others.

use std::time::Duration;

use crate::client::RateLimit;

/// The pause while hardly any of the calls are used up.
const PAUSE_MIN: Duration = Duration::from_millis(700);
/// The longest pause that nobody demanded.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// The pauses between questions.
#[derive(Debug)]
pub(crate) struct Polling {
    left: Duration,
}

impl Polling {
    /// The first question is due at once.
    pub(crate) fn new() -> Self {
        Self { left: Duration::ZERO }
    }

    /// Whether to ask now, when `passed` has gone by since the last look.
    pub(crate) fn is_due(&mut self, passed: Duration) -> bool {
        self.left = self.left.saturating_sub(passed);
        self.left.is_zero()
    }

    /// Asks again after the pause that an answer calls for.
    pub(crate) fn wait(&mut self, rate: RateLimit) {
        self.left = pause(rate);
    }
}

/// The pause grows with the third power of the share that is used up: with 300 calls an hour it is
/// 1.4 seconds after a minute and 12 after ten, and after an hour some 50 calls are still left.
fn pause(rate: RateLimit) -> Duration {
    let RateLimit { limit, remaining, to_wait_s } = rate;
    if to_wait_s > 0 {
        return Duration::from_secs(to_wait_s);
    }
    if limit == 0 {
        // Nothing is known: the question failed.
        return PAUSE_MIN;
    }
    let share = |number: u64| number.saturating_mul(1_000).checked_div(remaining);
    let Some(thousandths) = share(limit) else { return PAUSE_MAX };
    let cube = u128::from(thousandths).pow(3) / 1_000_000;
    let pause_ms = PAUSE_MIN.as_millis().saturating_mul(cube) / 1_000;
    Duration::from_millis(u64::try_from(pause_ms).unwrap_or(u64::MAX)).clamp(PAUSE_MIN, PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_asking_stay_within_the_limit() {
        const LIMIT: u64 = 300;
        const WINDOW: Duration = Duration::from_hours(1);
        let mut asked: Vec<Duration> = Vec::new();
        let mut now = Duration::ZERO;
        while now < WINDOW * 5 {
            let counted = asked.iter().filter(|at| **at + WINDOW > now).count();
            let remaining = LIMIT.checked_sub(u64::try_from(counted).unwrap() + 1);
            asked.push(now);
            let remaining = remaining.unwrap_or_else(|| panic!("refused after {now:?}"));
            assert!(remaining > 30, "nothing is left for others after {now:?}");
            now += pause(RateLimit { limit: LIMIT, remaining, to_wait_s: 0 });
        }
        let first_minute = asked.iter().filter(|at| **at < Duration::from_mins(1)).count();
        assert!(first_minute > 40, "the bar moves: {first_minute} times in the first minute");
    }

    #[test]
    fn a_refusal_is_obeyed_to_the_second() {
        let refused = RateLimit { limit: 300, remaining: 0, to_wait_s: 1_234 };
        assert_eq!(pause(refused), Duration::from_secs(1_234));
        assert_eq!(pause(RateLimit { to_wait_s: 0, ..refused }), PAUSE_MAX);
        assert_eq!(pause(RateLimit { limit: u64::MAX, remaining: u64::MAX, to_wait_s: 0 }), PAUSE_MIN);
        assert_eq!(pause(RateLimit::default()), PAUSE_MIN);
        let mut polling = Polling::new();
        assert!(polling.is_due(Duration::ZERO));
        polling.wait(refused);
        assert!(!polling.is_due(Duration::from_secs(1_233)));
        assert!(polling.is_due(Duration::from_secs(1)));
    }
}
