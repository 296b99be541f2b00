//! The same by connecting, for what raw packets cannot reach: one host at a time by ordinary sockets,
//! many hosts at once.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use palisade_model::IpSet;
use tokio::sync::mpsc;

use super::{BY_CONNECTING, PortSight, Sight, Sighting, SurveyContext, SurveyOrder};
use crate::discovery;
use crate::pacing::{HostPace, Pace};
use crate::ports;
use crate::sheet::Sheet;

/// Hosts looked at at the same time; the rate and the sockets are bounded elsewhere.
const HOSTS_PARALLEL: usize = 64;

/// Looks at every one of the `targets`, and counts those that are done.
pub(crate) async fn survey(
    targets: impl Iterator<Item = IpAddr> + Send,
    order: &SurveyOrder,
    pace: &Arc<Pace>,
    context: &SurveyContext,
    sights: &mpsc::Sender<Sight>,
    done: &AtomicU64,
) {
    let mut hosts = futures_util::stream::iter(targets)
        .map(|address| look(address, order, pace, context))
        .buffer_unordered(HOSTS_PARALLEL);
    while let Some(sight) = hosts.next().await {
        done.fetch_add(1, Ordering::Relaxed);
        if sights.send(sight).await.is_err() {
            return;
        }
    }
}

async fn look(address: IpAddr, order: &SurveyOrder, pace: &Arc<Pace>, context: &SurveyContext) -> Sight {
    let host = HostPace::new(address, Arc::clone(pace));
    let mut mark = [0; 8];
    context.ids.fill(&mut mark);
    let life = discovery::look(&host, mark).await;
    if life.alive_by.is_none() && !order.scan_dead_hosts {
        return match address {
            IpAddr::V4(address) => Sight::Dead(IpSet::from(address)),
            IpAddr::V6(address) => Sight::DeadV6(address),
        };
    }
    let seen = match &order.ports {
        None => None,
        Some(wanted) => {
            let sheet = Sheet::new(address, context.clock.now().as_second());
            let open = ports::scan(&host, &sheet, wanted).await;
            let known = sheet.snapshot();
            Some(PortSight {
                open,
                closed: known.facts.tcp_closed,
                silent: known.facts.tcp_silent,
                ..PortSight::default()
            })
        }
    };
    Sight::Host(Box::new(Sighting {
        address,
        alive_by: life.alive_by,
        ttl: life.ttl,
        icmp_echo: life.icmp_echo,
        round_trip: host.round_trip.smoothed(),
        method: BY_CONNECTING,
        ports: seen,
    }))
}
