//! Hosts where open ports prove nothing by themselves: proxies, tarpits, load balancers.
//!
//! A sweep sees who sends a SYN-ACK. Where that is suspicious (every port does, or the window is
//! closed), the ports are connected to: a proxy completes the handshake and then lets go, because
//! there is nobody behind the port; what stays is open. Ordinary hosts cost nothing here.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::pacing::{Connected, HostPace};
use crate::ports::in_order_of_interest;
use crate::sheet::Sheet;
use crate::survey::PortSight;

/// How long a connection has to stay to count as open.
const STAY: Duration = Duration::from_millis(400);
/// Most ports that are looked at of a host on which every port stays open.
const BELIEVED_MAX: usize = 40;

/// The open ports that deserve a closer look, ascending; tells the sheet what is odd.
pub(crate) async fn confirm(host: &HostPace, sheet: &Sheet, sight: &PortSight) -> Vec<u16> {
    {
        let mut known = sheet.lock();
        known.facts.every_port_open = Some(sight.every_port_open);
        known.facts.load_balanced = (sight.stacks_differ && host.plan().load_balancers).then_some(true);
    }
    if !sight.every_port_open && !sight.window_closed {
        return sight.open.clone();
    }
    let ports = in_order_of_interest(&sight.open.iter().copied().collect());
    let looked: Vec<(u16, bool)> = futures_util::stream::iter(ports)
        .map(|port| async move { (port, stays_open(host, port).await) })
        .buffered(host.port_scan_max())
        .collect()
        .await;
    let denied = looked.iter().filter(|(_, open)| !open).count();
    looked.iter().filter(|(_, open)| !open).for_each(|(port, _)| sheet.tcp_port_denied(*port));
    // A proxy lets go of the ports that have nobody behind them; a tarpit holds on to all.
    sheet.lock().facts.syn_proxy = Some(denied > 0 && denied * 2 >= looked.len());
    let mut open: Vec<u16> = looked.into_iter().filter(|(_, open)| *open).map(|(port, _)| port).collect();
    if sight.every_port_open {
        open.truncate(BELIEVED_MAX);
    }
    open.sort_unstable();
    open
}

async fn stays_open(host: &HostPace, port: u16) -> bool {
    match host.connect(port).await {
        Connected::Open(stream, _permit) => stays(stream).await,
        Connected::Reset | Connected::Refused | Connected::Silent => false,
    }
}

/// A greeting, or silence, is a service; an end without a word is not.
async fn stays(mut stream: TcpStream) -> bool {
    match timeout(STAY, stream.read(&mut [0; 1])).await {
        Err(_) => true,
        Ok(read) => read.is_ok_and(|count| count > 0),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use palisade_kb::KnowledgeBase;
    use palisade_model::{Ip6Set, OptionProfile, ScanRef};

    use super::*;
    use crate::order::ScanOrder;
    use crate::pacing::{Limits, Pace};
    use crate::plan::Plan;

    #[tokio::test]
    async fn a_load_balancer_is_told_where_the_profile_wants_it() {
        let kb = KnowledgeBase::embedded().unwrap();
        let sight = PortSight { stacks_differ: true, closed: 3, ..PortSight::default() };
        for wanted in [true, false] {
            let order = ScanOrder {
                scan: "scan/1400000000.00001".parse::<ScanRef>().unwrap(),
                targets: "10.0.0.1".parse().unwrap(),
                targets_v6: Ip6Set::default(),
                profile: OptionProfile { load_balancer_detection: wanted, ..OptionProfile::initial() },
                qids: None,
                http_header: None,
                zones: Vec::new(),
                sign_ins: Vec::new(),
                virtual_hosts: Vec::new(),
            };
            let plan = Plan::of(&order, &kb, None);
            let pace = Pace::new(Arc::new(Limits::new(10, 100)), &order.profile.performance, plan);
            let address = Ipv4Addr::new(10, 0, 0, 1);
            let (host, sheet) = (HostPace::new(address, pace), Sheet::new(address, 0));
            assert!(confirm(&host, &sheet, &sight).await.is_empty());
            assert_eq!(sheet.snapshot().facts.load_balanced, wanted.then_some(true));
        }
    }
}
