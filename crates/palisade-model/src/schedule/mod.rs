//! When scheduled tasks start: a recurrence of days, a time of day, and the clock it is read from.
//!
//! The three questions that a calendar leaves open are answered thus:
//!
//! - A start time that the clocks jump over is counted on from before the jump: 02:30 on a night
//!   that has no time from 02:00 to 03:00 is 03:30. The task starts, and starts once.
//! - A start time that comes twice is the first of the two.
//! - A day that a month does not have is the month's last day: a task of the 31st starts on the
//!   30th of April. A scan that is skipped in silence is worse than one that comes a day early.
//!
//! Deliberately absent: what is started, and how many starts there were; see the use cases.

mod occurrence;
mod zone;

use std::num::NonZeroU8;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

pub use self::occurrence::{MonthDay, NotAWeekOfMonth, NotAWeekday, Occurrence, WeekOfMonth, Weekdays};
pub use self::zone::{NoDaylightSaving, ScheduleZone};

/// Days looked at for the next start. The first lies two days before, because a date somewhere on
/// Earth is at most a day off, and so is a jump of the clocks.
const DAYS_LOOKED_AT: usize = 8;
const LOOK_BACK_DAYS: i64 = 2;

/// When a task starts, and for how long it may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub occurrence: Occurrence,
    /// The first day it may start, by the clock of `zone`. Days are counted from it.
    pub start_date: Date,
    /// 0 to 23, by the clock of `zone`.
    pub start_hour: u8,
    /// 0 to 59.
    pub start_minute: u8,
    pub zone: ScheduleZone,
    /// What it started is cancelled after so many hours, 1 to 48.
    pub end_after_hours: Option<NonZeroU8>,
    /// It starts so often, 1 to 99 times; for ever when `None`.
    pub recurrence: Option<NonZeroU8>,
}

impl Schedule {
    /// The first start later than `after`. `None` when the calendar has no more days, or the
    /// schedule none at all.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let from = day_number(zone::date_utc(after))? - LOOK_BACK_DAYS;
        let starts = self.occurrence.days(self.start_date, from).take(DAYS_LOOKED_AT);
        starts.filter_map(|day| self.start_on(day)).find(|start| *start > after)
    }

    /// The start time on the start date, whether it is a day of the recurrence or not.
    #[must_use]
    pub fn start_date_utc(&self) -> Option<Timestamp> {
        self.start_on(self.start_date)
    }

    fn start_on(&self, day: Date) -> Option<Timestamp> {
        let (hour, minute) = (i8::try_from(self.start_hour).ok()?, i8::try_from(self.start_minute).ok()?);
        self.zone.instant(day.to_datetime(Time::new(hour, minute, 0, 0).ok()?))
    }
}

/// Days since 1970.
fn day_number(date: Date) -> Option<i64> {
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(midnight.as_second().div_euclid(86_400))
}

/// The day with this number; `None` beyond the calendar.
fn day_of_number(number: i64) -> Option<Date> {
    let midnight = Timestamp::from_second(number.checked_mul(86_400)?).ok()?;
    Some(zone::date_utc(midnight))
}

#[cfg(test)]
mod tests;
