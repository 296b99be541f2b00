//! `action_log_report.php`: what users did in a stretch of time, sent page by page.

use palisade_app::{
    ActivityMark, ActivityUser, ActivityView, Error as AppError, ReportActivity, ReportedActivity,
};
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, XmlWriter, dtd};
use tokio::sync::mpsc;

use crate::answer::{Answer, end_report};
use crate::error::{CallError, Refusal};
use crate::registry::CallRequest;

/// Entries fetched at a time, so that memory does not grow with the report.
const PAGE_ENTRIES: u32 = 500;
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;

pub const DATE_FROM: Parameter = Parameter::new(
    "date_from",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only what was done at this time or later.",
)
.required();
pub const DATE_TO: Parameter = Parameter::new(
    "date_to",
    ParameterKind::DateTime,
    "2026-12-31T23:59:59Z",
    "Only what was done at this time or earlier.",
)
.default("now");
pub const USER_LOGIN: Parameter = Parameter::new(
    "user_login",
    ParameterKind::Text { max_chars: 64 },
    "acme_ab1",
    "Only what was done under this login.",
);

pub const CALL: Call = Call {
    script: "action_log_report.php",
    summary: "Report on what users did",
    description: &[
        "Lists the entries of the activity log in a stretch of time, oldest first: what was done, by whom \
         and from which address, and which calls and logins were refused. Entries out of the caller's sight \
         are left out. The log keeps the newest million entries.",
    ],
    parameters: &[DATE_FROM, DATE_TO, USER_LOGIN],
    rules: &[],
    roles: "Manager: all users. Unit Manager: users of the business unit. Others: what they did themselves.",
    root: "ACTION_LOG_REPORT",
    dtd: &dtd::ACTION_LOG_REPORT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("date_from", "2026-01-01"), ("user_login", "acme_ab1")],
        description: "See what one user did since the beginning of a year.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let now = request.app.clock().now();
    let to = arguments.date_time(&DATE_TO).unwrap_or(now);
    let from = arguments.date_time(&DATE_FROM).unwrap_or(to);
    if from > to {
        let (name, value) = match arguments.written(&DATE_TO) {
            Some(value) => (DATE_TO.name, value),
            None => (DATE_FROM.name, arguments.written(&DATE_FROM).unwrap_or_default()),
        };
        let text = format!("Invalid value for '{name}' : {value}. The report ends before it starts.");
        return Err(CallError::Refused(Refusal::new(5000, text)));
    }
    let login = arguments.filled_text(&USER_LOGIN).map(|login| login.trim().to_owned());
    let wanted = ReportActivity { from, to, login };
    let page = request.app.report_activity(&request.actor, &wanted, None, PAGE_ENTRIES).await?;
    let (pieces, receiver) = mpsc::channel(PIECES_WAITING);
    tokio::spawn(send(request, wanted, page, pieces));
    Ok(Answer::Stream(receiver))
}

/// Sends the report, beginning with its first page. A client that hangs up ends it.
async fn send(
    request: CallRequest,
    wanted: ReportActivity,
    mut page: Vec<ReportedActivity>,
    pieces: mpsc::Sender<Vec<u8>>,
) {
    let mut xml = request.document();
    write_head(&mut xml, &wanted);
    while let Some(mark) = write_page(&mut xml, &page) {
        if pieces.send(xml.take()).await.is_err() {
            return;
        }
        match request.app.report_activity(&request.actor, &wanted, Some(mark), PAGE_ENTRIES).await {
            Ok(next) => page = next,
            Err(error) => return break_off(xml, error, &pieces).await,
        }
    }
    end_report(&mut xml);
    // A client that hung up meanwhile has nothing left to be told.
    let _ = pieces.send(xml.finish()).await;
}

/// Ends a report that cannot be carried on.
async fn break_off(mut xml: XmlWriter, error: AppError, pieces: &mpsc::Sender<Vec<u8>>) {
    log_failure(&error);
    xml.close();
    let text = "Internal error. Please contact customer support.";
    xml.padded_text("ERROR", &[("number", "999")], text);
    end_report(&mut xml);
    let _ = pieces.send(xml.finish()).await;
}

fn log_failure(error: &AppError) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "a report of the activity log could not be carried on");
}

fn write_head(xml: &mut XmlWriter, wanted: &ReportActivity) {
    let ReportActivity { from, to, login } = wanted;
    xml.open("ACTION_LOG_REPORT", &[]);
    xml.optional_text("USER_LOGIN", login.as_deref());
    xml.text("DATE_FROM", &date_time(*from));
    xml.text("DATE_TO", &date_time(*to));
    xml.open("ACTION_LOG_LIST", &[]);
}

/// Writes the entries; gives the place to read on from, or `None` when there were none.
fn write_page(xml: &mut XmlWriter, page: &[ReportedActivity]) -> Option<ActivityMark> {
    for entry in page {
        write_entry(xml, entry);
    }
    page.last().map(|entry| entry.mark)
}

fn write_entry(xml: &mut XmlWriter, entry: &ReportedActivity) {
    let ReportedActivity { mark: _, activity, user } = entry;
    // A refusal says so in its details.
    let ActivityView { at, login, from, module, action, details, refused: _ } = activity;
    xml.element("ACTION_LOG", &[], |xml| {
        xml.text("DATE", &date_time(*at));
        xml.text("MODULE", module);
        xml.text("ACTION", action);
        xml.cdata("DETAILS", details);
        xml.element("USER", &[], |xml| {
            xml.optional_text("USER_LOGIN", login.as_deref());
            if let Some(ActivityUser { first_name, last_name, role }) = user {
                xml.cdata("FIRSTNAME", first_name);
                xml.cdata("LASTNAME", last_name);
                xml.text("ROLE", role.title());
            }
            xml.text("IP", from);
        });
    });
}
