//! The list of detections as CSV: a line for each, between marked lines unless those are not wanted.

use std::borrow::Cow;

use palisade_app::{DetectionList, DetectionPage, DetectionPiece, HostEntry, ListedFinding};
use palisade_model::{FindingKind, Timestamp, Transport};
use palisade_wire::csv::CsvWriter;
use palisade_wire::date_time::date_time;
use tokio::sync::mpsc;

use crate::answer::{Answer, ContentKind};
use crate::v1::pages::{Disconnected, log_failure};
use crate::v2::asset_host::detection::{SHOW_REOPENED_INFO, SUPPRESS_DUPLICATED_DATA_FROM_CSV};
use crate::v2::asset_host::detection_xml::type_word;
use crate::v2::asset_host::selection::truncation_limit;
use crate::v2::asset_host::tracking_word;
use crate::v2::network::GLOBAL_ELEMENT;
use crate::v2::request::OperationRequest;

/// Bytes that are sent at a time, and pieces that wait for a slow client.
const PIECE_BYTES: usize = 128 * 1024;
const PIECES_WAITING: usize = 2;
/// Characters that a spreadsheet takes in a cell.
const SPREADSHEET_CHARS: usize = 32_000;

const COLUMNS: [&str; 38] = [
    "Host ID",
    "IP Address",
    "Tracking Method",
    "Operating System",
    "DNS Name",
    "Netbios Name",
    "QG HostID",
    "Last Scan Datetime",
    "OS CPE",
    "Last VM Scanned Date",
    "Last VM Scanned Duration",
    "Last VM Auth Scanned Date",
    "Last VM Auth Scanned Duration",
    "Last PC Scanned Date",
    "QID",
    "Type",
    "Port",
    "Protocol",
    "FQDN",
    "SSL",
    "Instance",
    "Status",
    "Severity",
    "First Found Datetime",
    "Last Found Datetime",
    "Last Test Datetime",
    "Last Update Datetime",
    "Last Fixed Datetime",
    "First Re-opened Datetime",
    "Last Re-opened Datetime",
    "Times Re-opened",
    "Results",
    "Ignored",
    "Disabled",
    "Times Found",
    "Service",
    "Affect Running Kernel",
    "Last Processed Datetime",
];
/// How many of them are about the host, how many about a detection, and how many of those about where it
/// is.
const HOST_COLUMNS: usize = 14;
/// Where the column of the network stands, if there is one.
const NETWORK_PLACE: usize = 3;
const DETECTION_COLUMNS: usize = COLUMNS.len() - HOST_COLUMNS;
const PLACE_COLUMNS: usize = 7;

/// The answer: it comes while the list is read.
pub(super) fn answer(request: OperationRequest, list: DetectionList, format: &str) -> Answer {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let lines = Lines {
        csv: CsvWriter::default().with_bare_empty_cells(),
        sender,
        with_marks: !format.starts_with("CSV_NO_METADATA"),
        for_spreadsheets: format.ends_with("_MS_EXCEL"),
        reopened: request.arguments.switch(&SHOW_REOPENED_INFO),
        host_once: request.arguments.switch(&SUPPRESS_DUPLICATED_DATA_FROM_CSV),
        networks: request.app.has_networks(),
    };
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(lines, &request, list).await;
    });
    Answer::stream_of(ContentKind::Csv, receiver)
}

async fn send(mut lines: Lines, request: &OperationRequest, list: DetectionList) -> Result<(), Disconnected> {
    lines.begin(request);
    let mut found = request.app.detection_pages(list);
    let mut next = None;
    let mut failed = false;
    // A host that comes in several pieces is told once.
    let mut told = None;
    while let Some(page) = found.recv().await {
        match page {
            Ok(DetectionPage::Pieces(pieces)) => {
                for piece in &pieces {
                    lines.write(piece, told == Some(piece.host.id));
                    told = Some(piece.host.id);
                    lines.turn().await?;
                }
            }
            Ok(DetectionPage::More { next_id }) => next = Some(next_id),
            Err(error) => {
                log_failure(&error);
                failed = true;
            }
        }
    }
    lines.end(request, next, failed);
    lines.send().await
}

/// Lines on their way.
struct Lines {
    csv: CsvWriter,
    sender: mpsc::Sender<Vec<u8>>,
    with_marks: bool,
    for_spreadsheets: bool,
    reopened: bool,
    host_once: bool,
    networks: bool,
}

impl Lines {
    fn begin(&mut self, request: &OperationRequest) {
        if self.with_marks {
            self.csv.line("----BEGIN_RESPONSE_HEADER_CSV");
            for (name, value) in request.asked.echoed() {
                self.csv.row([name, value]);
            }
            self.csv.line("----END_RESPONSE_HEADER_CSV");
            self.csv.line("----BEGIN_RESPONSE_BODY_CSV");
        }
        let (before, after) = COLUMNS.split_at(NETWORK_PLACE);
        let network = self.networks.then_some("Network ID");
        self.csv.row(before.iter().chain(network.as_ref()).chain(after));
    }

    fn end(&mut self, request: &OperationRequest, next: Option<u64>, failed: bool) {
        if !self.with_marks {
            return;
        }
        self.csv.line("----END_RESPONSE_BODY_CSV");
        self.csv.line("----BEGIN_RESPONSE_FOOTER_CSV");
        if failed {
            self.warn("999", "Internal Error. The list ends here, incomplete.", "");
        } else if let Some(next_id) = next {
            let limit = truncation_limit(&request.arguments).unwrap_or(0);
            let text = format!("{limit} record limit exceeded. Use URL to get next batch of results.");
            self.warn("1980", &text, &request.url_with(&[("id_min", next_id.to_string())]));
        } else {
            self.csv.row(["Status Message"]);
            self.csv.row(["Finished"]);
        }
        self.csv.line("----END_RESPONSE_FOOTER_CSV");
    }

    fn warn(&mut self, code: &str, text: &str, url: &str) {
        self.csv.line("WARNING");
        self.csv.row(["CODE", "TEXT", "URL"]);
        self.csv.row([code, text, url]);
    }

    fn write(&mut self, piece: &DetectionPiece, mut is_told: bool) {
        let host = host_cells(&piece.host);
        let nothing: [Cow<'_, str>; HOST_COLUMNS] = Default::default();
        for finding in piece.findings() {
            let leaves_out = is_told && self.host_once;
            let about_host = if leaves_out { &nothing } else { &host };
            is_told = true;
            let about_detection = self.detection_cells(&finding);
            let (before, after) = about_host.split_at(NETWORK_PLACE);
            let number = Cow::Borrowed(if leaves_out { "" } else { GLOBAL_ELEMENT.1 });
            let network = self.networks.then_some(number);
            self.csv.row(before.iter().chain(&network).chain(after).chain(&about_detection));
        }
    }

    /// The columns from the QID on.
    fn detection_cells<'a>(&self, finding: &ListedFinding<'a>) -> [Cow<'a, str>; DETECTION_COLUMNS] {
        let nothing = Cow::Borrowed("");
        let mut cells: [Cow<'a, str>; DETECTION_COLUMNS] = Default::default();
        match *finding {
            ListedFinding::Detection { detection, kind, severity, disabled, result } => {
                let reopened = detection.reopened.filter(|_| self.reopened);
                let head = place_cells(detection.key.qid.number(), kind, detection.key.port, detection.tls);
                let history = [
                    detection.status.as_str().into(),
                    severity.to_string().into(),
                    time(Some(detection.first_found_at)),
                    time(Some(detection.last_found_at)),
                    time(Some(detection.last_tested_at)),
                    time(Some(detection.updated_at)),
                    time(detection.last_fixed_at),
                    time(reopened.map(|reopened| reopened.first_at)),
                    time(reopened.map(|reopened| reopened.last_at)),
                    reopened.map(|reopened| reopened.times.to_string()).unwrap_or_default().into(),
                    self.result(result).into(),
                    flag(detection.ignored).into(),
                    flag(disabled).into(),
                    detection.times_found.to_string().into(),
                    nothing.clone(),
                    nothing,
                    time(Some(detection.last_tested_at)),
                ];
                fill(&mut cells, head.into_iter().chain(history));
            }
            ListedFinding::Information { finding, severity, found_at } => {
                let port = finding.port.map(|port| (port, finding.transport.unwrap_or(Transport::Tcp)));
                let head = place_cells(finding.qid.number(), FindingKind::Information, port, finding.tls);
                let mut history: [Cow<'a, str>; DETECTION_COLUMNS - PLACE_COLUMNS] = Default::default();
                history[1] = severity.to_string().into();
                history[3] = time(Some(found_at));
                history[10] = self.result(&finding.result).into();
                history[16] = time(Some(found_at));
                fill(&mut cells, head.into_iter().chain(history));
            }
        }
        cells
    }

    fn result<'a>(&self, text: &'a str) -> &'a str {
        let end = text.char_indices().nth(SPREADSHEET_CHARS).filter(|_| self.for_spreadsheets);
        end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
    }

    /// Sends what was written when it is enough.
    async fn turn(&mut self) -> Result<(), Disconnected> {
        if self.csv.pending() < PIECE_BYTES { Ok(()) } else { self.send().await }
    }

    async fn send(&mut self) -> Result<(), Disconnected> {
        self.sender.send(self.csv.take()).await.map_err(|_| Disconnected)
    }
}

fn fill<'a>(cells: &mut [Cow<'a, str>], values: impl Iterator<Item = Cow<'a, str>>) {
    for (cell, value) in cells.iter_mut().zip(values) {
        *cell = value;
    }
}

fn host_cells(host: &HostEntry) -> [Cow<'_, str>; HOST_COLUMNS] {
    let nothing = Cow::Borrowed("");
    [
        host.id.to_string().into(),
        host.ip.to_string().into(),
        tracking_word(host.tracking).into(),
        host.os.as_deref().unwrap_or_default().into(),
        host.dns.as_deref().unwrap_or_default().into(),
        host.netbios.as_deref().unwrap_or_default().into(),
        nothing.clone(),
        time(Some(host.last_scan_at)),
        host.os_cpe.as_deref().unwrap_or_default().into(),
        time(Some(host.scan_ended_at)),
        host.scan_duration_s.map(|seconds| seconds.to_string()).unwrap_or_default().into(),
        time(host.auth_scan_ended_at),
        host.auth_scan_duration_s.map(|seconds| seconds.to_string()).unwrap_or_default().into(),
        nothing,
    ]
}

/// The columns from the QID to the instance.
fn place_cells(
    qid: u32,
    kind: FindingKind,
    port: Option<(u16, Transport)>,
    tls: bool,
) -> [Cow<'static, str>; PLACE_COLUMNS] {
    let nothing = Cow::Borrowed("");
    [
        qid.to_string().into(),
        type_word(kind).into(),
        port.map(|(port, _)| port.to_string()).unwrap_or_default().into(),
        port.map_or("", |(_, transport)| transport.as_str()).into(),
        nothing.clone(),
        flag(tls).into(),
        nothing,
    ]
}

const fn flag(is_so: bool) -> &'static str {
    if is_so { "1" } else { "0" }
}

fn time(at: Option<Timestamp>) -> Cow<'static, str> {
    at.map(date_time).unwrap_or_default().into()
}
