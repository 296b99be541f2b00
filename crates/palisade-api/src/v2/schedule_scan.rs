//! `schedule/scan/`: scans that start by themselves. The times are those of version 1's tasks, and read and
//! written by the same functions.
//!
//! Deliberately absent: changing a schedule, and pauses, notifications and continuous runs of them.

use palisade_app::{AddTask, Error as AppError, ListTasks, TaskKind, TaskScanner, TaskView};
use palisade_model::{Action, Resource, Schedule, Timestamp};
use palisade_wire::dtd::v2::SCHEDULE_SCAN_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v1::scan::{DEFAULT_SCANNER, EXCLUDE_IP_PER_SCAN, IP, IP_NETWORK_ID, SCANNERS_IN_AG};
use crate::v1::scheduled_document::{write_occurrence, write_zone};
use crate::v1::scheduled_scans::{
    DAY_OF_MONTH, DAY_OF_WEEK, END_AFTER, FREQUENCY_DAYS, FREQUENCY_MONTHS, FREQUENCY_WEEKS, OBSERVE_DST,
    OCCURRENCE, RECURRENCE, START_DATE, START_HOUR, START_MINUTE, TIME_ZONE_CODE, WEEK_OF_MONTH, WEEKDAYS,
    schedule,
};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;
use crate::v2::scan::launch::{
    ASSET_GROUP_IDS, ISCANNER_ID, ISCANNER_NAME, OPTION_ID, OPTION_TITLE, TARGET_FROM, asked_scanners,
    asset_groups, blame, option_title,
};
use crate::v2::scan::spaced_text;

const ID: Parameter = Parameter::new(
    "id",
    ParameterKind::Integer { min: 1, max: 4_294_967_295 },
    "1",
    "The id of the scheduled scan, as the list tells it.",
);
const ACTIVE: Parameter = Parameter::new(
    "active",
    ParameterKind::ZeroOne,
    "1",
    "1 for scheduled scans that start by themselves, 0 for those that are switched off.",
);
const SCAN_TITLE: Parameter = Parameter::new(
    "scan_title",
    ParameterKind::Text { max_chars: palisade_app::TASK_TITLE_CHARACTERS_MAX },
    "Weekly scan",
    "The title of the scheduled scan and of the scans it starts.",
)
.required();
const SCHEDULED_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups whose addresses are scanned, in addition to ip: those they have at each start. All stands \
     for every address that the owner may see.",
);

const LIST: Operation = Operation {
    resource: "schedule/scan",
    action: "list",
    methods: Methods::Get,
    takes_document: false,
    summary: "List scheduled scans",
    description: &[
        "Lists the scheduled scans that the user may see, by id. The hour and the minute of a start are by the \
         clock of its time zone, the other times are UTC. NEXTLAUNCH_UTC is absent when it is switched off.",
    ],
    parameters: &[ID, ACTIVE],
    rules: &[],
    roles: "Manager: all. Unit Manager: the business unit. Scanner: own ones. Reader: assigned asset groups.",
    answers: Answers::Document { root: "SCHEDULE_SCAN_LIST_OUTPUT", dtd: &SCHEDULE_SCAN_LIST_OUTPUT },
    example: Example { parameters: &[("active", "1")], description: "List the scans that will start." },
};

/// `parameter` belongs to one way of recurring.
const fn of_occurrence(parameter: &'static str, occurrence: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with: OCCURRENCE.name, value: Some(occurrence) }
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
        "What is said of start times, missed starts and owners at scheduled_scans.php of version 1 holds here \
         too: both versions know the same schedules.",
    ],
    parameters: &[
        SCAN_TITLE,
        ACTIVE_OF_NEW,
        TARGET_FROM,
        IP,
        SCHEDULED_GROUPS,
        ASSET_GROUP_IDS,
        EXCLUDE_IP_PER_SCAN,
        OPTION_ID,
        OPTION_TITLE,
        ISCANNER_ID,
        ISCANNER_NAME,
        DEFAULT_SCANNER,
        SCANNERS_IN_AG,
        crate::v1::scan::RUNTIME_HTTP_HEADER,
        IP_NETWORK_ID,
        OCCURRENCE_OF_NEW,
        FREQUENCY_DAYS,
        FREQUENCY_WEEKS,
        WEEKDAYS,
        FREQUENCY_MONTHS,
        DAY_OF_MONTH,
        DAY_OF_WEEK,
        WEEK_OF_MONTH,
        START_DATE,
        START_HOUR_OF_NEW,
        START_MINUTE_OF_NEW,
        TIME_ZONE_OF_NEW,
        OBSERVE_DST,
        RECURRENCE,
        END_AFTER,
    ],
    rules: &[
        Rule::AtLeastOneOf(&[IP.name, SCHEDULED_GROUPS.name, ASSET_GROUP_IDS.name]),
        Rule::OneOf(&[OPTION_ID.name, OPTION_TITLE.name]),
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
        Rule::Exclusive(&[SCHEDULED_GROUPS.name, ASSET_GROUP_IDS.name]),
        Rule::Exclusive(&[ISCANNER_ID.name, ISCANNER_NAME.name, DEFAULT_SCANNER.name, SCANNERS_IN_AG.name]),
        of_occurrence(FREQUENCY_DAYS.name, "daily"),
        of_occurrence(FREQUENCY_WEEKS.name, "weekly"),
        of_occurrence(WEEKDAYS.name, "weekly"),
        of_occurrence(FREQUENCY_MONTHS.name, "monthly"),
        of_occurrence(DAY_OF_MONTH.name, "monthly"),
        of_occurrence(DAY_OF_WEEK.name, "monthly"),
        Rule::OnlyWith { parameter: DAY_OF_WEEK.name, with: WEEK_OF_MONTH.name, value: None },
        Rule::OnlyWith { parameter: WEEK_OF_MONTH.name, with: DAY_OF_WEEK.name, value: None },
    ],
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
const ACTIVE_OF_NEW: Parameter = ACTIVE.required();
const OCCURRENCE_OF_NEW: Parameter = OCCURRENCE.required();
const START_HOUR_OF_NEW: Parameter = START_HOUR.required();
const START_MINUTE_OF_NEW: Parameter = START_MINUTE.required();
const TIME_ZONE_OF_NEW: Parameter = TIME_ZONE_CODE.required();

const DELETE: Operation = Operation {
    resource: "schedule/scan",
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete a scheduled scan",
    description: &["Deletes a scheduled scan. A scan that it has started goes on."],
    parameters: &[ID_OF_ONE],
    rules: &[],
    roles: "Manager: any. Unit Manager: those within the business unit. Scanner: own ones.",
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID")], description: "Delete one." },
};
const ID_OF_ONE: Parameter = ID.required();

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(CREATE, create, &[(Action::Add, Resource::ScheduledTask)]),
    operation!(DELETE, delete, &[(Action::Delete, Resource::ScheduledTask)], needs: &[Need::Operation {
        resource: "schedule/scan",
        action: "create",
        parameters: CREATE.example.parameters,
    }]),
    operation!(LIST, list, &[(Action::List, Resource::ScheduledTask)]),
];

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let asset_groups = asset_groups(&request).await?;
    let asked = asked_scanners(&request, &asset_groups)?;
    let checked = request.app.check_scanners(request.actor()?, &asked).await;
    checked.map_err(|error| blame(&request, error))?;
    let scanner = if arguments.switch(&DEFAULT_SCANNER) {
        TaskScanner::DefaultOfGroups
    } else if arguments.switch(&SCANNERS_IN_AG) {
        TaskScanner::AllOfGroups
    } else {
        TaskScanner::External
    };
    let new = AddTask {
        kind: TaskKind::Scan,
        title: arguments.text(&SCAN_TITLE).unwrap_or_default().to_owned(),
        active: arguments.switch(&ACTIVE),
        targets: arguments.ip_set(&IP).cloned().unwrap_or_default(),
        map_targets: Vec::new(),
        target_text: arguments.written(&IP).unwrap_or_default().to_owned(),
        asset_groups,
        excluded: arguments.ip_set(&EXCLUDE_IP_PER_SCAN).cloned().unwrap_or_default(),
        option: Some(option_title(&request).await?),
        scanner,
        http_header: arguments.scan_header(&crate::v1::scan::RUNTIME_HTTP_HEADER).cloned(),
        schedule: schedule(arguments, request.app.clock().now())?,
    };
    let added = request.app.add_task(request.actor()?, new).await;
    let task = added.map_err(|error| blame(&request, error))?;
    Ok(request.simple_return("New scan scheduled successfully", &[("ID", task.id.to_string())]))
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let unknown = || request.invalid(&ID, "No such scheduled scan");
    let id = request.arguments.integer(&ID).and_then(|id| i64::try_from(id).ok()).ok_or_else(unknown)?;
    let scans = ListTasks { kind: Some(TaskKind::Scan), active: None };
    if !request.app.list_tasks(request.actor()?, scans).await?.iter().any(|task| task.id == id) {
        return Err(unknown());
    }
    match request.app.drop_task(request.actor()?, id).await {
        Err(AppError::UnknownTask) => Err(unknown()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(request.simple_return("Schedule scan deleted successfully", &[("ID", id.to_string())])),
    }
}

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let active = arguments.has(ACTIVE.name).then(|| arguments.switch(&ACTIVE));
    let wanted = ListTasks { kind: Some(TaskKind::Scan), active };
    let mut tasks = request.app.list_tasks(request.actor()?, wanted).await?;
    if let Some(id) = arguments.integer(&ID) {
        tasks.retain(|task| u64::try_from(task.id) == Ok(id));
    }
    let now = request.app.clock().now();
    let mut xml = request.document();
    xml.list("SCHEDULE_SCAN_LIST", &tasks, |xml, task| write_task(xml, task, now));
    Ok(OperationRequest::end(xml))
}

fn write_task(xml: &mut XmlWriter, task: &TaskView, now: Timestamp) {
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
    } = task;
    let flag = |on: bool| if on { "1" } else { "0" };
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
        xml.element("OPTION_PROFILE", &[], |xml| {
            xml.cdata("TITLE", option_title);
            xml.text("DEFAULT_FLAG", flag(*option_is_default));
        });
        xml.text("PROCESSING_PRIORITY", "0 - No Priority");
        write_schedule(xml, schedule, *next_launch_at, now);
    });
}

fn write_schedule(xml: &mut XmlWriter, schedule: &Schedule, next: Option<Timestamp>, now: Timestamp) {
    let Schedule { occurrence, start_date: _, start_hour, start_minute, zone, end_after_hours, recurrence } =
        schedule;
    xml.element("SCHEDULE", &[], |xml| {
        write_occurrence(xml, *occurrence);
        if let Some(start) = schedule.start_date_utc() {
            xml.date_time("START_DATE_UTC", start);
        }
        xml.text("START_HOUR", &start_hour.to_string());
        xml.text("START_MINUTE", &start_minute.to_string());
        xml.optional_text("END_AFTER_HOURS", end_after_hours.map(|hours| hours.to_string()).as_deref());
        if let Some(next) = next {
            xml.date_time("NEXTLAUNCH_UTC", next);
        }
        xml.element("TIME_ZONE", &[], |xml| write_zone(xml, *zone, now));
        xml.text("DST_SELECTED", if zone.observes_dst() { "1" } else { "0" });
        xml.optional_text("MAX_OCCURRENCE", recurrence.map(|runs| runs.to_string()).as_deref());
    });
}
