//! The hosts of the subscription: which addresses there are, and what is known about them.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use palisade_model::{Action, IpRange, IpSet, Login, Resource, Timestamp};
use palisade_store::{AttributeEdit, GroupHostsAdded, Host, HostAttributes, HostRange, TrackingMethod, User};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// Longest texts noted about a host.
const COMMENT_CHARACTERS_MAX: usize = 1_024;
const UD_CHARACTERS_MAX: usize = 255;
/// Hosts read from the store at a time.
const PAGE_HOSTS: u32 = 1_000;

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
    /// Title of the asset group of the unit that a Unit Manager adds them to; without it the one that
    /// was made first.
    pub asset_group: Option<String>,
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
    /// The hosts within the caller's reach.
    pub async fn list_hosts(&self, actor: &Actor, wanted: ListHosts) -> Result<HostListing> {
        let reach = actor.allow(Action::List, Resource::Host)?.reach();
        let ranges = self.store().list_host_ranges().await?;
        let ips = reach.hosts(&ranges.iter().map(|part| part.range).collect());
        if !wanted.results && !wanted.no_results {
            return Ok(HostListing { ips, results: None, no_results: None });
        }
        let hosts = self.scanned_hosts(&ips).await?;
        let scanned: IpSet = hosts.iter().filter_map(|host| IpRange::new(host.ip, host.ip)).collect();
        let results = if wanted.results { Some(self.host_views(hosts, &ranges).await?) } else { None };
        let no_results = wanted.no_results.then(|| by_tracking(&ranges, &ips.difference(&scanned)));
        Ok(HostListing { ips, results, no_results })
    }

    /// The addresses within the caller's reach that are tracked by `method`.
    pub async fn tracked_hosts(&self, actor: &Actor, method: TrackingMethod) -> Result<IpSet> {
        let reach = actor.allow(Action::List, Resource::Host)?.reach();
        let ranges = self.store().list_host_ranges().await?;
        let tracked = ranges.iter().filter(|part| part.attributes.tracking == method);
        Ok(reach.hosts(&tracked.map(|part| part.range).collect()))
    }

    /// Adds addresses to the subscription; gives those that are new. Those that a Unit Manager adds
    /// are in an asset group of the unit then, so that the unit has them.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownOwner`], [`Error::TooLong`], and of Unit Managers
    /// [`Error::UnknownAssetGroup`], [`Error::UnitWithoutGroups`], [`Error::HostsOfOthers`]. Then nothing
    /// was added.
    pub async fn add_hosts(&self, actor: &Actor, hosts: AddHosts) -> Result<IpSet> {
        let permit = actor.allow(Action::Add, Resource::Host)?;
        let AddHosts { ips, tracking, owner, comment, ud, asset_group } = hosts;
        if ips.is_empty() {
            return Err(Error::NoTargets);
        }
        let group = self.group_of_unit(permit.asset_groups(), asset_group.as_deref()).await?;
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let attributes = HostAttributes {
            tracking: tracking.unwrap_or(TrackingMethod::Ip),
            owner: self.owner(filled(owner)).await?,
            comment: filled(comment),
            ud: ud.map(filled),
        };
        check_texts(attributes.comment.as_ref(), attributes.ud.each_ref().map(Option::as_ref))?;
        let added = match group {
            None => self.store().add_host_ranges(&ips, &attributes).await?,
            Some(group) => {
                let into = (group, self.clock().now());
                let own = &actor.assigned_ips;
                match self.store().add_host_ranges_to_group(&ips, &attributes, own, into).await? {
                    GroupHostsAdded::Added(added) => added,
                    GroupHostsAdded::Taken(ips) => return Err(Error::HostsOfOthers { ips }),
                    GroupHostsAdded::NoGroup => return Err(Error::Conflict),
                }
            }
        };
        self.record_done(actor, "host", "add", ips.to_string()).await?;
        Ok(added)
    }

    /// Changes attributes of hosts. All must be in the subscription and within the caller's
    /// reach; otherwise nothing changes.
    pub async fn edit_hosts(&self, actor: &Actor, hosts: EditHosts) -> Result<IpSet> {
        let reach = actor.allow(Action::Edit, Resource::Host)?.reach();
        let EditHosts { ips, tracking, owner, comment, ud } = hosts;
        refuse_beyond(&ips, &reach.hosts(&self.store().subscription_ips().await?))?;
        check_texts(comment.as_ref(), ud.each_ref().map(Option::as_ref))?;
        let change = |text: String| Some(text).filter(|text| !text.is_empty());
        let owner = match owner {
            Some(owner) => Some(self.owner(change(owner)).await?),
            None => None,
        };
        let edit = AttributeEdit {
            tracking,
            owner,
            comment: comment.map(change),
            ud: ud.map(|text| text.map(change)),
        };
        let edited = self.store().edit_host_ranges(&ips, &edit).await?;
        self.record_done(actor, "host", "edit", ips.to_string()).await?;
        Ok(edited)
    }

    /// The login of a host's owner, who must exist.
    async fn owner(&self, owner: Option<String>) -> Result<Option<Login>> {
        let Some(text) = owner else { return Ok(None) };
        let unknown = || Error::UnknownOwner { login: text.chars().take(64).collect() };
        let login: Login = text.parse().map_err(|_| unknown())?;
        match self.store().user(&login).await? {
            Some(user) => Ok(Some(user.login)),
            None => Err(unknown()),
        }
    }

    /// Hosts out of `ips` that a scan has seen alive.
    async fn scanned_hosts(&self, ips: &IpSet) -> Result<Vec<Host>> {
        let mut hosts = Vec::new();
        let mut after = None;
        loop {
            let page = self.store().list_hosts(after, PAGE_HOSTS).await?;
            let Some(last) = page.last() else { return Ok(hosts) };
            after = Some(last.ip);
            hosts.extend(page.into_iter().filter(|host| ips.contains(host.ip)));
        }
    }

    async fn host_views(&self, hosts: Vec<Host>, ranges: &[HostRange]) -> Result<Vec<HostView>> {
        let owners: HashMap<Login, OwnerView> = self
            .store()
            .list_users()
            .await?
            .into_iter()
            .map(|User { login, first_name, last_name, .. }| {
                (login.clone(), OwnerView { first_name, last_name, login })
            })
            .collect();
        let view = |host: Host| {
            let attributes = attributes_of(ranges, host.ip);
            HostView {
                ip: host.ip,
                tracking: attributes.map_or(TrackingMethod::Ip, |known| known.tracking),
                dns: host.dns_name,
                netbios: host.netbios_name,
                os: host.os,
                owner: attributes.and_then(|known| owners.get(known.owner.as_ref()?).cloned()),
                comment: attributes.and_then(|known| known.comment.clone()),
                last_scan_at: host.last_scan_at,
            }
        };
        Ok(hosts.into_iter().map(view).collect())
    }
}

/// Refuses the whole set when it is empty or reaches beyond what is permitted.
fn refuse_beyond(ips: &IpSet, permitted: &IpSet) -> Result<()> {
    if ips.is_empty() {
        return Err(Error::NoTargets);
    }
    let beyond = ips.difference(permitted);
    if beyond.is_empty() { Ok(()) } else { Err(Error::NotInSubscription { ips: beyond }) }
}

fn check_texts(comment: Option<&String>, ud: [Option<&String>; 3]) -> Result<()> {
    check_length("comment", comment.map_or("", String::as_str), COMMENT_CHARACTERS_MAX)?;
    for text in ud.into_iter().flatten() {
        check_length("user-defined field", text, UD_CHARACTERS_MAX)?;
    }
    Ok(())
}

/// The attributes of an address; `ranges` are sorted.
pub(crate) fn attributes_of(ranges: &[HostRange], ip: Ipv4Addr) -> Option<&HostAttributes> {
    let after = ranges.partition_point(|part| part.range.first() <= ip);
    let part = ranges.get(after.checked_sub(1)?)?;
    (ip <= part.range.last()).then_some(&part.attributes)
}

/// The addresses out of `ips` by their tracking methods; methods without any are left out.
fn by_tracking(ranges: &[HostRange], ips: &IpSet) -> Vec<(TrackingMethod, IpSet)> {
    TrackingMethod::ALL
        .into_iter()
        .map(|method| {
            let tracked = ranges.iter().filter(|part| part.attributes.tracking == method);
            (method, ips.intersection(&tracked.map(|part| part.range).collect()))
        })
        .filter(|(_, tracked)| !tracked.is_empty())
        .collect()
}
