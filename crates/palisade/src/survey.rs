//! `palisade scan --stage discovery` and `--stage ports`: who is there and which ports are open, without
//! a closer look. Hosts are printed as they are found, so that the size of a network costs no memory.

use std::sync::Arc;

use palisade_engine::{Sight, Sighting, SliceProgress, Stage, SurveyContext, SurveyOrder, survey_hosts};
use palisade_model::{HostFacts, HostResult, PortFacts, PortSet, Timestamp, Transport};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::progress::Reporter;
use crate::scan::Format;
use crate::terminal::{plain, raw};

const SIGHTS_WAITING_MAX: usize = 1_024;
/// What is printed at once.
const PRINT_BYTES: usize = 32 * 1024;

/// A host as the JSON output has it.
#[derive(Serialize)]
struct SightedHost<'a> {
    address: std::net::IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    alive_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_echo: Option<bool>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<&'a [u16]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    every_port_open: bool,
}

/// Where hosts go as they come.
pub(crate) enum Output {
    Table(String),
    /// The text, and whether a host was printed before.
    Json(String, bool),
    /// Kept: the document has its summary first.
    Xml(Vec<HostResult>),
}

impl Output {
    fn new(format: Format) -> Self {
        match format {
            Format::Table => Self::Table(String::new()),
            Format::Json => Self::Json("[".to_owned(), false),
            Format::Xml => Self::Xml(Vec::new()),
        }
    }

    fn take(
        &mut self,
        sighting: &Sighting,
        wanted: &PortSet,
        now: Timestamp,
    ) -> Result<(), serde_json::Error> {
        match self {
            Self::Table(text) => text.push_str(&row(sighting)),
            Self::Json(text, begun) => {
                text.push_str(if *begun { ",\n" } else { "\n" });
                text.push_str(&serde_json::to_string(&json(sighting))?);
                *begun = true;
            }
            Self::Xml(results) => results.push(result(sighting, wanted, now)),
        }
        self.print(PRINT_BYTES);
        Ok(())
    }

    fn print(&mut self, at_least: usize) {
        if let Self::Table(text) | Self::Json(text, _) = self
            && text.len() >= at_least
        {
            raw(text);
            text.clear();
        }
    }
}

/// Surveys and prints; gives what is left to print (the hosts of an XML document).
pub(crate) async fn run(
    order: SurveyOrder,
    context: SurveyContext,
    format: Format,
    mut reporter: Reporter,
) -> Result<Vec<HostResult>, serde_json::Error> {
    let (sights, mut received) = mpsc::channel(SIGHTS_WAITING_MAX);
    let wanted = order.ports.clone().unwrap_or_default();
    let total = order.targets.count() + order.targets_v6.count();
    let stage = if order.ports.is_some() { Stage::Ports } else { Stage::Discovery };
    let clock = Arc::clone(&context.clock);
    let survey = tokio::spawn(survey_hosts(order, context, sights));
    let mut output = Output::new(format);
    let mut done = 0;
    while let Some(sight) = received.recv().await {
        match sight {
            Sight::Host(sighting) => {
                done += 1;
                reporter.tell_host(sighting.address, sighting.alive_by.is_some(), 0);
                output.take(&sighting, &wanted, clock.now())?;
            }
            Sight::Dead(set) => done += set.count(),
            Sight::DeadV6(_) => done += 1,
            Sight::Progress(progress) => reporter.tell(&progress, done, total),
        }
    }
    // The survey has dropped its sender, so it is over.
    let _ = survey.await;
    let end = SliceProgress { stage, work_done: total, work_total: total, findings: 0 };
    reporter.tell(&end, done, total);
    reporter.finish();
    if let Output::Json(text, begun) = &mut output {
        text.push_str(if *begun { "\n]\n" } else { "]\n" });
    }
    output.print(0);
    match output {
        Output::Xml(mut results) => {
            results.sort_by_key(|result| result.facts.address);
            Ok(results)
        }
        Output::Table(_) | Output::Json(..) => Ok(Vec::new()),
    }
}

fn row(sighting: &Sighting) -> String {
    let alive_by = sighting.alive_by.as_deref().unwrap_or("no answer");
    let ports = sighting.ports.as_ref().map_or_else(String::new, |ports| {
        let open: PortSet = ports.open.iter().copied().collect();
        let odd = if ports.every_port_open { "  (every port accepts connections)" } else { "" };
        format!(
            "  open {open}{}  closed {}  silent {}{odd}",
            if open.is_empty() { "none" } else { "" },
            ports.closed,
            ports.silent
        )
    });
    format!("{:<15}  {}{ports}\n", sighting.address.to_string(), plain(alive_by))
}

fn json(sighting: &Sighting) -> SightedHost<'_> {
    let ports = sighting.ports.as_ref();
    SightedHost {
        address: sighting.address,
        alive_by: sighting.alive_by.as_deref(),
        ttl: sighting.ttl,
        icmp_echo: sighting.icmp_echo,
        method: sighting.method,
        open: ports.map(|ports| ports.open.as_slice()),
        closed: ports.map(|ports| ports.closed),
        silent: ports.map(|ports| ports.silent),
        every_port_open: ports.is_some_and(|ports| ports.every_port_open),
    }
}

/// The host as a scan's report would have it, with nothing but its ports.
fn result(sighting: &Sighting, wanted: &PortSet, now: Timestamp) -> HostResult {
    let ports = sighting.ports.clone().unwrap_or_default();
    let facts = HostFacts {
        address: sighting.address,
        alive: true,
        alive_by: sighting.alive_by.clone(),
        ttl: sighting.ttl,
        icmp_echo: sighting.icmp_echo,
        method: sighting.method.to_owned(),
        ports: ports.open.iter().map(|port| PortFacts::new(*port, Transport::Tcp)).collect(),
        tcp_scanned: u32::try_from(wanted.len()).unwrap_or(u32::MAX),
        tcp_closed: ports.closed,
        tcp_silent: ports.silent,
        started_at: now.as_second(),
        ended_at: now.as_second(),
        ..HostFacts::default()
    };
    HostResult {
        facts,
        findings: Vec::new(),
        tested: Vec::new(),
        tcp_ports: wanted.clone(),
        udp_ports: PortSet::default(),
    }
}
