//! Scorecards: the state of asset groups in one table. Each is the same document with another table,
//! as XML and as CSV.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_app::{App, ReportPiece, ReportTask, ReportedHostHead, ScorecardPlan, TicketSelection};
use palisade_model::{Qid, Scorecard, Timestamp};
use palisade_wire::Dtd;
use palisade_wire::date_time::date_time;
use palisade_wire::dtd::v2::{
    ASSET_GROUP_SCORECARD, IGNORED_VULNS_SCORECARD, MOST_PREVALENT_VULNS_SCORECARD,
    MOST_VULNERABLE_HOSTS_SCORECARD, PATCH_REPORT_SCORECARD,
};

use crate::asset_report::Origin;
use crate::csv_head;
use crate::pages::{Lines, Pages, WriteError};

/// Rows of the scorecards that show the worst.
const TOP: usize = 50;
/// Rows kept at most before those that are not among the worst are dropped.
const KEPT: usize = 1_000;
/// Tickets read at a time.
const PAGE_TICKETS: usize = 1_000;

/// A column: its title in CSV and its element in XML.
type Column = (&'static str, &'static str);

/// Root and type of the document as XML.
pub(crate) fn document_type(scorecard: Scorecard) -> (&'static str, &'static Dtd) {
    match scorecard {
        Scorecard::AssetGroups => ("ASSET_GROUP_SCORECARD", &ASSET_GROUP_SCORECARD),
        Scorecard::Ignored => ("IGNORED_VULNS_SCORECARD", &IGNORED_VULNS_SCORECARD),
        Scorecard::Prevalent => ("MOST_PREVALENT_VULNS_SCORECARD", &MOST_PREVALENT_VULNS_SCORECARD),
        Scorecard::VulnerableHosts => ("MOST_VULNERABLE_HOSTS_SCORECARD", &MOST_VULNERABLE_HOSTS_SCORECARD),
        Scorecard::Patches => ("PATCH_REPORT_SCORECARD", &PATCH_REPORT_SCORECARD),
    }
}

/// The element of a row, and the columns.
fn table(scorecard: Scorecard) -> (&'static str, &'static [Column]) {
    match scorecard {
        Scorecard::AssetGroups => (
            "ASSET_GROUP",
            &[
                ("Asset Group", "TITLE"),
                ("Business Impact", "BUSINESS_IMPACT"),
                ("Vulnerable Hosts", "HOSTS"),
                ("Severity 5", "SEVERITY_5"),
                ("Severity 4", "SEVERITY_4"),
                ("Severity 3", "SEVERITY_3"),
                ("Severity 2", "SEVERITY_2"),
                ("Severity 1", "SEVERITY_1"),
                ("Total", "TOTAL"),
            ],
        ),
        Scorecard::Ignored => (
            "VULNERABILITY",
            &[
                ("IP", "IP"),
                ("DNS", "DNS"),
                ("NetBIOS", "NETBIOS"),
                ("QID", "QID"),
                ("Title", "TITLE"),
                ("Severity", "SEVERITY"),
                ("Port", "PORT"),
                ("Ticket", "TICKET"),
                ("Ignored", "IGNORED_DATETIME"),
                ("Until", "REOPEN_DATETIME"),
            ],
        ),
        Scorecard::Prevalent => (
            "VULNERABILITY",
            &[
                ("Rank", "RANK"),
                ("QID", "QID"),
                ("Title", "TITLE"),
                ("Severity", "SEVERITY"),
                ("Hosts", "HOSTS"),
                ("Share of Vulnerable Hosts", "PERCENT"),
            ],
        ),
        Scorecard::VulnerableHosts => (
            "HOST",
            &[
                ("Rank", "RANK"),
                ("IP", "IP"),
                ("DNS", "DNS"),
                ("NetBIOS", "NETBIOS"),
                ("OS", "OPERATING_SYSTEM"),
                ("Severity 5", "SEVERITY_5"),
                ("Severity 4", "SEVERITY_4"),
                ("Total", "TOTAL"),
                ("Asset Groups", "ASSET_GROUPS"),
            ],
        ),
        Scorecard::Patches => (
            "HOST",
            &[
                ("IP", "IP"),
                ("DNS", "DNS"),
                ("NetBIOS", "NETBIOS"),
                ("OS", "OPERATING_SYSTEM"),
                ("Missing Patches", "MISSING_PATCHES"),
                ("Missing Software", "MISSING_SOFTWARE"),
                ("Asset Groups", "ASSET_GROUPS"),
            ],
        ),
    }
}

/// Where rows go.
enum Sink<'a> {
    Xml(&'a mut Pages, &'static str, &'static [Column]),
    Csv(&'a mut Lines),
}

impl Sink<'_> {
    async fn row(&mut self, cells: Vec<String>) -> Result<(), WriteError> {
        match self {
            Self::Xml(pages, element, columns) => {
                pages.xml.element(element, &[], |xml| {
                    for ((_, name), cell) in columns.iter().zip(&cells) {
                        xml.cdata(name, cell);
                    }
                });
                pages.turn().await?;
            }
            Self::Csv(lines) => {
                lines.csv.row(&cells);
                lines.turn().await?;
            }
        }
        Ok(())
    }

    /// A time as the document's format has it.
    fn time(&self, at: Option<Timestamp>) -> String {
        match self {
            Self::Xml(..) => at.map(date_time).unwrap_or_default(),
            Self::Csv(_) => csv_head::time(at),
        }
    }

    fn reached(&self, piece: &ReportPiece, plan: &ScorecardPlan) {
        let percent = match self {
            Self::Xml(pages, ..) => pages.percent(),
            Self::Csv(lines) => lines.percent(),
        };
        percent.reached_host(piece.host.ip, &plan.hosts.target);
    }
}

/// Writes everything within the root.
pub(crate) async fn write_xml(
    pages: &mut Pages,
    app: &App,
    task: &ReportTask,
    origin: &Origin<'_>,
    plan: ScorecardPlan,
) -> Result<(), WriteError> {
    let (element, columns) = table(plan.scorecard);
    let Origin { company, login, at } = origin;
    pages.xml.element("HEADER", &[], |xml| {
        xml.cdata("NAME", &task.job.title);
        xml.date_time("GENERATION_DATETIME", *at);
        xml.element("COMPANY_INFO", &[], |xml| xml.cdata("NAME", company));
        xml.element("USER_INFO", &[], |xml| {
            xml.text("USERNAME", login);
            xml.text("ROLE", task.owner.role.title());
        });
    });
    pages.xml.element("SUMMARY", &[], |xml| {
        xml.element("PARAMS", &[], |xml| {
            xml.cdata("SCORECARD", plan.scorecard.as_str());
            xml.list("ASSET_GROUP_LIST", &plan.asset_groups, |xml, group| {
                xml.cdata("ASSET_GROUP_TITLE", &group.title);
            });
        });
        xml.element("DETAILS", &[], |xml| xml.number("ADDRESSES", plan.hosts.target.count()));
    });
    pages.xml.open("RESULTS", &[]);
    let mut sink = Sink::Xml(pages, element, columns);
    write_rows(&mut sink, app, task, plan).await?;
    pages.xml.close_to_root();
    Ok(())
}

/// One table.
pub(crate) async fn write_csv(
    lines: &mut Lines,
    app: &App,
    task: &ReportTask,
    plan: ScorecardPlan,
) -> Result<(), WriteError> {
    csv_head::write_origin(&mut lines.csv, app, task);
    if !task.job.hide_header {
        let titles: Vec<&str> = plan.asset_groups.iter().map(|group| group.title.as_str()).collect();
        lines.csv.row(["Scorecard", "Asset Groups", "Addresses"]);
        let addresses = plan.hosts.target.count().to_string();
        lines.csv.row([plan.scorecard.as_str(), &titles.join(", "), &addresses]);
        lines.csv.blank();
    }
    let (_, columns) = table(plan.scorecard);
    lines.csv.row(columns.iter().map(|(title, _)| title));
    write_rows(&mut Sink::Csv(lines), app, task, plan).await
}

async fn write_rows(
    sink: &mut Sink<'_>,
    app: &App,
    task: &ReportTask,
    plan: ScorecardPlan,
) -> Result<(), WriteError> {
    let plan = Arc::new(plan);
    match plan.scorecard {
        Scorecard::Ignored => write_ignored(sink, app, task, &plan.ignored).await,
        Scorecard::AssetGroups => write_groups(sink, app, &plan).await,
        Scorecard::Prevalent => write_prevalent(sink, app, &plan).await,
        Scorecard::VulnerableHosts => write_worst_hosts(sink, app, &plan).await,
        Scorecard::Patches => write_patches(sink, app, &plan).await,
    }
}

/// A host with the QIDs found on it; each once, whatever the ports.
struct FoundHost {
    host: Arc<ReportedHostHead>,
    qids: BTreeSet<Qid>,
}

impl FoundHost {
    /// How many of the QIDs have the severity.
    fn of_severity(&self, app: &App, severity: u8) -> u64 {
        let kb = app.kb();
        let entries = self.qids.iter().filter_map(|qid| kb.entry(*qid));
        entries.filter(|entry| entry.severity.level() == severity).map(|_| 1).sum()
    }

    fn count(&self) -> u64 {
        u64::try_from(self.qids.len()).unwrap_or(u64::MAX)
    }
}

/// The hosts of a scorecard that have findings, by address.
struct Hosts {
    pieces: tokio::sync::mpsc::Receiver<palisade_app::Result<Vec<ReportPiece>>>,
    page: std::vec::IntoIter<ReportPiece>,
    qids: BTreeSet<Qid>,
}

impl Hosts {
    fn new(app: &App, plan: &ScorecardPlan) -> Self {
        let pieces = app.asset_report_pieces(Arc::new(plan.hosts.clone()));
        Self { pieces, page: Vec::new().into_iter(), qids: BTreeSet::new() }
    }

    async fn next(&mut self, sink: &Sink<'_>, plan: &ScorecardPlan) -> Result<Option<FoundHost>, WriteError> {
        loop {
            let Some(piece) = self.page.next() else {
                let Some(page) = self.pieces.recv().await else { return Ok(None) };
                self.page = page?.into_iter();
                continue;
            };
            sink.reached(&piece, plan);
            self.qids.extend(piece.findings().map(|finding| finding.qid));
            if piece.ends && !self.qids.is_empty() {
                let qids = std::mem::take(&mut self.qids);
                return Ok(Some(FoundHost { host: piece.host, qids }));
            }
        }
    }
}

async fn write_groups(sink: &mut Sink<'_>, app: &App, plan: &ScorecardPlan) -> Result<(), WriteError> {
    // Hosts, and vulnerabilities by severity from 1 on.
    let mut counts = vec![(0_u64, [0_u64; 5]); plan.asset_groups.len()];
    let mut hosts = Hosts::new(app, plan);
    while let Some(found) = hosts.next(sink, plan).await? {
        let mut of_host = [0_u64; 5];
        for (severity, count) in (1..=5).zip(&mut of_host) {
            *count = found.of_severity(app, severity);
        }
        for (group, (hosts, counts)) in plan.asset_groups.iter().zip(&mut counts) {
            if group.ips.contains(found.host.ip) {
                *hosts += 1;
                counts.iter_mut().zip(of_host).for_each(|(count, more)| *count += more);
            }
        }
    }
    for (group, (hosts, counts)) in plan.asset_groups.iter().zip(counts) {
        let mut cells =
            vec![group.title.clone(), group.business_impact.as_str().to_owned(), hosts.to_string()];
        cells.extend(counts.iter().rev().map(ToString::to_string));
        cells.push(counts.iter().sum::<u64>().to_string());
        sink.row(cells).await?;
    }
    Ok(())
}

async fn write_prevalent(sink: &mut Sink<'_>, app: &App, plan: &ScorecardPlan) -> Result<(), WriteError> {
    let mut counts: BTreeMap<Qid, u64> = BTreeMap::new();
    let mut vulnerable = 0_u64;
    let mut hosts = Hosts::new(app, plan);
    while let Some(found) = hosts.next(sink, plan).await? {
        vulnerable += 1;
        for qid in found.qids {
            *counts.entry(qid).or_default() += 1;
        }
    }
    let kb = app.kb();
    let mut entries: Vec<_> =
        counts.into_iter().filter_map(|(qid, hosts)| Some((kb.entry(qid)?, hosts))).collect();
    entries.sort_by_key(|(entry, hosts)| std::cmp::Reverse((*hosts, entry.severity)));
    for (rank, (entry, hosts)) in (1..).zip(entries.into_iter().take(TOP)) {
        let percent = hosts.saturating_mul(100).checked_div(vulnerable).unwrap_or(0);
        sink.row(vec![
            i32::to_string(&rank),
            entry.qid.to_string(),
            entry.title.clone(),
            entry.severity.to_string(),
            hosts.to_string(),
            format!("{percent}%"),
        ])
        .await?;
    }
    Ok(())
}

async fn write_worst_hosts(sink: &mut Sink<'_>, app: &App, plan: &ScorecardPlan) -> Result<(), WriteError> {
    type Worst = (u64, u64, u64, Arc<ReportedHostHead>);
    let shorten = |worst: &mut Vec<Worst>| {
        worst.sort_by_key(|(fives, fours, total, _)| std::cmp::Reverse((*fives, *fours, *total)));
        worst.truncate(TOP);
    };
    let mut worst: Vec<Worst> = Vec::new();
    let mut hosts = Hosts::new(app, plan);
    while let Some(found) = hosts.next(sink, plan).await? {
        worst.push((found.of_severity(app, 5), found.of_severity(app, 4), found.count(), found.host));
        if worst.len() > KEPT {
            shorten(&mut worst);
        }
    }
    shorten(&mut worst);
    for (rank, (fives, fours, total, host)) in (1..).zip(worst) {
        let mut cells = vec![i32::to_string(&rank)];
        cells.extend(named(&host));
        cells.extend([fives, fours, total].map(|count| count.to_string()));
        cells.push(host.asset_groups.join(", "));
        sink.row(cells).await?;
    }
    Ok(())
}

async fn write_patches(sink: &mut Sink<'_>, app: &App, plan: &ScorecardPlan) -> Result<(), WriteError> {
    let mut hosts = Hosts::new(app, plan);
    while let Some(FoundHost { host, qids }) = hosts.next(sink, plan).await? {
        let told = |wanted: &[Qid]| {
            let missing: Vec<String> =
                wanted.iter().filter(|qid| qids.contains(qid)).map(Qid::to_string).collect();
            missing.join(", ")
        };
        let (patches, software) = (told(&plan.patches), told(&plan.missing));
        if patches.is_empty() && software.is_empty() {
            continue;
        }
        let mut cells: Vec<String> = named(&host).to_vec();
        cells.extend([patches, software, host.asset_groups.join(", ")]);
        sink.row(cells).await?;
    }
    Ok(())
}

/// The cells that name a host: address, names and operating system.
fn named(host: &ReportedHostHead) -> [String; 4] {
    let ReportedHostHead { ip, dns, netbios, os, .. } = host;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [ip.to_string(), text(dns), text(netbios), text(os)]
}

/// Tickets that say that a vulnerability is ignored.
async fn write_ignored(
    sink: &mut Sink<'_>,
    app: &App,
    task: &ReportTask,
    selection: &TicketSelection,
) -> Result<(), WriteError> {
    let mut selection = selection.clone();
    loop {
        let page = app.list_tickets(&task.owner, &selection, false, PAGE_TICKETS).await?;
        let Some(last) = page.tickets.last().map(|view| view.ticket.number) else { return Ok(()) };
        for ticket in page.tickets.iter().map(|view| &view.ticket) {
            let kb = app.kb();
            let Some(entry) = kb.entry(ticket.key.qid) else { continue };
            sink.row(vec![
                ticket.ip.to_string(),
                ticket.dns_name.clone().unwrap_or_default(),
                ticket.netbios_name.clone().unwrap_or_default(),
                entry.qid.to_string(),
                entry.title.clone(),
                entry.severity.to_string(),
                ticket.key.port.map(|(port, transport)| format!("{port}/{transport}")).unwrap_or_default(),
                ticket.number.to_string(),
                sink.time(ticket.ignored_at),
                sink.time(ticket.reopen_at),
            ])
            .await?;
        }
        if !page.more {
            return Ok(());
        }
        selection = TicketSelection { since_number: Some(last + 1), ..selection };
    }
}
