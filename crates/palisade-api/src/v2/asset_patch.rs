//! `asset/patch/`: the patches that a host lacks. A patch goes by the QID of the vulnerability that it
//! mends, as in reports on patches.

use std::collections::BTreeSet;

use palisade_app::{
    DetectionPage, DetectionPiece, HostEntry, HostPage, ListDetections, ListedFinding, SelectHosts,
};
use palisade_kb::{Entry, Reference};
use palisade_model::{Action, DetectionStatus, Qid, Resource};
use palisade_wire::dtd::v2::PATCH_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::network::GLOBAL_ELEMENT;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const HOST_ID: Parameter = Parameter::new(
    "host_id",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "1",
    "The host, by the id that asset/host lists.",
)
.required();
const OUTPUT_FORMAT: Parameter =
    Parameter::new("output_format", ParameterKind::Word(&["xml"]), "xml", "The form of the answer.")
        .default("xml");

pub const LIST: Operation = Operation {
    resource: "asset/patch",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List the patches that a host lacks",
    description: &[
        "Lists what the vendors have releases or patches against, of the vulnerabilities on a host that are \
         neither fixed nor ignored, potential ones included. A patch goes by the QID of the vulnerability that \
         it mends; its vendor's name for it and the links are those of the KnowledgeBase, and the day is the \
         one on which the vulnerability was made known.",
        "A request without action is one to list.",
    ],
    parameters: &[HOST_ID, OUTPUT_FORMAT],
    rules: &[],
    roles: "Manager: all hosts. Unit Manager, Scanner and Reader: hosts within reach.",
    answers: Answers::Document { root: "PATCH_LIST_OUTPUT", dtd: &PATCH_LIST_OUTPUT },
    example: Example { parameters: &[("host_id", "1")], description: "See what a host lacks." },
};

pub(crate) static ROWS: &[OperationRow] =
    &[operation!(LIST, list, &[(Action::List, Resource::HostVulnerability)], needs: &[Need::SavedReport])];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let id = request.arguments.integer(&HOST_ID).unwrap_or_default();
    let chosen = SelectHosts { id_min: Some(id), id_max: Some(id), ..SelectHosts::default() };
    let Some(host) = host(&request, chosen.clone()).await? else {
        return Err(request.invalid(&HOST_ID, "No such host"));
    };
    let qids = open_qids(&request, chosen).await?;
    let kb = request.app.kb();
    let mut xml = request.document();
    write_host(&mut xml, &host, request.app.has_networks());
    let patches = qids.iter().filter_map(|qid| kb.entry(*qid)).filter(|entry| entry.patchable);
    xml.list("PATCH_INFO_LIST", patches, write_patch);
    Ok(OperationRequest::end(xml))
}

/// The host, if it is within the caller's reach.
async fn host(request: &OperationRequest, chosen: SelectHosts) -> Result<Option<HostEntry>, CallError> {
    let list = request.app.plan_host_list(request.actor()?, chosen, Some(1)).await?;
    let mut pages = request.app.host_pages(list);
    while let Some(page) = pages.recv().await {
        if let HostPage::Hosts(hosts) = page? {
            return Ok(hosts.into_iter().next());
        }
    }
    Ok(None)
}

/// What was found on the host and is open, once each.
async fn open_qids(request: &OperationRequest, chosen: SelectHosts) -> Result<BTreeSet<Qid>, CallError> {
    let open = DetectionStatus::ALL.into_iter().filter(|status| *status != DetectionStatus::Fixed);
    let wanted = ListDetections {
        hosts: chosen,
        statuses: open.collect(),
        confirmed: true,
        potential: true,
        ..ListDetections::default()
    };
    let list = request.app.plan_detection_list(request.actor()?, wanted).await?;
    let mut pages = request.app.detection_pages(list);
    let mut qids = BTreeSet::new();
    while let Some(page) = pages.recv().await {
        if let DetectionPage::Pieces(pieces) = page? {
            qids.extend(pieces.iter().flat_map(DetectionPiece::findings).map(|finding| match finding {
                ListedFinding::Detection { detection, .. } => detection.key.qid,
                ListedFinding::Information { finding, .. } => finding.qid,
            }));
        }
    }
    Ok(qids)
}

fn write_host(xml: &mut XmlWriter, host: &HostEntry, has_networks: bool) {
    xml.number("HOST_ID", host.id);
    xml.address("IP", host.ip);
    xml.optional_cdata("DNS", host.dns.as_deref());
    xml.optional_cdata("NETBIOS", host.netbios.as_deref());
    xml.optional_cdata("OS", host.os.as_deref());
    xml.optional_cdata("OS_CPE", host.os_cpe.as_deref());
    if has_networks {
        xml.text("NETWORK", GLOBAL_ELEMENT.1);
    }
}

fn write_patch(xml: &mut XmlWriter, entry: &Entry) {
    let cves = entry.cves.join(",");
    let cves = [("cve_ids", cves.as_str())];
    let cves = if entry.cves.is_empty() { &[][..] } else { &cves[..] };
    let qid = entry.qid.to_string();
    let references = &entry.vendor_references;
    xml.element("PATCH_INFO", &[], |xml| {
        xml.element("DETECTION_QIDS", &[], |xml| xml.text_with("QID", cves, &qid));
        xml.text_with("PATCH_QID", cves, &qid);
        xml.text("PATCH_SEVERITY", &entry.severity.to_string());
        xml.cdata("PATCH_TITLE", &entry.title);
        xml.cdata("PATCH_VENDOR_ID", references.first().map_or("", |reference| &reference.id));
        xml.date_time("PATCH_RELEASE_DATE", entry.published_at);
        let links = references.iter().filter(|reference| !reference.url.is_empty());
        xml.list("PATCH_LINKS", links, |xml, Reference { id: _, url }| xml.cdata("LINK", url));
    });
}
