//! `scheduled_scans.php`: lists the scheduled tasks, adds one, switches one on or off, drops one.
//!
//! The answer is written in `scheduled_document`. Deliberately absent: networks, of which there is
//! one, and continuous tasks.

use palisade_app::{AddTask, ListTasks, TASK_TITLE_CHARACTERS_MAX, TaskKind, TaskScanner};
use palisade_model::scan_header::{self, ScanHeader};
use palisade_model::{IpSet, MapTarget, Schedule, Timestamp};
use palisade_wire::date_time::date_time;
use palisade_wire::{
    Arguments, Call, ErrorForm, Example, InvalidReason, Parameter, ParameterError, ParameterKind, Rule, dtd,
};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::recurrence::{
    self, DAY_OF_MONTH, DAY_OF_WEEK, FREQUENCY_DAYS, FREQUENCY_MONTHS, FREQUENCY_WEEKS, OBSERVE_DST,
    OCCURRENCE, RECURRENCE, START_DATE, START_HOUR, START_MINUTE, TIME_ZONE, TIME_ZONE_CODE, WEEK_OF_MONTH,
    WEEKDAYS, both, counted, invalid,
};
use crate::v1::scan::{self, asked_scanners};
use crate::v1::scheduled_document;

/// Most domains of one task, as of one map request.
const MAP_DOMAINS_MAX: usize = 100;

pub const TYPE: Parameter = Parameter::new(
    "type",
    ParameterKind::Choice(&["scan", "map", "all"]),
    "scan",
    "Which tasks to list; when adding, what the task does.",
)
.default("scan");
pub const ACTIVE: Parameter = Parameter::new(
    "active",
    ParameterKind::YesNo,
    "yes",
    "When listing, only tasks that are active, or only those that are not. When adding or changing, whether \
     the task starts by itself.",
);
pub const ADD_TASK: Parameter =
    Parameter::new("add_task", ParameterKind::YesNo, "yes", "yes adds a task.").default("no");
pub const DROP_TASK: Parameter =
    Parameter::new("drop_task", ParameterKind::YesNo, "yes", "yes drops a task.").default("no");
pub const SAVE_TASK: Parameter = Parameter::new(
    "save_task",
    ParameterKind::YesNo,
    "yes",
    "yes activates or deactivates a task. A task that is activated starts next at its first time from now on, \
     and its recurrence is counted anew.",
)
.default("no");
pub const TASK_ID: Parameter = Parameter::new(
    "task_id",
    ParameterKind::Integer { min: 1, max: 4_294_967_295 },
    "1",
    "The task to drop or to change: the ref of its SCAN element.",
);
pub const SCAN_TITLE: Parameter = Parameter::new(
    "scan_title",
    ParameterKind::Text { max_chars: TASK_TITLE_CHARACTERS_MAX },
    "Weekly scan",
    "The title of the task and of the reports it makes.",
);
pub const SCAN_TARGET: Parameter = Parameter::new(
    "scan_target",
    ParameterKind::ScanOrMapTargets { max_items: MAP_DOMAINS_MAX },
    "192.0.2.7",
    "The targets. For a scan, addresses; all of them must be in the subscription and within the caller's \
     reach. For a map, domains, each with a netblock after a colon if need be, as domain of map-2.php takes \
     them.",
);
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups whose addresses are scanned, or whose domains are mapped, in addition to scan_target: \
     those they have when the task starts. All stands for all that the task's owner may see.",
);
pub const EXCLUDE_IP_PER_SCAN: Parameter = Parameter::new(
    "exclude_ip_per_scan",
    ParameterKind::IpSet,
    "192.0.2.9",
    "Addresses left out of the scans of this task. Not for maps.",
);
pub const RUNTIME_HTTP_HEADER: Parameter = Parameter::new(
    "runtime_http_header",
    ParameterKind::Text { max_chars: scan_header::CHARACTERS_MAX },
    "authorised",
    "The value of the header Qualys-Scan that every web request of the scans carries: printable ASCII \
     characters. Not for maps.",
)
.default("that of the option profile");
pub const END_AFTER: Parameter = Parameter::new(
    "end_after",
    ParameterKind::Integer { min: 1, max: 48 },
    "8",
    "What has not finished after so many hours is cancelled, and the task deactivated. Of a task with several \
     domains, all maps.",
);

/// `parameter` belongs to a new task.
const fn of_new(parameter: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with: ADD_TASK.name, value: Some("yes") }
}

/// `parameter` means nothing for a map; without a type a task scans.
const fn of_scan(parameter: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with: TYPE.name, value: Some("scan") }
}

const RULES: &[Rule] = &[
    Rule::Exclusive(&[ADD_TASK.name, DROP_TASK.name, SAVE_TASK.name]),
    Rule::Exclusive(&[scan::ISCANNER_NAME.name, scan::DEFAULT_SCANNER.name, scan::SCANNERS_IN_AG.name]),
    Rule::When {
        parameter: ADD_TASK.name,
        value: "yes",
        rules: &[
            Rule::AtLeastOneOf(&[SCAN_TITLE.name]),
            Rule::AtLeastOneOf(&[ACTIVE.name]),
            Rule::AtLeastOneOf(&[SCAN_TARGET.name, ASSET_GROUPS.name]),
            Rule::AtLeastOneOf(&[OCCURRENCE.name]),
            Rule::OneOf(&[TIME_ZONE_CODE.name, TIME_ZONE.name]),
            Rule::AtLeastOneOf(&[START_HOUR.name]),
        ],
    },
    both(scan::DEFAULT_SCANNER.name, ASSET_GROUPS.name),
    both(scan::SCANNERS_IN_AG.name, ASSET_GROUPS.name),
    Rule::When {
        parameter: TYPE.name,
        value: "map",
        rules: &[
            of_scan(EXCLUDE_IP_PER_SCAN.name),
            of_scan(scan::SCANNERS_IN_AG.name),
            of_scan(RUNTIME_HTTP_HEADER.name),
        ],
    },
    Rule::All(recurrence::BELONGING),
    both(OBSERVE_DST.name, TIME_ZONE_CODE.name),
    of_new(SCAN_TITLE.name),
    of_new(SCAN_TARGET.name),
    of_new(ASSET_GROUPS.name),
    of_new(EXCLUDE_IP_PER_SCAN.name),
    of_new(scan::ISCANNER_NAME.name),
    of_new(scan::OPTION.name),
    of_new(RUNTIME_HTTP_HEADER.name),
    of_new(OCCURRENCE.name),
    of_new(TIME_ZONE_CODE.name),
    of_new(TIME_ZONE.name),
    of_new(START_DATE.name),
    of_new(START_HOUR.name),
    of_new(START_MINUTE.name),
    of_new(END_AFTER.name),
    of_new(RECURRENCE.name),
    Rule::All(recurrence::NEEDED),
    Rule::When { parameter: DROP_TASK.name, value: "yes", rules: &[Rule::AtLeastOneOf(&[TASK_ID.name])] },
    Rule::When {
        parameter: SAVE_TASK.name,
        value: "yes",
        rules: &[Rule::AtLeastOneOf(&[TASK_ID.name]), Rule::AtLeastOneOf(&[ACTIVE.name])],
    },
];

pub const CALL: Call = Call {
    script: "scheduled_scans.php",
    summary: "Schedule scans and maps",
    description: &[
        "Lists the scheduled tasks that the caller may see; with add_task, save_task or drop_task it adds, \
         switches or drops one. A new or changed task is answered as in the list, a dropped one with a \
         GENERIC_RETURN. When there is no task to list, the root holds a comment that says so.",
        "An active task starts a scan, or one map for each of its domains, by itself at each of its times, as \
         its owner and with the permissions that the owner has then. The reports are saved and listed by \
         scan_report_list.php and map_report_list.php. When a scan or map has ended, or could not be started, \
         the owner gets a mail.",
        "A start time that the clocks jump over in spring is counted on from before the jump: 02:30 becomes \
         03:30. Of a start time that comes twice in autumn, the first counts. Day 31 is the last day of \
         every month.",
        "A start that was missed because the server was down is made when it is back, once for all that were \
         missed; the title of that scan or map says which start it was. A start waits while as many scans, \
         or maps, run as may. A task whose owner was deactivated is deactivated at its next start; a start whose targets or \
         option profile the owner may not use any more is left out. Both are in the activity log.",
        "The hour and the minute of an answer are by the clock of the time zone; the dates are UTC, without \
         the Z that other calls write.",
    ],
    parameters: &[
        TYPE,
        ACTIVE,
        ADD_TASK,
        SAVE_TASK,
        DROP_TASK,
        TASK_ID,
        SCAN_TITLE,
        SCAN_TARGET,
        ASSET_GROUPS,
        EXCLUDE_IP_PER_SCAN,
        scan::OPTION,
        scan::ISCANNER_NAME,
        scan::DEFAULT_SCANNER,
        scan::SCANNERS_IN_AG,
        RUNTIME_HTTP_HEADER,
        OCCURRENCE,
        FREQUENCY_DAYS,
        FREQUENCY_WEEKS,
        WEEKDAYS,
        FREQUENCY_MONTHS,
        DAY_OF_MONTH,
        DAY_OF_WEEK,
        WEEK_OF_MONTH,
        TIME_ZONE_CODE,
        TIME_ZONE,
        OBSERVE_DST,
        START_DATE,
        START_HOUR,
        START_MINUTE,
        END_AFTER,
        RECURRENCE,
    ],
    rules: RULES,
    roles: "Manager: all tasks. Unit Manager: the business unit. Scanner: the caller's own. Reader: may list \
            tasks on assigned asset groups.",
    root: "SCHEDULEDSCANS",
    dtd: &dtd::SCHEDULED_SCANS,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[
            ("add_task", "yes"),
            ("scan_title", "Weekly scan"),
            ("active", "yes"),
            ("scan_target", "192.0.2.7"),
            ("occurrence", "weekly"),
            ("frequency_weeks", "1"),
            ("weekdays", "Sunday"),
            ("time_zone_code", "US-CA"),
            ("observe_dst", "yes"),
            ("start_hour", "2"),
            ("start_minute", "30"),
        ],
        description: "Scan a host every Sunday at half past two in the night, as clocks show it in California.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let (app, actor) = (&request.app, &request.actor);
    if arguments.switch(&ADD_TASK) {
        refuse_task_id(arguments)?;
        let task = new_task(&request)?;
        // The groups' appliances are looked at with the launch itself.
        app.check_scanners(actor, &asked_scanners(&request.arguments, &[])).await?;
        let task = app.add_task(actor, task).await?;
        Ok(scheduled_document::write(&request, &[task]))
    } else if arguments.switch(&SAVE_TASK) {
        let task = app.switch_task(actor, task_id(arguments)?, arguments.switch(&ACTIVE)).await?;
        Ok(scheduled_document::write(&request, &[task]))
    } else if arguments.switch(&DROP_TASK) {
        app.drop_task(actor, task_id(arguments)?).await?;
        Ok(dropped(&request))
    } else {
        refuse_task_id(arguments)?;
        let kind = match arguments.choice(&TYPE) {
            None | Some("scan") => Some(TaskKind::Scan),
            Some("map") => Some(TaskKind::Map),
            Some(_) => None,
        };
        let active = arguments.has(ACTIVE.name).then(|| arguments.switch(&ACTIVE));
        let tasks = app.list_tasks(actor, ListTasks { kind, active }).await?;
        Ok(scheduled_document::write(&request, &tasks))
    }
}

fn dropped(request: &CallRequest) -> Answer {
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        outcome: Ok("Task dropped."),
    };
    Answer::Document(answer.document(None))
}

/// No two rules say that a parameter belongs to one of two others.
fn refuse_task_id(arguments: &Arguments) -> Result<(), ParameterError> {
    if arguments.has(TASK_ID.name) {
        return Err(ParameterError::OnlyWith {
            parameter: TASK_ID.name,
            with: DROP_TASK.name,
            value: Some("yes"),
        });
    }
    Ok(())
}

fn task_id(arguments: &Arguments) -> Result<i64, ParameterError> {
    let id = arguments.integer(&TASK_ID).and_then(|id| i64::try_from(id).ok());
    id.ok_or(ParameterError::Missing { parameter: TASK_ID.name })
}

fn new_task(request: &CallRequest) -> Result<AddTask, CallError> {
    let arguments = &request.arguments;
    let kind = kind(arguments)?;
    let (targets, map_targets) = targets(arguments, kind)?;
    let title = arguments.filled_text(&SCAN_TITLE);
    let scanner = if arguments.switch(&scan::DEFAULT_SCANNER) {
        TaskScanner::DefaultOfGroups
    } else if arguments.switch(&scan::SCANNERS_IN_AG) {
        TaskScanner::AllOfGroups
    } else {
        TaskScanner::External
    };
    Ok(AddTask {
        kind,
        title: title.ok_or(ParameterError::Missing { parameter: SCAN_TITLE.name })?.to_owned(),
        active: arguments.switch(&ACTIVE),
        targets,
        map_targets,
        target_text: arguments.written(&SCAN_TARGET).unwrap_or_default().to_owned(),
        asset_groups: arguments.titles(&ASSET_GROUPS).unwrap_or_default().to_vec(),
        excluded: arguments.ip_set(&EXCLUDE_IP_PER_SCAN).cloned().unwrap_or_else(IpSet::new),
        option: arguments.filled_text(&scan::OPTION).map(str::to_owned),
        scanner,
        http_header: http_header(arguments)?,
        schedule: schedule(arguments, request.app.clock().now())?,
        names: Vec::new(),
        priority: 0,
        notifications: None,
    })
}

fn http_header(arguments: &Arguments) -> Result<Option<ScanHeader>, CallError> {
    let Some(value) = arguments.filled_text(&RUNTIME_HTTP_HEADER) else { return Ok(None) };
    value.parse().map(Some).map_err(|_| {
        invalid(arguments, &RUNTIME_HTTP_HEADER, "Expecting printable ASCII characters without line breaks.")
    })
}

/// Of the types that can be listed, a task has one.
fn kind(arguments: &Arguments) -> Result<TaskKind, CallError> {
    match arguments.choice(&TYPE) {
        Some("all") => Err(invalid(arguments, &TYPE, "Expecting one of (scan, map).")),
        Some("map") => Ok(TaskKind::Map),
        _ => Ok(TaskKind::Scan),
    }
}

/// The addresses of a scan, or the domains of a map.
fn targets(arguments: &Arguments, kind: TaskKind) -> Result<(IpSet, Vec<MapTarget>), ParameterError> {
    let Some(text) = arguments.written(&SCAN_TARGET) else { return Ok((IpSet::new(), Vec::new())) };
    let invalid = |reason| ParameterError::Invalid {
        parameter: SCAN_TARGET.name,
        value: Some(text.to_owned()),
        reason,
    };
    match kind {
        TaskKind::Scan => {
            let targets = text.parse().map_err(|error| invalid(InvalidReason::IpSet(error)))?;
            Ok((targets, Vec::new()))
        }
        // None of the types that a task is added with.
        TaskKind::Report => Ok((IpSet::new(), Vec::new())),
        TaskKind::Map => {
            let targets = MapTarget::list(text, MAP_DOMAINS_MAX);
            Ok((IpSet::new(), targets.map_err(|error| invalid(InvalidReason::NotAMapTarget(error)))?))
        }
    }
}

fn schedule(arguments: &Arguments, now: Timestamp) -> Result<Schedule, CallError> {
    Ok(Schedule { end_after_hours: counted(arguments, &END_AFTER), ..recurrence::schedule(arguments, now)? })
}
