//! The life of a scan, and the rules it goes by: what may be asked of it, and what it comes to when
//! its slices have come home.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a scan stands. The texts are those of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScanStatus {
    /// Accepted; no scanner has taken a slice yet.
    Queued,
    /// At least one slice was taken.
    Running,
    /// Asked to pause; slices out with scanners have not all come home.
    Pausing,
    /// Stopped on request, to be resumed: no slice is out, and none is handed out.
    Paused,
    /// To go on after a pause; no scanner has taken a slice yet.
    Resuming,
    /// Asked to stop; slices out with scanners have not all come home.
    Cancelling,
    /// All slices done, at least one host answered.
    Finished,
    /// All slices done, no host answered.
    NoHostAlive,
    /// Stopped on request before all slices were done.
    Canceled,
    /// The scanner could not do its work.
    Error,
}

impl ScanStatus {
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Running,
        Self::Pausing,
        Self::Paused,
        Self::Resuming,
        Self::Cancelling,
        Self::Finished,
        Self::NoHostAlive,
        Self::Canceled,
        Self::Error,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Pausing => "PAUSING",
            Self::Paused => "PAUSED",
            Self::Resuming => "RESUMING",
            Self::Cancelling => "CANCELLING",
            Self::Finished => "FINISHED",
            Self::NoHostAlive => "NOHOSTALIVE",
            Self::Canceled => "CANCELED",
            Self::Error => "ERROR",
        }
    }

    /// Whether nothing more will happen to the scan.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        match self {
            Self::Queued
            | Self::Running
            | Self::Pausing
            | Self::Paused
            | Self::Resuming
            | Self::Cancelling => false,
            Self::Finished | Self::NoHostAlive | Self::Canceled | Self::Error => true,
        }
    }

    /// Whether scanners are given slices of the scan.
    #[must_use]
    pub const fn is_handed_out(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Resuming)
    }

    /// Whether the scan may go from `self` to `next`. An ended scan stays as it ended.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => !matches!(next, Self::Queued | Self::Pausing | Self::Paused | Self::Resuming),
            Self::Running => !matches!(next, Self::Queued | Self::Running | Self::Resuming),
            Self::Pausing => !matches!(next, Self::Queued | Self::Running | Self::Pausing | Self::Resuming),
            Self::Paused => matches!(next, Self::Resuming | Self::Canceled),
            Self::Resuming => !matches!(next, Self::Queued | Self::Resuming),
            Self::Cancelling => matches!(next, Self::Canceled | Self::Error),
            Self::Finished | Self::NoHostAlive | Self::Canceled | Self::Error => false,
        }
    }

    /// What a scan in this status comes to when `wish` is asked of it while `leased` of its slices
    /// are out with scanners. The status itself when it is on its way there already.
    ///
    /// # Errors
    ///
    /// [`NotNow`] when the wish is not for a scan in this status.
    pub const fn asked(self, wish: ScanWish, leased: u64) -> Result<Self, NotNow> {
        match (wish, self) {
            (ScanWish::Pause, Self::Running | Self::Resuming) => {
                Ok(if leased == 0 { Self::Paused } else { Self::Pausing })
            }
            (ScanWish::Pause, Self::Pausing) => Ok(Self::Pausing),
            (ScanWish::Resume, Self::Paused | Self::Resuming) => Ok(Self::Resuming),
            (
                ScanWish::Cancel,
                Self::Queued | Self::Running | Self::Pausing | Self::Paused | Self::Resuming,
            ) => Ok(if leased == 0 { Self::Canceled } else { Self::Cancelling }),
            (ScanWish::Cancel, Self::Cancelling) => Ok(Self::Cancelling),
            _ => Err(NotNow { status: self }),
        }
    }

    /// What a scan in this status comes to when a slice has come home. The status itself as long
    /// as there is more to come.
    #[must_use]
    pub const fn settled(self, slices: OpenSlices, hosts_alive: u64) -> Self {
        match (self, slices.leased, slices.queued) {
            (Self::Cancelling, 0, _) => Self::Canceled,
            (Self::Queued | Self::Running | Self::Pausing | Self::Resuming, 0, 0) => {
                if hosts_alive > 0 {
                    Self::Finished
                } else {
                    Self::NoHostAlive
                }
            }
            (Self::Pausing, 0, _) => Self::Paused,
            _ => self,
        }
    }
}

/// What users ask of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScanWish {
    Cancel,
    Pause,
    Resume,
}

/// A wish that is not for a scan in this status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scan is {status}")]
pub struct NotNow {
    pub status: ScanStatus,
}

/// How many slices of a scan wait, and how many are out with scanners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenSlices {
    pub queued: u64,
    pub leased: u64,
}

impl fmt::Display for ScanStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scan status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a scan status")]
pub struct NotAScanStatus;

impl FromStr for ScanStatus {
    type Err = NotAScanStatus;

    fn from_str(text: &str) -> Result<Self, NotAScanStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(NotAScanStatus)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_status_reads_back() {
        for status in ScanStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
    }

    #[test]
    fn an_ended_scan_stays_ended() {
        for status in ScanStatus::ALL.into_iter().filter(|status| status.is_ended()) {
            assert!(ScanStatus::ALL.into_iter().all(|next| !status.may_become(next)), "{status}");
            for wish in [ScanWish::Cancel, ScanWish::Pause, ScanWish::Resume] {
                assert_eq!(status.asked(wish, 0), Err(NotNow { status }));
            }
        }
    }

    #[test]
    fn only_what_runs_is_paused_and_only_what_is_paused_resumes() {
        let takes = |wish: ScanWish| {
            ScanStatus::ALL
                .into_iter()
                .filter(move |status| status.asked(wish, 1).is_ok())
                .collect::<Vec<_>>()
        };
        assert_eq!(takes(ScanWish::Pause), [ScanStatus::Running, ScanStatus::Pausing, ScanStatus::Resuming]);
        assert_eq!(takes(ScanWish::Resume), [ScanStatus::Paused, ScanStatus::Resuming]);
        assert_eq!(takes(ScanWish::Cancel).len(), 6);
    }

    /// What may happen to a scan, in any order.
    #[derive(Debug, Clone, Copy)]
    enum Happening {
        Asked(ScanWish),
        Leased,
        /// A slice comes home with everything done.
        Done {
            alive: bool,
        },
        /// A slice comes home undone: its scanner stopped or was lost.
        Returned,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            1 => Just(Happening::Asked(ScanWish::Cancel)),
            3 => Just(Happening::Asked(ScanWish::Pause)),
            3 => Just(Happening::Asked(ScanWish::Resume)),
            6 => Just(Happening::Leased),
            4 => any::<bool>().prop_map(|alive| Happening::Done { alive }),
            3 => Just(Happening::Returned),
        ]
    }

    /// A scan as far as the rules go.
    #[derive(Debug, Clone, Copy)]
    struct Run {
        status: ScanStatus,
        slices: OpenSlices,
        done: u64,
        alive: u64,
    }

    impl Run {
        fn go(&mut self, next: ScanStatus) {
            if next != self.status {
                assert!(self.status.may_become(next), "{} becomes {next}", self.status);
                self.status = next;
            }
        }

        fn happen(&mut self, what: Happening) {
            match what {
                Happening::Asked(wish) => {
                    if let Ok(next) = self.status.asked(wish, self.slices.leased) {
                        self.go(next);
                    }
                }
                Happening::Leased if self.status.is_handed_out() && self.slices.queued > 0 => {
                    self.slices.queued -= 1;
                    self.slices.leased += 1;
                    self.go(ScanStatus::Running);
                }
                Happening::Done { alive } if self.slices.leased > 0 => {
                    self.slices.leased -= 1;
                    self.done += 1;
                    self.alive += u64::from(alive);
                    self.go(self.status.settled(self.slices, self.alive));
                }
                Happening::Returned if self.slices.leased > 0 => {
                    self.slices.leased -= 1;
                    self.slices.queued += 1;
                    self.go(self.status.settled(self.slices, self.alive));
                }
                Happening::Leased | Happening::Done { .. } | Happening::Returned => {}
            }
        }
    }

    proptest! {
        /// Whatever happens, in whatever order: no slice is lost or done twice, nobody works on a
        /// paused or ended scan, and whoever asks for the rest of it gets it.
        #[test]
        fn a_scan_ends_right_whatever_is_asked_of_it(
            slices in 1_u64..6,
            happenings in prop::collection::vec(happening(), 0..60),
        ) {
            let open = OpenSlices { queued: slices, leased: 0 };
            let mut run = Run { status: ScanStatus::Queued, slices: open, done: 0, alive: 0 };
            for what in happenings {
                run.happen(what);
                let OpenSlices { queued, leased } = run.slices;
                prop_assert_eq!(queued + leased + run.done, slices);
                if run.status.is_ended() || run.status == ScanStatus::Paused {
                    prop_assert_eq!(leased, 0, "{:?}", run);
                }
                if matches!(run.status, ScanStatus::Pausing | ScanStatus::Cancelling) {
                    prop_assert!(leased > 0, "{:?} waits for nobody", run);
                }
            }
            // From here on nobody asks for anything but its end.
            for _ in 0..slices * 2 + 2 {
                if matches!(run.status, ScanStatus::Pausing) {
                    run.happen(Happening::Returned);
                }
                run.happen(Happening::Asked(ScanWish::Resume));
                run.happen(Happening::Leased);
                run.happen(Happening::Done { alive: false });
            }
            prop_assert!(run.status.is_ended(), "{:?}", run);
            if run.status != ScanStatus::Canceled {
                prop_assert_eq!(run.done, slices);
            }
        }
    }
}
