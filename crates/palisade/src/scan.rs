//! `palisade scan`: the same scan without a server.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use palisade_api::v1::scan_file::scan_file;
use palisade_app::{About, HostReport, LaunchType, ScanView};
use palisade_engine::{
    Event, Limits, Probe, ScanContext, ScanOrder, SurveyContext, SurveyOrder, scan_hosts, tcp_ports,
};
use palisade_kb::KnowledgeBase;
use palisade_model::option_profile::{self, Performance, PerformanceLevel, PortList, ScanPorts};
use palisade_model::port_set::NotAPort;
use palisade_model::{
    Clock, HostResult, IdSource, IpSet, Login, OptionProfile, PortSet, Qid, ScanRef, ScanStatus, SystemClock,
    SystemIds, Timestamp,
};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::fingerprints;
use crate::progress::{ProgressFormat, Reporter};
use crate::settings::Settings;
use crate::survey;
use crate::targets::{self, Targets};
use crate::terminal::{line, plain, raw, titled_table};
use crate::{kb_feed, kb_template};

/// Connections and datagrams a second that no `--rate` goes beyond.
const RATE_PPS_MAX: u32 = 1_000_000;
/// Where the DTD of the printed document lies when no server is named.
const BASE_URL: &str = "https://localhost:8443";
/// The QIDs that list open UDP and TCP ports.
const PORT_LISTS: [u32; 2] = [82_004, 82_023];
/// Events that may wait before the scan waits for the terminal.
const EVENTS_WAITING_MAX: usize = 256;

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// An array of hosts with facts and findings
    Json,
    /// The SCAN document of the API
    Xml,
}

/// How far a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScanStage {
    /// Which hosts are there
    Discovery,
    /// And which of their TCP ports are open
    Ports,
    /// And what is behind them
    Services,
    /// And what is wrong with it
    Full,
}

/// A scan's own arguments.
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// Addresses, ranges, CIDR blocks (IPv6: /112 and longer) or names; only hosts you may scan
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,

    /// How far to go
    #[arg(long, value_enum, default_value_t = ScanStage::Full)]
    stage: ScanStage,

    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// How to tell progress, on standard error
    #[arg(long, value_enum, default_value_t = ProgressFormat::Bar)]
    progress: ProgressFormat,

    /// Option profile to scan by, one of those that every subscription starts with
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// How hard hosts and the network are worked: high, normal, low [default: the profile's]
    #[arg(long, value_name = "LEVEL", value_parser = performance)]
    performance: Option<Performance>,

    /// TCP ports: standard, light, full, none, or a list such as 22,80,8000-8100 [default: the profile's]
    #[arg(long, value_name = "PORTS", value_parser = ports)]
    ports: Option<ScanPorts>,

    /// UDP ports: standard, light, full, none, or a list [default: the profile's]
    #[arg(long, value_name = "PORTS", value_parser = ports)]
    udp: Option<ScanPorts>,

    /// What hosts are asked to find them, with raw packets: echo, timestamp, mask, syn:PORT, ack:PORT,
    /// udp:PORT; for the stages discovery and ports [default: the profile's]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    probes: Option<Vec<Probe>>,

    /// Look at the ports of addresses that answer no probe, too
    #[arg(long)]
    scan_dead_hosts: bool,

    /// Judge only these QIDs
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    qids: Option<Vec<Qid>>,

    /// Connections and datagrams started in a second, at most
    #[arg(long, value_name = "PPS", value_parser = clap::value_parser!(u32).range(1..=i64::from(RATE_PPS_MAX)))]
    rate: Option<u32>,

    /// Hosts scanned at the same time
    #[arg(long, value_name = "HOSTS", value_parser = clap::value_parser!(u16).range(1..=1000))]
    hosts_parallel: Option<u16>,

    /// DNS zones to ask name servers for
    #[arg(long, value_name = "ZONE", value_delimiter = ',')]
    zones: Vec<String>,

    /// Data folder whose lists of vulnerabilities are used, to match versions against
    #[arg(long, env = "PALISADE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// URL of the database that has these lists, if it is not in the data folder
    #[arg(long, env = "PALISADE_DATABASE", value_name = "URL", hide_env_values = true, requires = "data")]
    database: Option<String>,

    /// Directory of fingerprint databases in the recog format
    #[arg(long, env = "PALISADE_FINGERPRINTS", value_name = "DIR")]
    fingerprints: Option<PathBuf>,

    /// Directory of community templates, or the file `templates.jsonl` that an import left
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
}

/// Why the scan could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    #[error("the targets cannot be used")]
    Targets(#[from] targets::TargetError),
    #[error("the KnowledgeBase cannot be loaded")]
    KnowledgeBase(#[from] palisade_kb::Error),
    #[error("there is no QID {qid}; `palisade kb list` shows all")]
    UnknownQid { qid: Qid },
    #[error("there is no option profile '{name}'; there are {known}")]
    UnknownProfile { name: String, known: String },
    #[error("the community templates cannot be used")]
    Templates(#[from] kb_template::KbTemplateError),
    #[error("the fingerprints cannot be used")]
    Fingerprints(#[from] palisade_fingerprint::LoadError),
    #[error("the lists of vulnerabilities cannot be used")]
    Feeds(#[from] kb_feed::KbFeedError),
    #[error("versions cannot be matched")]
    VersionMatch(#[from] palisade_app::Error),
    #[error("the result cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// One finding as the JSON output has it: what was found, and what the KnowledgeBase calls it.
#[derive(Serialize)]
struct NamedFinding<'a> {
    #[serde(flatten)]
    finding: &'a palisade_model::Finding,
    title: &'a str,
    severity: u8,
    kind: &'static str,
}

#[derive(Serialize)]
struct NamedResult<'a> {
    facts: &'a palisade_model::HostFacts,
    findings: Vec<NamedFinding<'a>>,
    tested: &'a [Qid],
    tcp_ports: &'a PortSet,
    udp_ports: &'a PortSet,
}

pub(crate) async fn run(arguments: ScanArguments) -> Result<(), ScanError> {
    let targets = targets::resolve(&arguments.targets, arguments.addresses_max())?;
    let profile = arguments.profile()?;
    match arguments.stage {
        ScanStage::Discovery => survey_only(&arguments, targets, profile, None).await,
        ScanStage::Ports => {
            let ports = tcp_ports(&profile);
            survey_only(&arguments, targets, profile, Some(ports)).await
        }
        ScanStage::Services | ScanStage::Full => scan(arguments, targets, profile).await,
    }
}

impl ScanArguments {
    /// Most addresses: a survey keeps nothing of silent ones.
    fn addresses_max(&self) -> u64 {
        match self.stage {
            ScanStage::Discovery | ScanStage::Ports => targets::SURVEYED_MAX,
            ScanStage::Services | ScanStage::Full => targets::SCANNED_MAX,
        }
    }

    /// The named profile, with what the other arguments say.
    fn profile(&self) -> Result<OptionProfile, ScanError> {
        let mut profile = match &self.profile {
            None => OptionProfile::initial(),
            Some(name) => {
                let all = option_profile::predefined();
                let known: Vec<String> = all.iter().map(|each| format!("'{}'", each.title)).collect();
                all.into_iter().find(|each| each.title.eq_ignore_ascii_case(name)).ok_or_else(|| {
                    ScanError::UnknownProfile { name: name.clone(), known: known.join(", ") }
                })?
            }
        };
        profile.performance = self.performance.clone().unwrap_or(profile.performance);
        profile.tcp = self.ports.clone().unwrap_or(profile.tcp);
        profile.udp = self.udp.clone().unwrap_or(profile.udp);
        profile.scan_dead_hosts |= self.scan_dead_hosts;
        profile.performance.rate_pps = self.rate.or(profile.performance.rate_pps);
        profile.performance.hosts_external =
            self.hosts_parallel.unwrap_or(profile.performance.hosts_external);
        Ok(profile)
    }
}

/// The stages that look at nothing closely.
async fn survey_only(
    arguments: &ScanArguments,
    targets: Targets,
    profile: OptionProfile,
    ports: Option<PortSet>,
) -> Result<(), ScanError> {
    let started_at = SystemClock.now();
    let mut order = SurveyOrder::of(&profile, targets.v4.clone(), ports);
    order.targets_v6 = targets.v6.clone();
    if let Some(probes) = &arguments.probes {
        order.probes.clone_from(probes);
    }
    if let Some(rate) = arguments.rate {
        // Who names a rate wants it, however few the hosts are.
        (order.rate_pps, order.host_pps, order.network_pps) = (rate, rate, rate);
    }
    let context = SurveyContext {
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        limits: Arc::new(Limits::of_machine(RATE_PPS_MAX)),
    };
    let mut results =
        survey::run(order, context, arguments.format, Reporter::new(arguments.progress)).await?;
    if arguments.format == Format::Xml {
        let kb = KnowledgeBase::embedded()?;
        list_ports(&kb, &mut results);
        let order = scan_order(targets, profile, None, Vec::new(), started_at);
        raw(&xml(&kb, &order, &results, started_at));
    }
    Ok(())
}

fn scan_order(
    targets: Targets,
    profile: OptionProfile,
    qids: Option<Vec<Qid>>,
    zones: Vec<String>,
    started_at: Timestamp,
) -> ScanOrder {
    let scan = ScanRef::new(started_at, SystemIds.below(100_000));
    ScanOrder {
        scan,
        targets: targets.v4,
        targets_v6: targets.v6,
        profile,
        qids,
        http_header: None,
        zones,
        sign_ins: Vec::new(),
        virtual_hosts: Vec::new(),
    }
}

async fn scan(arguments: ScanArguments, targets: Targets, profile: OptionProfile) -> Result<(), ScanError> {
    let templates = arguments.templates.as_deref().map(kb_template::of_path).transpose()?;
    let app = match &arguments.data {
        Some(data) => kb_feed::open_existing(&Settings::of_data(data, arguments.database.as_deref())).await?,
        None => None,
    };
    let known = || -> Result<Arc<KnowledgeBase>, ScanError> {
        let mut kb = match &app {
            Some(app) => KnowledgeBase::clone(&app.kb()),
            None => KnowledgeBase::embedded()?,
        };
        kb_template::describe(&mut kb, templates.as_deref());
        Ok(Arc::new(kb))
    };
    let mut kb = known()?;
    if let Some(qid) = arguments.qids.iter().flatten().copied().find(|qid| kb.entry(*qid).is_none()) {
        return Err(ScanError::UnknownQid { qid });
    }
    let started_at = SystemClock.now();
    // Services alone: nothing is judged.
    let qids = if arguments.stage == ScanStage::Services { Some(Vec::new()) } else { arguments.qids };
    let order = scan_order(targets, profile, qids, arguments.zones, started_at);
    let context = ScanContext {
        kb: Arc::clone(&kb),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        limits: Arc::new(Limits::of_machine(RATE_PPS_MAX)),
        fingerprints: arguments.fingerprints.as_deref().map(fingerprints::load).transpose()?,
        templates: templates.clone(),
    };
    let mut results = collect(&order, context, Reporter::new(arguments.progress)).await;
    if let Some(app) = &app {
        for result in &mut results {
            app.add_version_matches(&order, result).await?;
        }
        kb = known()?;
    }
    let judged = order.qids.as_ref().is_none_or(|qids| !qids.is_empty());
    match arguments.format {
        Format::Table => results.iter().for_each(|result| show(&kb, result, judged)),
        Format::Json => line(serde_json::to_string_pretty(&named(&kb, &results))?),
        Format::Xml => {
            if !judged {
                list_ports(&kb, &mut results);
            }
            raw(&xml(&kb, &order, &results, started_at));
        }
    }
    Ok(())
}

/// Runs the scan, tells its progress, and gives the results in the order of the addresses.
async fn collect(order: &ScanOrder, context: ScanContext, mut reporter: Reporter) -> Vec<HostResult> {
    let (events, mut received) = mpsc::channel(EVENTS_WAITING_MAX);
    let scan = tokio::spawn(scan_hosts(order.clone(), context, events));
    let total = order.targets.count() + order.targets_v6.count();
    let mut results = Vec::new();
    while let Some(event) = received.recv().await {
        match event {
            Event::Progress(progress) => reporter.tell(&progress, results.len() as u64, total),
            Event::Host(result) => {
                reporter.tell_host(result.facts.address, result.facts.alive, result.findings.len());
                results.push(*result);
            }
        }
    }
    // The scan has dropped its sender, so it is over; a failure of its own was logged by it.
    let _ = scan.await;
    reporter.finish();
    results.sort_by_key(|result| result.facts.address);
    results
}

fn named<'a>(kb: &'a KnowledgeBase, results: &'a [HostResult]) -> Vec<NamedResult<'a>> {
    results
        .iter()
        .map(|result| NamedResult {
            facts: &result.facts,
            findings: result
                .findings
                .iter()
                .filter_map(|finding| {
                    let entry = kb.entry(finding.qid)?;
                    Some(NamedFinding {
                        finding,
                        title: &entry.title,
                        severity: entry.severity.level(),
                        kind: crate::kb::kind(entry.kind),
                    })
                })
                .collect(),
            tested: &result.tested,
            tcp_ports: &result.tcp_ports,
            udp_ports: &result.udp_ports,
        })
        .collect()
}

/// The document has no other place for open ports than the QIDs that list them.
fn list_ports(kb: &KnowledgeBase, results: &mut [HostResult]) {
    let lists: Vec<Qid> = PORT_LISTS.into_iter().filter_map(Qid::new).collect();
    for result in results {
        result.findings = kb.judge(&result.facts, Some(&lists)).findings;
    }
}

/// `judged`: vulnerabilities were looked for.
fn show(kb: &KnowledgeBase, result: &HostResult, judged: bool) {
    let facts = &result.facts;
    let name = facts.name.as_deref().unwrap_or("no registered hostname");
    if !facts.alive {
        line(format!("{}  {}  not alive", facts.address, plain(name)));
        return;
    }
    let os = facts.os.as_ref().map_or("unknown operating system", |os| os.name.as_str());
    line(format!("{}  {}  {}", facts.address, plain(name), plain(os)));
    let services = facts.ports.iter().map(|port| {
        let product = port.product.as_ref().map_or_else(String::new, |product| {
            format!("{} {}", product.name, product.version.as_deref().unwrap_or_default())
        });
        let tls = if port.implicit_tls { " over TLS" } else { "" };
        vec![
            format!("{}/{}", port.port, port.transport),
            format!("{}{tls}", port.service),
            plain(product.trim()),
        ]
    });
    line(titled_table(&["port", "service", "product"], services, "no open ports found"));
    if !judged {
        return;
    }
    let mut found: Vec<_> = result
        .findings
        .iter()
        .filter_map(|finding| kb.entry(finding.qid).map(|entry| (entry, finding)))
        .filter(|(entry, _)| entry.kind.is_detection())
        .collect();
    found.sort_by_key(|(entry, finding)| (std::cmp::Reverse(entry.severity), finding.port, entry.qid));
    let rows = found.into_iter().map(|(entry, finding)| {
        let port = match (finding.port, finding.transport) {
            (Some(port), Some(transport)) => format!("{port}/{transport}"),
            _ => String::new(),
        };
        vec![
            entry.severity.to_string(),
            crate::kb::kind(entry.kind).to_owned(),
            entry.qid.to_string(),
            port,
            entry.title.clone(),
        ]
    });
    line(titled_table(&["severity", "kind", "QID", "port", "title"], rows, "no vulnerabilities found"));
}

/// The document that a server would answer for the same scan.
fn xml(kb: &KnowledgeBase, order: &ScanOrder, results: &[HostResult], launched_at: Timestamp) -> String {
    let hosts: Vec<HostReport> = results.iter().map(HostReport::of).collect();
    let alive = results.iter().filter(|result| result.facts.alive).count();
    let findings = results.iter().map(|result| result.findings.len()).sum::<usize>();
    let done = u64::try_from(results.len()).unwrap_or(u64::MAX);
    let ended_at = SystemClock.now();
    let view = ScanView {
        id: 0,
        excluded: IpSet::new(),
        duration_s: u64::try_from(ended_at.as_second() - launched_at.as_second()).unwrap_or(0),
        scan: order.scan.clone(),
        title: "palisade scan".to_owned(),
        target_text: target_text(order),
        targets: order.targets.clone(),
        asset_groups: Vec::new(),
        status: if alive == 0 { ScanStatus::NoHostAlive } else { ScanStatus::Finished },
        launched_at,
        ended_at: Some(ended_at),
        user: Login::command_line(),
        launch_type: LaunchType::OnDemand,
        save_report: true,
        option_title: order.profile.title.clone(),
        option_is_default: order.profile.is_default,
        options_text: order.profile.options_text(),
        hosts_total: order.targets.count() + order.targets_v6.count(),
        hosts_done: done,
        hosts_alive: u64::try_from(alive).unwrap_or(u64::MAX),
        stage: None,
        findings: u64::try_from(findings).unwrap_or(u64::MAX),
        work_done: done,
        work_total: done,
        seconds_left: None,
        scanner_name: "palisade".to_owned(),
    };
    let document = scan_file(&view, &About::of(kb), "", kb, &hosts, BASE_URL);
    String::from_utf8_lossy(&document).into_owned()
}

/// The targets of both families, as people write them.
fn target_text(order: &ScanOrder) -> String {
    let texts = [order.targets.to_string(), order.targets_v6.to_string()];
    texts.iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join(",")
}

/// A list's name, or ports.
fn ports(text: &str) -> Result<ScanPorts, NotAPort> {
    match text.parse::<PortList>() {
        Ok(list) => Ok(ScanPorts::of(list)),
        Err(_) => some_ports(text).map(ScanPorts::only),
    }
}

/// One of the levels that need no further numbers.
fn performance(text: &str) -> Result<Performance, String> {
    [PerformanceLevel::High, PerformanceLevel::Normal, PerformanceLevel::Low]
        .into_iter()
        .find(|level| level.title().eq_ignore_ascii_case(text))
        .map(Performance::of)
        .ok_or_else(|| "it is high, normal or low".to_owned())
}

/// A list that has at least one port: an empty one is a slip, not a wish.
fn some_ports(text: &str) -> Result<PortSet, NotAPort> {
    let ports: PortSet = text.parse()?;
    if ports.is_empty() { Err(NotAPort { item: text.to_owned() }) } else { Ok(ports) }
}
