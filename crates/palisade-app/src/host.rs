//! The hosts of the subscription: which addresses there are, and what is known about them.

use std::net::Ipv4Addr;

use palisade_model::{IpSet, Login, Timestamp};
use palisade_store::TrackingMethod;

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// What a listing of hosts is to contain beside the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListHosts {
    /// Hosts with scan results, one by one.
    pub results: bool,
    /// Addresses without scan results, by tracking method.
    pub no_results: bool,
}

/// The addresses within the user's reach, and what was asked for beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostListing {
    pub ips: IpSet,
    pub results: Option<Vec<HostView>>,
    pub no_results: Option<Vec<(TrackingMethod, IpSet)>>,
}

/// One host with scan results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostView {
    pub ip: Ipv4Addr,
    pub tracking: TrackingMethod,
    pub dns: Option<String>,
    pub netbios: Option<String>,
    pub os: Option<String>,
    pub owner: Option<OwnerView>,
    pub comment: Option<String>,
    pub last_scan_at: Timestamp,
}

/// The user who owns a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerView {
    pub first_name: String,
    pub last_name: String,
    pub login: Login,
}

/// Addresses to be added, with their attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddHosts {
    pub ips: IpSet,
    /// By address when `None`.
    pub tracking: Option<TrackingMethod>,
    /// Login of the owner.
    pub owner: Option<String>,
    pub comment: Option<String>,
    /// The user-defined fields.
    pub ud: [Option<String>; 3],
}

/// Addresses to be edited; `None` leaves an attribute as it is, an empty text removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditHosts {
    pub ips: IpSet,
    pub tracking: Option<TrackingMethod>,
    pub owner: Option<String>,
    pub comment: Option<String>,
    pub ud: [Option<String>; 3],
}

impl App {
    /// Lists hosts.
    pub async fn list_hosts(&self, actor: &Actor, wanted: ListHosts) -> Result<HostListing> { todo!() }
    /// Adds hosts.
    pub async fn add_hosts(&self, actor: &Actor, hosts: AddHosts) -> Result<IpSet> { todo!() }
    /// Edits hosts.
    pub async fn edit_hosts(&self, actor: &Actor, hosts: EditHosts) -> Result<IpSet> { todo!() }
}
