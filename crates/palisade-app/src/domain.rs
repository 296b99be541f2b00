//! The domains of the subscription: which there are, and the addresses that belong to each.
//!
//! A domain is within somebody's reach when an asset group within their reach has it. The domain
//! `none` holds the addresses without one, such as internal networks; it needs addresses.

use palisade_model::{Action, DomainName, IpSet, Resource, Role};
use palisade_store::{Domain, Reach};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Most domains of a subscription.
const DOMAINS_MAX: usize = 10_000;

/// A domain as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainView {
    pub id: i64,
    pub name: DomainName,
    /// The addresses that belong to it; possibly none.
    pub netblock: IpSet,
}

impl App {
    /// The domains within the caller's reach, by name.
    pub async fn list_domains(&self, actor: &Actor) -> Result<Vec<DomainView>> {
        let reach = actor.allow(Action::List, Resource::Domain)?.reach();
        Ok(self.domains_within(&reach).await?.into_iter().map(DomainView::from).collect())
    }

    /// Adds a domain with its addresses. One that a Unit Manager adds is in the first asset group of the
    /// unit then, so that the unit has it.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NoNetblock`], [`Error::DomainTaken`],
    /// [`Error::TooManyDomains`], [`Error::UnitWithoutGroups`].
    pub async fn add_domain(&self, actor: &Actor, name: &DomainName, netblock: &IpSet) -> Result<()> {
        let within = actor.allow(Action::Add, Resource::Domain)?.asset_groups();
        check_netblock(name, netblock)?;
        let group = self.group_of_unit(within, None).await?;
        if self.store().list_domains().await?.len() >= DOMAINS_MAX {
            return Err(Error::TooManyDomains { max: DOMAINS_MAX });
        }
        let now = self.clock().now();
        let added = match group {
            None => self.store().add_domain(name, netblock, now).await,
            Some(group) => self.store().add_domain_to_group(name, netblock, group, now).await,
        };
        added.map_err(|error| match error {
            palisade_store::Error::Conflict => Error::DomainTaken { domain: name.clone() },
            other => other.into(),
        })?;
        self.record_done(actor, "domain", "add", name.to_string()).await
    }

    /// Replaces the addresses of a domain; `None` leaves them.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NoNetblock`], [`Error::UnknownDomain`].
    pub async fn edit_domain(
        &self,
        actor: &Actor,
        name: &DomainName,
        netblock: Option<&IpSet>,
    ) -> Result<()> {
        let reach = actor.allow(Action::Edit, Resource::Domain)?.reach();
        let unknown = || Error::UnknownDomain { domain: name.clone() };
        if !self.domains_within(&reach).await?.iter().any(|domain| domain.name == *name) {
            return Err(unknown());
        }
        if let Some(netblock) = netblock {
            check_netblock(name, netblock)?;
            if !self.store().edit_domain(name, netblock, self.clock().now()).await? {
                return Err(unknown());
            }
        }
        self.record_done(actor, "domain", "edit", name.to_string()).await
    }

    /// The stored domains within reach, by name.
    pub(crate) async fn domains_within(&self, reach: &Reach) -> Result<Vec<Domain>> {
        let mut domains = self.store().list_domains().await?;
        if *reach != Reach::Everything {
            let groups = self.store().list_asset_groups().await?;
            let named = |domain: &Domain| {
                groups
                    .iter()
                    .any(|group| reach.has_asset_group(group) && group.domains.contains(&domain.name))
            };
            domains.retain(named);
        }
        Ok(domains)
    }

    /// The ids of domains that are to be put into a group: all must be within the caller's reach.
    pub(crate) async fn domain_ids(&self, actor: &Actor, names: &[DomainName]) -> Result<Vec<i64>> {
        // An Administrator puts any domain into groups, as they do with addresses.
        let reach = match actor.role {
            Role::Administrator => Reach::Everything,
            _ => actor.allow(Action::List, Resource::Domain)?.reach(),
        };
        let domains = self.domains_within(&reach).await?;
        let id = |name: &DomainName| {
            let found = domains.iter().find(|domain| domain.name == *name).map(|domain| domain.id);
            found.ok_or_else(|| Error::UnknownDomain { domain: name.clone() })
        };
        names.iter().map(id).collect()
    }
}

/// Addresses without a domain have to be named: there is nothing else to map.
fn check_netblock(name: &DomainName, netblock: &IpSet) -> Result<()> {
    if name.is_none() && netblock.is_empty() { Err(Error::NoNetblock) } else { Ok(()) }
}

impl From<Domain> for DomainView {
    fn from(domain: Domain) -> Self {
        let Domain { id, name, netblock, updated_at: _ } = domain;
        Self { id, name, netblock }
    }
}
