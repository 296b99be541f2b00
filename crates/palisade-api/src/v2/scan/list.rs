//! Listing scans.

use palisade_app::{Error as AppError, LaunchType, ListScans, ListedScan, ScanMark, ScanPage};
use palisade_model::{ScanStatus, Timestamp};
use palisade_wire::date_time::duration;
use palisade_wire::dtd::v2::SCAN_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, XmlWriter};
use tokio::sync::mpsc;

use super::{LIST_ROLES, SCAN_REF, STATES, priority_text, spaced, state};
use crate::answer::{Answer, ContentKind, end_report};
use crate::error::CallError;
use crate::v2::request::OperationRequest;

/// How far back scans are listed when no time is given.
const DEFAULT_DAYS: i64 = 30;
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;
/// Title of the option profile that `pci_only` is about.
const PCI_OPTIONS: &str = "Payment Card Industry (PCI) Options";
const SCAN_ID: Parameter = Parameter::new(
    "scan_id",
    ParameterKind::Integer { min: 1, max: 1 << 53 },
    "1",
    "Only the scan with this id, as the launch answered it.",
);
const STATE: Parameter = Parameter::new(
    "state",
    ParameterKind::Choices(STATES),
    "Running,Paused",
    "Only scans in one of these states.",
);
const PROCESSED: Parameter = Parameter::new(
    "processed",
    ParameterKind::ZeroOne,
    "1",
    "1 for only scans all results of which were taken in, 0 for the others.",
);
const TYPE: Parameter = Parameter::new(
    "type",
    ParameterKind::Choice(&["On-Demand", "Scheduled", "API"]),
    "API",
    "Only scans that were launched like this.",
);
const TARGET: Parameter = Parameter::new(
    "target",
    ParameterKind::IpSet,
    "192.0.2.7",
    "Only scans that have any of these addresses among their targets.",
);
const USER_LOGIN: Parameter = Parameter::new(
    "user_login",
    ParameterKind::Text { max_chars: 256 },
    "acme_ab1",
    "Only scans that this user launched.",
);
const LAUNCHED_AFTER: Parameter = Parameter::new(
    "launched_after_datetime",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only scans that were launched at this time or later.",
);
const LAUNCHED_BEFORE: Parameter = Parameter::new(
    "launched_before_datetime",
    ParameterKind::DateTime,
    "2026-12-31T12:00:00Z",
    "Only scans that were launched at this time or earlier.",
);
const SHOW_AGS: Parameter =
    Parameter::new("show_ags", ParameterKind::ZeroOne, "1", "1 shows the asset groups of each scan.")
        .default("0");
const SHOW_OP: Parameter =
    Parameter::new("show_op", ParameterKind::ZeroOne, "1", "1 shows the option profile of each scan.")
        .default("0");
const SHOW_STATUS: Parameter =
    Parameter::new("show_status", ParameterKind::ZeroOne, "1", "0 leaves the state of each scan out.")
        .default("1");
const SHOW_LAST: Parameter = Parameter::new(
    "show_last",
    ParameterKind::ZeroOne,
    "1",
    "1 lists only the newest of the scans that the other parameters ask for.",
)
.default("0");
const PCI_ONLY: Parameter = Parameter::new(
    "pci_only",
    ParameterKind::ZeroOne,
    "0",
    "1 lists only scans with the option profile Payment Card Industry (PCI) Options.",
)
.default("0");
const IGNORE_TARGET: Parameter =
    Parameter::new("ignore_target", ParameterKind::ZeroOne, "1", "1 leaves the targets of each scan out.")
        .default("0");

pub(super) const LIST: Operation = Operation {
    resource: "scan",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List scans",
    description: &[
        "Lists the scans that the user may see, newest first: those launched within the last 30 days, or \
         within the time given, whatever became of them.",
        "The state of a scan is Queued as long as no scanner has begun with it, then Running; Paused, Canceled, \
         Finished or Error when it is that. A finished scan has the sub-state No_Host when no host answered, \
         and No_Vuln when there was no vulnerability. The duration is Pending until the scan has ended, and \
         leaves pauses out.",
    ],
    parameters: &[
        SCAN_REF,
        SCAN_ID,
        STATE,
        PROCESSED,
        TYPE,
        TARGET,
        USER_LOGIN,
        LAUNCHED_AFTER,
        LAUNCHED_BEFORE,
        SHOW_AGS,
        SHOW_OP,
        SHOW_STATUS,
        SHOW_LAST,
        PCI_ONLY,
        IGNORE_TARGET,
    ],
    rules: &[],
    roles: LIST_ROLES,
    answers: Answers::Document { root: "SCAN_LIST_OUTPUT", dtd: &SCAN_LIST_OUTPUT },
    example: Example {
        parameters: &[("state", "Running,Paused,Finished"), ("show_op", "1")],
        description: "List scans with their option profiles.",
    },
};

/// What is shown of each scan.
#[derive(Debug, Clone, Copy)]
struct Shown {
    asset_groups: bool,
    option_profile: bool,
    status: bool,
    target: bool,
}

pub(super) async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = wanted(arguments, request.app.clock().now());
    let shown = Shown {
        asset_groups: arguments.switch(&SHOW_AGS),
        option_profile: arguments.switch(&SHOW_OP),
        status: !arguments.has(SHOW_STATUS.name) || arguments.switch(&SHOW_STATUS),
        target: !arguments.switch(&IGNORE_TARGET),
    };
    let last = arguments.switch(&SHOW_LAST);
    let actor = request.actor()?.clone();
    let first = request.app.list_scans(&actor, &wanted, None).await?;
    let (pieces, receiver) = mpsc::channel(PIECES_WAITING);
    let mut xml = request.document();
    let app = request.app.clone();
    tokio::spawn(async move {
        let next = |after: ScanMark| {
            let (app, actor, wanted) = (&app, &actor, &wanted);
            async move { app.list_scans(actor, wanted, Some(after)).await }
        };
        if let Err(error) = send(&mut xml, first, (shown, last), next, &pieces).await {
            // The document is left without its end: whoever reads it notices.
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a list of scans broke off");
        }
    });
    Ok(Answer::stream_of(ContentKind::Xml, receiver))
}

/// Sends page after page, as long as somebody listens.
async fn send<F: Future<Output = Result<ScanPage, AppError>>>(
    xml: &mut XmlWriter,
    first: ScanPage,
    (shown, last): (Shown, bool),
    next_page: impl Fn(ScanMark) -> F,
    pieces: &mpsc::Sender<Vec<u8>>,
) -> Result<(), AppError> {
    let mut page = first;
    let mut begun = false;
    loop {
        let ScanPage { scans, next } = page;
        let count = if last { 1 } else { scans.len() };
        for scan in scans.iter().take(count) {
            if !begun {
                xml.open("SCAN_LIST", &[]);
                begun = true;
            }
            write_scan(xml, scan, shown);
        }
        let Some(after) = next.filter(|_| !(last && begun)) else { break };
        if pieces.send(xml.take()).await.is_err() {
            return Ok(());
        }
        page = next_page(after).await?;
    }
    end_report(xml);
    // Whoever has hung up needs nothing more.
    let _ = pieces.send(xml.take()).await;
    Ok(())
}

fn wanted(arguments: &Arguments, now: Timestamp) -> ListScans {
    let text = |parameter| arguments.filled_text(parameter).map(str::to_owned);
    let from = arguments.date_time(&LAUNCHED_AFTER);
    let until = arguments.date_time(&LAUNCHED_BEFORE);
    let scan = arguments.scan_ref(&SCAN_REF).cloned();
    let id = arguments.integer(&SCAN_ID);
    let unbounded = from.is_some() || until.is_some() || scan.is_some() || id.is_some();
    let month_ago = Timestamp::from_second(now.as_second() - DEFAULT_DAYS * 86_400).ok();
    ListScans {
        scan,
        id,
        statuses: arguments.choices(&STATE).map(|words| {
            ScanStatus::ALL.into_iter().filter(|status| words.contains(&state(*status))).collect()
        }),
        processed: arguments.has(PROCESSED.name).then(|| arguments.switch(&PROCESSED)),
        launch_type: arguments.choice(&TYPE).and_then(launch_type),
        user: text(&USER_LOGIN),
        target: arguments.ip_set(&TARGET).cloned(),
        option: arguments.switch(&PCI_ONLY).then(|| PCI_OPTIONS.to_owned()),
        launched_from: if unbounded { from } else { month_ago },
        launched_until: until,
    }
}

fn launch_type(word: &str) -> Option<LaunchType> {
    LaunchType::ALL.into_iter().find(|kind| launch_word(*kind) == word)
}

const fn launch_word(kind: LaunchType) -> &'static str {
    match kind {
        LaunchType::OnDemand => "On-Demand",
        LaunchType::Scheduled => "Scheduled",
        LaunchType::Api => "API",
    }
}

fn write_scan(xml: &mut XmlWriter, scan: &ListedScan, shown: Shown) {
    let ListedScan {
        id: _, // a machine's name for it is REF
        scan: reference,
        title,
        targets,
        asset_groups,
        status,
        processed,
        launched_at,
        ended_at,
        duration_s,
        user,
        launch_type,
        priority,
        option_title,
        option_is_default,
        hosts_total: _,
        hosts_done: _,
        vulnerabilities,
    } = scan;
    let flag = |on: bool| if on { "1" } else { "0" };
    xml.element("SCAN", &[], |xml| {
        xml.text("REF", reference.as_str());
        xml.text("TYPE", launch_word(*launch_type));
        xml.cdata("TITLE", title);
        xml.text("USER_LOGIN", user.as_str());
        xml.date_time("LAUNCH_DATETIME", *launched_at);
        let duration = ended_at.map_or_else(|| "Pending".to_owned(), |_| duration(*duration_s));
        xml.text("DURATION", &duration);
        xml.text("PROCESSING_PRIORITY", &priority_text(*priority));
        xml.text("PROCESSED", flag(*processed));
        if shown.status {
            xml.element("STATUS", &[], |xml| {
                xml.text("STATE", state(*status));
                xml.optional_text("SUB_STATE", sub_state(*status, *vulnerabilities));
            });
        }
        if shown.target {
            xml.cdata("TARGET", &spaced(targets));
        }
        if shown.asset_groups {
            xml.list("ASSET_GROUP_TITLE_LIST", asset_groups, |xml, title| {
                xml.cdata("ASSET_GROUP_TITLE", title);
            });
        }
        if shown.option_profile {
            xml.element("OPTION_PROFILE", &[], |xml| {
                xml.cdata("TITLE", option_title);
                xml.text("DEFAULT_FLAG", flag(*option_is_default));
            });
        }
    });
}

/// What a finished scan lacks.
fn sub_state(status: ScanStatus, vulnerabilities: Option<u64>) -> Option<&'static str> {
    match (status, vulnerabilities) {
        (ScanStatus::NoHostAlive, _) => Some("No_Host"),
        (ScanStatus::Finished, Some(0)) => Some("No_Vuln"),
        _ => None,
    }
}
