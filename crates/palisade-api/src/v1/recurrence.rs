//! When a task starts by itself: the parameters that both versions ask for it with, what holds between them,
//! and the schedule that they say.
//!
//! Deliberately absent: when what was started is ended or paused, which each version asks for in its own way.

use std::num::NonZeroU64;

use palisade_model::{MonthDay, Occurrence, Schedule, ScheduleZone, TimeZoneCode, Timestamp, WeekOfMonth};
use palisade_wire::{Arguments, Parameter, ParameterError, ParameterKind, Rule};

use crate::error::{CallError, Refusal};

/// Shifts from GMT that have a name.
const SHIFTS: &[&str] = &[
    "-12", "-11", "-10", "-9", "-8", "-7", "-6", "-5", "-4", "-3", "-2", "-1", "0", "1", "2", "3", "4", "5",
    "6", "7", "8", "9", "10", "11", "12",
];

pub(crate) const OCCURRENCE: Parameter = Parameter::new(
    "occurrence",
    ParameterKind::Choice(&["daily", "weekly", "monthly"]),
    "daily",
    "How the task recurs.",
);
pub(crate) const FREQUENCY_DAYS: Parameter = Parameter::new(
    "frequency_days",
    ParameterKind::Integer { min: 1, max: 365 },
    "1",
    "Every so many days, counted from the start date.",
);
pub(crate) const FREQUENCY_WEEKS: Parameter = Parameter::new(
    "frequency_weeks",
    ParameterKind::Integer { min: 1, max: 52 },
    "1",
    "Every so many weeks, counted from the week of the start date. A week begins on Sunday.",
);
pub(crate) const WEEKDAYS: Parameter =
    Parameter::new("weekdays", ParameterKind::Weekdays, "Sunday,Tuesday", "The days of those weeks.");
pub(crate) const FREQUENCY_MONTHS: Parameter = Parameter::new(
    "frequency_months",
    ParameterKind::Integer { min: 1, max: 12 },
    "1",
    "Every so many months, counted from the month of the start date.",
);
pub(crate) const DAY_OF_MONTH: Parameter = Parameter::new(
    "day_of_month",
    ParameterKind::Integer { min: 1, max: 31 },
    "31",
    "The day of those months; the last day of a month that does not have it.",
);
pub(crate) const DAY_OF_WEEK: Parameter = Parameter::new(
    "day_of_week",
    ParameterKind::Integer { min: 0, max: 6 },
    "0",
    "The day of the week, 0 for Sunday, in the week of those months that week_of_month names.",
);
pub(crate) const WEEK_OF_MONTH: Parameter = Parameter::new(
    "week_of_month",
    ParameterKind::Choice(WeekOfMonth::WORDS),
    "last",
    "Which of the month's days of that name.",
);
pub(crate) const TIME_ZONE_CODE: Parameter = Parameter::new(
    "time_zone_code",
    ParameterKind::Text { max_chars: 10 },
    "US-CA",
    "The place whose clocks the times are read from: a code out of time_zone_code_list.php.",
);
pub(crate) const TIME_ZONE: Parameter = Parameter::new(
    "time_zone",
    ParameterKind::Choice(SHIFTS),
    "-5",
    "The hours that the clock is ahead of GMT, all the year.",
);
pub(crate) const OBSERVE_DST: Parameter = Parameter::new(
    "observe_dst",
    ParameterKind::YesNo,
    "yes",
    "yes puts the clock forward in summer, as the place does. Only where it does.",
)
.default("no");
pub(crate) const START_DATE: Parameter = Parameter::new(
    "start_date",
    ParameterKind::AmericanDate,
    "11/22/2026",
    "The first day the task may start, by the clock of its time zone.",
)
.default("the day the task is added");
pub(crate) const START_HOUR: Parameter = Parameter::new(
    "start_hour",
    ParameterKind::Integer { min: 0, max: 23 },
    "2",
    "When the task starts, by the clock of its time zone.",
);
pub(crate) const START_MINUTE: Parameter =
    Parameter::new("start_minute", ParameterKind::Integer { min: 0, max: 59 }, "30", "The minute of it.")
        .default("0");
pub(crate) const RECURRENCE: Parameter = Parameter::new(
    "recurrence",
    ParameterKind::Integer { min: 1, max: 99 },
    "10",
    "The task starts so many times and is then deactivated.",
);

/// `parameter` belongs to one way of recurring.
const fn of_occurrence(parameter: &'static str, occurrence: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with: OCCURRENCE.name, value: Some(occurrence) }
}

/// `parameter` needs `with` beside it.
pub(crate) const fn both(parameter: &'static str, with: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with, value: None }
}

/// What each way of recurring needs.
pub(crate) const NEEDED: &[Rule] = &[
    Rule::When {
        parameter: OCCURRENCE.name,
        value: "daily",
        rules: &[Rule::AtLeastOneOf(&[FREQUENCY_DAYS.name])],
    },
    Rule::When {
        parameter: OCCURRENCE.name,
        value: "weekly",
        rules: &[Rule::AtLeastOneOf(&[FREQUENCY_WEEKS.name]), Rule::AtLeastOneOf(&[WEEKDAYS.name])],
    },
    Rule::When {
        parameter: OCCURRENCE.name,
        value: "monthly",
        rules: &[
            Rule::AtLeastOneOf(&[FREQUENCY_MONTHS.name]),
            Rule::OneOf(&[DAY_OF_MONTH.name, DAY_OF_WEEK.name]),
        ],
    },
];

/// What belongs to one way of recurring alone.
pub(crate) const BELONGING: &[Rule] = &[
    of_occurrence(FREQUENCY_DAYS.name, "daily"),
    of_occurrence(FREQUENCY_WEEKS.name, "weekly"),
    of_occurrence(WEEKDAYS.name, "weekly"),
    of_occurrence(FREQUENCY_MONTHS.name, "monthly"),
    of_occurrence(DAY_OF_MONTH.name, "monthly"),
    of_occurrence(DAY_OF_WEEK.name, "monthly"),
    both(DAY_OF_WEEK.name, WEEK_OF_MONTH.name),
    both(WEEK_OF_MONTH.name, DAY_OF_WEEK.name),
];

/// When a task starts. When it is ended and paused, each version asks in its own words.
pub(crate) fn schedule(arguments: &Arguments, now: Timestamp) -> Result<Schedule, CallError> {
    let zone = zone(arguments, now)?;
    let start_date = arguments.date(&START_DATE);
    Ok(Schedule {
        occurrence: occurrence(arguments)?,
        start_date: start_date.unwrap_or_else(|| zone.date_at(now)),
        start_hour: required(arguments, &START_HOUR)?,
        start_minute: optional(arguments, &START_MINUTE).unwrap_or(0),
        zone,
        end_after_hours: None,
        end_after_mins: 0,
        pause: None,
        recurrence: counted(arguments, &RECURRENCE),
    })
}

pub(crate) fn occurrence(arguments: &Arguments) -> Result<Occurrence, ParameterError> {
    match arguments.choice(&OCCURRENCE) {
        Some("daily") => {
            Ok(Occurrence::Daily { frequency_days: required_count(arguments, &FREQUENCY_DAYS)? })
        }
        Some("weekly") => Ok(Occurrence::Weekly {
            frequency_weeks: required_count(arguments, &FREQUENCY_WEEKS)?,
            weekdays: arguments
                .weekdays(&WEEKDAYS)
                .ok_or(ParameterError::Missing { parameter: WEEKDAYS.name })?,
        }),
        Some(_) => Ok(Occurrence::Monthly {
            frequency_months: required_count(arguments, &FREQUENCY_MONTHS)?,
            day: month_day(arguments)?,
        }),
        None => Err(ParameterError::Missing { parameter: OCCURRENCE.name }),
    }
}

fn month_day(arguments: &Arguments) -> Result<MonthDay, ParameterError> {
    if let Some(day) = optional(arguments, &DAY_OF_MONTH) {
        return Ok(MonthDay::Day(day));
    }
    let week = arguments.choice(&WEEK_OF_MONTH).and_then(|word| word.parse().ok());
    Ok(MonthDay::Weekday {
        weekday: required(arguments, &DAY_OF_WEEK)?,
        week: week.ok_or(ParameterError::Missing { parameter: WEEK_OF_MONTH.name })?,
    })
}

pub(crate) fn zone(arguments: &Arguments, now: Timestamp) -> Result<ScheduleZone, CallError> {
    let Some(code) = arguments.text(&TIME_ZONE_CODE) else {
        let hours = arguments.choice(&TIME_ZONE).and_then(|hours| hours.parse().ok());
        let hours = hours.ok_or(ParameterError::Missing { parameter: TIME_ZONE.name })?;
        return Ok(ScheduleZone::Shift { hours });
    };
    let code: TimeZoneCode = code.trim().parse().map_err(|_| {
        invalid(arguments, &TIME_ZONE_CODE, "No such time zone; see time_zone_code_list.php.")
    })?;
    ScheduleZone::of_place(code, arguments.switch(&OBSERVE_DST), now)
        .map_err(|_| invalid(arguments, &OBSERVE_DST, "The time zone has no daylight saving time."))
}

/// A number that the parameter's bounds keep within `T`.
pub(crate) fn optional<T: TryFrom<u64>>(arguments: &Arguments, parameter: &Parameter) -> Option<T> {
    arguments.integer(parameter).and_then(|number| T::try_from(number).ok())
}

fn required<T: TryFrom<u64>>(arguments: &Arguments, parameter: &Parameter) -> Result<T, ParameterError> {
    optional(arguments, parameter).ok_or(ParameterError::Missing { parameter: parameter.name })
}

/// The same of a number that is never 0.
pub(crate) fn counted<T: TryFrom<NonZeroU64>>(arguments: &Arguments, parameter: &Parameter) -> Option<T> {
    arguments.integer(parameter).and_then(NonZeroU64::new).and_then(|number| T::try_from(number).ok())
}

fn required_count<T: TryFrom<NonZeroU64>>(
    arguments: &Arguments,
    parameter: &Parameter,
) -> Result<T, ParameterError> {
    counted(arguments, parameter).ok_or(ParameterError::Missing { parameter: parameter.name })
}

/// A value that is refused for what it means.
pub(crate) fn invalid(arguments: &Arguments, parameter: &Parameter, reason: &str) -> CallError {
    let value = arguments.written(parameter).unwrap_or_default();
    CallError::Refused(Refusal::new(
        5000,
        format!("Invalid value for '{}' : {value}. {reason}", parameter.name),
    ))
}
