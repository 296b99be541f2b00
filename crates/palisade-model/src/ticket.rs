//! The ticket state machine: Open, Resolved, Closed/Fixed, Closed/Ignored, and open again.
//!
//! A ticket follows one detection. Scans move it by what they find ([`observe`]), people by what
//! they decide ([`request`]), time by the day on which an ignored vulnerability comes back
//! ([`come_back`]). Who may decide, who it is assigned to and what is written down of it is not
//! here.

use std::str::FromStr;

use crate::detection::{DetectionStatus, Observation};
use crate::words::words;

words! {
    /// Where a ticket stands.
    #[derive(PartialOrd, Ord)]
    pub enum TicketState or NotATicketState {
        /// Somebody is to do something about it.
        Open = "Open",
        /// Open, after it was something else.
        Reopened = "Reopened",
        /// Its assignee says that it is done; the next scan verifies that.
        Resolved = "Resolved",
        /// A scan did not find the vulnerability any more.
        Fixed = "Fixed",
        /// Nobody is going to do anything about it.
        Ignored = "Ignored",
    }
}

impl TicketState {
    /// The four words of the API, in which a reopened ticket is an open one.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open | Self::Reopened => "OPEN",
            Self::Resolved => "RESOLVED",
            Self::Fixed => "CLOSED",
            Self::Ignored => "IGNORED",
        }
    }

    /// What the API's word leaves unsaid.
    #[must_use]
    pub const fn status(self) -> Option<&'static str> {
        match self {
            Self::Reopened => Some("REOPENED"),
            Self::Fixed => Some("FIXED"),
            Self::Open | Self::Resolved | Self::Ignored => None,
        }
    }

    /// Whether something is still to be done: by its assignee, or by the scan that verifies it.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Open | Self::Reopened | Self::Resolved)
    }
}

/// A text that names no state of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a ticket")]
pub struct NotATicketState;

/// The state after one scan's observation of the ticket's detection. What nobody is going to do
/// anything about stays so, whatever scans find.
#[must_use]
#[expect(clippy::match_same_arms, reason = "one line a transition, in reading order")]
pub const fn observe(state: TicketState, observation: Observation) -> TicketState {
    use TicketState as State;
    match (state, observation) {
        (_, Observation::NotTested) | (State::Ignored, _) => state,
        (State::Open | State::Reopened, Observation::Found) => state,
        (State::Resolved | State::Fixed, Observation::Found) => State::Reopened,
        (State::Open | State::Reopened | State::Resolved | State::Fixed, Observation::NotFound) => {
            State::Fixed
        }
    }
}

/// What people may ask a ticket to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedState {
    Open,
    Resolved,
    Ignored,
}

impl RequestedState {
    /// The words of the API, in the order of [`Self`].
    pub const WORDS: &'static [&'static str] = &["OPEN", "RESOLVED", "IGNORED"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Resolved => "RESOLVED",
            Self::Ignored => "IGNORED",
        }
    }
}

impl FromStr for RequestedState {
    type Err = NotATicketState;

    fn from_str(text: &str) -> Result<Self, NotATicketState> {
        [Self::Open, Self::Resolved, Self::Ignored]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(NotATicketState)
    }
}

/// Why a ticket does not become what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPossible {
    #[error("the ticket is in this state already")]
    Already,
    #[error("a closed ticket cannot be resolved")]
    Closed,
}

/// The state after somebody asked for one.
///
/// # Errors
///
/// [`NotPossible`] when the ticket is there already, or is closed and would be resolved.
#[expect(clippy::match_same_arms, reason = "one line a transition, in reading order")]
pub const fn request(state: TicketState, requested: RequestedState) -> Result<TicketState, NotPossible> {
    use TicketState as State;
    match (requested, state) {
        (RequestedState::Open, State::Open | State::Reopened) => Err(NotPossible::Already),
        (RequestedState::Open, State::Resolved | State::Fixed | State::Ignored) => Ok(State::Reopened),
        (RequestedState::Resolved, State::Open | State::Reopened) => Ok(State::Resolved),
        (RequestedState::Resolved, State::Resolved) => Err(NotPossible::Already),
        (RequestedState::Resolved, State::Fixed | State::Ignored) => Err(NotPossible::Closed),
        (RequestedState::Ignored, State::Ignored) => Err(NotPossible::Already),
        (RequestedState::Ignored, State::Open | State::Reopened | State::Resolved | State::Fixed) => {
            Ok(State::Ignored)
        }
    }
}

/// What an ignored ticket becomes on the day it was to be ignored until: open again, unless the
/// vulnerability was fixed meanwhile.
#[must_use]
pub const fn come_back(detection: DetectionStatus) -> TicketState {
    match detection {
        DetectionStatus::Fixed => TicketState::Fixed,
        DetectionStatus::New | DetectionStatus::Active | DetectionStatus::ReOpened => TicketState::Reopened,
    }
}

#[cfg(test)]
mod tests {
    use Observation::{Found, NotFound, NotTested};
    use TicketState::{Fixed, Ignored, Open, Reopened, Resolved};
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn a_ticket_lives_as_the_field_expects() {
        assert_eq!(observe(Open, Found), Open);
        assert_eq!(observe(Open, NotFound), Fixed);
        assert_eq!(observe(Resolved, NotFound), Fixed, "verified");
        assert_eq!(observe(Resolved, Found), Reopened, "not true");
        assert_eq!(observe(Fixed, Found), Reopened);
        assert_eq!(request(Fixed, RequestedState::Resolved), Err(NotPossible::Closed));
        assert_eq!(request(Ignored, RequestedState::Resolved), Err(NotPossible::Closed));
        assert_eq!(request(Ignored, RequestedState::Open), Ok(Reopened));
        assert_eq!(come_back(DetectionStatus::Active), Reopened);
        assert_eq!(come_back(DetectionStatus::Fixed), Fixed);
    }

    #[test]
    fn words_read_back() {
        for state in TicketState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        for word in RequestedState::WORDS {
            assert_eq!(word.parse::<RequestedState>().map(RequestedState::as_str), Ok(*word));
        }
        assert_eq!("open".parse::<TicketState>(), Err(NotATicketState));
    }

    fn states() -> impl Strategy<Value = TicketState> {
        select(TicketState::ALL.to_vec())
    }

    proptest! {
        /// A scan taken in again says nothing new.
        #[test]
        fn one_observation_twice_is_one(state in states(), seen in select(vec![Found, NotFound, NotTested])) {
            let once = observe(state, seen);
            prop_assert_eq!(observe(once, seen), once);
        }

        #[test]
        fn scans_never_touch_what_is_ignored_and_never_ignore(
            state in states(),
            seen in proptest::collection::vec(select(vec![Found, NotFound, NotTested]), 0..8),
        ) {
            let last = seen.iter().fold(state, |state, seen| observe(state, *seen));
            prop_assert_eq!(last == Ignored, state == Ignored);
        }

        /// After a scan that tested, nothing is merely said to be done.
        #[test]
        fn what_is_resolved_is_verified(state in states(), seen in select(vec![Found, NotFound])) {
            let next = observe(state, seen);
            prop_assert!(next != Resolved);
            prop_assert_eq!(next.is_pending(), seen == Found && state != Ignored);
        }

        #[test]
        fn a_request_gives_what_was_asked_for(
            state in states(),
            requested in select(vec![RequestedState::Open, RequestedState::Resolved, RequestedState::Ignored]),
        ) {
            if let Ok(next) = request(state, requested) {
                prop_assert_eq!(next.word(), requested.as_str());
                prop_assert!(next.word() != state.word());
            }
        }
    }
}
