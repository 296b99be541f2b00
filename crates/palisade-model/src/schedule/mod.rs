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

pub mod notify;
mod occurrence;
mod zone;

use std::num::{NonZeroU8, NonZeroU16};

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
    /// What it started is cancelled after so many hours, 1 to 119, and minutes.
    pub end_after_hours: Option<NonZeroU8>,
    /// 0 to 59, beside the hours or alone.
    #[serde(default)]
    pub end_after_mins: u8,
    /// A scan that it started pauses for a while.
    #[serde(default)]
    pub pause: Option<RunPause>,
    /// It starts so often, 1 to 99 times; for ever when `None`.
    pub recurrence: Option<NonZeroU8>,
}

/// When a scan that was started by a schedule pauses, and when it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PauseTimes", into = "PauseTimes")]
pub struct RunPause {
    after_mins: NonZeroU16,
    resume_in_hours: Option<NonZeroU16>,
}

/// The same as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct PauseTimes {
    after_mins: NonZeroU16,
    resume_in_hours: Option<NonZeroU16>,
}

/// A scan cannot go on before it has paused for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scan that pauses {after_mins} minutes after its start goes on {hours_min} hours after it at the earliest"
)]
pub struct ResumesTooEarly {
    pub after_mins: u16,
    pub hours_min: u16,
}

impl RunPause {
    /// A pause so many minutes after the start, until so many hours after the start; until somebody resumes
    /// the scan for `None`.
    ///
    /// # Errors
    ///
    /// The pause lasts from an hour on: after a pause within the first hour a scan goes on two hours after its
    /// start at the earliest, within the second, three, and so on.
    pub const fn new(
        after_mins: NonZeroU16,
        resume_in_hours: Option<NonZeroU16>,
    ) -> Result<Self, ResumesTooEarly> {
        let hours_min = after_mins.get().div_ceil(60) + 1;
        match resume_in_hours {
            Some(hours) if hours.get() < hours_min => {
                Err(ResumesTooEarly { after_mins: after_mins.get(), hours_min })
            }
            _ => Ok(Self { after_mins, resume_in_hours }),
        }
    }

    /// Minutes from the start to the pause.
    #[must_use]
    pub const fn after_mins(self) -> u16 {
        self.after_mins.get()
    }

    /// Hours from the start to its end; `None` when somebody has to end it.
    #[must_use]
    pub fn resume_in_hours(self) -> Option<u16> {
        self.resume_in_hours.map(NonZeroU16::get)
    }
}

impl TryFrom<PauseTimes> for RunPause {
    type Error = ResumesTooEarly;

    fn try_from(PauseTimes { after_mins, resume_in_hours }: PauseTimes) -> Result<Self, ResumesTooEarly> {
        Self::new(after_mins, resume_in_hours)
    }
}

impl From<RunPause> for PauseTimes {
    fn from(RunPause { after_mins, resume_in_hours }: RunPause) -> Self {
        Self { after_mins, resume_in_hours }
    }
}

impl Schedule {
    /// After how many minutes what it started is cancelled; `None` when it may run as long as it takes.
    #[must_use]
    pub fn end_after(&self) -> Option<u32> {
        let hours = self.end_after_hours.map_or(0, NonZeroU8::get);
        Some(u32::from(hours) * 60 + u32::from(self.end_after_mins)).filter(|minutes| *minutes > 0)
    }

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
