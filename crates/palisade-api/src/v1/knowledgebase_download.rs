//! `knowledgebase_download.php`: what is known about vulnerabilities.

use palisade_app::{App, ListVulnerabilities};
use palisade_kb::Entry;
use palisade_model::{FindingKind, Qid};
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, XmlWriter, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::pages::{Disconnected, Pages};
use crate::v1::vulnerability::{filled, write_bugtraq, write_cves, write_cvss_base, write_vendor_references};

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
    "1 also shows the metrics that a CVSS score is made of. The content knows the scores alone so far, \
     so that 1 adds nothing.",
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
    "1 also shows whether the vulnerability is switched off for the subscription; none can be so far.",
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
}

#[expect(clippy::unused_async, reason = "handlers are asynchronous")]
pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = ListVulnerabilities {
        qid: arguments.integer(&VULN_ID).and_then(|number| u32::try_from(number).ok()).and_then(Qid::new),
        patchable: arguments.has(IS_PATCHABLE.name).then(|| arguments.switch(&IS_PATCHABLE)),
    };
    let shown =
        Shown { pci: arguments.switch(&SHOW_PCI_FLAG), disabled: arguments.switch(&SHOW_DISABLED_FLAG) };
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
        remote: _, // no element for it
    } = entry;
    let flag = |flag: bool| if flag { "1" } else { "0" };
    xml.element("VULN", &[], |xml| {
        xml.text("QID", &qid.to_string());
        xml.cdata("VULN_TYPE", type_title(*kind));
        xml.text("SEVERITY_LEVEL", &severity.to_string());
        xml.cdata("TITLE", title);
        xml.cdata("CATEGORY", category);
        xml.date_time("LAST_UPDATE", *updated_at);
        write_bugtraq(xml, bugtraq);
        xml.text("PATCHABLE", flag(*patchable));
        write_vendor_references(xml, vendor_references);
        write_cves(xml, cves);
        xml.optional_cdata("DIAGNOSIS", filled(threat));
        xml.optional_cdata("CONSEQUENCE", filled(impact));
        xml.optional_cdata("SOLUTION", filled(solution));
        write_cvss_base(xml, cvss_base.as_deref(), cves);
        xml.optional_text("CVSS_TEMPORAL", cvss_temporal.as_deref());
        if shown.pci {
            xml.text("PCI_FLAG", flag(*pci));
        }
        if shown.disabled {
            xml.text("IS_DISABLED", flag(false));
        }
    });
}

const fn type_title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Vulnerability => "Vulnerability",
        FindingKind::Potential => "Potential Vulnerability",
        FindingKind::Information | FindingKind::Service => "Information Gathered",
    }
}
