//! Between a scanner and the server that gives it work.

use std::future::Future;
use std::net::Ipv4Addr;

use palisade_model::{HostResult, ScanRef};
use serde::{Deserialize, Serialize};

use crate::order::ScanOrder;
use crate::partial_host::PartialHost;

/// What the scanner is busy with; shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    Discovery,
    Ports,
    Services,
    Checks,
}

impl Stage {
    pub const ALL: [Self; 4] = [Self::Discovery, Self::Ports, Self::Services, Self::Checks];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Ports => "ports",
            Self::Services => "services",
            Self::Checks => "checks",
        }
    }
}

/// How far a slice has come. Work units are arbitrary but additive within a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceProgress {
    /// The earliest stage any host of the slice is in.
    pub stage: Stage,
    pub work_done: u64,
    pub work_total: u64,
    /// Findings so far on hosts not delivered yet.
    pub findings: u32,
}

/// A slice of a scan, held for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub slice_id: i64,
    /// Names this holding; a later holder of the same slice has another.
    pub token: String,
    /// `order.targets` are the slice's hosts.
    pub order: ScanOrder,
    /// Hosts whose results were already taken in under an earlier lease; not to be scanned again.
    pub delivered: Vec<Ipv4Addr>,
    /// What an earlier holder had learnt of hosts of the slice when it was told to pause.
    #[serde(default)]
    pub partial: Vec<PartialHost>,
    /// The lease is lost when it is not renewed for this long.
    pub lease_s: u32,
}

/// What became of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// Carry on.
    Held,
    /// The scan is being cancelled: stop, then [`Link::complete`].
    Cancelled,
    /// The scan is being paused: stop, [`Link::keep`], then [`Link::complete`]. What was delivered is kept; the rest
    /// of the slice is handed out again when the scan is resumed, to whoever asks then.
    Paused,
    /// Somebody else has the slice now, or the scan is gone: stop and deliver nothing more.
    Lost,
}

/// Why the server could not be spoken to. The worker tries again later.
#[derive(Debug, thiserror::Error)]
#[error("the server could not {attempt}")]
pub struct LinkError {
    /// What was attempted, for example `take in the result of 10.0.0.1`.
    pub attempt: String,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Where a worker gets slices and delivers results. Every call may be repeated: a result that was
/// taken in once is not taken in again (the key is scan, slice and host).
pub trait Link: Send + Sync + 'static {
    /// The next slice for this worker, if there is one.
    fn lease(&self) -> impl Future<Output = Result<Option<Lease>, LinkError>> + Send;

    /// Says that the worker is alive, and how far it is. About every second.
    fn renew(
        &self,
        lease: &Lease,
        progress: SliceProgress,
    ) -> impl Future<Output = Result<Hold, LinkError>> + Send;

    /// Hands in one host's result. When this returns `Held` the result is safe.
    fn deliver(
        &self,
        lease: &Lease,
        result: HostResult,
    ) -> impl Future<Output = Result<Hold, LinkError>> + Send;

    /// Hands in what is known of hosts that will not be delivered because the scan is being paused.
    /// What was handed in before of the same host is replaced.
    fn keep(
        &self,
        lease: &Lease,
        hosts: Vec<PartialHost>,
    ) -> impl Future<Output = Result<(), LinkError>> + Send;

    /// All hosts of the slice are delivered, or the scan was cancelled or paused.
    fn complete(&self, lease: &Lease) -> impl Future<Output = Result<(), LinkError>> + Send;

    /// The scanner failed on this slice for a reason of its own (not the host's).
    fn fail(&self, lease: &Lease, reason: String) -> impl Future<Output = Result<(), LinkError>> + Send;

    /// Identifies the scan in logs.
    fn describe(lease: &Lease) -> &ScanRef {
        &lease.order.scan
    }
}
