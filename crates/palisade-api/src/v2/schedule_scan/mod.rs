//! `schedule/scan/`: scans that start by themselves. The times are those of version 1's tasks, and read and
//! written by the same functions.
//!
//! Deliberately absent: continuous runs.

pub(crate) mod list;
mod parameters;

use std::num::NonZeroU64;

use palisade_app::{AddTask, Error as AppError, ListTasks, TaskKind, TaskScanner, TaskView};
use palisade_model::{Action, Resource, Schedule, Timestamp};
use palisade_wire::Example;
use palisade_wire::operation::{Answers, Methods, Operation};

use self::parameters::{
    ACTIVE, AFTER_NOTIFY, AFTER_NOTIFY_MESSAGE, BEFORE_NOTIFY, BEFORE_NOTIFY_MESSAGE, BEFORE_NOTIFY_TIME,
    BEFORE_NOTIFY_UNIT, END_AFTER, END_AFTER_MINS, ID, PAUSE_AFTER_HOURS, PAUSE_AFTER_MINS,
    RECIPIENT_GROUP_IDS, RESUME_IN_DAYS, RESUME_IN_HOURS, RULES_OF_CHANGES, RULES_OF_NEW, SCAN_TITLE,
    SCHEDULED_GROUPS, SET_START_TIME, about_groups, notifications, pause,
};
use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v1::recurrence::{
    DAY_OF_MONTH, DAY_OF_WEEK, FREQUENCY_DAYS, FREQUENCY_MONTHS, FREQUENCY_WEEKS, OBSERVE_DST, OCCURRENCE,
    RECURRENCE, START_DATE, START_HOUR, START_MINUTE, TIME_ZONE_CODE, WEEK_OF_MONTH, WEEKDAYS, counted,
    occurrence, optional, schedule, zone,
};
use crate::v1::scan::{
    DEFAULT_SCANNER, EXCLUDE_IP_PER_SCAN, IP, IP_NETWORK_ID, RUNTIME_HTTP_HEADER, SCANNERS_IN_AG,
};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;
use crate::v2::scan::launch::{
    ASSET_GROUP_IDS, FQDN, ISCANNER_ID, ISCANNER_NAME, OPTION_ID, OPTION_TITLE, PRIORITY, TARGET_FROM,
    asset_groups, check_scanner, option_title,
};

/// The parameters of a new scheduled scan, or of a change of one. What differs is given: those of the whole,
/// the way of recurring, and the start.
macro_rules! parameters {
    [[$($whole:expr),+], [$occurrence:expr], [$($start:expr),+] $(,)?] => {
        &[
            $($whole,)+
            TARGET_FROM,
            IP,
            SCHEDULED_GROUPS,
            ASSET_GROUP_IDS,
            FQDN,
            EXCLUDE_IP_PER_SCAN,
            OPTION_ID,
            OPTION_TITLE,
            ISCANNER_ID,
            ISCANNER_NAME,
            DEFAULT_SCANNER,
            SCANNERS_IN_AG,
            PRIORITY,
            RUNTIME_HTTP_HEADER,
            IP_NETWORK_ID,
            $occurrence,
            FREQUENCY_DAYS,
            FREQUENCY_WEEKS,
            WEEKDAYS,
            FREQUENCY_MONTHS,
            DAY_OF_MONTH,
            DAY_OF_WEEK,
            WEEK_OF_MONTH,
            $($start,)+
            OBSERVE_DST,
            RECURRENCE,
            END_AFTER,
            END_AFTER_MINS,
            PAUSE_AFTER_HOURS,
            PAUSE_AFTER_MINS,
            RESUME_IN_DAYS,
            RESUME_IN_HOURS,
            BEFORE_NOTIFY,
            BEFORE_NOTIFY_UNIT,
            BEFORE_NOTIFY_TIME,
            BEFORE_NOTIFY_MESSAGE,
            AFTER_NOTIFY,
            AFTER_NOTIFY_MESSAGE,
            RECIPIENT_GROUP_IDS,
        ]
    };
}

const CREATE: Operation = Operation {
    resource: "schedule/scan",
    action: "create",
    methods: Methods::Post,
    takes_document: false,
    summary: "Schedule a scan",
    description: &[
        "Makes a scheduled scan, owned by the user; the answer has its ID as an item. At each of its times it \
         starts a scan as its owner, with the permissions that the owner has then.",
        "A scan that is to pause is paused at its time, or as soon as it runs after it, and goes on at its time, or \
         when somebody resumes it. What end_after says counts on while it is paused. The owner, and the people of \
         recipient_group_ids, are told by mail before a start and after an end, as far as asked for.",
        "What is said of start times, missed starts and owners at scheduled_scans.php of version 1 holds here \
         too: both versions know the same schedules.",
    ],
    parameters: parameters![
        [SCAN_TITLE.required(), ACTIVE.required()],
        [OCCURRENCE.required()],
        [START_DATE, START_HOUR.required(), START_MINUTE.required(), TIME_ZONE_CODE.required()],
    ],
    rules: RULES_OF_NEW,
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner: assigned asset groups.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[
            ("scan_title", "Weekly scan"),
            ("active", "1"),
            ("ip", "192.0.2.4"),
            ("option_title", "Initial Options"),
            ("occurrence", "weekly"),
            ("frequency_weeks", "1"),
            ("weekdays", "sunday"),
            ("time_zone_code", "US-CA"),
            ("observe_dst", "yes"),
            ("start_hour", "2"),
            ("start_minute", "30"),
        ],
        description: "Scan a host every Sunday at half past two in the night, as clocks show it in California.",
    },
};

const UPDATE: Operation = Operation {
    resource: "schedule/scan",
    action: "update",
    methods: Methods::Post,
    takes_document: false,
    summary: "Change a scheduled scan",
    description: &[
        "Changes a scheduled scan; what is not given stays as it is. A scan that it has started goes on as it was \
         started. What it is to be is checked as if the user made it; its owner stays.",
        "With any of ip, asset_groups, asset_group_ids and fqdn the targets are those given, in place of all \
         before. How it recurs is given as a whole, with occurrence; when it starts with set_start_time=1. \
         When it recurs or starts otherwise, or is switched on or off, its starts are counted anew.",
    ],
    parameters: parameters![
        [ID.required(), SCAN_TITLE, ACTIVE],
        [OCCURRENCE],
        [SET_START_TIME, START_DATE, START_HOUR, START_MINUTE, TIME_ZONE_CODE],
    ],
    rules: RULES_OF_CHANGES,
    roles: "Manager: any. Unit Manager: those within the business unit. Scanner: own ones.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("id", "ID"), ("active", "0")],
        description: "Switch a scheduled scan off.",
    },
};

const DELETE: Operation = Operation {
    resource: "schedule/scan",
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete a scheduled scan",
    description: &["Deletes a scheduled scan. A scan that it has started goes on."],
    parameters: &[ID.required()],
    rules: &[],
    roles: "Manager: any. Unit Manager: those within the business unit. Scanner: own ones.",
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID")], description: "Delete one." },
};

/// What the examples are about.
const MADE: Need =
    Need::Operation { resource: "schedule/scan", action: "create", parameters: CREATE.example.parameters };

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(CREATE, create, &[(Action::Add, Resource::ScheduledTask)]),
    operation!(DELETE, delete, &[(Action::Delete, Resource::ScheduledTask)], needs: &[MADE]),
    operation!(list::LIST, list::list, &[(Action::List, Resource::ScheduledTask)]),
    operation!(UPDATE, update, &[(Action::Edit, Resource::ScheduledTask)], needs: &[MADE]),
];

/// The scanner that is asked for, if one is.
fn scanner(request: &OperationRequest) -> Option<TaskScanner> {
    let arguments = &request.arguments;
    if arguments.switch(&DEFAULT_SCANNER) {
        Some(TaskScanner::DefaultOfGroups)
    } else if arguments.switch(&SCANNERS_IN_AG) {
        Some(TaskScanner::AllOfGroups)
    } else {
        let named = [ISCANNER_ID, ISCANNER_NAME, DEFAULT_SCANNER, SCANNERS_IN_AG];
        named.iter().any(|parameter| arguments.has(parameter.name)).then_some(TaskScanner::External)
    }
}

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    check_scanner(&request).await?;
    let arguments = &request.arguments;
    let mut schedule = schedule(arguments, request.app.clock().now())?;
    schedule.end_after_hours = counted(arguments, &END_AFTER);
    schedule.end_after_mins = optional(arguments, &END_AFTER_MINS).unwrap_or(0);
    schedule.pause = pause(&request, None)?;
    let new = AddTask {
        kind: TaskKind::Scan,
        title: arguments.text(&SCAN_TITLE).unwrap_or_default().to_owned(),
        active: arguments.switch(&ACTIVE),
        targets: arguments.ip_set(&IP).cloned().unwrap_or_default(),
        map_targets: Vec::new(),
        target_text: arguments.written(&IP).unwrap_or_default().to_owned(),
        asset_groups: asset_groups(&request).await?,
        excluded: arguments.ip_set(&EXCLUDE_IP_PER_SCAN).cloned().unwrap_or_default(),
        option: Some(option_title(&request).await?),
        scanner: scanner(&request).unwrap_or(TaskScanner::External),
        http_header: arguments.scan_header(&RUNTIME_HTTP_HEADER).cloned(),
        schedule,
        names: arguments.titles(&FQDN).unwrap_or_default().to_vec(),
        priority: optional(arguments, &PRIORITY).unwrap_or(0),
        notifications: notifications(&request, None)?,
    };
    let added = request.app.add_task(request.actor()?, new).await;
    let task = added.map_err(|error| about_groups(&request, error))?;
    Ok(request.simple_return("New scan scheduled successfully", &[("ID", task.id.to_string())]))
}

/// The scheduled scan that the request names, if it is within the user's reach.
async fn the_task(request: &OperationRequest) -> Result<TaskView, CallError> {
    let scans = ListTasks { kind: Some(TaskKind::Scan), active: None };
    let tasks = request.app.list_tasks(request.actor()?, scans).await?;
    let id = request.arguments.integer(&ID);
    let found = tasks.into_iter().find(|task| u64::try_from(task.id).ok() == id);
    found.ok_or_else(|| unknown(request))
}

fn unknown(request: &OperationRequest) -> CallError {
    request.invalid(&ID, "No such scheduled scan")
}

/// What a request changes of a scheduled scan.
struct Changes {
    /// Beside addresses: names, and asset groups if they are given.
    groups: Option<Vec<String>>,
    option: Option<String>,
    schedule: Schedule,
    notifications: Option<palisade_model::Notifications>,
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    check_scanner(&request).await?;
    let arguments = &request.arguments;
    let known = the_task(&request).await?;
    let targeted = [IP, SCHEDULED_GROUPS, ASSET_GROUP_IDS, FQDN];
    let is_targeted = targeted.iter().any(|parameter| arguments.has(parameter.name));
    let has_option = arguments.has(OPTION_ID.name) || arguments.has(OPTION_TITLE.name);
    let changes = Changes {
        groups: if is_targeted { Some(asset_groups(&request).await?) } else { None },
        option: if has_option { Some(option_title(&request).await?) } else { None },
        schedule: changed_schedule(&request, known.schedule, request.app.clock().now())?,
        notifications: notifications(&request, known.notifications)?,
    };
    let apply = |task: &mut AddTask| apply(&request, changes, task);
    match request.app.edit_task(request.actor()?, known.id, apply).await {
        Err(AppError::UnknownTask) => Err(unknown(&request)),
        Err(error) => Err(about_groups(&request, error)),
        Ok(()) => {
            let items = [("ID", known.id.to_string())];
            Ok(request.simple_return("Edit scheduled Scan Completed successfully", &items))
        }
    }
}

fn apply(request: &OperationRequest, changes: Changes, task: &mut AddTask) {
    let Changes { groups, option, schedule, notifications } = changes;
    let arguments = &request.arguments;
    if let Some(title) = arguments.filled_text(&SCAN_TITLE) {
        title.clone_into(&mut task.title);
    }
    if arguments.has(ACTIVE.name) {
        task.active = arguments.switch(&ACTIVE);
    }
    if let Some(groups) = groups {
        task.asset_groups = groups;
        task.targets = arguments.ip_set(&IP).cloned().unwrap_or_default();
        arguments.written(&IP).unwrap_or_default().clone_into(&mut task.target_text);
        task.names = arguments.titles(&FQDN).unwrap_or_default().to_vec();
    }
    if let Some(excluded) = arguments.ip_set(&EXCLUDE_IP_PER_SCAN) {
        task.excluded = excluded.clone();
    }
    task.option = option.or_else(|| task.option.take());
    task.scanner = scanner(request).unwrap_or(task.scanner);
    if let Some(header) = arguments.scan_header(&RUNTIME_HTTP_HEADER) {
        task.http_header = Some(header.clone());
    }
    task.priority = optional(arguments, &PRIORITY).unwrap_or(task.priority);
    task.schedule = schedule;
    task.notifications = notifications;
}

/// When a scheduled scan starts, ends and pauses from now on.
fn changed_schedule(
    request: &OperationRequest,
    mut schedule: Schedule,
    now: Timestamp,
) -> Result<Schedule, CallError> {
    let arguments = &request.arguments;
    if arguments.has(OCCURRENCE.name) {
        schedule.occurrence = occurrence(arguments)?;
    }
    if arguments.switch(&SET_START_TIME) {
        schedule.zone = zone(arguments, now)?;
        schedule.start_date = arguments.date(&START_DATE).unwrap_or(schedule.start_date);
        schedule.start_hour = optional(arguments, &START_HOUR).unwrap_or(schedule.start_hour);
        schedule.start_minute = optional(arguments, &START_MINUTE).unwrap_or(schedule.start_minute);
    }
    if arguments.has(RECURRENCE.name) {
        schedule.recurrence = counted(arguments, &RECURRENCE);
    }
    if let Some(hours) = arguments.integer(&END_AFTER) {
        schedule.end_after_hours = NonZeroU64::new(hours).and_then(|hours| hours.try_into().ok());
        schedule.end_after_mins = optional(arguments, &END_AFTER_MINS).unwrap_or(0);
    }
    schedule.pause = pause(request, schedule.pause)?;
    Ok(schedule)
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let id = the_task(&request).await?.id;
    match request.app.drop_task(request.actor()?, id).await {
        Err(AppError::UnknownTask) => Err(unknown(&request)),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(request.simple_return("Schedule scan deleted successfully", &[("ID", id.to_string())])),
    }
}
