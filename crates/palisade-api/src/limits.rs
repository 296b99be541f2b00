//! The API limits as clients see them: six headers on every answer to a known user, and the
//! refusals 1960 and 1965. The counting is done by the use cases.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use palisade_app::{LimitReached, LimitStatus};

use crate::error::Refusal;

/// The header of "no limit": clients read a number, and some keep it in 32 bits.
const UNLIMITED: u64 = 2_147_483_647;

/// Writes the headers.
pub(crate) fn write_headers(headers: &mut HeaderMap, status: &LimitStatus) {
    let LimitStatus { limits, remaining, to_wait_s, running } = *status;
    let limit = |limit: u32| if limit == 0 { UNLIMITED } else { u64::from(limit) };
    for (name, value) in [
        ("x-ratelimit-limit", limit(limits.rate_limit_calls)),
        ("x-ratelimit-window-sec", u64::from(limits.rate_limit_window_s)),
        ("x-ratelimit-remaining", remaining.unwrap_or(UNLIMITED)),
        ("x-ratelimit-towait-sec", to_wait_s),
        ("x-concurrency-limit-limit", limit(limits.concurrency_limit)),
        ("x-concurrency-limit-running", running),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

/// The refusal of a call that ran into a limit. Clients look for how the texts begin.
pub(crate) fn refusal(reached: LimitReached, status: &LimitStatus) -> Refusal {
    match reached {
        LimitReached::Concurrency { to_finish } => {
            let instances = if to_finish == 1 { "instance has" } else { "instances have" };
            let text = format!(
                "This API cannot be run again until {to_finish} currently running {instances} finished."
            );
            Refusal::new(1960, text)
        }
        LimitReached::Rate => {
            let (minutes, seconds) = (status.to_wait_s / 60, status.to_wait_s % 60);
            let (hours, minutes) = (minutes / 60, minutes % 60);
            let (days, hours) = (hours / 24, hours % 24);
            let text = format!(
                "This API cannot be run again for another {days} days, {hours} hours, {minutes} minutes and \
                 {seconds} seconds."
            );
            Refusal::new(1965, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use palisade_app::Limits;

    use super::*;

    fn status(remaining: Option<u64>, to_wait_s: u64, limits: Limits) -> LimitStatus {
        LimitStatus { limits, remaining, to_wait_s, running: 0 }
    }

    #[test]
    fn waiting_is_told_in_days_hours_minutes_and_seconds() {
        let text =
            |to_wait_s| refusal(LimitReached::Rate, &status(Some(0), to_wait_s, Limits::default())).text;
        assert_eq!(
            text(2 * 86_400 + 3 * 3_600 + 4 * 60 + 5),
            "This API cannot be run again for another 2 days, 3 hours, 4 minutes and 5 seconds."
        );
        assert!(text(59).ends_with("0 days, 0 hours, 0 minutes and 59 seconds."));
    }

    #[test]
    fn no_limit_is_still_a_number() {
        let mut headers = HeaderMap::new();
        let none = Limits { rate_limit_calls: 0, concurrency_limit: 0, ..Limits::default() };
        write_headers(&mut headers, &status(None, 0, none));
        assert_eq!(headers.len(), 6);
        for value in headers.values() {
            value.to_str().unwrap().parse::<i32>().unwrap();
        }
    }
}
