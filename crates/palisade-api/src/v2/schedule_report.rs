//! `schedule/report/`: reports that are asked for by themselves.
//!
//! Deliberately absent: making and changing them, which no client knows a request for; `palisade schedule` does
//! it on the server.

use palisade_app::{Error as AppError, ReportScheduleView};
use palisade_model::{Action, Resource, Timestamp};
use palisade_wire::dtd::v2::SCHEDULE_REPORT_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;
use crate::v2::schedule_scan::list::write_schedule;

const ID: Parameter = Parameter::new(
    "id",
    ParameterKind::Integer { min: 1, max: 4_294_967_295 },
    "1",
    "The id of the scheduled report, as the list tells it.",
);
const IS_ACTIVE: Parameter = Parameter::new(
    "is_active",
    ParameterKind::Choice(&["true", "false"]),
    "true",
    "true for scheduled reports that are asked for at their times, false for those that are switched off.",
);

const LIST: Operation = Operation {
    resource: "schedule/report",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List scheduled reports",
    description: &[
        "Lists the scheduled reports whose reports the user sees, by id. The hour and the minute of a start are by \
         the clock of its time zone, START_DATE_UTC is UTC.",
        "Scheduled reports are made, switched and deleted with `palisade schedule` on the server. At each of its \
         times one asks for a report as its owner, with what the owner may then; the report is made in the \
         background and listed by report/. A start that was missed because the server was down is made when it is \
         back, once for all that were missed.",
    ],
    parameters: &[ID, IS_ACTIVE],
    rules: &[],
    roles: "Manager and Auditor: all. Unit Manager: those of the business unit's users. Scanner and Reader: \
            their own.",
    answers: Answers::Document { root: "SCHEDULE_REPORT_LIST_OUTPUT", dtd: &SCHEDULE_REPORT_LIST_OUTPUT },
    example: Example { parameters: &[("is_active", "true")], description: "List what will be asked for." },
};

const LAUNCH_NOW: Operation = Operation {
    resource: "schedule/report",
    action: "launch_now",
    methods: Methods::Post,
    takes_document: false,
    summary: "Ask for a scheduled report now",
    description: &[
        "Asks for the report of a schedule out of turn, as the schedule's owner; the answer has the ID of the report \
         as an item, and report/ lists and fetches it. The times of the schedule do not change.",
    ],
    parameters: &[ID_OF_ONE],
    rules: &[],
    roles: "Manager: any. Unit Manager: those of the business unit's users. Others: their own.",
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID")], description: "Ask for one now." },
};
const ID_OF_ONE: Parameter = ID.required();

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(
        LAUNCH_NOW,
        launch_now,
        &[(Action::Launch, Resource::Report)],
        needs: &[Need::ReportSchedule]
    ),
    operation!(LIST, list, &[(Action::List, Resource::Report)]),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let active = arguments.choice(&IS_ACTIVE).map(|word| word == "true");
    let mut schedules = request.app.list_report_schedules(request.actor()?).await?;
    schedules.retain(|view| {
        arguments.integer(&ID).is_none_or(|id| u64::try_from(view.id) == Ok(id))
            && active.is_none_or(|active| view.active == active)
    });
    let now = request.app.clock().now();
    let mut xml = request.document();
    xml.list("SCHEDULE_REPORT_LIST", &schedules, |xml, view| write_report(xml, view, now));
    Ok(OperationRequest::end(xml))
}

fn write_report(xml: &mut XmlWriter, view: &ReportScheduleView, now: Timestamp) {
    let ReportScheduleView {
        id,
        title,
        owner: _, // no element for it
        active,
        format,
        template_title,
        schedule,
        next_launch_at: _, // no element for it
    } = view;
    xml.element("REPORT", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.cdata("TITLE", title);
        xml.text("OUTPUT_FORMAT", &format.as_str().to_uppercase());
        xml.optional_cdata("TEMPLATE_TITLE", template_title.as_deref());
        xml.text("ACTIVE", if *active { "1" } else { "0" });
        write_schedule(xml, schedule, None, now);
    });
}

async fn launch_now(request: OperationRequest) -> Result<Answer, CallError> {
    let id = request.arguments.integer(&ID).and_then(|id| i64::try_from(id).ok()).unwrap_or_default();
    let launched = request.app.launch_report_schedule(request.actor()?, id, &request.base_url).await;
    match launched {
        Err(AppError::UnknownReportSchedule) => Err(request.invalid(&ID, "No such scheduled report")),
        launched => Ok(request.simple_return("New report launched", &[("ID", launched?.to_string())])),
    }
}
