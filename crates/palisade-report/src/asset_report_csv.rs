//! Reports on hosts as CSV: what they are about, the risks, and a row for every finding with what it
//! means.

use std::sync::Arc;

use palisade_app::{App, AssetReport, HostRisk, ReportPiece, ReportSummary, ReportTask, ReportedFinding};
use palisade_kb::KnowledgeBase;
use palisade_model::DetectionStatus;
use palisade_wire::csv::CsvWriter;

use crate::asset_report::{tracking_word, type_word};
use crate::csv_head::{time, write_origin, yes};
use crate::pages::{Lines, WriteError};
use crate::vulnerability::{associated_malware, exploitability};

/// The columns; those that only the history of a host has are marked.
const COLUMNS: &[(&str, bool)] = &[
    ("IP", false),
    ("DNS", false),
    ("NetBIOS", false),
    ("Tracking Method", false),
    ("OS", false),
    ("IP Status", false),
    ("QID", false),
    ("Title", false),
    ("Vuln Status", true),
    ("Type", false),
    ("Severity", false),
    ("Port", false),
    ("Protocol", false),
    ("FQDN", false),
    ("SSL", false),
    ("First Detected", true),
    ("Last Detected", true),
    ("Times Detected", true),
    ("Date Last Fixed", true),
    ("CVE ID", false),
    ("Vendor Reference", false),
    ("Bugtraq ID", false),
    ("CVSS", false),
    ("CVSS Base", false),
    ("CVSS Temporal", false),
    ("Threat", false),
    ("Impact", false),
    ("Solution", false),
    ("Exploitability", false),
    ("Associated Malware", false),
    ("Results", false),
    ("PCI Vuln", false),
    ("Ticket State", false),
    ("Instance", false),
    ("OS CPE", false),
    ("Category", false),
    ("Associated Tags", false),
];

/// Which columns a report has.
#[derive(Clone, Copy)]
struct Shown<'a> {
    report: &'a AssetReport,
    /// Whether it is made of the history of the hosts.
    history: bool,
}

impl Shown<'_> {
    fn has(self, column: &str, is_history: bool) -> bool {
        (self.history || !is_history) && (column != "Results" || self.report.content.display.results)
    }
}

/// Writes the whole document.
pub(crate) async fn write(
    lines: &mut Lines,
    app: &App,
    task: &ReportTask,
    report: Arc<AssetReport>,
) -> Result<(), WriteError> {
    if !task.job.hide_header {
        write_origin(&mut lines.csv, app, task);
        let summary = app.count_asset_report(&report).await?;
        write_summary(&mut lines.csv, &report, &summary);
    }
    let shown = Shown { report: &report, history: report.is_of_history() };
    let columns = COLUMNS.iter().filter(|(column, is_history)| shown.has(column, *is_history));
    lines.csv.row(columns.map(|(column, _)| column));
    if !report.content.display.hosts {
        return Ok(());
    }
    let mut pieces = app.asset_report_pieces(Arc::clone(&report));
    while let Some(page) = pieces.recv().await {
        for piece in &page? {
            for finding in piece.findings() {
                write_finding(&mut lines.csv, &app.kb(), shown, piece, &finding);
            }
            lines.percent().reached_host(piece.host.ip, &report.target);
            lines.turn().await?;
        }
    }
    Ok(())
}

fn write_summary(csv: &mut CsvWriter, report: &AssetReport, summary: &ReportSummary) {
    let ReportSummary { vulnerabilities, security_risk, business_risk, hosts, active, matching } = summary;
    csv.row([
        "Asset Groups",
        "IPs",
        "Active Hosts",
        "Hosts Matching Filters",
        "Trend Analysis",
        "Date Range",
        "Asset Tags",
    ]);
    let ips = report.user_ips.as_ref().map(ToString::to_string).unwrap_or_default();
    let range = report.content.filter.timeframe_days;
    csv.row([
        report.asset_groups.join(", ").as_str(),
        &ips,
        &active.to_string(),
        &matching.to_string(),
        "N/A",
        &range.map_or("N/A".to_owned(), |days| format!("Last {days} days")),
        "",
    ]);
    csv.blank();
    if report.content.display.summary {
        csv.row(["Total Vulnerabilities", "Avg Security Risk", "Business Risk"]);
        csv.row([vulnerabilities.to_string(), format!("{security_risk:.1}"), format!("{business_risk}/100")]);
        csv.blank();
    }
    if !hosts.is_empty() {
        csv.row(["IP", "Total Vulnerabilities", "Security Risk"]);
        for HostRisk { ip, vulnerabilities, security_risk } in hosts {
            csv.row([ip.to_string(), vulnerabilities.to_string(), format!("{security_risk:.1}")]);
        }
        csv.blank();
    }
}

fn write_finding(
    csv: &mut CsvWriter,
    kb: &KnowledgeBase,
    shown: Shown<'_>,
    piece: &ReportPiece,
    finding: &ReportedFinding<'_>,
) {
    // Content may be older than a stored finding; there is nothing to say about it then.
    let Some(entry) = kb.entry(finding.qid) else { return };
    let host = &piece.host;
    let display = &shown.report.content.display;
    let told = |is_told: bool, text: &str| if is_told { text.to_owned() } else { String::new() };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let cell = |column: &str| match column {
        "IP" => host.ip.to_string(),
        "DNS" => text(host.dns.as_deref()),
        "NetBIOS" => text(host.netbios.as_deref()),
        "Tracking Method" => tracking_word(host.tracking).to_owned(),
        "OS" => text(host.os.as_deref()),
        "IP Status" => "host scanned, found vuln".to_owned(),
        "QID" => finding.qid.to_string(),
        "Title" => entry.title.clone(),
        "Vuln Status" => text(finding.status.map(DetectionStatus::as_str)),
        "Type" => type_word(finding.kind).to_owned(),
        "Severity" => entry.severity.to_string(),
        "Port" => finding.port.map(|(port, _)| port.to_string()).unwrap_or_default(),
        "Protocol" => finding.port.map(|(_, transport)| transport.to_string()).unwrap_or_default(),
        "SSL" => told(finding.tls, "over ssl"),
        "First Detected" => time(finding.first_found_at),
        "Last Detected" => time(Some(finding.last_found_at)),
        "Times Detected" => finding.times_found.map(|times| times.to_string()).unwrap_or_default(),
        "Date Last Fixed" => time(finding.last_fixed_at),
        "CVE ID" => entry.cves.join(", "),
        "Vendor Reference" => joined(entry.vendor_references.iter().map(|reference| reference.id.as_str())),
        "Bugtraq ID" => joined(entry.bugtraq.iter().map(ToString::to_string)),
        "CVSS" => {
            text(entry.cvss_temporal.as_deref().or(entry.cvss_base.as_deref()).filter(|_| display.cvss))
        }
        "CVSS Base" => text(entry.cvss_base.as_deref().filter(|_| display.cvss)),
        "CVSS Temporal" => text(entry.cvss_temporal.as_deref().filter(|_| display.cvss)),
        "Threat" => told(display.threat, &entry.threat),
        "Impact" => told(display.impact, &entry.impact),
        "Solution" => told(display.solution, &entry.solution),
        "Exploitability" => exploitability(entry).unwrap_or_default(),
        "Associated Malware" => associated_malware(entry).unwrap_or_default(),
        "Results" => finding.result.to_owned(),
        "PCI Vuln" => yes(entry.pci).to_owned(),
        "OS CPE" => text(host.os_cpe.as_deref()),
        "Category" => entry.category.clone(),
        // Nothing is known of these: full names, tickets, instances, tags.
        _ => String::new(),
    };
    let columns = COLUMNS.iter().filter(|(column, is_history)| shown.has(column, *is_history));
    csv.row(columns.map(|(column, _)| cell(column)));
}

fn joined(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut all = String::new();
    for text in texts {
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(text.as_ref());
    }
    all
}
