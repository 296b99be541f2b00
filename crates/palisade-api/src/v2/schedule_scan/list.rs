//! The list of scheduled scans.

use palisade_app::{ListTasks, TaskKind, TaskScanner, TaskView};
use palisade_model::{BeforeLaunch, Notifications, Schedule, Timestamp};
use palisade_wire::dtd::v2::SCHEDULE_SCAN_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, XmlWriter};

use super::parameters::{ACTIVE, ID};
use crate::answer::Answer;
use crate::error::CallError;
use crate::v1::scheduled_document::{write_occurrence, write_zone};
use crate::v2::request::OperationRequest;
use crate::v2::scan::{priority_text, spaced_text};

const SHOW_NOTIFICATIONS: Parameter = Parameter::new(
    "show_notifications",
    ParameterKind::ZeroOne,
    "1",
    "1 shows what is mailed before starts and after ends.",
)
.default("0");

pub(super) const LIST: Operation = Operation {
    resource: "schedule/scan",
    action: "list",
    methods: Methods::Get,
    takes_document: false,
    summary: "List scheduled scans",
    description: &[
        "Lists the scheduled scans that the user may see, by id. The hour and the minute of a start are by the \
         clock of its time zone, the other times are UTC. NEXTLAUNCH_UTC is absent when it is switched off.",
    ],
    parameters: &[ID, ACTIVE, SHOW_NOTIFICATIONS],
    rules: &[],
    roles: "Manager: all. Unit Manager: the business unit. Scanner: own ones. Reader: assigned asset groups.",
    answers: Answers::Document { root: "SCHEDULE_SCAN_LIST_OUTPUT", dtd: &SCHEDULE_SCAN_LIST_OUTPUT },
    example: Example { parameters: &[("active", "1")], description: "List the scans that will start." },
};

pub(super) async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let active = arguments.has(ACTIVE.name).then(|| arguments.switch(&ACTIVE));
    let wanted = ListTasks { kind: Some(TaskKind::Scan), active };
    let mut tasks = request.app.list_tasks(request.actor()?, wanted).await?;
    if let Some(id) = arguments.integer(&ID) {
        tasks.retain(|task| u64::try_from(task.id) == Ok(id));
    }
    let now = request.app.clock().now();
    let notified = arguments.switch(&SHOW_NOTIFICATIONS);
    let mut xml = request.document();
    xml.list("SCHEDULE_SCAN_LIST", &tasks, |xml, task| write_task(xml, task, now, notified));
    Ok(OperationRequest::end(xml))
}

fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

fn write_task(xml: &mut XmlWriter, task: &TaskView, now: Timestamp, notified: bool) {
    let TaskView {
        id,
        kind: _,
        title,
        owner,
        active,
        target_text,
        asset_groups,
        excluded,
        option_title,
        option_is_default,
        scanner,
        schedule,
        next_launch_at,
        names,
        priority,
        notifications,
    } = task;
    xml.element("SCAN", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.text("ACTIVE", flag(*active));
        xml.cdata("TITLE", title);
        xml.text("USER_LOGIN", owner.as_str());
        xml.cdata("TARGET", &spaced_text(target_text));
        let scanner = match scanner {
            TaskScanner::External => "External Scanner",
            TaskScanner::DefaultOfGroups => "Default",
            TaskScanner::AllOfGroups => "All Scanners in Asset Group",
        };
        xml.text("ISCANNER_NAME", scanner);
        xml.list("ASSET_GROUP_TITLE_LIST", asset_groups, |xml, title| {
            xml.cdata("ASSET_GROUP_TITLE", title);
        });
        if !excluded.is_empty() {
            xml.text("EXCLUDE_IP_PER_SCAN", &spaced_text(&excluded.to_string()));
        }
        if !names.is_empty() {
            xml.cdata("FQDN", &names.join(", "));
        }
        xml.element("OPTION_PROFILE", &[], |xml| {
            xml.cdata("TITLE", option_title);
            xml.text("DEFAULT_FLAG", flag(*option_is_default));
        });
        xml.text("PROCESSING_PRIORITY", &priority_text(*priority));
        write_schedule(xml, schedule, *next_launch_at, now);
        if notified {
            write_notifications(xml, notifications.as_ref());
        }
    });
}

/// Nothing when nobody but the owner is told of ends.
fn write_notifications(xml: &mut XmlWriter, notifications: Option<&Notifications>) {
    let Some(Notifications { before, after, groups }) = notifications else { return };
    xml.element("NOTIFICATIONS", &[], |xml| {
        if let Some(BeforeLaunch { unit, time, message }) = before {
            xml.element("BEFORE_LAUNCH", &[], |xml| {
                xml.number("TIME", u64::from(*time));
                xml.text("UNIT", unit.as_str());
                xml.cdata("MESSAGE", message);
            });
        }
        if let Some(message) = after {
            xml.element("AFTER_COMPLETE", &[], |xml| xml.cdata("MESSAGE", message));
        }
        xml.list("RECIPIENT_GROUP_LIST", groups, |xml, id| xml.text("RECIPIENT_GROUP_ID", &id.to_string()));
    });
}

/// When something starts, and what becomes of it by the clock.
pub(crate) fn write_schedule(
    xml: &mut XmlWriter,
    schedule: &Schedule,
    next: Option<Timestamp>,
    now: Timestamp,
) {
    let Schedule {
        occurrence,
        start_date: _, // told with its time
        start_hour,
        start_minute,
        zone,
        end_after_hours,
        end_after_mins,
        pause,
        recurrence,
    } = schedule;
    xml.element("SCHEDULE", &[], |xml| {
        write_occurrence(xml, *occurrence);
        if let Some(start) = schedule.start_date_utc() {
            xml.date_time("START_DATE_UTC", start);
        }
        xml.text("START_HOUR", &start_hour.to_string());
        xml.text("START_MINUTE", &start_minute.to_string());
        if schedule.end_after().is_some() {
            xml.number("END_AFTER_HOURS", end_after_hours.map_or(0, |hours| u64::from(hours.get())));
            xml.number("END_AFTER_MINS", u64::from(*end_after_mins));
        }
        if let Some(pause) = pause {
            xml.number("PAUSE_AFTER_HOURS", u64::from(pause.after_mins() / 60));
            xml.number("PAUSE_AFTER_MINS", u64::from(pause.after_mins() % 60));
            match pause.resume_in_hours() {
                None => xml.text("RESUME_IN_DAYS", "Manually"),
                Some(hours) => {
                    xml.number("RESUME_IN_DAYS", u64::from(hours / 24));
                    xml.number("RESUME_IN_HOURS", u64::from(hours % 24));
                }
            }
        }
        if let Some(next) = next {
            xml.date_time("NEXTLAUNCH_UTC", next);
        }
        xml.element("TIME_ZONE", &[], |xml| write_zone(xml, *zone, now));
        xml.text("DST_SELECTED", flag(zone.observes_dst()));
        xml.optional_text("MAX_OCCURRENCE", recurrence.map(|runs| runs.to_string()).as_deref());
    });
}
