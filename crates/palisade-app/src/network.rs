//! Networks: what equal addresses of different places are told apart by. A feature that the operator
//! switches on for the subscription.
//!
//! A host is in the network of the scanner that found it. The server's own scanner is in the Global
//! Default Network, number 0, and appliances do no scans yet: so all hosts are there. Other networks
//! can be made, and appliances, asset groups and virtual hosts be put into them; no host is in them.

use palisade_model::{Action, Resource};
use palisade_store::{Appliance, GroupNetwork, Network};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// The network that there is always.
pub const GLOBAL_NETWORK: (i64, &str) = (0, "Global Default Network");
/// Most networks of a subscription.
const NETWORKS_MAX: u64 = 1_000;
/// Longest name of a network.
const NAME_CHARACTERS_MAX: usize = 80;

/// A network as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkView {
    pub id: i64,
    pub name: String,
    /// Ids and names of the appliances in it that the user sees, by id.
    pub appliances: Vec<(i64, String)>,
}

impl App {
    /// Whether the subscription has networks.
    #[must_use]
    pub fn has_networks(&self) -> bool {
        self.parts.config.networks
    }

    /// All networks, by id.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NoNetworks`].
    pub async fn list_networks(&self, actor: &Actor) -> Result<Vec<NetworkView>> {
        let _reach = actor.allow(Action::List, Resource::Network)?.reach();
        self.refuse_without_networks()?;
        let appliances = if actor.may(Action::List, Resource::Appliance).is_ok() {
            self.reached_appliances(actor, Action::List).await?
        } else {
            Vec::new()
        };
        let mut networks = vec![Network { id: GLOBAL_NETWORK.0, name: GLOBAL_NETWORK.1.to_owned() }];
        networks.extend(self.store().list_networks().await?);
        let view = |network: Network| {
            let Network { id, name } = network;
            let within = appliances.iter().filter(|appliance: &&Appliance| appliance.network_id == id);
            let appliances = within.map(|appliance| (appliance.id, appliance.name.to_string())).collect();
            NetworkView { id, name, appliances }
        };
        Ok(networks.into_iter().map(view).collect())
    }

    /// Makes a network and gives its id.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NoNetworks`], [`Error::TooLong`], [`Error::NetworkTaken`],
    /// [`Error::TooManyNetworks`].
    pub async fn create_network(&self, actor: &Actor, name: &str) -> Result<i64> {
        let _reach = actor.allow(Action::Add, Resource::Network)?.reach();
        self.refuse_without_networks()?;
        let name = checked_name(name)?;
        let added = self.store().add_network(name, NETWORKS_MAX, self.clock().now()).await;
        let id = added.map_err(|error| taken(error, name))?;
        let id = id.ok_or(Error::TooManyNetworks { max: NETWORKS_MAX })?;
        self.record_done(actor, "network", "create", format!("{id}, {name}")).await?;
        Ok(id)
    }

    /// Renames a network.
    ///
    /// # Errors
    ///
    /// Those of [`App::create_network`], and [`Error::UnknownNetwork`], also for the one that there is
    /// always.
    pub async fn update_network(&self, actor: &Actor, id: i64, name: &str) -> Result<()> {
        let _reach = actor.allow(Action::Edit, Resource::Network)?.reach();
        self.refuse_without_networks()?;
        let name = checked_name(name)?;
        let edited = self.store().edit_network(id, name, self.clock().now()).await;
        if !edited.map_err(|error| taken(error, name))? {
            return Err(Error::UnknownNetwork { id });
        }
        self.record_done(actor, "network", "update", format!("{id}, {name}")).await
    }

    /// The asset groups that are in other networks than the Global Default Network.
    pub async fn list_group_networks(&self, actor: &Actor) -> Result<Vec<GroupNetwork>> {
        // Numbers of groups, for lists of those within reach.
        let _reach = actor.allow(Action::List, Resource::AssetGroup)?.reach();
        Ok(self.store().list_group_networks().await?)
    }

    /// Refuses networks that there are none of. Whoever names one has been let in to what they name it for.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownNetwork`] with the first of them.
    pub async fn check_networks(&self, ids: impl IntoIterator<Item = i64>) -> Result<()> {
        let known = self.store().list_networks().await?;
        let is_known = |id: i64| id == GLOBAL_NETWORK.0 || known.iter().any(|network| network.id == id);
        match ids.into_iter().find(|id| !is_known(*id)) {
            Some(id) => Err(Error::UnknownNetwork { id }),
            None => Ok(()),
        }
    }

    pub(crate) fn refuse_without_networks(&self) -> Result<()> {
        if self.has_networks() { Ok(()) } else { Err(Error::NoNetworks) }
    }
}

fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    check_length("name", name, NAME_CHARACTERS_MAX)?;
    if name.is_empty() || name.eq_ignore_ascii_case(GLOBAL_NETWORK.1) {
        return Err(Error::NetworkTaken { name: name.to_owned() });
    }
    Ok(name)
}

fn taken(error: palisade_store::Error, name: &str) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::NetworkTaken { name: name.to_owned() },
        other => other.into(),
    }
}
