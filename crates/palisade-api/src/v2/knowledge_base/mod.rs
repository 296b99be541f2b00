//! `knowledge_base/vuln/`: what is known about vulnerabilities, and what the subscription says of them.

mod document;

use palisade_app::{App, EditVulnerability, ListVulnerabilities};
use palisade_kb::Entry;
use palisade_model::custom_vulnerability::COMMENT_CHARACTERS_MAX;
use palisade_model::{Action, NumberSet, Qid, Resource, Severity, Timestamp};
use palisade_wire::dtd::v2::KNOWLEDGE_BASE_VULN_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, Rule};

use self::document::{Shown, write_vulnerability};
use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v1::pages::{Disconnected, Pages};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::{OperationRequest, id_ranges, write_id_set};

const QID: ParameterKind = ParameterKind::Integer { min: 1, max: u32::MAX as u64 };
/// How a vulnerability is found.
const DISCOVERY_METHODS: &[&str] =
    &["Remote", "Authenticated", "RemoteOnly", "AuthenticatedOnly", "RemoteAndAuthenticated"];
/// What an authenticated scan signs in to.
const AUTH_TYPES: &[&str] =
    &["Windows", "Oracle", "Unix", "SNMP", "VMware", "DB2", "HTTP", "MySQL", "PostgreSQL"];

const DETAILS: Parameter = Parameter::new(
    "details",
    ParameterKind::Choice(&["Basic", "All", "None"]),
    "All",
    "How much is shown. None: a set of QIDs. All: also how CVSS scores were reached, where a public list of CVEs \
     was taken in.",
)
.default("Basic");
const IDS: Parameter = Parameter::new("ids", ParameterKind::Numbers, "38170-38173", "Only these QIDs.");
const ID_MIN: Parameter = Parameter::new("id_min", QID, "38000", "Only this QID and higher ones.");
const ID_MAX: Parameter = Parameter::new("id_max", QID, "39000", "Only this QID and lower ones.");
const IS_PATCHABLE: Parameter = Parameter::new(
    "is_patchable",
    ParameterKind::ZeroOne,
    "1",
    "1: only vulnerabilities for which the vendor has a patch or a fixed release; 0: only the others.",
)
.default("both");
const LAST_MODIFIED_AFTER: Parameter = Parameter::new(
    "last_modified_after",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only vulnerabilities that somebody or the service changed then or later.",
);
const LAST_MODIFIED_BEFORE: Parameter = Parameter::new(
    "last_modified_before",
    ParameterKind::DateTime,
    "2026-12-31",
    "Only vulnerabilities that somebody or the service changed then or earlier.",
);
const LAST_MODIFIED_BY_SERVICE_AFTER: Parameter = Parameter::new(
    "last_modified_by_service_after",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only vulnerabilities that the service changed then or later.",
);
const LAST_MODIFIED_BY_SERVICE_BEFORE: Parameter = Parameter::new(
    "last_modified_by_service_before",
    ParameterKind::DateTime,
    "2026-12-31",
    "Only vulnerabilities that the service changed then or earlier.",
);
const LAST_MODIFIED_BY_USER_AFTER: Parameter = Parameter::new(
    "last_modified_by_user_after",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only vulnerabilities that the subscription said something of then or later.",
);
const LAST_MODIFIED_BY_USER_BEFORE: Parameter = Parameter::new(
    "last_modified_by_user_before",
    ParameterKind::DateTime,
    "2026-12-31",
    "Only vulnerabilities that the subscription said something of then or earlier.",
);
const PUBLISHED_AFTER: Parameter = Parameter::new(
    "published_after",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only vulnerabilities that were published then or later.",
);
const PUBLISHED_BEFORE: Parameter = Parameter::new(
    "published_before",
    ParameterKind::DateTime,
    "2026-12-31",
    "Only vulnerabilities that were published then or earlier.",
);
const DISCOVERY_METHOD: Parameter = Parameter::new(
    "discovery_method",
    ParameterKind::Choice(DISCOVERY_METHODS),
    "Remote",
    "Only vulnerabilities that are found like this: from outside, with a login, or both ways. Remote and \
     Authenticated also show what is found both ways.",
);
const DISCOVERY_AUTH_TYPES: Parameter = Parameter::new(
    "discovery_auth_types",
    ParameterKind::Choices(AUTH_TYPES),
    "Unix",
    "Only vulnerabilities that a scan finds with a login of one of these types.",
);
const SHOW_PCI_REASONS: Parameter = Parameter::new(
    "show_pci_reasons",
    ParameterKind::ZeroOne,
    "1",
    "1 also shows why a vulnerability fails a PCI DSS scan.",
)
.default("0");
const SHOW_SUPPORTED_MODULES_INFO: Parameter = Parameter::new(
    "show_supported_modules_info",
    ParameterKind::ZeroOne,
    "1",
    "1 also shows which modules find the vulnerability.",
)
.default("0");
const SHOW_DISABLED_FLAG: Parameter = Parameter::new(
    "show_disabled_flag",
    ParameterKind::ZeroOne,
    "1",
    "1 also shows whether the vulnerability is switched off for the subscription.",
)
.default("0");

pub const LIST: Operation = Operation {
    resource: "knowledge_base/vuln",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List vulnerabilities",
    description: &[
        "Lists the vulnerabilities that scans look for, by QID: what each is, what may follow from it, and what \
         to do about it. The list is not cut into pages. PUBLISHED_DATETIME of what the content itself describes \
         is the day of its last change, as the content keeps no other.",
        "CVSS_V3, THREAT_INTELLIGENCE, CORRELATION and SOFTWARE_LIST tell what public lists (NVD, KEV, EPSS) say of \
         the CVEs of an entry, where they were taken in.",
    ],
    parameters: &[
        DETAILS,
        IDS,
        ID_MIN,
        ID_MAX,
        IS_PATCHABLE,
        LAST_MODIFIED_AFTER,
        LAST_MODIFIED_BEFORE,
        LAST_MODIFIED_BY_USER_AFTER,
        LAST_MODIFIED_BY_USER_BEFORE,
        LAST_MODIFIED_BY_SERVICE_AFTER,
        LAST_MODIFIED_BY_SERVICE_BEFORE,
        PUBLISHED_AFTER,
        PUBLISHED_BEFORE,
        DISCOVERY_METHOD,
        DISCOVERY_AUTH_TYPES,
        SHOW_PCI_REASONS,
        SHOW_SUPPORTED_MODULES_INFO,
        SHOW_DISABLED_FLAG,
    ],
    rules: &[],
    roles: "Every user but Auditors, Administrators and Contacts.",
    answers: Answers::Document {
        root: "KNOWLEDGE_BASE_VULN_LIST_OUTPUT",
        dtd: &KNOWLEDGE_BASE_VULN_LIST_OUTPUT,
    },
    example: Example {
        parameters: &[("ids", "900001-900100"), ("details", "All")],
        description: "Show some of our own QIDs in full.",
    },
};

const QID_OF: Parameter = Parameter::new("qid", QID, "900001", "The QID.").required();
const SEVERITY: Parameter = Parameter::new(
    "severity",
    ParameterKind::Integer { min: 1, max: 5 },
    "4",
    "The severity that it has for the subscription.",
);
const DISABLE: Parameter = Parameter::new(
    "disable",
    ParameterKind::ZeroOne,
    "1",
    "1: lists of detections and reports on hosts leave it out; 0: they show it again.",
);
const COMMENT: ParameterKind = ParameterKind::Text { max_chars: COMMENT_CHARACTERS_MAX };
const THREAT_COMMENT: Parameter = Parameter::new(
    "threat_comment",
    COMMENT,
    "Seen in the harbour",
    "A remark on what it is; an empty text removes it.",
);
const IMPACT_COMMENT: Parameter =
    Parameter::new("impact_comment", COMMENT, "Cranes stop", "A remark on what may follow from it.");
const SOLUTION_COMMENT: Parameter =
    Parameter::new("solution_comment", COMMENT, "Ask the web team", "A remark on what to do about it.");

pub const CUSTOM: Operation = Operation {
    action: "custom",
    summary: "List vulnerabilities that the subscription says something of",
    description: &["Lists them as the action list does, with what is said of them."],
    parameters: &[DETAILS, SHOW_DISABLED_FLAG],
    roles: "Manager.",
    example: Example { parameters: &[], description: "See what was edited." },
    ..LIST
};
pub const EDIT: Operation = Operation {
    action: "edit",
    methods: Methods::Post,
    summary: "Say something of a vulnerability",
    description: &[
        "Gives a QID another severity, remarks of the subscription's own, or switches it off. Only what is given \
         changes. From then on all lists, reports and documents show it so; the history of detections stays as \
         it is.",
    ],
    parameters: &[QID_OF, SEVERITY, DISABLE, THREAT_COMMENT, IMPACT_COMMENT, SOLUTION_COMMENT],
    rules: &[Rule::AtLeastOneOf(&[
        "severity",
        "disable",
        "threat_comment",
        "impact_comment",
        "solution_comment",
    ])],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("qid", "900001"), ("severity", "3"), ("solution_comment", "Ask the web team")],
        description: "Lower a severity, and say why.",
    },
    ..LIST
};
pub const RESET: Operation = Operation {
    action: "reset",
    summary: "Forget what is said of a vulnerability",
    description: &["The content holds again: its severity, its texts, and that it is reported."],
    parameters: &[QID_OF],
    rules: &[],
    example: Example { parameters: &[("qid", "900001")], description: "Take an edit back." },
    ..EDIT
};

const EDITED: &[Need] = &[Need::Operation {
    resource: "knowledge_base/vuln",
    action: "edit",
    parameters: &[("qid", "900001"), ("severity", "3")],
}];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(CUSTOM, custom, &[(Action::Edit, Resource::KnowledgeBase)], needs: EDITED),
    operation!(EDIT, edit, &[(Action::Edit, Resource::KnowledgeBase)]),
    operation!(LIST, list, &[(Action::List, Resource::KnowledgeBase)]),
    operation!(RESET, reset, &[(Action::Edit, Resource::KnowledgeBase)], needs: EDITED),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let patchable = arguments.has(IS_PATCHABLE.name).then(|| arguments.switch(&IS_PATCHABLE));
    let wanted = ListVulnerabilities { qid: None, patchable };
    let mut qids = request.app.list_vulnerabilities(request.actor()?, wanted)?;
    let filter = Filter::of(arguments);
    let kb = request.app.kb();
    qids.retain(|qid| kb.entry(*qid).is_some_and(|entry| filter.wants(entry)));
    Ok(answer(request, qids))
}

async fn custom(request: OperationRequest) -> Result<Answer, CallError> {
    let qids = request.app.list_custom_vulnerabilities(request.actor()?).await?;
    Ok(answer(request, qids))
}

async fn edit(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let text = |parameter| arguments.text(parameter).map(str::to_owned);
    let severity = arguments.integer(&SEVERITY).and_then(|level| u8::try_from(level).ok());
    let edit = EditVulnerability {
        severity: severity.and_then(Severity::new),
        disabled: arguments.has(DISABLE.name).then(|| arguments.switch(&DISABLE)),
        threat_comment: text(&THREAT_COMMENT),
        impact_comment: text(&IMPACT_COMMENT),
        solution_comment: text(&SOLUTION_COMMENT),
    };
    let edited = request.app.edit_vulnerability(request.actor()?, qid_of(&request)?, edit).await;
    edited.map_err(|error| blame(&request, error))?;
    Ok(request.simple_return("Custom Vuln Data has been updated successfully", &[]))
}

async fn reset(request: OperationRequest) -> Result<Answer, CallError> {
    let reset = request.app.reset_vulnerability(request.actor()?, qid_of(&request)?).await;
    reset.map_err(|error| blame(&request, error))?;
    Ok(request.simple_return("Custom Vuln Data has been reset successfully", &[]))
}

fn qid_of(request: &OperationRequest) -> Result<Qid, CallError> {
    let number = request.arguments.integer(&QID_OF).and_then(|number| u32::try_from(number).ok());
    number.and_then(Qid::new).ok_or_else(|| request.invalid(&QID_OF, "No such QID"))
}

fn blame(request: &OperationRequest, error: palisade_app::Error) -> CallError {
    match error {
        palisade_app::Error::UnknownQid { .. } => request.invalid(&QID_OF, "No such QID"),
        error => error.into(),
    }
}

/// The entries with these QIDs.
fn answer(request: OperationRequest, qids: Vec<Qid>) -> Answer {
    let arguments = &request.arguments;
    let mut xml = request.document();
    if qids.is_empty() {
        return OperationRequest::end(xml);
    }
    if arguments.choice(&DETAILS) == Some("None") {
        write_id_set(&mut xml, &id_ranges(qids.iter().map(|qid| u64::from(qid.number()))));
        return OperationRequest::end(xml);
    }
    let shown = Shown {
        metrics: arguments.choice(&DETAILS) == Some("All"),
        pci_reasons: arguments.switch(&SHOW_PCI_REASONS),
        modules: arguments.switch(&SHOW_SUPPORTED_MODULES_INFO),
        disabled: arguments.switch(&SHOW_DISABLED_FLAG),
    };
    let (pages, answer) = Pages::new(xml);
    let app = request.app;
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(pages, &app, &qids, shown).await;
    });
    answer
}

/// Which entries are wanted.
struct Filter<'a> {
    ids: Option<&'a NumberSet>,
    min: u64,
    max: u64,
    /// Times of a change by anybody, by the service, and by the subscription; of being published.
    changed: Span,
    changed_by_service: Span,
    changed_by_user: Option<Span>,
    published: Span,
    method: Option<&'static str>,
    auth_types: Option<&'a [&'static str]>,
}

/// A time from one on to another one, both included.
#[derive(Clone, Copy)]
struct Span(Timestamp, Timestamp);

impl Span {
    fn of(arguments: &Arguments, after: &Parameter, before: &Parameter) -> Self {
        let (first, last) = (arguments.date_time(after), arguments.date_time(before));
        Self(first.unwrap_or(Timestamp::MIN), last.unwrap_or(Timestamp::MAX))
    }

    fn has(self, at: Timestamp) -> bool {
        (self.0..=self.1).contains(&at)
    }
}

impl<'a> Filter<'a> {
    fn of(arguments: &'a Arguments) -> Self {
        let by_user = [LAST_MODIFIED_BY_USER_AFTER, LAST_MODIFIED_BY_USER_BEFORE];
        let by_user = by_user.iter().any(|parameter| arguments.has(parameter.name));
        let span = |after: &Parameter, before: &Parameter| Span::of(arguments, after, before);
        Self {
            ids: arguments.numbers(&IDS),
            min: arguments.integer(&ID_MIN).unwrap_or(0),
            max: arguments.integer(&ID_MAX).unwrap_or(u64::MAX),
            changed: span(&LAST_MODIFIED_AFTER, &LAST_MODIFIED_BEFORE),
            changed_by_service: span(&LAST_MODIFIED_BY_SERVICE_AFTER, &LAST_MODIFIED_BY_SERVICE_BEFORE),
            changed_by_user: by_user
                .then(|| span(&LAST_MODIFIED_BY_USER_AFTER, &LAST_MODIFIED_BY_USER_BEFORE)),
            published: span(&PUBLISHED_AFTER, &PUBLISHED_BEFORE),
            method: arguments.choice(&DISCOVERY_METHOD),
            auth_types: arguments.choices(&DISCOVERY_AUTH_TYPES),
        }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let number = u64::from(entry.qid.number());
        let edited_at = entry.custom.as_ref().map(|custom| custom.modified_at);
        let by_login = !entry.auth_types.is_empty();
        let is_found = match self.method {
            None => true,
            Some("Remote") => entry.remote,
            Some("Authenticated") => by_login,
            Some("RemoteOnly") => entry.remote && !by_login,
            Some("AuthenticatedOnly") => by_login && !entry.remote,
            Some(_) => entry.remote && by_login,
        };
        self.ids.is_none_or(|ids| ids.contains(number))
            && (self.min..=self.max).contains(&number)
            && (self.changed.has(entry.updated_at) || edited_at.is_some_and(|at| self.changed.has(at)))
            && self.changed_by_service.has(entry.updated_at)
            && self.changed_by_user.is_none_or(|span| edited_at.is_some_and(|at| span.has(at)))
            && self.published.has(entry.published_at)
            && is_found
            && self.auth_types.is_none_or(|types| entry.auth_types.iter().any(|one| types.contains(one)))
    }
}

async fn send(mut pages: Pages, app: &App, qids: &[Qid], shown: Shown) -> Result<(), Disconnected> {
    pages.xml.open("VULN_LIST", &[]);
    let kb = app.kb();
    for entry in qids.iter().filter_map(|qid| kb.entry(*qid)) {
        write_vulnerability(&mut pages.xml, entry, shown);
        pages.turn().await?;
    }
    pages.end().await
}
