//! `palisade schedule`: scheduled reports, managed on the machine that holds the data. No call of the API makes
//! them.

use std::num::{NonZeroU8, NonZeroU16};

use clap::{Args, Subcommand};
use palisade_app::{AddReportSchedule, App, Error, ReportScheduleView};
use palisade_model::report_job::HostChoice;
use palisade_model::{
    Clock as _, Date, IpSet, Login, MonthDay, Occurrence, ReportFormat, Schedule, ScheduleZone,
    ScheduledReport, SystemClock, TimeZoneCode, WeekOfMonth, Weekdays,
};

use crate::server::{self, ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, plain, titled_table};

/// What to do with scheduled reports.
#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleCommand {
    /// List the scheduled reports
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Schedule a report; it is made as its owner, and listed and fetched like any other
    ///
    /// Examples:
    ///   palisade schedule add Weekly --owner acme_ab1 --template 2 --format csv \
    ///       --weekly 1 --weekdays monday --at 06:30 --time-zone US-CA --observe-dst
    ///   palisade schedule add Month --owner acme_ab1 --template 4 --monthly 1 --day 1 --at 05:00
    #[command(verbatim_doc_comment)]
    Add(Box<AddArguments>),
    /// Switch a scheduled report on
    On {
        /// Its ID
        id: i64,
        #[command(flatten)]
        settings: Settings,
    },
    /// Switch a scheduled report off
    Off {
        /// Its ID
        id: i64,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a scheduled report; reports that were made stay
    Delete {
        /// Its ID
        id: i64,
        #[command(flatten)]
        settings: Settings,
    },
}

/// What is scheduled, and when.
#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// Its title; its reports have it
    title: String,
    /// The user whose reports they are
    #[arg(long, value_name = "LOGIN")]
    owner: Login,
    /// ID of the report template; `palisade template list` shows all
    #[arg(long, value_name = "ID")]
    template: i64,
    /// What the reports are saved as: xml or csv
    #[arg(long, value_name = "FORMAT", default_value = "xml")]
    format: ReportFormat,
    /// With csv, only the table
    #[arg(long)]
    hide_header: bool,
    /// Addresses that reports are about, in place of those of the template
    #[arg(long, value_name = "IPS")]
    ips: Option<IpSet>,
    /// IDs of asset groups that reports are about, in place of those of the template
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    asset_group_ids: Vec<i64>,
    /// Of tickets, only those given to the owner
    #[arg(long)]
    own_tickets: bool,
    #[command(flatten)]
    recurring: RecurringArguments,
    /// The time of day, HH:MM
    #[arg(long, value_name = "TIME")]
    at: String,
    /// The place whose clocks tell the time, by its code: see time_zone_code_list.php
    #[arg(long, value_name = "CODE", conflicts_with = "gmt_shift")]
    time_zone: Option<TimeZoneCode>,
    /// Put the clock forward in summer, as the place does
    #[arg(long, requires = "time_zone")]
    observe_dst: bool,
    /// The hours that the clock is ahead of GMT, all the year
    #[arg(
        long,
        value_name = "HOURS",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(i8).range(-12..=12)
    )]
    gmt_shift: i8,
    /// The first day it may start, YYYY-MM-DD; today when it is not given
    #[arg(long, value_name = "DATE")]
    start_date: Option<Date>,
    /// It starts so often, and is then switched off
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u8).range(1..=99))]
    recurrence: Option<u8>,
    /// Make it switched off
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    settings: Settings,
}

/// How it recurs.
#[derive(Debug, Args)]
struct RecurringArguments {
    #[command(flatten)]
    every: EveryGroup,
    /// With --weekly, days of the week by name, separated by commas
    #[arg(long, value_name = "DAYS", requires = "weekly")]
    weekdays: Option<Weekdays>,
    /// With --monthly, the day of the month
    #[arg(long, value_name = "DAY", requires = "monthly", value_parser = clap::value_parser!(u8).range(1..=31))]
    day: Option<u8>,
    /// With --monthly, the day of the week, 0 for Sunday; with --week
    #[arg(
        long,
        value_name = "DAY",
        requires_all = ["monthly", "week"],
        conflicts_with = "day",
        value_parser = clap::value_parser!(u8).range(0..=6)
    )]
    weekday: Option<u8>,
    /// With --weekday, which of the month's: first, second, third, fourth or last
    #[arg(long, value_name = "WEEK", requires = "weekday")]
    week: Option<WeekOfMonth>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct EveryGroup {
    /// Every so many days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=365))]
    daily: Option<u16>,
    /// Every so many weeks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=52))]
    weekly: Option<u16>,
    /// Every so many months
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=12))]
    monthly: Option<u16>,
}

/// Why a command about scheduled reports failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("'{0}' is no time of day; it is written like 06:30")]
    Time(String),
    #[error("--weekly needs --weekdays")]
    NoWeekdays,
    #[error("--monthly needs --day, or --weekday and --week")]
    NoDay,
    #[error("the time zone has no daylight saving time")]
    NoDaylightSaving,
    #[error("the scheduled report cannot be {attempt}")]
    App {
        attempt: &'static str,
        #[source]
        source: Error,
    },
}

fn failed(attempt: &'static str) -> impl FnOnce(Error) -> ScheduleError {
    move |source| ScheduleError::App { attempt, source }
}

/// Runs the command. A server may be running on the same data.
pub(crate) async fn run(command: ScheduleCommand) -> Result<(), ScheduleError> {
    match command {
        ScheduleCommand::List { settings } => list(&open_shared(&settings).await?).await,
        ScheduleCommand::Add(arguments) => add(*arguments).await,
        ScheduleCommand::On { id, settings } => switch(id, true, &settings).await,
        ScheduleCommand::Off { id, settings } => switch(id, false, &settings).await,
        ScheduleCommand::Delete { id, settings } => {
            open_shared(&settings).await?.delete_report_schedule(id).await.map_err(failed("deleted"))?;
            line(format!("deleted scheduled report {id}"));
            Ok(())
        }
    }
}

async fn switch(id: i64, on: bool, settings: &Settings) -> Result<(), ScheduleError> {
    open_shared(settings).await?.switch_report_schedule(id, on).await.map_err(failed("switched"))?;
    line(format!("switched scheduled report {id} {}", if on { "on" } else { "off" }));
    Ok(())
}

async fn add(arguments: AddArguments) -> Result<(), ScheduleError> {
    let schedule = schedule(&arguments)?;
    let AddArguments { title, owner, template, format, hide_header, ips, asset_group_ids, .. } = arguments;
    let new = AddReportSchedule {
        title,
        owner,
        active: !arguments.off,
        report: ScheduledReport {
            template_id: template,
            format,
            hide_header,
            hosts: HostChoice { ips, asset_groups: asset_group_ids },
            own_tickets: arguments.own_tickets,
            base_url: server::named_url(&arguments.settings),
        },
        schedule,
    };
    let app = open_shared(&arguments.settings).await?;
    let id = app.add_report_schedule(new).await.map_err(failed("made"))?;
    line(format!("made scheduled report {id}"));
    Ok(())
}

/// When it starts.
fn schedule(arguments: &AddArguments) -> Result<Schedule, ScheduleError> {
    let now = SystemClock.now();
    let zone = match arguments.time_zone {
        Some(code) => ScheduleZone::of_place(code, arguments.observe_dst, now)
            .map_err(|_| ScheduleError::NoDaylightSaving)?,
        None => ScheduleZone::Shift { hours: arguments.gmt_shift },
    };
    let (start_hour, start_minute) =
        time_of_day(&arguments.at).ok_or_else(|| ScheduleError::Time(arguments.at.clone()))?;
    Ok(Schedule {
        occurrence: occurrence(&arguments.recurring)?,
        start_date: arguments.start_date.unwrap_or_else(|| zone.date_at(now)),
        start_hour,
        start_minute,
        zone,
        end_after_hours: None,
        end_after_mins: 0,
        pause: None,
        recurrence: arguments.recurrence.and_then(NonZeroU8::new),
    })
}

fn time_of_day(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

fn occurrence(arguments: &RecurringArguments) -> Result<Occurrence, ScheduleError> {
    // The ranges of the arguments keep zero out.
    let count = |number: u16| NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN);
    let RecurringArguments { every: EveryGroup { daily, weekly, monthly }, weekdays, day, weekday, week } =
        arguments;
    if let Some(days) = daily {
        return Ok(Occurrence::Daily { frequency_days: count(*days) });
    }
    if let Some(weeks) = weekly {
        let weekdays = weekdays.ok_or(ScheduleError::NoWeekdays)?;
        return Ok(Occurrence::Weekly { frequency_weeks: count(*weeks), weekdays });
    }
    let day = match (day, weekday, week) {
        (Some(day), ..) => MonthDay::Day(*day),
        (None, Some(weekday), Some(week)) => MonthDay::Weekday { weekday: *weekday, week: *week },
        _ => return Err(ScheduleError::NoDay),
    };
    Ok(Occurrence::Monthly { frequency_months: count(monthly.unwrap_or(1)), day })
}

async fn list(app: &App) -> Result<(), ScheduleError> {
    let views = app.report_schedules().await.map_err(failed("listed"))?;
    let head = ["ID", "owner", "format", "template", "next start", "title"];
    let rows = views.into_iter().map(|view| {
        let ReportScheduleView {
            id, title, owner, active: _, format, template_title, next_launch_at, ..
        } = view;
        let next = next_launch_at.map(|at| at.strftime("%Y-%m-%d %H:%M GMT").to_string());
        vec![
            id.to_string(),
            plain(owner.as_str()),
            format.to_string(),
            template_title.map_or_else(|| "gone".to_owned(), |title| plain(&title)),
            next.unwrap_or_else(|| "off".to_owned()),
            plain(&title),
        ]
    });
    line(titled_table(&head, rows, "none").trim_end());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::time_of_day;

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        assert_eq!(time_of_day("06:30"), Some((6, 30)));
        assert_eq!(time_of_day("23:59"), Some((23, 59)));
        for wrong in ["24:00", "06:60", "6", "", "06:30:00", "-1:00"] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }
}
