//! Between a scanner and the server that gives it maps to make.

use std::future::Future;

use palisade_model::{DomainName, IpSet, MapRef, MapResult, OptionProfile};
use serde::{Deserialize, Serialize};

use crate::link::{Hold, LinkError};

/// What is to be mapped, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapOrder {
    pub map: MapRef,
    pub domain: DomainName,
    /// Addresses to look for hosts in.
    pub netblock: IpSet,
    /// Addresses that may be looked at too when a name leads to them. Nothing outside of these two
    /// is ever sent a probe.
    pub registered: IpSet,
    pub profile: OptionProfile,
}

/// What a map is busy with; shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MapStage {
    /// Asking the DNS.
    Names,
    /// Looking for live hosts.
    Hosts,
    /// Ports, systems and names of live hosts.
    Details,
    /// The ways to them.
    Routes,
}

impl MapStage {
    pub const ALL: [Self; 4] = [Self::Names, Self::Hosts, Self::Details, Self::Routes];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Hosts => "discovery",
            Self::Details => "ports",
            Self::Routes => "routes",
        }
    }
}

/// How far a map has come. Work units are comparable with each other only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapProgress {
    pub stage: MapStage,
    pub work_done: u64,
    pub work_total: u64,
    /// Hosts found so far.
    pub hosts: u32,
}

/// A map, held for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapLease {
    pub map_id: i64,
    /// Names this holding; a later holder of the same map has another.
    pub token: String,
    pub order: MapOrder,
    /// The lease is lost when it is not renewed for this long.
    pub lease_s: u32,
}

/// Where a worker gets maps and hands them in. Every call may be repeated.
pub trait MapLink: Send + Sync + 'static {
    /// The next map for this worker, if there is one.
    fn lease_map(&self) -> impl Future<Output = Result<Option<MapLease>, LinkError>> + Send;

    /// Says that the worker is alive, and how far it is. About every second.
    fn renew_map(
        &self,
        lease: &MapLease,
        progress: MapProgress,
    ) -> impl Future<Output = Result<Hold, LinkError>> + Send;

    /// Hands in what the map came to; what there is of it when it was cancelled.
    fn complete_map(
        &self,
        lease: &MapLease,
        result: MapResult,
    ) -> impl Future<Output = Result<(), LinkError>> + Send;

    /// The scanner failed for a reason of its own.
    fn fail_map(
        &self,
        lease: &MapLease,
        reason: String,
    ) -> impl Future<Output = Result<(), LinkError>> + Send;
}
