//! The list of detections as XML, piece by piece.

use palisade_app::{DetectionList, DetectionPage, DetectionPiece, HostEntry, ListedDetection, ListedFinding};
use palisade_model::{FindingKind, Transport};
use palisade_wire::XmlWriter;

use crate::answer::Answer;
use crate::v1::pages::{Disconnected, Pages};
use crate::v2::asset_host::detection::SHOW_REOPENED_INFO;
use crate::v2::asset_host::selection::{SHOW_ASSET_ID, truncation_limit};
use crate::v2::asset_host::{break_off, close_to_response, tracking_word};
use crate::v2::network::GLOBAL_ELEMENT;
use crate::v2::request::OperationRequest;

/// The answer: it comes while the list is read.
pub(super) fn answer(request: OperationRequest, list: DetectionList) -> Answer {
    let (pages, answer) = Pages::new(request.document());
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(pages, &request, list).await;
    });
    answer
}

/// What is told beside what everybody is told.
#[derive(Debug, Clone, Copy)]
struct Shown {
    asset_id: bool,
    network: bool,
    reopened: bool,
}

async fn send(mut pages: Pages, request: &OperationRequest, list: DetectionList) -> Result<(), Disconnected> {
    let shown = Shown {
        asset_id: request.arguments.switch(&SHOW_ASSET_ID),
        network: request.app.has_networks(),
        reopened: request.arguments.switch(&SHOW_REOPENED_INFO),
    };
    let mut next = None;
    let mut place = Place::Start;
    let mut found = request.app.detection_pages(list);
    while let Some(page) = found.recv().await {
        match page {
            Ok(DetectionPage::Pieces(pieces)) => {
                for piece in &pieces {
                    place = write_piece(&mut pages.xml, piece, shown, place);
                    pages.turn().await?;
                }
            }
            Ok(DetectionPage::More { next_id }) => next = Some(next_id),
            Err(error) => return break_off(pages, &error).await,
        }
    }
    close_to_response(&mut pages.xml);
    if let Some(next_id) = next {
        let limit = truncation_limit(&request.arguments).unwrap_or(0);
        request.write_warning(&mut pages.xml, limit, &[("id_min", next_id.to_string())]);
    }
    pages.end().await
}

/// Where the writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    BetweenHosts,
    InHost,
}

fn write_piece(xml: &mut XmlWriter, piece: &DetectionPiece, shown: Shown, place: Place) -> Place {
    if place == Place::Start {
        xml.open("HOST_LIST", &[]);
    }
    if place != Place::InHost {
        open_host(xml, &piece.host, shown);
    }
    for finding in piece.findings() {
        let unique_id = piece.unique_id(&finding);
        match finding {
            ListedFinding::Detection { detection, kind, severity, disabled, result } => {
                write_head(xml, unique_id, (detection.key.qid.number(), kind, severity));
                write_place(xml, detection.key.port, detection.tls, result);
                write_history(xml, detection, disabled, shown);
            }
            ListedFinding::Information { finding, severity, found_at } => {
                let port = finding.port.map(|port| (port, finding.transport.unwrap_or(Transport::Tcp)));
                write_head(xml, unique_id, (finding.qid.number(), FindingKind::Information, severity));
                write_place(xml, port, finding.tls, &finding.result);
                xml.date_time("LAST_FOUND_DATETIME", found_at);
                xml.date_time("LAST_PROCESSED_DATETIME", found_at);
            }
        }
        xml.close();
    }
    if !piece.ends {
        return Place::InHost;
    }
    xml.close();
    xml.close();
    Place::BetweenHosts
}

fn open_host(xml: &mut XmlWriter, host: &HostEntry, shown: Shown) {
    xml.open("HOST", &[]);
    xml.number("ID", host.id);
    if shown.asset_id {
        xml.number("ASSET_ID", host.id);
    }
    xml.text("IP", &host.ip.to_string());
    xml.text("TRACKING_METHOD", tracking_word(host.tracking));
    if shown.network {
        xml.text(GLOBAL_ELEMENT.0, GLOBAL_ELEMENT.1);
    }
    xml.optional_cdata("OS", host.os.as_deref());
    xml.optional_cdata("OS_CPE", host.os_cpe.as_deref());
    xml.optional_cdata("DNS", host.dns.as_deref());
    xml.optional_cdata("NETBIOS", host.netbios.as_deref());
    xml.date_time("LAST_SCAN_DATETIME", host.last_scan_at);
    xml.date_time("LAST_VM_SCANNED_DATE", host.scan_ended_at);
    if let Some(seconds) = host.scan_duration_s {
        xml.number("LAST_VM_SCANNED_DURATION", seconds);
    }
    if let Some(at) = host.auth_scan_ended_at {
        xml.date_time("LAST_VM_AUTH_SCANNED_DATE", at);
    }
    if let Some(seconds) = host.auth_scan_duration_s {
        xml.number("LAST_VM_AUTH_SCANNED_DURATION", seconds);
    }
    xml.open("DETECTION_LIST", &[]);
}

pub(super) const fn type_word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Vulnerability => "Confirmed",
        FindingKind::Potential => "Potential",
        FindingKind::Information | FindingKind::Service => "Info",
    }
}

/// Opens `DETECTION`.
fn write_head(xml: &mut XmlWriter, unique_id: u64, (qid, kind, severity): (u32, FindingKind, u8)) {
    xml.open("DETECTION", &[]);
    xml.number("UNIQUE_VULN_ID", unique_id);
    xml.number("QID", u64::from(qid));
    xml.text("TYPE", type_word(kind));
    xml.number("SEVERITY", u64::from(severity));
}

fn write_place(xml: &mut XmlWriter, port: Option<(u16, Transport)>, tls: bool, result: &str) {
    if let Some((port, transport)) = port {
        xml.number("PORT", u64::from(port));
        xml.text("PROTOCOL", transport.as_str());
    }
    xml.number("SSL", u64::from(tls));
    if !result.is_empty() {
        xml.cdata("RESULTS", result);
    }
}

fn write_history(xml: &mut XmlWriter, detection: &ListedDetection, disabled: bool, shown: Shown) {
    xml.text("STATUS", detection.status.as_str());
    xml.date_time("FIRST_FOUND_DATETIME", detection.first_found_at);
    xml.date_time("LAST_FOUND_DATETIME", detection.last_found_at);
    xml.number("TIMES_FOUND", detection.times_found);
    xml.date_time("LAST_TEST_DATETIME", detection.last_tested_at);
    xml.date_time("LAST_UPDATE_DATETIME", detection.updated_at);
    if let Some(at) = detection.last_fixed_at {
        xml.date_time("LAST_FIXED_DATETIME", at);
    }
    if let Some(reopened) = detection.reopened.filter(|_| shown.reopened) {
        xml.date_time("FIRST_REOPENED_DATETIME", reopened.first_at);
        xml.date_time("LAST_REOPENED_DATETIME", reopened.last_at);
        xml.number("TIMES_REOPENED", reopened.times);
    }
    xml.number("IS_IGNORED", u64::from(detection.ignored));
    xml.number("IS_DISABLED", u64::from(disabled));
    xml.date_time("LAST_PROCESSED_DATETIME", detection.last_tested_at);
}
