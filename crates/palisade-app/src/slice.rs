//! Handing out slices and taking results in.

use palisade_engine::{Hold, Lease, Link, LinkError, SliceProgress};
use palisade_model::HostResult;

use crate::app::App;

/// The link of a scanner in the server's own process.
#[derive(Debug)]
pub struct InProcessLink { app: App, worker: String }

impl App {
    /// A link for the scanner called `worker`.
    pub fn link(&self, worker: &str) -> InProcessLink { InProcessLink { app: self.clone(), worker: worker.to_owned() } }
}

impl Link for InProcessLink {
    async fn lease(&self) -> Result<Option<Lease>, LinkError> { todo!() }
    async fn renew(&self, lease: &Lease, progress: SliceProgress) -> Result<Hold, LinkError> { todo!() }
    async fn deliver(&self, lease: &Lease, result: HostResult) -> Result<Hold, LinkError> { todo!() }
    async fn complete(&self, lease: &Lease) -> Result<(), LinkError> { todo!() }
    async fn fail(&self, lease: &Lease, reason: String) -> Result<(), LinkError> { todo!() }
}
