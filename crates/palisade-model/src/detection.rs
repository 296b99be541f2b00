//! The detection state machine: New, Active, Fixed, Re-Opened.
//!
//! A detection is one QID on one port (or none) of one host. A scan observes it once; taking the
//! same observation in twice must be prevented by the caller (by the scan's reference), because
//! "found again" and "found twice in the same result" look alike from here.

use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// Where a detection stands.
    #[derive(Serialize, Deserialize)]
    pub enum DetectionStatus or NotADetectionStatus {
        /// Found by exactly one scan.
        New = "New",
        /// Found by more than one scan in a row.
        Active = "Active",
        /// Was found; the last scan that tested for it did not find it.
        Fixed = "Fixed",
        /// Was fixed, and found again.
        ReOpened = "Re-Opened",
    }
}

/// A text that names no detection status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a detection status")]
pub struct NotADetectionStatus;

/// What one scan says about one detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    Found,
    /// The check ran against the host and the port, and did not find it.
    NotFound,
    /// The host was not reached, the port not looked at, or the check did not run: says nothing.
    NotTested,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetectionEvent {
    Appeared,
    Confirmed,
    Fixed,
    ReOpened,
}

/// The next status and what happened, from the previous status (`None`: never found) and one
/// observation. `None` as the event means that nothing changed.
#[must_use]
#[expect(clippy::match_same_arms, reason = "one line a transition, in reading order")]
pub const fn observe(
    previous: Option<DetectionStatus>,
    observation: Observation,
) -> (Option<DetectionStatus>, Option<DetectionEvent>) {
    use DetectionStatus as Status;
    match (previous, observation) {
        (_, Observation::NotTested) => (previous, None),
        (None, Observation::NotFound) => (None, None),
        (None, Observation::Found) => (Some(Status::New), Some(DetectionEvent::Appeared)),
        (Some(Status::New | Status::Active | Status::ReOpened), Observation::Found) => {
            (Some(Status::Active), Some(DetectionEvent::Confirmed))
        }
        (Some(Status::Fixed), Observation::Found) => (Some(Status::ReOpened), Some(DetectionEvent::ReOpened)),
        (Some(Status::Fixed), Observation::NotFound) => (previous, None),
        (Some(Status::New | Status::Active | Status::ReOpened), Observation::NotFound) => {
            (Some(Status::Fixed), Some(DetectionEvent::Fixed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DetectionStatus::{Active, Fixed, New, ReOpened};
    use Observation::{Found, NotFound, NotTested};

    fn check(observations: &[Observation], expected: Option<DetectionStatus>) {
        let last = observations.iter().fold(None, |status, observation| observe(status, *observation).0);
        assert_eq!(last, expected, "after {observations:?}");
    }

    #[test]
    fn a_detection_lives_as_the_field_expects() {
        check(&[NotFound], None);
        check(&[Found], Some(New));
        check(&[Found, Found], Some(Active));
        check(&[Found, NotFound], Some(Fixed));
        check(&[Found, NotFound, NotFound], Some(Fixed));
        check(&[Found, NotFound, Found], Some(ReOpened));
        check(&[Found, NotFound, Found, Found], Some(Active));
        check(&[Found, NotFound, Found, NotFound], Some(Fixed));
    }

    #[test]
    fn what_was_not_tested_changes_nothing() {
        for status in [None, Some(New), Some(Active), Some(Fixed), Some(ReOpened)] {
            assert_eq!(observe(status, NotTested), (status, None));
        }
    }
}
