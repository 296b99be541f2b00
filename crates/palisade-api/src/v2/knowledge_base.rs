//! `knowledge_base/vuln/`: what is known about vulnerabilities.

use palisade_app::{App, ListVulnerabilities};
use palisade_kb::{Entry, Reference};
use palisade_model::{Action, FindingKind, NumberSet, Qid, Resource, Timestamp};
use palisade_wire::dtd::v2::KNOWLEDGE_BASE_VULN_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v1::pages::{Disconnected, Pages};
use crate::v1::vulnerability::{BUGTRAQ_URL, CVE_URL, filled};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::{OperationRequest, id_ranges, write_id_set};

const QID: ParameterKind = ParameterKind::Integer { min: 1, max: u32::MAX as u64 };
/// How a vulnerability is found.
const DISCOVERY_METHODS: &[&str] =
    &["Remote", "Authenticated", "RemoteOnly", "AuthenticatedOnly", "RemoteAndAuthenticated"];
/// What an authenticated scan signs in to.
const AUTH_TYPES: &[&str] = &["Windows", "Oracle", "Unix", "SNMP", "VMware", "DB2", "HTTP", "MySQL"];

const DETAILS: Parameter = Parameter::new(
    "details",
    ParameterKind::Choice(&["Basic", "All", "None"]),
    "All",
    "How much is shown. None: a set of QIDs. Basic and All show the same, as the content has CVSS scores without \
     their metrics.",
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
    "Only vulnerabilities that are found like this: from outside, with a login, or both.",
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
         to do about it. The list is not cut into pages. PUBLISHED_DATETIME is the day of the content's last \
         change, as the content keeps no other.",
    ],
    parameters: &[
        DETAILS,
        IDS,
        ID_MIN,
        ID_MAX,
        IS_PATCHABLE,
        LAST_MODIFIED_AFTER,
        LAST_MODIFIED_BEFORE,
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

pub(crate) static ROWS: &[OperationRow] =
    &[operation!(LIST, list, &[(Action::List, Resource::KnowledgeBase)])];

/// Elements that are shown on request.
#[derive(Debug, Clone, Copy)]
struct Shown {
    pci_reasons: bool,
    modules: bool,
    disabled: bool,
}

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let patchable = arguments.has(IS_PATCHABLE.name).then(|| arguments.switch(&IS_PATCHABLE));
    let wanted = ListVulnerabilities { qid: None, patchable };
    let mut qids = request.app.list_vulnerabilities(request.actor()?, wanted)?;
    let filter = Filter::of(arguments);
    qids.retain(|qid| request.app.kb().entry(*qid).is_some_and(|entry| filter.wants(entry)));
    let mut xml = request.document();
    if qids.is_empty() {
        return Ok(OperationRequest::end(xml));
    }
    if arguments.choice(&DETAILS) == Some("None") {
        write_id_set(&mut xml, &id_ranges(qids.iter().map(|qid| u64::from(qid.number()))));
        return Ok(OperationRequest::end(xml));
    }
    let shown = Shown {
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
    Ok(answer)
}

/// Which entries are wanted.
struct Filter<'a> {
    ids: Option<&'a NumberSet>,
    min: u64,
    max: u64,
    /// Times of a change, the first and the last.
    changed: (Timestamp, Timestamp),
    /// Whether what is found from outside is wanted.
    remote: bool,
}

impl<'a> Filter<'a> {
    fn of(arguments: &'a Arguments) -> Self {
        let latest = [LAST_MODIFIED_AFTER, LAST_MODIFIED_BY_SERVICE_AFTER, PUBLISHED_AFTER]
            .iter()
            .filter_map(|parameter| arguments.date_time(parameter))
            .max();
        let earliest = [LAST_MODIFIED_BEFORE, LAST_MODIFIED_BY_SERVICE_BEFORE, PUBLISHED_BEFORE]
            .iter()
            .filter_map(|parameter| arguments.date_time(parameter))
            .min();
        let by_login = matches!(
            arguments.choice(&DISCOVERY_METHOD),
            Some("Authenticated" | "AuthenticatedOnly" | "RemoteAndAuthenticated")
        );
        Self {
            ids: arguments.numbers(&IDS),
            min: arguments.integer(&ID_MIN).unwrap_or(0),
            max: arguments.integer(&ID_MAX).unwrap_or(u64::MAX),
            changed: (latest.unwrap_or(Timestamp::MIN), earliest.unwrap_or(Timestamp::MAX)),
            remote: !by_login && !arguments.has(DISCOVERY_AUTH_TYPES.name),
        }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let number = u64::from(entry.qid.number());
        self.ids.is_none_or(|ids| ids.contains(number))
            && (self.min..=self.max).contains(&number)
            && (self.changed.0..=self.changed.1).contains(&entry.updated_at)
            && entry.remote == self.remote
    }
}

async fn send(mut pages: Pages, app: &App, qids: &[Qid], shown: Shown) -> Result<(), Disconnected> {
    pages.xml.open("VULN_LIST", &[]);
    for entry in qids.iter().filter_map(|qid| app.kb().entry(*qid)) {
        write_vulnerability(&mut pages.xml, entry, shown);
        pages.turn().await?;
    }
    pages.end().await
}

fn write_vulnerability(xml: &mut XmlWriter, entry: &Entry, shown: Shown) {
    let Entry {
        qid,
        title,
        severity,
        kind,
        category,
        cves,
        bugtraq,
        vendor_references,
        cvss_base,
        cvss_temporal,
        pci,
        patchable,
        updated_at,
        threat,
        impact,
        solution,
        remote,
    } = entry;
    let flag = |flag: bool| if flag { "1" } else { "0" };
    xml.element("VULN", &[], |xml| {
        xml.text("QID", &qid.to_string());
        xml.text("VULN_TYPE", type_title(*kind));
        xml.text("SEVERITY_LEVEL", &severity.to_string());
        xml.cdata("TITLE", title);
        xml.text("CATEGORY", category);
        xml.date_time("LAST_SERVICE_MODIFICATION_DATETIME", *updated_at);
        xml.date_time("PUBLISHED_DATETIME", *updated_at);
        xml.list("BUGTRAQ_LIST", bugtraq, |xml, number| {
            write_link(xml, "BUGTRAQ", &number.to_string(), &format!("{BUGTRAQ_URL}{number}"));
        });
        xml.text("PATCHABLE", flag(*patchable));
        xml.list("VENDOR_REFERENCE_LIST", vendor_references, |xml, Reference { id, url }| {
            write_link(xml, "VENDOR_REFERENCE", id, url);
        });
        xml.list("CVE_LIST", cves, |xml, cve| write_link(xml, "CVE", cve, &format!("{CVE_URL}{cve}")));
        xml.optional_cdata("DIAGNOSIS", filled(threat));
        xml.optional_cdata("CONSEQUENCE", filled(impact));
        xml.optional_cdata("SOLUTION", filled(solution));
        if let Some(base) = cvss_base {
            xml.element("CVSS", &[], |xml| {
                // Only a CVE has a score that somebody else gave.
                let source: &[(&str, &str)] = if cves.is_empty() { &[("source", "service")] } else { &[] };
                xml.text_with("BASE", source, base);
                xml.optional_text("TEMPORAL", cvss_temporal.as_deref());
            });
        }
        xml.text("PCI_FLAG", flag(*pci));
        if shown.pci_reasons && *pci {
            xml.element("PCI_REASONS", &[], |xml| {
                let high = cvss_base
                    .as_deref()
                    .and_then(|score| score.parse::<f32>().ok())
                    .is_some_and(|s| s >= 4.0);
                let reason = if high { "The CVSS base score is 4.0 or higher." } else { "PCI DSS names it." };
                xml.text("PCI_REASON", reason);
            });
        }
        if shown.modules {
            xml.text("SUPPORTED_MODULES", "VM");
        }
        xml.element("DISCOVERY", &[], |xml| {
            xml.text("REMOTE", flag(*remote));
            if *patchable {
                xml.text("ADDITIONAL_INFO", "Patch Available");
            }
        });
        if shown.disabled {
            xml.text("IS_DISABLED", flag(false));
        }
    });
}

fn write_link(xml: &mut XmlWriter, element: &'static str, id: &str, url: &str) {
    xml.element(element, &[], |xml| {
        xml.cdata("ID", id);
        xml.cdata("URL", url);
    });
}

const fn type_title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Vulnerability => "Vulnerability",
        FindingKind::Potential => "Potential Vulnerability",
        FindingKind::Information | FindingKind::Service => "Information Gathered",
    }
}
