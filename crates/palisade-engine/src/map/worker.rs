//! The worker loop of maps: lease one, make it, hand it in, say how far it is.
//!
//! One map at a time: a map is long and gentle, and the scanner has scans to do. A lease that is
//! lost or cancelled stops the work within the time between two renewals; what was found of a
//! cancelled map is handed in. On shutdown the map is let go, and leased again later.

use std::future::Future;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use palisade_model::MapResult;

use super::link::{MapLease, MapLink};
use super::make::MapMaking;
use crate::link::{Hold, LinkError};
use crate::scan::ScanContext;

/// One call over the link takes no longer; a lost one is repeated.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(500);
const RENEW_EVERY: Duration = Duration::from_secs(1);
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// Tries to hand a map in; after them the lease runs out by itself.
const COMPLETE_TRIES: u32 = 8;

/// Makes maps until told to stop.
#[derive(Debug)]
pub struct MapWorker<L> {
    link: Arc<L>,
    context: ScanContext,
    /// Name servers to ask; the system's when there are none.
    resolvers: Vec<SocketAddrV4>,
}

impl<L: MapLink> MapWorker<L> {
    pub fn new(link: Arc<L>, context: ScanContext, resolvers: Vec<SocketAddrV4>) -> Self {
        Self { link, context, resolvers }
    }

    /// Works until `shutdown` is ready, then lets go within moments.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = shutdown => {}
            () = self.work_for_ever() => {}
        }
    }

    async fn work_for_ever(&self) {
        let mut pause = RETRY_FIRST;
        loop {
            match in_time("lease a map", self.link.lease_map()).await {
                Ok(Some(lease)) => {
                    pause = RETRY_FIRST;
                    self.work_guarded(lease).await;
                }
                Ok(None) => {
                    pause = RETRY_FIRST;
                    tokio::time::sleep(POLL_EVERY).await;
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no map could be asked for");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// Makes a map and tells the server when a defect of ours ended that.
    async fn work_guarded(&self, lease: MapLease) {
        tracing::info!(map = %lease.order.map, domain = %lease.order.domain, "map leased");
        let making = Arc::new(MapMaking::new(lease.order.clone(), self.context.clone(), &self.resolvers));
        let mut work = tokio::task::JoinSet::new();
        let running = Arc::clone(&making);
        work.spawn(async move { running.run().await });
        let hold = tokio::select! {
            ended = work.join_next() => match ended {
                Some(Err(failure)) => {
                    tracing::error!(map = %lease.order.map, error = %failure, "the making of a map failed");
                    self.fail(&lease, failure.to_string()).await;
                    return;
                }
                Some(Ok(())) | None => Hold::Held,
            },
            hold = self.renew_until_refused(&lease, &making) => hold,
        };
        work.shutdown().await;
        if hold != Hold::Lost {
            self.complete(&lease, making.finish()).await;
        }
        tracing::info!(map = %lease.order.map, ?hold, "map ended");
    }

    async fn renew_until_refused(&self, lease: &MapLease, making: &MapMaking) -> Hold {
        let progress = making.progress();
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let now = *progress.borrow();
            match in_time("renew the lease of a map", self.link.renew_map(lease, now)).await {
                Ok(Hold::Held) => {}
                Ok(hold) => return hold,
                Err(error) => {
                    tracing::warn!(map = %lease.order.map, error = &error as &dyn std::error::Error, "not renewed");
                }
            }
        }
    }

    async fn complete(&self, lease: &MapLease, result: MapResult) {
        let mut pause = RETRY_FIRST;
        for _ in 0..COMPLETE_TRIES {
            match in_time("take in a map", self.link.complete_map(lease, result.clone())).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(map = %lease.order.map, error = &error as &dyn std::error::Error, "will try again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }

    async fn fail(&self, lease: &MapLease, reason: String) {
        if let Err(error) = in_time("fail a map", self.link.fail_map(lease, reason)).await {
            tracing::warn!(map = %lease.order.map, error = &error as &dyn std::error::Error, "not told");
        }
    }
}

/// A call that does not return counts as failed.
async fn in_time<T>(attempt: &str, call: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(LinkError { attempt: attempt.to_owned(), source: Box::new(elapsed) }),
    }
}
