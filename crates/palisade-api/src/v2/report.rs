//! `report/`: saved reports. They are asked for, made in the background, listed, read and deleted.

use palisade_app::{FetchedReport, LaunchReport, ListReportJobs, ReportJob};
use palisade_model::report_job::{ASSET_GROUPS_MAX, HostChoice, SCANS_MAX, TITLE_CHARACTERS_MAX};
use palisade_model::{
    Action, MapRef, ReportFormat, ReportKind, ReportState, Resource, ScanRef, TemplateKind,
};
use palisade_wire::dtd::v2::REPORT_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, Rule, XmlWriter};
use tokio::sync::mpsc;

use crate::answer::{Answer, ContentKind};
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

/// Formats that clients know. Those for people are not made by this server.
pub(crate) const FORMATS: &[&str] = &["pdf", "html", "mht", "xml", "csv", "docx", "online"];
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 2;

const ID: Parameter = Parameter::new(
    "id",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "42",
    "The report: an ID that a launch told, or a list.",
);
const STATE: Parameter = Parameter::new(
    "state",
    ParameterKind::Choice(ReportState::WORDS),
    "Finished",
    "Only reports in this state.",
);
const USER_LOGIN: Parameter = Parameter::new(
    "user_login",
    ParameterKind::Text { max_chars: 256 },
    "acme_ab1",
    "Only reports that the user with this login asked for.",
);
const EXPIRES_BEFORE: Parameter = Parameter::new(
    "expires_before_datetime",
    ParameterKind::DateTime,
    "2027-01-31T00:00:00Z",
    "Only reports that are deleted before this time.",
);
const TEMPLATE_ID: Parameter = Parameter::new(
    "template_id",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "2",
    "The report template: an ID from report_template_list.php. It decides what the report is about.",
)
.required();
pub(crate) const OUTPUT_FORMAT: Parameter = Parameter::new(
    "output_format",
    ParameterKind::Choice(FORMATS),
    "xml",
    "What the report is saved as. This server makes xml and csv; reports on tickets are made as csv.",
)
.required();
pub(crate) const REPORT_TITLE: Parameter = Parameter::new(
    "report_title",
    ParameterKind::Text { max_chars: TITLE_CHARACTERS_MAX },
    "Monthly report",
    "The title that the report is listed under.",
);
const REPORT_TYPE: Parameter = Parameter::new(
    "report_type",
    ParameterKind::Choice(&["Map", "Scan", "Patch", "Remediation", "Compliance", "Policy"]),
    "Scan",
    "What the template is to be of; a template of another kind is then refused.",
);
pub(crate) const HIDE_HEADER: Parameter = Parameter::new(
    "hide_header",
    ParameterKind::ZeroOne,
    "1",
    "With csv: 1 leaves out what stands before the table.",
)
.default("0");
const REPORT_REFS: Parameter = Parameter::new(
    "report_refs",
    ParameterKind::Titles { max_items: SCANS_MAX, max_chars: 40 },
    "scan/1400000000.10001",
    "What a report with a template of TYPE Manual is made of: references of scans, or of one map or two \
     maps, which are then compared.",
);
const IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.0-192.0.2.9",
    "The hosts, in place of those of the template.",
);
const IPS_NETWORK_ID: Parameter = Parameter::new(
    "ips_network_id",
    ParameterKind::Integer { min: 0, max: 0 },
    "0",
    "The network that the addresses of ips are in. There is one, the Global Default Network, with the number 0.",
)
.default("0");
const ASSET_GROUP_IDS: Parameter = Parameter::new(
    "asset_group_ids",
    ParameterKind::Numbers,
    "1",
    "IDs of asset groups with the hosts, in place of those of the template; together with ips, the hosts of \
     both.",
);
const IP_RESTRICTION: Parameter = Parameter::new(
    "ip_restriction",
    ParameterKind::IpSet,
    "192.0.2.0-192.0.2.9",
    "Of the scans or maps, only these hosts.",
);
const DOMAIN: Parameter = Parameter::new(
    "domain",
    ParameterKind::Domain,
    "example.com",
    "For maps: their domain; with none, ip_restriction is needed too.",
);
const ASSIGNEE_TYPE: Parameter = Parameter::new(
    "assignee_type",
    ParameterKind::Choice(&["User", "All"]),
    "All",
    "For tickets: All for everybody's, User for those given to the caller.",
)
.default("User");
const USE_TAGS: Parameter = Parameter::new(
    "use_tags",
    ParameterKind::Choice(&["0"]),
    "0",
    "Whether the hosts are chosen by tags. This server has none.",
)
.default("0");

pub const LIST: Operation = Operation {
    resource: "report",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List saved reports",
    description: &[
        "Lists the saved reports and those that are being made, the newest first, scorecards among them. STATE \
         tells how far each is: Submitted until somebody begins to make it, then Running, and Finished once it \
         can be fetched.",
        "A report is deleted at EXPIRATION_DATETIME.",
    ],
    parameters: &[ID, STATE, USER_LOGIN, EXPIRES_BEFORE],
    rules: &[],
    roles: "Manager and Auditor: all. Unit Manager: those of the business unit's users. Scanner and Reader: \
            their own.",
    answers: Answers::Document { root: "REPORT_LIST_OUTPUT", dtd: &REPORT_LIST_OUTPUT },
    example: Example {
        parameters: &[("state", "Finished")],
        description: "List the reports that can be read.",
    },
};

pub const LAUNCH: Operation = Operation {
    resource: "report",
    action: "launch",
    methods: Methods::Post,
    takes_document: false,
    summary: "Ask for a report",
    description: &[
        "Asks for a report with a template and answers with its ID at once. The report is made in the \
         background, as the caller would see it at that moment; list it by its ID until its STATE is Finished, \
         then fetch it.",
        "The template decides what the report is about. TEMPLATE_TYPE Scan: the vulnerabilities of hosts, from \
         their history (TYPE Auto) or from the scans of report_refs (TYPE Manual). Map: the maps of report_refs. \
         Patch: patches that hosts lack. Remediation: tickets.",
        "The subscription has only so many unfinished reports at a time: the text \"Max number of allowed reports \
         already running. Please try again later.\" with code 1960 asks to repeat the request when one is \
         finished. Reports are kept for a week.",
    ],
    parameters: &[
        TEMPLATE_ID,
        OUTPUT_FORMAT,
        REPORT_TITLE,
        REPORT_TYPE,
        HIDE_HEADER,
        REPORT_REFS,
        IPS,
        IPS_NETWORK_ID,
        ASSET_GROUP_IDS,
        IP_RESTRICTION,
        DOMAIN,
        ASSIGNEE_TYPE,
        USE_TAGS,
    ],
    rules: &[
        Rule::OnlyWith { parameter: "hide_header", with: "output_format", value: Some("csv") },
        Rule::OnlyWith { parameter: "ips_network_id", with: "ips", value: None },
    ],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups. Auditor: templates for compliance.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[
            ("template_id", "2"),
            ("output_format", "csv"),
            ("report_title", "Ten hosts"),
            ("ips", "192.0.2.0-192.0.2.9"),
        ],
        description: "Ask for the Technical Report on ten hosts as CSV.",
    },
};

/// The report that examples of other operations are about.
const LAUNCHED: Need = Need::Operation {
    resource: "report",
    action: "launch",
    parameters: &[("template_id", "2"), ("output_format", "xml")],
};

pub const CANCEL: Operation = Operation {
    resource: "report",
    action: "cancel",
    methods: Methods::Post,
    takes_document: false,
    summary: "Cancel a report",
    description: &["Ends a report that is not finished. It stays in the list until it is deleted."],
    parameters: &[ID.required()],
    rules: &[],
    roles: "Manager: all. Unit Manager: those of the business unit's users. Others: their own.",
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID")], description: "Cancel a report." },
};

pub const FETCH: Operation = Operation {
    resource: "report",
    action: "fetch",
    methods: Methods::Any,
    takes_document: false,
    summary: "Read a report",
    description: &[
        "Answers with the report itself, in the format it was asked for: xml (ASSET_DATA_REPORT, MAP_REPORT, \
         PATCH_REPORT, or the root of a scorecard) or csv. Content-Disposition names a file for it.",
        "As long as there is nothing to read the answer has code 7001: the report is not finished, could not be \
         made, was deleted, or is somebody else's.",
    ],
    parameters: &[ID.required()],
    rules: &[],
    roles: "Manager: all. Unit Manager: those of the business unit's users. Others: their own.",
    answers: Answers::Other("The report, as XML or CSV."),
    example: Example { parameters: &[("id", "ID")], description: "Save a report." },
};

pub const DELETE: Operation = Operation {
    resource: "report",
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete a report",
    description: &["Deletes a saved report. One that is being made is canceled."],
    parameters: &[ID.required()],
    rules: &[],
    roles: "Manager: all. Unit Manager: those of the business unit's users. Others: their own.",
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID")], description: "Delete a report." },
};

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::Report)]),
    operation!(LAUNCH, launch, &[(Action::Launch, Resource::Report)]),
    operation!(CANCEL, cancel, &[(Action::Cancel, Resource::Report)], needs: &[LAUNCHED]),
    operation!(FETCH, fetch, &[(Action::Launch, Resource::Report)], needs: &[LAUNCHED, Need::FinishedReports]),
    operation!(DELETE, delete, &[(Action::Delete, Resource::Report)], needs: &[LAUNCHED]),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = ListReportJobs {
        id: arguments.integer(&ID).and_then(|id| i64::try_from(id).ok()),
        state: arguments.choice(&STATE).and_then(|word| word.parse().ok()),
        login: arguments.text(&USER_LOGIN).map(str::to_owned),
        expires_before: arguments.date_time(&EXPIRES_BEFORE),
    };
    let jobs = request.app.list_report_jobs(request.actor()?, &wanted).await?;
    let mut xml = request.document();
    xml.list("REPORT_LIST", &jobs, write_job);
    Ok(OperationRequest::end(xml))
}

fn write_job(xml: &mut XmlWriter, job: &ReportJob) {
    let ReportJob {
        id,
        title,
        login,
        format,
        hide_header: _, // shows in the document
        subject,
        base_url: _,
        state,
        percent,
        reason,
        launched_at,
        ended_at: _, // no element for it
        expires_at,
        document: _,
        size_bytes,
    } = job;
    xml.element("REPORT", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.cdata("TITLE", title);
        xml.text("TYPE", subject.kind().as_str());
        xml.text("USER_LOGIN", login.as_str());
        xml.date_time("LAUNCH_DATETIME", *launched_at);
        xml.text("OUTPUT_FORMAT", &format.as_str().to_uppercase());
        xml.text("SIZE", &size(*size_bytes));
        xml.element("STATUS", &[], |xml| {
            xml.text("STATE", state.as_str());
            xml.optional_text("MESSAGE", reason.as_deref());
            if *state == ReportState::Running {
                xml.number("PERCENT", *percent);
            }
        });
        xml.date_time("EXPIRATION_DATETIME", *expires_at);
    });
}

/// A number of bytes for people: `5.01 KB`, `1.2 MB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let (mut hundredths, mut unit) = (bytes.saturating_mul(100) / 1024, 0);
    while hundredths >= 102_400 && unit + 1 < UNITS.len() {
        hundredths /= 1024;
        unit += 1;
    }
    let number = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let number = number.trim_end_matches('0').trim_end_matches('.');
    format!("{number} {}", UNITS.get(unit).copied().unwrap_or_default())
}

async fn launch(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let (scans, maps) = references(&request)?;
    let wanted = LaunchReport {
        template_id: arguments
            .integer(&TEMPLATE_ID)
            .and_then(|id| i64::try_from(id).ok())
            .unwrap_or_default(),
        kind: arguments.choice(&REPORT_TYPE).and_then(|word| word.parse::<TemplateKind>().ok()),
        title: arguments.text(&REPORT_TITLE).filter(|title| !title.trim().is_empty()).map(str::to_owned),
        format: format_of(&request)?,
        hide_header: arguments.switch(&HIDE_HEADER),
        hosts: HostChoice { ips: arguments.ip_set(&IPS).cloned(), asset_groups: asset_groups(&request)? },
        scans,
        maps,
        domain: arguments.domain(&DOMAIN).cloned(),
        ip_restriction: arguments.ip_set(&IP_RESTRICTION).cloned(),
        own_tickets: arguments.choice(&ASSIGNEE_TYPE) != Some("All"),
        base_url: request.base_url.clone(),
    };
    let id = request.app.launch_report(request.actor()?, wanted).await?;
    Ok(request.simple_return("New report launched", &[("ID", id.to_string())]))
}

/// The format, if this server makes it.
pub(crate) fn format_of(request: &OperationRequest) -> Result<ReportFormat, CallError> {
    let format = request.arguments.choice(&OUTPUT_FORMAT).and_then(|word| word.parse().ok());
    format.ok_or_else(|| request.invalid(&OUTPUT_FORMAT, "this server makes xml and csv"))
}

/// The scans and maps of `report_refs`.
fn references(request: &OperationRequest) -> Result<(Vec<ScanRef>, Vec<MapRef>), CallError> {
    let (mut scans, mut maps) = (Vec::new(), Vec::new());
    for reference in request.arguments.titles(&REPORT_REFS).unwrap_or_default() {
        let scan = reference.parse().map(|scan| scans.push(scan)).ok();
        if scan.or_else(|| reference.parse().map(|map| maps.push(map)).ok()).is_none() {
            return Err(request.invalid(&REPORT_REFS, "expecting references of scans or maps"));
        }
    }
    if scans.is_empty() || maps.is_empty() {
        return Ok((scans, maps));
    }
    Err(request.invalid(&REPORT_REFS, "scans and maps do not go together"))
}

fn asset_groups(request: &OperationRequest) -> Result<Vec<i64>, CallError> {
    let Some(numbers) = request.arguments.numbers(&ASSET_GROUP_IDS) else { return Ok(Vec::new()) };
    let ids = numbers.ranges().iter().flat_map(|(first, last)| *first..=*last);
    let ids: Vec<i64> = ids.take(ASSET_GROUPS_MAX + 1).filter_map(|id| i64::try_from(id).ok()).collect();
    if ids.len() > ASSET_GROUPS_MAX {
        return Err(request.invalid(&ASSET_GROUP_IDS, &format!("at most {ASSET_GROUPS_MAX}")));
    }
    Ok(ids)
}

async fn cancel(request: OperationRequest) -> Result<Answer, CallError> {
    let id = id_of(&request.arguments);
    match request.app.cancel_report(request.actor()?, id).await {
        Err(palisade_app::Error::UnknownReport) => Err(request.invalid(&ID, "No such report")),
        canceled => {
            canceled?;
            Ok(request.simple_return("Report canceled", &[("ID", id.to_string())]))
        }
    }
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let id = id_of(&request.arguments);
    match request.app.delete_saved_report(request.actor()?, id).await {
        Err(palisade_app::Error::UnknownReport) => Err(request.invalid(&ID, "No such report")),
        deleted => {
            deleted?;
            Ok(request.simple_return("Report deleted", &[("ID", id.to_string())]))
        }
    }
}

fn id_of(arguments: &Arguments) -> i64 {
    arguments.integer(&ID).and_then(|id| i64::try_from(id).ok()).unwrap_or_default()
}

async fn fetch(request: OperationRequest) -> Result<Answer, CallError> {
    let report = request.app.fetch_report(request.actor()?, id_of(&request.arguments)).await?;
    let FetchedReport { job, mut pieces } = report;
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let name = file_name(&job);
    tokio::spawn(async move {
        while let Some(piece) = pieces.recv().await {
            match piece {
                Ok(piece) => {
                    if sender.send(piece).await.is_err() {
                        // A client that hung up has nothing left to be told.
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        report = job.id,
                        "a saved report could not be read to its end"
                    );
                    return;
                }
            }
        }
    });
    let content_type = match job.format {
        ReportFormat::Xml => "application/xml",
        ReportFormat::Csv => "text/csv",
    };
    Ok(Answer::stream_of(ContentKind::File { content_type, name }, receiver))
}

/// `Scan_Report_Technical_Report_acme_ab1_20261122.xml`
fn file_name(job: &ReportJob) -> String {
    let ReportJob { title, login, format, subject, launched_at, .. } = job;
    let kind = match subject.kind() {
        ReportKind::Scorecard => "Scorecard".to_owned(),
        kind => format!("{kind}_Report"),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let title: String = title.chars().map(plain).take(40).collect();
    format!("{kind}_{title}_{login}_{}.{format}", launched_at.strftime("%Y%m%d"))
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_for_people() {
        let sizes =
            [(0, "0 KB"), (5_130, "5 KB"), (5_140, "5.01 KB"), (1_258_292, "1.2 MB"), (1 << 40, "1 TB")];
        for (bytes, expected) in sizes {
            assert_eq!(size(bytes), expected, "{bytes}");
        }
    }
}
