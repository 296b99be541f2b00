//! The days of a recurrence, on a calendar without clocks.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::{day_number, day_of_number};

use crate::words::words;

/// Which days a task starts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Occurrence {
    /// The start date, and every so many days after it.
    Daily { frequency_days: NonZeroU16 },
    /// These days of the week of the start date, and of every so many weeks after it. A week
    /// begins on Sunday.
    Weekly { frequency_weeks: NonZeroU16, weekdays: Weekdays },
    /// A day of the month of the start date, and of every so many months after it.
    Monthly { frequency_months: NonZeroU16, day: MonthDay },
}

/// A day of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MonthDay {
    /// 1 to 31; the last day of a month that is shorter.
    Day(u8),
    /// For example the second Tuesday. `weekday` counts from Sunday, which is 0, to 6.
    Weekday { weekday: u8, week: WeekOfMonth },
}

words! {
    /// Which of a month's days of one name.
    #[derive(Serialize, Deserialize)]
    pub enum WeekOfMonth or NotAWeekOfMonth {
        First = "first",
        Second = "second",
        Third = "third",
        Fourth = "fourth",
        Last = "last",
    }
}

/// A text that names no week of a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a week of a month is one of first, second, third, fourth, last")]
pub struct NotAWeekOfMonth;

impl WeekOfMonth {
    /// As jiff counts: from the end of the month when negative.
    const fn nth(self) -> i8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
            Self::Last => -1,
        }
    }
}

/// Days of the week, at least one. Sunday is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weekdays(u8);

/// A text that is no list of days of the week.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{item}' is no day of the week")]
pub struct NotAWeekday {
    /// What is to blame; empty for an empty list.
    pub item: String,
}

impl Weekdays {
    const NAMES: [&'static str; 7] =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    /// The numbers of the days, from Sunday, which is 0.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..7).filter(move |day| self.0 & (1 << day) != 0)
    }
}

impl FromStr for Weekdays {
    type Err = NotAWeekday;

    /// Names in any case of letters, or numbers, separated by commas.
    fn from_str(text: &str) -> Result<Self, NotAWeekday> {
        let number = |item: &str| {
            let named = Self::NAMES.iter().position(|name| name.eq_ignore_ascii_case(item));
            let day = named.or_else(|| item.parse().ok().filter(|day| *day < 7));
            day.ok_or_else(|| NotAWeekday { item: item.to_owned() })
        };
        let mut days = 0;
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            days |= 1 << number(item)?;
        }
        if days == 0 { Err(NotAWeekday { item: String::new() }) } else { Ok(Self(days)) }
    }
}

impl TryFrom<String> for Weekdays {
    type Error = NotAWeekday;

    fn try_from(text: String) -> Result<Self, NotAWeekday> {
        text.parse()
    }
}

impl From<Weekdays> for String {
    fn from(days: Weekdays) -> Self {
        days.to_string()
    }
}

impl fmt::Display for Weekdays {
    /// The numbers, as the API lists them: `0,3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, day) in self.numbers().enumerate() {
            write!(f, "{}{day}", if position == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl Occurrence {
    /// The days on or after both `start` and the day numbered `from`, in order. Each takes one
    /// step, however far it is away.
    pub(super) fn days(self, start: Date, from: i64) -> Box<dyn Iterator<Item = Date>> {
        let Some(first) = day_number(start) else { return Box::new(std::iter::empty()) };
        let from = from.max(first);
        match self {
            Self::Daily { frequency_days } => {
                let every = i64::from(frequency_days.get());
                let skipped = (from - first + every - 1).div_euclid(every);
                Box::new(counted(skipped).map_while(move |n| day_of_number(first + n * every)))
            }
            Self::Weekly { frequency_weeks, weekdays } => {
                let every = 7 * i64::from(frequency_weeks.get());
                let sunday = first - i64::from(start.weekday().to_sunday_zero_offset());
                let weeks = counted((from - sunday).div_euclid(every)).map(move |n| sunday + n * every);
                let days = weeks.flat_map(move |week| {
                    weekdays.numbers().map(move |day| week + i64::from(day)).filter(move |day| *day >= from)
                });
                Box::new(days.map_while(day_of_number))
            }
            Self::Monthly { frequency_months, day } => {
                let every = i64::from(frequency_months.get());
                let month = month_number(start);
                let Some(from_month) = day_of_number(from).map(month_number) else {
                    return Box::new(std::iter::empty());
                };
                let months = counted((from_month - month).div_euclid(every)).map(move |n| month + n * every);
                let days = months.map_while(move |month| day.in_month(month));
                Box::new(days.filter(move |day| day_number(*day).is_some_and(|day| day >= from)))
            }
        }
    }
}

impl MonthDay {
    /// The day in the month with this number; `None` beyond the calendar.
    fn in_month(self, month: i64) -> Option<Date> {
        let year = i16::try_from(month.div_euclid(12)).ok()?;
        let first = Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()?;
        match self {
            Self::Day(day) => {
                let day = i8::try_from(day).unwrap_or(i8::MAX).clamp(1, first.days_in_month());
                Date::new(year, first.month(), day).ok()
            }
            Self::Weekday { weekday, week } => {
                let weekday = Weekday::from_sunday_zero_offset(i8::try_from(weekday).ok()?).ok()?;
                first.nth_weekday_of_month(week.nth(), weekday).ok()
            }
        }
    }
}

/// `first`, `first + 1`, ...
fn counted(first: i64) -> impl Iterator<Item = i64> {
    first..
}

/// Months since the year 0.
fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}
