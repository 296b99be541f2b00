//! Reports on patches: which hosts lack which, and what each patch mends. A patch goes by the QID of
//! the vulnerability that it mends. As XML and as CSV.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_app::{App, AssetReport, ReportTask, ReportedHostHead};
use palisade_kb::{Entry, KnowledgeBase, Reference};
use palisade_model::Qid;
use palisade_wire::XmlWriter;

use crate::asset_report::{Origin, write_origin, write_target};
use crate::csv_head;
use crate::pages::{Lines, Pages, WriteError};

/// On how many hosts each patch is missing.
type Counts = BTreeMap<Qid, u64>;

/// A host and the patches it lacks.
struct Lacking {
    host: Arc<ReportedHostHead>,
    qids: BTreeSet<Qid>,
}

/// Gathers the patches of the host that pieces belong to until it ends.
#[derive(Default)]
struct Gathering {
    qids: BTreeSet<Qid>,
    counts: Counts,
}

impl Gathering {
    /// The host that ends with the piece, if it lacks any patch.
    fn take(&mut self, piece: &palisade_app::ReportPiece) -> Option<Lacking> {
        self.qids.extend(piece.findings().map(|finding| finding.qid));
        if !piece.ends {
            return None;
        }
        let qids = std::mem::take(&mut self.qids);
        for qid in &qids {
            *self.counts.entry(*qid).or_default() += 1;
        }
        (!qids.is_empty()).then(|| Lacking { host: Arc::clone(&piece.host), qids })
    }
}

/// Writes everything within the root.
pub(crate) async fn write_xml(
    pages: &mut Pages,
    app: &App,
    origin: &Origin<'_>,
    report: Arc<AssetReport>,
) -> Result<(), WriteError> {
    pages.xml.element("HEADER", &[], |xml| {
        write_origin(xml, origin);
        xml.cdata("TEMPLATE", report.title.as_deref().unwrap_or_default());
        write_target(xml, &report);
    });
    let mut gathering = Gathering::default();
    let mut is_open = false;
    let mut pieces = app.asset_report_pieces(Arc::clone(&report));
    while let Some(page) = pieces.recv().await {
        for piece in &page? {
            if let Some(lacking) = gathering.take(piece) {
                if !is_open {
                    pages.xml.open("HOST_LIST", &[]);
                    is_open = true;
                }
                write_host(&mut pages.xml, &lacking);
            }
            pages.percent().reached_host(piece.host.ip, &report.target);
            pages.turn().await?;
        }
    }
    pages.xml.close_to_root();
    let kb = app.kb();
    let patches = known(&kb, &gathering.counts);
    pages.xml.list("PATCH_LIST", patches, |xml, (entry, hosts)| {
        xml.element("PATCH", &[], |xml| {
            xml.text("QID", &entry.qid.to_string());
            xml.cdata("TITLE", &entry.title);
            xml.text("SEVERITY", &entry.severity.to_string());
            let (vendor_id, link) = reference(entry);
            xml.cdata("VENDOR_ID", vendor_id);
            xml.cdata("LINK", link);
            xml.date_time("PUBLISHED", entry.updated_at);
            xml.number("HOSTS", hosts);
            xml.cdata("SOLUTION", &entry.solution);
        });
    });
    Ok(())
}

fn write_host(xml: &mut XmlWriter, Lacking { host, qids }: &Lacking) {
    xml.element("HOST", &[], |xml| {
        xml.text("IP", &host.ip.to_string());
        xml.optional_cdata("DNS", host.dns.as_deref());
        xml.optional_cdata("NETBIOS", host.netbios.as_deref());
        xml.optional_cdata("OPERATING_SYSTEM", host.os.as_deref());
        xml.number("PATCHES", u64::try_from(qids.len()).unwrap_or(u64::MAX));
        xml.list("QID_LIST", qids, |xml, qid| xml.text("QID", &qid.to_string()));
    });
}

/// Two tables: a row for every patch that a host lacks, and one for every patch.
pub(crate) async fn write_csv(
    lines: &mut Lines,
    app: &App,
    task: &ReportTask,
    report: Arc<AssetReport>,
) -> Result<(), WriteError> {
    csv_head::write_origin(&mut lines.csv, app, task);
    lines.csv.row(["IP", "DNS", "NetBIOS", "OS", "Patch QID", "Patch Title", "Severity"]);
    let mut gathering = Gathering::default();
    let mut pieces = app.asset_report_pieces(Arc::clone(&report));
    while let Some(page) = pieces.recv().await {
        for piece in &page? {
            if let Some(Lacking { host, qids }) = gathering.take(piece) {
                let kb = app.kb();
                for entry in qids.iter().filter_map(|qid| kb.entry(*qid)) {
                    lines.csv.row([
                        host.ip.to_string().as_str(),
                        host.dns.as_deref().unwrap_or_default(),
                        host.netbios.as_deref().unwrap_or_default(),
                        host.os.as_deref().unwrap_or_default(),
                        &entry.qid.to_string(),
                        &entry.title,
                        &entry.severity.to_string(),
                    ]);
                }
            }
            lines.percent().reached_host(piece.host.ip, &report.target);
            lines.turn().await?;
        }
    }
    lines.csv.blank();
    lines.csv.row(["Patch QID", "Patch Title", "Severity", "Vendor ID", "Link", "Published", "Hosts"]);
    let kb = app.kb();
    for (entry, hosts) in known(&kb, &gathering.counts) {
        let (vendor_id, link) = reference(entry);
        lines.csv.row([
            entry.qid.to_string().as_str(),
            &entry.title,
            &entry.severity.to_string(),
            vendor_id,
            link,
            &csv_head::time(Some(entry.updated_at)),
            &hosts.to_string(),
        ]);
    }
    Ok(())
}

/// What the vendor calls it, and where it says more; empty where nothing is known.
fn reference(entry: &Entry) -> (&str, &str) {
    entry.vendor_references.first().map_or(("", ""), |Reference { id, url }| (id, url))
}

/// The patches with what is known of them: the one that most hosts lack first.
fn known<'a>(kb: &'a KnowledgeBase, counts: &Counts) -> Vec<(&'a Entry, u64)> {
    let mut patches: Vec<_> =
        counts.iter().filter_map(|(qid, hosts)| kb.entry(*qid).map(|entry| (entry, *hosts))).collect();
    patches.sort_by_key(|(_, hosts)| std::cmp::Reverse(*hosts));
    patches
}
