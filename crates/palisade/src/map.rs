//! `palisade map`: the same map without a server.
//!
//! Only the netblocks that are given are probed: without one, a map is what the DNS tells.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use palisade_api::v1::map_file::map_file;
use palisade_app::{About, LaunchType, MapView, StoredMapHost, shipped_option_profiles};
use palisade_engine::{Limits, MapMaking, MapOrder, ScanContext};
use palisade_kb::KnowledgeBase;
use palisade_model::{
    Clock, IdSource, IpSet, Login, MapHost, MapRef, MapResult, MapTarget, NotAMapTarget, OptionProfile,
    ScanStatus, SystemClock, SystemIds, Timestamp,
};
use serde::Serialize;

use crate::progress;
use crate::settings::resolver;
use crate::terminal::{line, plain, raw, titled_table};

/// Connections and datagrams a second that no profile goes beyond.
const RATE_PPS_MAX: u32 = 20_000;
/// Where the DTD of the printed document lies when no server is named.
const BASE_URL: &str = "https://localhost:8443";
/// Most domains of one command, and most addresses of one.
const DOMAINS_MAX: usize = 100;
const NETBLOCK_MAX: u64 = 65_536;

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// An array of maps
    Json,
    /// The MAP document of the API
    Xml,
}

/// A map's own arguments.
#[derive(Debug, Args)]
pub(crate) struct MapArguments {
    /// Domains, each with a netblock if it has one: example.com:192.0.2.0/24; none:NETBLOCK for
    /// addresses without a domain; only networks you may map
    #[arg(value_name = "DOMAIN[:NETBLOCK]", required = true)]
    targets: Vec<String>,

    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Title of the option profile
    #[arg(long, value_name = "TITLE")]
    profile: Option<String>,

    /// Name servers to ask instead of the system's: addresses, or address:port
    #[arg(long, value_name = "SERVERS", value_delimiter = ',', value_parser = resolver)]
    resolvers: Vec<SocketAddrV4>,
}

/// Why the map could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MapError {
    #[error("the targets cannot be used")]
    Targets(#[from] NotAMapTarget),
    #[error("'{netblock}' has no domain; to map a netblock without one, write none:{netblock}")]
    NoDomain { netblock: IpSet },
    #[error("the domain 'none' needs a netblock")]
    NoNetblock,
    #[error("{count} addresses are more than the {NETBLOCK_MAX} that one map takes")]
    TooLarge { count: u64 },
    #[error("there is no option profile '{title}'")]
    UnknownProfile { title: String },
    #[error("the KnowledgeBase cannot be loaded")]
    KnowledgeBase(#[from] palisade_kb::Error),
    #[error("the result cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// A map as the JSON output has it.
#[derive(Serialize)]
struct NamedMap<'a> {
    domain: &'a str,
    netblock: &'a IpSet,
    #[serde(flatten)]
    result: &'a MapResult,
}

pub(crate) async fn run(arguments: MapArguments) -> Result<(), MapError> {
    let targets =
        MapTarget::list(&arguments.targets.join(","), DOMAINS_MAX).map_err(|error| match &error {
            NotAMapTarget::Domain { item, .. } => match item.parse() {
                Ok(netblock) => MapError::NoDomain { netblock },
                Err(_) => MapError::Targets(error),
            },
            _ => MapError::Targets(error),
        })?;
    for target in &targets {
        if target.domain.is_none() && target.netblock.is_empty() {
            return Err(MapError::NoNetblock);
        }
        match target.netblock.count() {
            count if count > NETBLOCK_MAX => return Err(MapError::TooLarge { count }),
            _ => {}
        }
    }
    let profile = profile(arguments.profile.as_deref())?;
    let context = ScanContext {
        kb: Arc::new(KnowledgeBase::embedded()?),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        limits: Arc::new(Limits::of_machine(RATE_PPS_MAX)),
        fingerprints: None,
        templates: None,
    };
    let mut maps = Vec::new();
    for target in targets {
        let started_at = SystemClock.now();
        let order = MapOrder {
            map: MapRef::new(started_at, SystemIds.below(100_000)),
            domain: target.domain,
            netblock: target.netblock,
            registered: IpSet::new(),
            profile: profile.clone(),
        };
        let result = make(order.clone(), context.clone(), &arguments.resolvers).await;
        maps.push((order, result, started_at));
    }
    match arguments.format {
        Format::Table => maps.iter().for_each(|(order, result, _)| show(order, result)),
        Format::Json => line(serde_json::to_string_pretty(&named(&maps))?),
        Format::Xml => raw(&xml(maps, context.kb.version())),
    }
    Ok(())
}

fn profile(title: Option<&str>) -> Result<OptionProfile, MapError> {
    let wanted = |profile: &OptionProfile| title.map_or(profile.is_default, |title| profile.title == title);
    let unknown = || MapError::UnknownProfile { title: title.unwrap_or_default().to_owned() };
    shipped_option_profiles().into_iter().find(wanted).ok_or_else(unknown)
}

/// Makes one map with a progress bar.
async fn make(order: MapOrder, context: ScanContext, resolvers: &[SocketAddrV4]) -> MapResult {
    let domain = order.domain.clone();
    let making = MapMaking::new(order, context, resolvers);
    let mut shown = making.progress();
    let bar = progress::percent_bar();
    let telling = async {
        while shown.changed().await.is_ok() {
            let now = *shown.borrow_and_update();
            progress::advance(&bar, now.work_done, now.work_total);
            bar.set_message(format!("{domain}: {} hosts, {}", now.hosts, now.stage.as_str()));
        }
    };
    tokio::select! {
        () = making.run() => {}
        () = telling => {}
    }
    bar.finish_and_clear();
    making.finish()
}

fn show(order: &MapOrder, result: &MapResult) {
    line(format!("{}  {} hosts", order.domain, result.hosts.len()));
    for server in &result.name_servers {
        let zone = match server.transfer {
            Some(true) => "gives the whole zone away",
            Some(false) => "keeps the zone to itself",
            None => "was not asked for the zone",
        };
        line(format!("name server {} ({}) {zone}", plain(&server.name), server.address));
    }
    let joined = |texts: Vec<String>| texts.join(", ");
    let rows = result.hosts.iter().map(|host| {
        let MapHost { address, names, netbios, os, router, ports, discoveries, links } = host;
        let name = names.first().or(netbios.as_ref()).map_or("", String::as_str);
        vec![
            address.to_string(),
            plain(name),
            if *router { "router".to_owned() } else { String::new() },
            plain(os.as_deref().unwrap_or_default()),
            joined(ports.iter().map(|port| format!("{}/{}", port.port, port.transport)).collect()),
            plain(&joined(discoveries.iter().map(palisade_model::Discovery::method).collect())),
            joined(links.iter().map(Ipv4Addr::to_string).collect()),
        ]
    });
    let titles = ["address", "name", "type", "system", "ports", "found by", "next to"];
    line(titled_table(&titles, rows, "no hosts found"));
    for note in &result.notes {
        line(format!("not whole: {}", plain(note)));
    }
}

fn named(maps: &[(MapOrder, MapResult, Timestamp)]) -> Vec<NamedMap<'_>> {
    maps.iter()
        .map(|(order, result, _)| NamedMap {
            domain: order.domain.as_str(),
            netblock: &order.netblock,
            result,
        })
        .collect()
}

fn xml(maps: Vec<(MapOrder, MapResult, Timestamp)>, signatures_version: &str) -> String {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let about = About {
        web_version: version.clone(),
        scanner_version: version,
        signatures_version: signatures_version.to_owned(),
    };
    let maps: Vec<_> = maps.into_iter().map(|(order, result, at)| viewed(order, result, at)).collect();
    let document = map_file(&maps, &about, "Palisade", BASE_URL);
    String::from_utf8_lossy(&document).into_owned()
}

/// The map as the API's renderer takes it. There is no subscription, so that no host is of one.
fn viewed(order: MapOrder, result: MapResult, started_at: Timestamp) -> (MapView, Vec<StoredMapHost>) {
    let MapOrder { map, domain, netblock, registered: _, profile } = order;
    let hosts: Vec<StoredMapHost> =
        result.hosts.into_iter().map(|host| StoredMapHost { host, approved: false }).collect();
    let view = MapView {
        map,
        title: format!("Network map of {domain}"),
        domain,
        netblock,
        asset_groups: Vec::new(),
        status: if hosts.is_empty() { ScanStatus::NoHostAlive } else { ScanStatus::Finished },
        launched_at: started_at,
        started_at: Some(started_at),
        ended_at: Some(SystemClock.now()),
        user: Login::command_line(),
        launch_type: LaunchType::OnDemand,
        save_report: true,
        options_text: profile.options_text(),
        option_title: profile.title,
        option_is_default: profile.is_default,
        hosts: u64::try_from(hosts.len()).unwrap_or(u64::MAX),
        stage: None,
        work_done: 0,
        work_total: 0,
        scanner_name: "command line".to_owned(),
        name_servers: result.name_servers,
        notes: result.notes,
    };
    (view, hosts)
}
