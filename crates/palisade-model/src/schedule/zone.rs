//! The clock a schedule is read from.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use crate::time_zone::TimeZoneCode;

/// Whose clocks say when it is time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScheduleZone {
    /// A place. With `observe_dst` its clocks as people see them; without, its clocks as they
    /// were if they were never put forward. Where they never are, that is the same.
    Place { code: TimeZoneCode, observe_dst: bool },
    /// So many hours ahead of GMT, -12 to 12, all the year.
    Shift { hours: i8 },
}

/// The clocks of the place are not put forward in summer, so that nobody can observe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time zone has no daylight saving time")]
pub struct NoDaylightSaving;

impl ScheduleZone {
    /// The clocks of a place; daylight saving can be observed where the place does, in the
    /// calendar year of `now`.
    pub fn of_place(code: TimeZoneCode, observe_dst: bool, now: Timestamp) -> Result<Self, NoDaylightSaving> {
        let supported = code.clock_rule(now).is_some_and(|rule| rule.daylight_saving);
        if observe_dst && !supported {
            return Err(NoDaylightSaving);
        }
        Ok(Self::Place { code, observe_dst })
    }

    /// Whether the clock is put forward in summer.
    #[must_use]
    pub const fn observes_dst(self) -> bool {
        matches!(self, Self::Place { observe_dst: true, .. })
    }

    /// The date on this clock.
    #[must_use]
    pub fn date_at(self, at: Timestamp) -> Date {
        match self {
            Self::Shift { hours } => Offset::constant(hours.clamp(-12, 12)).to_datetime(at).date(),
            // Today is not a matter of an hour, and who starts "today" means the clock on the wall.
            Self::Place { code, .. } => {
                code.time_zone().map_or_else(|| date_utc(at), |zone| zone.to_datetime(at).date())
            }
        }
    }

    /// The moment this clock shows `local`: counted on from before a jump over it, the first of
    /// two. `None` beyond the calendar.
    pub(super) fn instant(self, local: DateTime) -> Option<Timestamp> {
        match self {
            Self::Shift { hours } => Offset::constant(hours.clamp(-12, 12)).to_timestamp(local).ok(),
            Self::Place { code, observe_dst } => match without_dst(code, observe_dst, local) {
                Some(offset) => offset.to_timestamp(local).ok(),
                None => code.time_zone()?.to_ambiguous_timestamp(local).compatible().ok(),
            },
        }
    }
}

/// The fixed distance from UTC of a clock that is not put forward in the year of `local`; `None`
/// when the clock goes as the place's clocks do.
fn without_dst(code: TimeZoneCode, observe_dst: bool, local: DateTime) -> Option<Offset> {
    if observe_dst {
        return None;
    }
    // The middle of the year, so that the year is the same in every zone.
    let middle = Date::new(local.year(), 7, 1).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let rule = code.clock_rule(middle)?;
    rule.daylight_saving.then(|| Offset::from_seconds(rule.standard_offset_s).ok()).flatten()
}

pub(super) fn date_utc(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}
