//! `activity_log/`: what users did, newest first, as CSV.

use palisade_app::{ActivityQuery, ActivityUser, ActivityView, ReportedActivity};
use palisade_model::{Action, Resource, Role};
use palisade_wire::csv::CsvWriter;
use palisade_wire::date_time::date_time;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind};
use tokio::sync::mpsc;

use crate::answer::{Answer, ContentKind};
use crate::error::CallError;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

/// Entries fetched at a time, so that memory does not grow with the answer.
const PAGE_ENTRIES: u32 = 500;
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;
/// Entries of an answer, unless the client says otherwise.
const ENTRIES: u64 = 1_000;

const USER_ACTION: Parameter = Parameter::new(
    "user_action",
    ParameterKind::Text { max_chars: 64 },
    "login",
    "Only entries of this action.",
);
const ACTION_DETAILS: Parameter = Parameter::new(
    "action_details",
    ParameterKind::Text { max_chars: 200 },
    "refused",
    "Only entries whose details have this text, in any case.",
);
const USERNAME: Parameter = Parameter::new(
    "username",
    ParameterKind::Text { max_chars: 64 },
    "acme_ab1",
    "Only what was done under this login.",
);
const SINCE_DATETIME: Parameter = Parameter::new(
    "since_datetime",
    ParameterKind::DateTime,
    "2026-01-01T00:00:00Z",
    "Only what was done then or later.",
);
const UNTIL_DATETIME: Parameter = Parameter::new(
    "until_datetime",
    ParameterKind::DateTime,
    "2026-06-30 12:00:00",
    "Only what was done then or earlier.",
);
const USER_ROLE: Parameter = Parameter::new(
    "user_role",
    ParameterKind::Choices(&[
        "Manager",
        "Unit Manager",
        "Auditor",
        "Scanner",
        "Reader",
        "Contact",
        "User Administrator",
    ]),
    "Manager,Scanner",
    "Only what users of these roles did, as their roles are now.",
);
const TRUNCATION_LIMIT: Parameter = Parameter::new(
    "truncation_limit",
    ParameterKind::Integer { min: 0, max: 1_000_000 },
    "100",
    "Entries of one answer; 0 for all of them.",
)
.default("1000");
const ID_MAX: Parameter = Parameter::new(
    "id_max",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "1000",
    "Only the entry with this number and older ones; stands in the URL of the next page.",
);
const OUTPUT_FORMAT: Parameter =
    Parameter::new("output_format", ParameterKind::Word(&["CSV"]), "CSV", "The only format.").default("CSV");

pub const LIST: Operation = Operation {
    resource: "activity_log",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List what users did",
    description: &[
        "Lists the entries of the activity log, newest first: what was done, by whom and from which address, and \
         what was refused. Entries out of the caller's sight are left out. When there are more than \
         truncation_limit, a footer has the URL of the next ones.",
    ],
    parameters: &[
        USER_ACTION,
        ACTION_DETAILS,
        USERNAME,
        SINCE_DATETIME,
        UNTIL_DATETIME,
        USER_ROLE,
        TRUNCATION_LIMIT,
        ID_MAX,
        OUTPUT_FORMAT,
    ],
    rules: &[],
    roles: "Manager: all users. Unit Manager: users of the business unit. Others: what they did themselves.",
    answers: Answers::Other(
        "CSV between a line BEGIN_RESPONSE_BODY_CSV and a line END_RESPONSE_BODY_CSV; all cells are quoted.",
    ),
    example: Example {
        parameters: &[("since_datetime", "2026-01-01"), ("truncation_limit", "100")],
        description: "See the newest hundred entries of a year.",
    },
};

pub(crate) static ROWS: &[OperationRow] = &[operation!(LIST, list, &[(Action::List, Resource::ActivityLog)])];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let now = request.app.clock().now();
    let until = arguments.date_time(&UNTIL_DATETIME);
    if until.is_some_and(|until| until > now) {
        return Err(request.invalid(&UNTIL_DATETIME, "a time that is still to come"));
    }
    let since = arguments.date_time(&SINCE_DATETIME);
    if since.is_some_and(|since| since > until.unwrap_or(now)) {
        return Err(request.invalid(&SINCE_DATETIME, "later than the end"));
    }
    let text = |parameter| arguments.filled_text(parameter).map(|text| text.trim().to_owned());
    let roles = arguments.choices(&USER_ROLE).unwrap_or_default();
    let query = ActivityQuery {
        since,
        until,
        login: text(&USERNAME),
        action: text(&USER_ACTION),
        details: text(&ACTION_DETAILS),
        roles: Role::ALL.into_iter().filter(|role| roles.contains(&role.title())).collect(),
        id_max: arguments.integer(&ID_MAX).and_then(|id| i64::try_from(id).ok()),
    };
    let limit = match arguments.integer(&TRUNCATION_LIMIT).unwrap_or(ENTRIES) {
        0 => u64::MAX,
        limit => limit,
    };
    // No more than there is room for, and one that tells that there are more.
    let first = u32::try_from(limit.saturating_add(1)).map_or(PAGE_ENTRIES, |first| first.min(PAGE_ENTRIES));
    let page = request.app.latest_activity(request.actor()?, &query, first).await?;
    let (pieces, receiver) = mpsc::channel(PIECES_WAITING);
    tokio::spawn(send(request, query, page, limit, pieces));
    Ok(Answer::stream_of(ContentKind::Csv, receiver))
}

/// Sends the entries, beginning with their first page. A client that hangs up ends it.
async fn send(
    request: OperationRequest,
    mut query: ActivityQuery,
    mut page: Vec<ReportedActivity>,
    limit: u64,
    pieces: mpsc::Sender<Vec<u8>>,
) {
    let mut csv = CsvWriter::default();
    csv.line("----BEGIN_RESPONSE_BODY_CSV");
    csv.row(["Date", "Action", "Module", "Details", "User Name", "User Role", "User IP"]);
    let mut sent = 0;
    let mut next = None;
    'pages: while let Some(last) = page.last().map(|entry| entry.mark.id()) {
        for entry in &page {
            if sent == limit {
                next = Some(entry.mark.id());
                break 'pages;
            }
            write_entry(&mut csv, entry);
            sent += 1;
        }
        if pieces.send(csv.take()).await.is_err() {
            return;
        }
        query.id_max = Some(last - 1);
        let Ok(actor) = request.actor() else { return };
        page = match request.app.latest_activity(actor, &query, PAGE_ENTRIES).await {
            Ok(page) => page,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "a list of the activity log could not be carried on");
                return;
            }
        };
    }
    csv.line("----END_RESPONSE_BODY_CSV");
    if let Some(next) = next {
        request.write_footer(&mut csv, limit, &[(ID_MAX.name, next.to_string())]);
    }
    // A client that hung up meanwhile has nothing left to be told.
    let _ = pieces.send(csv.take()).await;
}

fn write_entry(csv: &mut CsvWriter, entry: &ReportedActivity) {
    let ReportedActivity { mark: _, activity, user } = entry;
    // A refusal says so in its details.
    let ActivityView { at, login, from, module, action, details, refused: _ } = activity;
    let role = user.as_ref().map_or("N/A", |ActivityUser { role, .. }| role.title());
    let login = login.as_deref().unwrap_or("N/A");
    let at = date_time(*at);
    csv.row([at.as_str(), action, module, details, login, role, from]);
}
