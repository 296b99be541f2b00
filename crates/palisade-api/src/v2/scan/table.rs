//! The results of a scan in rows: the columns of each form, as CSV or as JSON.

use palisade_app::{About, Actor, HostReport, LaunchType, ScanView};
use palisade_kb::{Entry, KnowledgeBase};
use palisade_model::{Finding, FindingKind, IpSet, Timestamp, Transport, UserProfile};
use palisade_wire::csv::CsvWriter;
use palisade_wire::date_time::duration;

use super::{spaced, state};
use crate::v1::vulnerability::{associated_malware, exploitability};
use crate::v2::json_array::{Cell, JsonArray};

/// The key of a value in JSON, and the title of its column in CSV.
type Column = (&'static str, &'static str);

const BRIEF: [Column; 6] = [
    ("ip", "IP"),
    ("dns", "DNS"),
    ("netbios", "NetBIOS"),
    ("qid", "QID"),
    ("instance", "Instance"),
    ("result", "Result"),
];
const EXTENDED: [Column; 4] = [("protocol", "Protocol"), ("port", "Port"), ("ssl", "SSL"), ("fqdn", "FQDN")];

const ACCOUNT: [Column; 12] = [
    ("scan_report_template_title", "Scan Report Template Title"),
    ("result_date", "Result Date"),
    ("company", "Company"),
    ("add1", "Add1"),
    ("add2", "Add2"),
    ("city", "City"),
    ("state", "State"),
    ("country", "Country"),
    ("zip", "Zip"),
    ("name", "Name"),
    ("username", "Username"),
    ("role", "Role"),
];

const JOB: [Column; 13] = [
    ("launch_date", "Launch Date"),
    ("active_hosts", "Active Hosts"),
    ("total_hosts", "Total Hosts"),
    ("type", "Type"),
    ("status", "Status"),
    ("reference", "Reference"),
    ("scanner_appliance", "Scanner Appliance"),
    ("duration", "Duration"),
    ("scan_title", "Scan Title"),
    ("asset_groups", "Asset Groups"),
    ("ips", "IPs"),
    ("excluded_ips", "Excluded IPs"),
    ("option_profile", "Option Profile"),
];

const FINDING: [Column; 27] = [
    ("ip", "IP"),
    ("dns", "DNS"),
    ("netbios", "NetBIOS"),
    ("os", "OS"),
    ("ip_status", "IP Status"),
    ("qid", "QID"),
    ("title", "Title"),
    ("type", "Type"),
    ("severity", "Severity"),
    ("port", "Port"),
    ("protocol", "Protocol"),
    ("fqdn", "FQDN"),
    ("ssl", "SSL"),
    ("cve_id", "CVE ID"),
    ("vendor_reference", "Vendor Reference"),
    ("bugtraq_id", "Bugtraq ID"),
    ("cvss_base", "CVSS Base"),
    ("cvss_temporal", "CVSS Temporal"),
    ("threat", "Threat"),
    ("impact", "Impact"),
    ("solution", "Solution"),
    ("exploitability", "Exploitability"),
    ("associated_malware", "Associated Malware"),
    ("results", "Results"),
    ("pci_vuln", "PCI Vuln"),
    ("instance", "Instance"),
    ("category", "Category"),
];

const DISTRIBUTION: Column =
    ("target_distribution_across_scanner_appliances", "Target distribution across scanner appliances");
const NOT_ALIVE: Column = ("hosts_not_scanned_host_not_alive_ip", "Hosts not scanned, host not alive (IP)");
const EXCLUDED: Column = ("hosts_not_scanned_excluded_host_ip", "Hosts not scanned, excluded host (IP)");
const DISCONTINUED: Column =
    ("hosts_not_scanned_scan_discontinued_ip", "Hosts not scanned, scan discontinued (IP)");
const NOTHING_FOUND: Column = (
    "no_vulnerabilities_match_your_filters_for_these_hosts",
    "No vulnerabilities match your filters for these hosts",
);

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Brief,
    Extended,
    /// Everything, with what there is to say about the scan.
    Report,
}

/// The form of the answer.
#[derive(Debug)]
pub(super) enum Out {
    Csv(CsvWriter),
    Json(JsonArray),
}

impl Out {
    pub(super) fn csv() -> Self {
        Self::Csv(CsvWriter::default())
    }

    pub(super) fn json() -> Self {
        Self::Json(JsonArray::default())
    }

    fn titles<'a>(&mut self, columns: impl Iterator<Item = &'a Column>) {
        if let Self::Csv(csv) = self {
            csv.row(columns.map(|(_, title)| title));
        }
    }

    fn record<'a>(
        &mut self,
        columns: impl Iterator<Item = &'a Column>,
        cells: impl IntoIterator<Item = Cell>,
    ) {
        match self {
            Self::Csv(csv) => csv.row(cells.into_iter().map(Cell::shown)),
            Self::Json(json) => json.object(columns.map(|(key, _)| *key).zip(cells)),
        }
    }

    /// A table of one row.
    fn block(&mut self, columns: &[Column], cells: impl IntoIterator<Item = Cell>) {
        self.titles(columns.iter());
        self.record(columns.iter(), cells);
        self.blank();
    }

    fn blank(&mut self) {
        if let Self::Csv(csv) = self {
            csv.blank();
        }
    }
}

/// Results being written, and what is to be said of their hosts at the end.
#[derive(Debug)]
pub(super) struct Results {
    out: Out,
    layout: Layout,
    alive: IpSet,
    dead: IpSet,
    /// Alive, and nothing was found on them.
    empty: IpSet,
}

impl Results {
    pub(super) fn new(out: Out, layout: Layout) -> Self {
        Self { out, layout, alive: IpSet::new(), dead: IpSet::new(), empty: IpSet::new() }
    }

    /// What was written since the last call.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match &mut self.out {
            Out::Csv(csv) => csv.take(),
            Out::Json(json) => json.take(),
        }
    }

    pub(super) fn end(&mut self) {
        if let Out::Json(json) = &mut self.out {
            json.end();
        }
    }

    /// The titles of the columns.
    pub(super) fn head(&mut self) {
        match self.layout {
            Layout::Brief => self.out.titles(BRIEF.iter()),
            Layout::Extended => self.out.titles(BRIEF.iter().chain(&EXTENDED)),
            Layout::Report => self.out.titles(FINDING.iter()),
        }
    }

    /// Who asks.
    pub(super) fn account(&mut self, actor: &Actor, company: &str, profile: &UserProfile, now: Timestamp) {
        let UserProfile { address1, address2, city, country, state, zip_code, .. } = profile;
        let name = format!("{} {}", actor.first_name, actor.last_name);
        let cells = [
            Cell::text("Scan Results"),
            Cell::text(american(now)),
            Cell::text(company),
            Cell::text(address1),
            Cell::text(address2),
            Cell::text(city),
            Cell::text(state),
            Cell::text(country),
            Cell::text(zip_code),
            Cell::text(name.trim()),
            Cell::text(actor.login.as_str()),
            Cell::text(actor.role.title()),
        ];
        self.out.block(&ACCOUNT, cells);
    }

    /// The scan as a whole.
    pub(super) fn job(&mut self, view: &ScanView, about: &About) {
        let About { scanner_version, signatures_version, .. } = about;
        let scanner = format!(
            "{} (Scanner {scanner_version}, Vulnerability Signatures {signatures_version})",
            view.scanner_name
        );
        let launch_type = match view.launch_type {
            LaunchType::OnDemand => "On-demand",
            LaunchType::Scheduled => "Scheduled",
            LaunchType::Api => "API",
        };
        let groups = Some(view.asset_groups.join(", ")).filter(|titles| !titles.is_empty());
        let cells = [
            Cell::text(american(view.launched_at)),
            Cell::text(view.hosts_alive.to_string()),
            Cell::text(view.hosts_total.to_string()),
            Cell::text(launch_type),
            Cell::text(state(view.status)),
            Cell::text(view.scan.as_str()),
            Cell::text(scanner),
            Cell::text(duration(view.duration_s)),
            Cell::text(&view.title),
            Cell::optional(groups),
            Cell::text(spaced(&view.targets)),
            addresses(&view.excluded),
            Cell::text(&view.option_title),
        ];
        self.out.block(&JOB, cells);
    }

    /// The results on a host.
    pub(super) fn host(&mut self, kb: &KnowledgeBase, host: &HostReport) {
        let address = host.ipv4().map(IpSet::from).unwrap_or_default();
        if !host.alive {
            self.dead = self.dead.union(&address);
            return;
        }
        self.alive = self.alive.union(&address);
        if host.findings.is_empty() {
            self.empty = self.empty.union(&address);
        }
        match self.layout {
            Layout::Brief => host.findings.iter().for_each(|finding| self.brief(host, finding)),
            Layout::Extended => host.findings.iter().for_each(|finding| self.extended(host, finding)),
            Layout::Report => self.report(kb, host),
        }
    }

    fn brief(&mut self, host: &HostReport, finding: &Finding) {
        self.out.record(BRIEF.iter(), brief_cells(host, finding));
    }

    fn extended(&mut self, host: &HostReport, finding: &Finding) {
        let cells = brief_cells(host, finding).into_iter().chain([
            Cell::text(protocol(finding)),
            Cell::text(port(finding)),
            Cell::text(yes_or_no(finding.tls)),
            Cell::text(""),
        ]);
        self.out.record(BRIEF.iter().chain(&EXTENDED), cells);
    }

    /// Everything about the results on a host. Content may be older than a stored finding; of such a
    /// finding there is too little to say.
    fn report(&mut self, kb: &KnowledgeBase, host: &HostReport) {
        let known = host.findings.iter().filter_map(|finding| Some((finding, kb.entry(finding.qid)?)));
        let known: Vec<(&Finding, &Entry)> = known.collect();
        let vulnerable = known.iter().any(|(_, entry)| entry.kind.is_detection());
        let ip_status = if vulnerable { "host scanned, found vuln" } else { "host scanned, no vuln" };
        for (finding, entry) in known {
            let kind = match entry.kind {
                FindingKind::Vulnerability => "Vuln",
                FindingKind::Potential => "Practice",
                FindingKind::Information | FindingKind::Service => "Ig",
            };
            let bugtraq: Vec<String> = entry.bugtraq.iter().map(ToString::to_string).collect();
            let references: Vec<String> =
                entry.vendor_references.iter().map(|reference| reference.id.clone()).collect();
            let cells = [
                Cell::text(host.address.to_string()),
                Cell::optional(host.name.as_deref()),
                Cell::optional(host.netbios.as_deref()),
                Cell::optional(host.os.as_deref()),
                Cell::text(ip_status),
                Cell::Number(u64::from(finding.qid.number())),
                Cell::text(&entry.title),
                Cell::text(kind),
                Cell::text(entry.severity.to_string()),
                Cell::text(port(finding)),
                Cell::text(protocol(finding)),
                Cell::text(""),
                Cell::text(yes_or_no(finding.tls)),
                listed(&entry.cves),
                listed(&references),
                listed(&bugtraq),
                Cell::optional(entry.cvss_base.as_deref()),
                Cell::optional(entry.cvss_temporal.as_deref()),
                filled(&entry.threat),
                filled(&entry.impact),
                filled(&entry.solution),
                Cell::optional(exploitability(entry).as_deref()),
                Cell::optional(associated_malware(entry).as_deref()),
                filled(&finding.result),
                Cell::text(yes_or_no(entry.pci)),
                Cell::Null,
                Cell::text(&entry.category),
            ];
            self.out.record(FINDING.iter(), cells);
        }
    }

    /// Which hosts were scanned, which were not, and why not.
    pub(super) fn trailer(&mut self, view: &ScanView, ips: Option<&IpSet>) {
        let wanted = |set: &IpSet| ips.map_or_else(|| set.clone(), |ips| set.intersection(ips));
        let (targets, excluded) = (wanted(&view.targets), wanted(&view.excluded));
        let seen = self.alive.union(&self.dead);
        let lines = [
            (DISTRIBUTION, format!("{} : {}", view.scanner_name, spaced(&seen))),
            (NOT_ALIVE, spaced(&self.dead)),
            (EXCLUDED, spaced(&excluded)),
            (DISCONTINUED, spaced(&targets.difference(&seen))),
            (NOTHING_FOUND, spaced(&self.empty)),
        ];
        let told: Vec<(Column, String)> =
            lines.into_iter().filter(|(column, text)| *column == DISTRIBUTION || !text.is_empty()).collect();
        self.out.blank();
        match &mut self.out {
            Out::Csv(csv) => told.into_iter().for_each(|((_, title), text)| csv.row([title, &text])),
            Out::Json(json) => json.object(told.into_iter().map(|((key, _), text)| (key, Cell::Text(text)))),
        }
    }
}

fn brief_cells(host: &HostReport, finding: &Finding) -> [Cell; 6] {
    [
        Cell::text(host.address.to_string()),
        Cell::optional(host.name.as_deref()),
        Cell::optional(host.netbios.as_deref()),
        Cell::Number(u64::from(finding.qid.number())),
        Cell::Null,
        Cell::text(&finding.result),
    ]
}

fn port(finding: &Finding) -> String {
    finding.port.map(|port| port.to_string()).unwrap_or_default()
}

fn protocol(finding: &Finding) -> &'static str {
    finding.transport.filter(|_| finding.port.is_some()).map_or("", Transport::as_str)
}

const fn yes_or_no(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

/// A text, or nothing for an empty one.
fn filled(text: &str) -> Cell {
    Cell::optional(Some(text).filter(|text| !text.is_empty()))
}

/// Items with commas between, or nothing.
fn listed(items: &[String]) -> Cell {
    filled(&items.join(", "))
}

fn addresses(ips: &IpSet) -> Cell {
    filled(&spaced(ips))
}

/// The time as these forms have it.
fn american(at: Timestamp) -> String {
    at.strftime("%m/%d/%Y %H:%M:%S").to_string()
}
