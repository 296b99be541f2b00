//! `knowledgebase_download.php`: what is known about vulnerabilities.

use palisade_app::{App, ListVulnerabilities};
use palisade_kb::Entry;
use palisade_model::Qid;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, XmlWriter, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::pages::{Disconnected, Pages};
use crate::v1::vulnerability::{
    metric_word, metrics_of_base, type_title, write_bugtraq, write_correlation, write_cves, write_cvss_base,
    write_texts, write_vendor_references,
};

pub const VULN_ID: Parameter = Parameter::new(
    "vuln_id",
    ParameterKind::Integer { min: 1, max: u32::MAX as u64 },
    "38173",
    "Only the vulnerability with this QID.",
)
.default("all vulnerabilities");
pub const SHOW_CVSS_SUBMETRICS: Parameter = Parameter::new(
    "show_cvss_submetrics",
    ParameterKind::ZeroOne,
    "1",
    "1 also shows the metrics that a CVSS score is made of, where a public list of CVEs was taken in that tells \
     them of that score.",
)
.default("0");
pub const SHOW_PCI_FLAG: Parameter = Parameter::new(
    "show_pci_flag",
    ParameterKind::ZeroOne,
    "1",
    "1 also shows whether the vulnerability must be fixed to pass a PCI DSS scan.",
)
.default("0");
pub const IS_PATCHABLE: Parameter = Parameter::new(
    "is_patchable",
    ParameterKind::ZeroOne,
    "1",
    "1: only vulnerabilities for which the vendor has a patch or a fixed release; 0: only the others.",
)
.default("both");
pub const SHOW_DISABLED_FLAG: Parameter = Parameter::new(
    "show_disabled_flag",
    ParameterKind::ZeroOne,
    "1",
    "1 also shows whether the vulnerability is switched off for the subscription.",
)
.default("0");

pub const CALL: Call = Call {
    script: "knowledgebase_download.php",
    summary: "Download the KnowledgeBase",
    description: &[
        "Lists the vulnerabilities that scans look for, by QID: what each is, what may follow from it, and \
         what to do about it. Titles, texts and references are in CDATA sections.",
    ],
    parameters: &[VULN_ID, SHOW_CVSS_SUBMETRICS, SHOW_PCI_FLAG, IS_PATCHABLE, SHOW_DISABLED_FLAG],
    rules: &[],
    roles: "Every user but Auditors and Contacts.",
    root: "VULNS",
    dtd: &dtd::KNOWLEDGEBASE_DOWNLOAD,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("show_pci_flag", "1")],
        description: "Download all vulnerabilities, with their PCI flags.",
    },
};

/// Elements that are shown on request.
#[derive(Debug, Clone, Copy)]
struct Shown {
    pci: bool,
    disabled: bool,
    metrics: bool,
}

#[expect(clippy::unused_async, reason = "handlers are asynchronous")]
pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = ListVulnerabilities {
        qid: arguments.integer(&VULN_ID).and_then(|number| u32::try_from(number).ok()).and_then(Qid::new),
        patchable: arguments.has(IS_PATCHABLE.name).then(|| arguments.switch(&IS_PATCHABLE)),
    };
    let shown = Shown {
        metrics: arguments.switch(&SHOW_CVSS_SUBMETRICS),
        pci: arguments.switch(&SHOW_PCI_FLAG),
        disabled: arguments.switch(&SHOW_DISABLED_FLAG),
    };
    let qids = request.app.list_vulnerabilities(&request.actor, wanted)?;
    let (pages, answer) = Pages::new(request.document());
    let app = request.app;
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(pages, &app, &qids, shown).await;
    });
    Ok(answer)
}

async fn send(mut pages: Pages, app: &App, qids: &[Qid], shown: Shown) -> Result<(), Disconnected> {
    pages.xml.open("VULNS", &[]);
    let kb = app.kb();
    for entry in qids.iter().filter_map(|qid| kb.entry(*qid)) {
        write_vulnerability(&mut pages.xml, entry, shown);
        pages.turn().await?;
    }
    pages.end().await
}

/// The metrics of version 2, by their elements.
const METRICS: [(&str, &str); 6] = [
    ("CVSS_ACCESS_VECTOR", "AV"),
    ("CVSS_ACCESS_COMPLEXITY", "AC"),
    ("CVSS_AUTHENTICATION", "Au"),
    ("CVSS_CONFIDENTIALITY_IMPACT", "C"),
    ("CVSS_INTEGRITY_IMPACT", "I"),
    ("CVSS_AVAILABILITY_IMPACT", "A"),
];

fn write_vulnerability(xml: &mut XmlWriter, entry: &Entry, shown: Shown) {
    let Entry {
        qid,
        title,
        severity,
        standard_severity: _, // no element for it
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
        threat: _, // these and the remarks on them are written together
        impact: _,
        solution: _,
        custom: _,
        intelligence: _, // what is told of it is written apart
        remote: _,       // no element for these
        auth_types: _,
        published_at: _,
    } = entry;
    let flag = |flag: bool| if flag { "1" } else { "0" };
    xml.element("VULN", &[], |xml| {
        xml.text("QID", &qid.to_string());
        xml.cdata("VULN_TYPE", type_title(*kind));
        xml.text("SEVERITY_LEVEL", &severity.to_string());
        xml.cdata("TITLE", title);
        xml.cdata("CATEGORY", category);
        xml.date_time("LAST_UPDATE", *updated_at);
        write_bugtraq(xml, ["BUGTRAQ_ID_LIST", "BUGTRAQ_ID"], bugtraq);
        xml.text("PATCHABLE", flag(*patchable));
        write_vendor_references(xml, vendor_references);
        write_cves(xml, ["CVE_ID_LIST", "CVE_ID"], cves);
        write_texts(xml, entry, ["DIAGNOSIS", "CONSEQUENCE", "SOLUTION"]);
        write_correlation(xml, entry, "EXPLOITABILITY");
        write_cvss_base(xml, "CVSS_BASE", cvss_base.as_deref(), cves);
        xml.optional_text("CVSS_TEMPORAL", cvss_temporal.as_deref());
        if let Some(score) = metrics_of_base(entry).filter(|_| shown.metrics) {
            for (element, metric) in METRICS {
                xml.optional_text(element, metric_word(score, 2, metric).as_deref());
            }
        }
        if shown.pci {
            xml.text("PCI_FLAG", flag(*pci));
        }
        if shown.disabled {
            xml.text("IS_DISABLED", flag(entry.is_disabled()));
        }
    });
}
