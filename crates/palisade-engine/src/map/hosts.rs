//! Live hosts, and what a few questions tell of them: ports of the map section, the system, the
//! NetBIOS name. No vulnerability is looked for, and nobody is asked more than to name themselves.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use palisade_model::{Discovery, MapPort, Transport};
use tokio::time::timeout;

use super::plan::{DETAILS_TIME_MAX, Plan};
use crate::pacing::{HostPace, Pace};
use crate::scan::ScanContext;
use crate::sheet::Sheet;
use crate::survey::Sighting;
use crate::{os, ports, service, udp};

/// A live host.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) host: Arc<HostPace>,
    pub(super) address: Ipv4Addr,
    pub(super) discovery: Discovery,
    pub(super) ttl: Option<u8>,
}

/// What a closer look told.
#[derive(Debug, Clone, Default)]
pub(super) struct Details {
    pub(super) ports: Vec<MapPort>,
    pub(super) os: Option<String>,
    pub(super) netbios: Option<String>,
}

impl Live {
    /// From what a survey saw; `None` when nothing answered.
    pub(super) fn of(sighting: &Sighting, pace: &Arc<Pace>) -> Option<Self> {
        let discovery = Discovery::of_life(sighting.alive_by.as_deref()?);
        let IpAddr::V4(address) = sighting.address else { return None };
        let host = HostPace::new(address, Arc::clone(pace));
        if let Some(round_trip) = sighting.round_trip {
            host.round_trip.record(round_trip);
        }
        Some(Self { address, host, discovery, ttl: sighting.ttl })
    }
}

/// Asks a live host the ports of the plan.
pub(super) async fn details(live: &Live, plan: &Plan, context: &ScanContext) -> Details {
    let sheet = Sheet::new(live.address, context.clock.now().as_second());
    sheet.lock().facts.ttl = live.ttl;
    let asking = async {
        let tcp = async {
            let open = ports::scan(&live.host, &sheet, &plan.tcp).await;
            service::greet_all(&live.host, &sheet, context, &open).await;
        };
        tokio::join!(tcp, udp::scan(&live.host, &sheet, &plan.udp, context.ids.as_ref()));
    };
    // What was seen until the time was up counts.
    let _ = timeout(DETAILS_TIME_MAX, asking).await;
    let mut facts = sheet.snapshot().facts;
    facts.ports.sort_by_key(|port| (port.transport, port.port));
    let port = |port: &palisade_model::PortFacts| MapPort {
        transport: port.transport,
        port: port.port,
        service: match (port.service.as_str(), &port.expected_service) {
            ("", Some(expected)) => expected.clone(),
            (known, _) => known.to_owned(),
        },
    };
    Details {
        ports: facts.ports.iter().map(port).collect(),
        os: os::vote(&facts).map(|os| os.name),
        netbios: facts.netbios_name().map(str::to_owned),
    }
}

/// A TCP port that answers, for a walk that needs one.
pub(super) fn answering_port(live: &Live, details: Option<&Details>) -> Option<u16> {
    let open = details.and_then(|details| {
        details.ports.iter().find(|port| port.transport == Transport::Tcp).map(|port| port.port)
    });
    open.or(match live.discovery {
        Discovery::Tcp(port) | Discovery::TcpReset(port) => Some(port),
        _ => None,
    })
}
