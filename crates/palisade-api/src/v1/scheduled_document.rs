//! The `SCHEDULEDSCANS` document: scheduled tasks, as lists and changes of them are answered.

use palisade_app::{TaskKind, TaskScanner, TaskView};
use palisade_model::{MonthDay, Occurrence, Schedule, ScheduleZone, Timestamp};
use palisade_wire::XmlWriter;
use palisade_wire::date_time::date_time_bare;

use crate::answer::{Answer, end_report};
use crate::registry::CallRequest;
use crate::v1::time_zone_code_list::offset;

/// Shown when there is no task.
const NOTHING: &str = "No scheduled task matches the request";
/// The scanner of the server itself.
const EXTERNAL: &str = "External";
const ALL_IN_GROUPS: &str = "All Scanners in AG";

pub(super) fn write(request: &CallRequest, tasks: &[TaskView]) -> Answer {
    let now = request.app.clock().now();
    let mut xml = request.document();
    xml.open("SCHEDULEDSCANS", &[]);
    if tasks.is_empty() {
        xml.comment(NOTHING);
    }
    for task in tasks {
        write_task(&mut xml, task, now);
    }
    end_report(&mut xml);
    Answer::Document(xml.finish())
}

fn write_task(xml: &mut XmlWriter, task: &TaskView, now: Timestamp) {
    let TaskView {
        id,
        kind,
        title,
        owner: _,
        active,
        target_text,
        asset_groups,
        excluded,
        option_title,
        option_is_default,
        scanner,
        schedule,
        next_launch_at,
        names: _, // the rest is told by version 2
        priority: _,
        notifications: _,
    } = task;
    let attributes = [("active", if *active { "yes" } else { "no" }), ("ref", &id.to_string())];
    xml.element("SCAN", &attributes, |xml| {
        xml.cdata("TITLE", title);
        xml.cdata("TARGETS", target_text);
        write_schedule(xml, schedule, now);
        xml.optional_text("NEXTLAUNCH_UTC", next_launch_at.map(date_time_bare).as_deref());
        let (default_scanner, name) = match scanner {
            TaskScanner::External => ("0", EXTERNAL),
            TaskScanner::DefaultOfGroups => ("1", EXTERNAL),
            TaskScanner::AllOfGroups => ("0", ALL_IN_GROUPS),
        };
        xml.text("DEFAULT_SCANNER", default_scanner);
        xml.text("ISCANNER_NAME", name);
        xml.text("OPTION", option_title);
        xml.text(
            "TYPE",
            match kind {
                TaskKind::Scan => "SCAN",
                TaskKind::Map => "MAP",
                // Not among those that are listed.
                TaskKind::Report => "REPORT",
            },
        );
        if !asset_groups.is_empty() {
            xml.list("ASSET_GROUPS", asset_groups, |xml, title| {
                xml.element("ASSET_GROUP", &[], |xml| xml.cdata("ASSET_GROUP_TITLE", title));
            });
        }
        if !excluded.is_empty() {
            xml.text("EXCLUDE_IP_PER_SCAN", &excluded.to_string());
        }
        xml.element("OPTION_PROFILE", &[], |xml| {
            let default = [("option_profile_default", if *option_is_default { "1" } else { "0" })];
            xml.cdata_with("OPTION_PROFILE_TITLE", &default, option_title);
        });
    });
}

fn write_schedule(xml: &mut XmlWriter, schedule: &Schedule, now: Timestamp) {
    let Schedule {
        occurrence,
        start_date: _,
        start_hour,
        start_minute,
        zone,
        end_after_hours,
        end_after_mins: _, // these two are told by version 2
        pause: _,
        recurrence,
    } = schedule;
    xml.element("SCHEDULE", &[], |xml| {
        write_occurrence(xml, *occurrence);
        xml.text("START_DATE_UTC", &schedule.start_date_utc().map(date_time_bare).unwrap_or_default());
        xml.text("START_HOUR", &start_hour.to_string());
        xml.text("START_MINUTE", &start_minute.to_string());
        xml.optional_text("END_AFTER_HOURS", end_after_hours.map(|hours| hours.to_string()).as_deref());
        xml.element("TIME_ZONE", &[], |xml| write_zone(xml, *zone, now));
        xml.text("DST_SELECTED", if zone.observes_dst() { "1" } else { "0" });
        xml.optional_text("RECURRENCE", recurrence.map(|runs| runs.to_string()).as_deref());
    });
}

pub(crate) fn write_occurrence(xml: &mut XmlWriter, occurrence: Occurrence) {
    match occurrence {
        Occurrence::Daily { frequency_days } => {
            xml.empty("DAILY", &[("frequency_days", &frequency_days.to_string())]);
        }
        Occurrence::Weekly { frequency_weeks, weekdays } => {
            let (weeks, days) = (frequency_weeks.to_string(), weekdays.to_string());
            xml.empty("WEEKLY", &[("frequency_weeks", &weeks), ("weekdays", &days)]);
        }
        Occurrence::Monthly { frequency_months, day } => {
            let months = frequency_months.to_string();
            let months = ("frequency_months", months.as_str());
            match day {
                MonthDay::Day(day) => xml.empty("MONTHLY", &[months, ("day_of_month", &day.to_string())]),
                MonthDay::Weekday { weekday, week } => {
                    let weekday = weekday.to_string();
                    let day = [("day_of_week", weekday.as_str()), ("week_of_month", week.as_str())];
                    xml.empty("MONTHLY", &[months, day[0], day[1]]);
                }
            }
        }
    }
}

/// The code, and the details in the form `(GMT-0800) Country (Region): City`.
pub(crate) fn write_zone(xml: &mut XmlWriter, zone: ScheduleZone, now: Timestamp) {
    match zone {
        ScheduleZone::Shift { hours } => {
            xml.text("TIME_ZONE_CODE", "");
            xml.cdata("TIME_ZONE_DETAILS", &format!("(GMT{})", shift(i32::from(hours) * 3_600)));
        }
        ScheduleZone::Place { code, .. } => {
            xml.text("TIME_ZONE_CODE", code.as_str());
            let standard = code.clock_rule(now).map_or(0, |rule| rule.standard_offset_s);
            let place = match code.place().split_once(", ") {
                Some((country, region)) => format!("{country} ({region})"),
                None => code.place().to_owned(),
            };
            let city = code.zone_name().rsplit('/').next().unwrap_or_default().replace('_', " ");
            xml.cdata("TIME_ZONE_DETAILS", &format!("(GMT{}) {place}: {city}", shift(standard)));
        }
    }
}

/// Seconds east of GMT as `+hhmm`; nothing for GMT itself.
fn shift(seconds: i32) -> String {
    offset(seconds).trim_start().to_owned()
}
