//! Virtual hosts: names that the web server of an address and port is asked by. Every scan of that
//! address asks it by these names too.

use std::net::Ipv4Addr;

use palisade_model::{Action, IpSet, Resource, VirtualHost, VirtualName};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Most virtual hosts of a subscription.
const HOSTS_MAX: u64 = 5_000;
/// Longest list of names of one virtual host, in bytes, written with commas.
const NAMES_BYTES_MAX: usize = 4_000;

/// What is done to the names of a virtual host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VirtualHostChange {
    /// Makes it, with these names.
    Create(Vec<VirtualName>),
    /// Replaces its names.
    Update(Vec<VirtualName>),
    AddNames(Vec<VirtualName>),
    DeleteNames(Vec<VirtualName>),
    Delete,
}

/// The web server that a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VirtualHostPlace {
    pub network_id: i64,
    pub ip: Ipv4Addr,
    pub port: u16,
}

impl App {
    /// The virtual hosts on addresses within the caller's reach, by network, address and port.
    pub async fn list_virtual_hosts(&self, actor: &Actor) -> Result<Vec<VirtualHost>> {
        let reach = actor.allow(Action::List, Resource::VirtualHost)?.reach();
        let mut hosts = self.store().list_virtual_hosts().await?;
        hosts.retain(|host| !reach.hosts(&IpSet::from(host.ip)).is_empty());
        Ok(hosts)
    }

    /// Changes the names of a web server.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NotInSubscription`] for an address that is not there or is beyond the
    /// caller's reach, [`Error::UnknownVirtualHost`], [`Error::VirtualHostTaken`],
    /// [`Error::UnknownVirtualName`], [`Error::NoVirtualNames`], [`Error::TooManyVirtualNames`],
    /// [`Error::TooManyVirtualHosts`].
    pub async fn change_virtual_host(
        &self,
        actor: &Actor,
        place: VirtualHostPlace,
        change: VirtualHostChange,
    ) -> Result<()> {
        let (action, word) = match &change {
            VirtualHostChange::Create(_) => (Action::Add, "add"),
            VirtualHostChange::Update(_)
            | VirtualHostChange::AddNames(_)
            | VirtualHostChange::DeleteNames(_) => (Action::Edit, "update"),
            VirtualHostChange::Delete => (Action::Delete, "delete"),
        };
        let reach = actor.allow(action, Resource::VirtualHost)?.reach();
        let VirtualHostPlace { network_id, ip, port } = place;
        if !reach.hosts(&self.store().subscription_ips().await?).contains(ip) {
            return Err(Error::NotInSubscription { ips: IpSet::from(ip) });
        }
        let applied = |old| apply(place, old, change);
        let changed = self.store().change_virtual_host(network_id, ip, port, HOSTS_MAX, applied).await?;
        if !changed? {
            return Err(Error::TooManyVirtualHosts { max: HOSTS_MAX });
        }
        self.record_done(actor, "vhost", word, format!("{ip}:{port}")).await
    }

    /// The virtual hosts that a scan of these addresses asks for. All scans are done in the network that
    /// there is always: those of other networks are for appliances, which do no scans yet.
    pub(crate) async fn virtual_hosts_of(&self, targets: &IpSet) -> Result<Vec<VirtualHost>> {
        let mut hosts = self.store().list_virtual_hosts().await?;
        hosts.retain(|host| host.network_id == 0 && targets.contains(host.ip));
        Ok(hosts)
    }
}

/// What becomes of names; none: the virtual host is gone.
fn apply(
    place: VirtualHostPlace,
    old: Vec<VirtualName>,
    change: VirtualHostChange,
) -> Result<Vec<VirtualName>> {
    let VirtualHostPlace { ip, port, .. } = place;
    match (&change, old.is_empty()) {
        (VirtualHostChange::Create(_), false) => return Err(Error::VirtualHostTaken { ip, port }),
        (VirtualHostChange::Create(_), true) | (_, false) => {}
        (_, true) => return Err(Error::UnknownVirtualHost { ip, port }),
    }
    let mut names = Vec::new();
    match change {
        VirtualHostChange::Create(new) | VirtualHostChange::Update(new) => add_new(&mut names, new),
        VirtualHostChange::AddNames(new) => {
            names = old;
            add_new(&mut names, new);
        }
        VirtualHostChange::DeleteNames(gone) => {
            if let Some(name) = gone.iter().find(|name| !old.contains(name)) {
                return Err(Error::UnknownVirtualName { name: name.clone() });
            }
            names = old;
            names.retain(|name| !gone.contains(name));
        }
        VirtualHostChange::Delete => return Ok(Vec::new()),
    }
    if names.is_empty() {
        return Err(Error::NoVirtualNames);
    }
    let bytes: usize = names.iter().map(|name| name.as_str().len() + 1).sum();
    if bytes > NAMES_BYTES_MAX {
        Err(Error::TooManyVirtualNames { max_bytes: NAMES_BYTES_MAX })
    } else {
        Ok(names)
    }
}

fn add_new(names: &mut Vec<VirtualName>, new: Vec<VirtualName>) {
    for name in new {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names() -> impl Strategy<Value = Vec<VirtualName>> {
        proptest::collection::vec(0_u8..12, 1..8).prop_map(|numbers| {
            numbers.iter().filter_map(|number| format!("n{number}.example.test").parse().ok()).collect()
        })
    }

    proptest! {
        #[test]
        fn names_are_there_once_and_adding_is_undone_by_deleting(old in names(), more in names()) {
            let place = VirtualHostPlace { network_id: 0, ip: Ipv4Addr::LOCALHOST, port: 80 };
            let made = apply(place, Vec::new(), VirtualHostChange::Create(old)).unwrap();
            let mut sorted = made.clone();
            sorted.sort();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), made.len());
            let new: Vec<VirtualName> = more.iter().filter(|name| !made.contains(name)).cloned().collect();
            let both = apply(place, made.clone(), VirtualHostChange::AddNames(more)).unwrap();
            prop_assert!(made.iter().chain(&new).all(|name| both.contains(name)));
            let back = apply(place, both, VirtualHostChange::DeleteNames(new)).unwrap();
            prop_assert_eq!(back, made);
        }
    }

    #[test]
    fn a_list_of_names_is_not_endless() {
        let place = VirtualHostPlace { network_id: 0, ip: Ipv4Addr::LOCALHOST, port: 80 };
        let many = |count: usize| -> Vec<VirtualName> {
            (0..count).map(|number| format!("name-{number:04}.example.test").parse().unwrap()).collect()
        };
        assert!(apply(place, Vec::new(), VirtualHostChange::Create(many(173))).is_ok());
        let refused = apply(place, many(100), VirtualHostChange::AddNames(many(182)));
        assert!(matches!(refused, Err(Error::TooManyVirtualNames { .. })), "{refused:?}");
    }
}
