//! Scanner appliances: who sees and changes them.
//!
//! An appliance can be made, named, grouped and given its code; it cannot connect yet, so that each is
//! offline and every launch through one is refused.

use std::fmt::Write as _;

use palisade_model::appliance::{StaticRoute, USUAL_POLLING_INTERVAL_S, Vlan};
use palisade_model::{Action, ApplianceName, Login, Resource, Role};
use palisade_store::{Appliance, AssetGroup, GroupAppliance, Reach, Replacing};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::sealed::{seal, unseal};

/// Most appliances of a subscription.
pub const APPLIANCES_MAX: u64 = 1_000;
/// Longest comments.
const COMMENTS_CHARACTERS_MAX: usize = 2_048;
/// Digits of a personalisation code.
const CODE_DIGITS: usize = 14;
/// What codes are encrypted for.
const PURPOSE: &str = "personalisation code of an appliance";

/// An appliance of an asset group, as those see it who see the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupApplianceView {
    pub asset_group_id: i64,
    pub appliance_id: i64,
    pub name: ApplianceName,
    /// Whether it is the one that scans of the group go to where no other is named.
    pub is_default: bool,
}

/// An appliance as its users see it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApplianceView {
    pub id: i64,
    pub uuid: String,
    pub name: ApplianceName,
    /// What it is personalised with. Shown to those who may change it.
    pub code: Option<String>,
    pub network_id: i64,
    pub polling_interval_s: u32,
    /// Empty when there are none.
    pub comments: String,
    pub vlans: Vec<Vlan>,
    pub routes: Vec<StaticRoute>,
    pub created_by: Login,
    /// Ids and titles of the asset groups it scans for, as far as the user sees them.
    pub asset_groups: Vec<(i64, String)>,
}

impl std::fmt::Debug for ApplianceView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApplianceView")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// An appliance to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAppliance {
    pub name: ApplianceName,
    /// The usual one when `None`.
    pub polling_interval_s: Option<u32>,
    /// Id of the group it scans for: for everybody but Managers, who put it into groups by editing these.
    pub asset_group: Option<i64>,
}

/// Changes to an appliance; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateAppliance {
    pub name: Option<ApplianceName>,
    pub polling_interval_s: Option<u32>,
    pub comments: Option<String>,
    pub vlans: Option<Vec<Vlan>>,
    pub routes: Option<Vec<StaticRoute>>,
}

/// An appliance that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct CreatedAppliance {
    pub id: i64,
    pub code: String,
    /// How many more can be made.
    pub remaining: u64,
}

impl std::fmt::Debug for CreatedAppliance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedAppliance").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Which scanners a launch asks for; by default the server's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedScanners {
    /// Appliances by name, and the server's own scanner by its name.
    Named(Vec<String>),
    /// The same by id; 0 for the server's own scanner.
    Ids(Vec<i64>),
    /// The default appliance of each of these groups, as far as they have one.
    DefaultOfGroups(Vec<String>),
    /// All appliances of these groups.
    AllOfGroups(Vec<String>),
}

impl Default for AskedScanners {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

impl App {
    /// The appliances within the caller's reach, by id.
    pub async fn list_appliances(&self, actor: &Actor) -> Result<Vec<ApplianceView>> {
        let appliances = self.reached_appliances(actor, Action::List).await?;
        let changes = self.reached_appliances(actor, Action::Edit).await?;
        let groups = self.list_asset_groups(actor, None).await?;
        let members = self.store().list_group_appliances().await?;
        let view = |appliance: Appliance| {
            let may_change = changes.iter().any(|other| other.id == appliance.id);
            let of_groups = members.iter().filter(|member| member.appliance_id == appliance.id);
            let titles = of_groups.filter_map(|member| {
                let group = groups.iter().find(|group| group.id == member.asset_group_id)?;
                Some((group.id, group.title.clone()))
            });
            let asset_groups = titles.collect();
            self.view(appliance, asset_groups, may_change)
        };
        Ok(appliances.into_iter().map(view).collect())
    }

    fn view(
        &self,
        appliance: Appliance,
        asset_groups: Vec<(i64, String)>,
        may_change: bool,
    ) -> ApplianceView {
        let Appliance {
            id,
            uuid,
            name,
            sealed_code,
            network_id,
            polling_interval_s,
            comments,
            vlans,
            routes,
            created_at: _,
            created_by,
        } = appliance;
        let code = if may_change {
            let code = unseal(self.parts.authentication.key(), PURPOSE, &sealed_code);
            if code.is_none() {
                tracing::error!(appliance = id, "the code of an appliance cannot be decrypted");
            }
            code.map(|code| code.to_string())
        } else {
            None
        };
        ApplianceView {
            id,
            uuid,
            name,
            code,
            network_id,
            polling_interval_s,
            comments,
            vlans,
            routes,
            created_by,
            asset_groups,
        }
    }

    /// Makes a virtual appliance.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::ApplianceGroup`] for a Manager who names a group or another who names
    /// none, [`Error::UnknownAssetGroupId`], [`Error::ApplianceTaken`], [`Error::TooManyAppliances`].
    pub async fn create_appliance(&self, actor: &Actor, new: CreateAppliance) -> Result<CreatedAppliance> {
        let reach = actor.allow(Action::Add, Resource::Appliance)?.reach();
        let CreateAppliance { name, polling_interval_s, asset_group } = new;
        let by_manager = actor.role == Role::Manager;
        if by_manager == asset_group.is_some() {
            return Err(Error::ApplianceGroup { by_manager });
        }
        if let Some(id) = asset_group {
            let groups = self.store().list_asset_groups().await?;
            if !groups.iter().any(|group| group.id == id && reach.has_asset_group(group)) {
                return Err(Error::UnknownAssetGroupId { id: u64::try_from(id).unwrap_or(0) });
            }
        }
        let code = self.random_code();
        let ids = self.parts.ids.as_ref();
        let sealed_code = seal(self.parts.authentication.key(), PURPOSE, &code, ids).ok_or(Error::Seal)?;
        let appliance = Appliance {
            id: 0,
            uuid: self.random_uuid(),
            name: name.clone(),
            sealed_code,
            network_id: 0,
            polling_interval_s: polling_interval_s.unwrap_or(USUAL_POLLING_INTERVAL_S),
            comments: String::new(),
            vlans: Vec::new(),
            routes: Vec::new(),
            created_at: self.clock().now(),
            created_by: actor.login.clone(),
        };
        let added = self.store().add_appliance(&appliance, asset_group, APPLIANCES_MAX).await;
        let id = added.map_err(|error| taken(error, &name))?;
        let id = id.ok_or(Error::TooManyAppliances { max: APPLIANCES_MAX })?;
        let used = u64::try_from(self.store().list_appliances().await?.len()).unwrap_or(u64::MAX);
        self.record_done(actor, "appliance", "add", format!("{id}, {name}")).await?;
        Ok(CreatedAppliance { id, code, remaining: APPLIANCES_MAX.saturating_sub(used) })
    }

    /// Changes an appliance.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownAppliance`], [`Error::ApplianceTaken`], [`Error::TooLong`].
    pub async fn update_appliance(&self, actor: &Actor, id: i64, update: UpdateAppliance) -> Result<()> {
        self.reached_appliance(actor, Action::Edit, id).await?;
        let UpdateAppliance { name, polling_interval_s, comments, vlans, routes } = update;
        check_length("comment", comments.as_deref().unwrap_or_default(), COMMENTS_CHARACTERS_MAX)?;
        let wanted = name.clone();
        let change = |old: Appliance| Appliance {
            name: name.unwrap_or(old.name),
            polling_interval_s: polling_interval_s.unwrap_or(old.polling_interval_s),
            comments: comments.unwrap_or(old.comments),
            vlans: vlans.unwrap_or(old.vlans),
            routes: routes.unwrap_or(old.routes),
            ..old
        };
        let edited = self.store().edit_appliance(id, change).await;
        let edited = edited.map_err(|error| match &wanted {
            Some(name) => taken(error, name),
            None => error.into(),
        });
        if !edited? {
            return Err(unknown(id));
        }
        self.record_done(actor, "appliance", "update", id.to_string()).await
    }

    /// Puts an appliance into a network.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NoNetworks`], [`Error::UnknownAppliance`], [`Error::UnknownNetwork`].
    pub async fn assign_network(&self, actor: &Actor, id: i64, network_id: i64) -> Result<()> {
        let _reach = actor.allow(Action::Edit, Resource::Network)?.reach();
        self.refuse_without_networks()?;
        self.reached_appliance(actor, Action::Edit, id).await?;
        self.check_networks([network_id]).await?;
        if !self.store().edit_appliance(id, |old| Appliance { network_id, ..old }).await? {
            return Err(unknown(id));
        }
        self.record_done(actor, "appliance", "update", format!("{id} into network {network_id}")).await
    }

    /// Deletes an appliance, which leaves its asset groups. None is ever busy, because none scans yet.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownAppliance`].
    pub async fn delete_appliance(&self, actor: &Actor, id: i64) -> Result<()> {
        self.reached_appliance(actor, Action::Delete, id).await?;
        if !self.store().delete_appliance(id).await? {
            return Err(unknown(id));
        }
        self.record_done(actor, "appliance", "delete", id.to_string()).await
    }

    /// Puts an appliance into the place of another, in all asset groups.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownApplianceName`] for either, [`Error::SameAppliance`].
    pub async fn replace_appliance(
        &self,
        actor: &Actor,
        (old_name, new_name): (&str, &str),
        copies_settings: bool,
        leaves_groups: bool,
    ) -> Result<()> {
        let reached = self.reached_appliances(actor, Action::Edit).await?;
        let find = |name: &str| {
            let found =
                reached.iter().find(|appliance| appliance.name.as_str() == name).map(|found| found.id);
            found.ok_or_else(|| Error::UnknownApplianceName { name: name.to_owned() })
        };
        let (old, new) = (find(old_name)?, find(new_name)?);
        if old == new {
            return Err(Error::SameAppliance);
        }
        let replacing = Replacing { old, new, copies_settings, leaves_groups };
        if !self.store().replace_appliance(replacing).await? {
            return Err(Error::Conflict);
        }
        self.record_done(actor, "appliance", "replace", format!("{old_name} by {new_name}")).await
    }

    /// Refuses a launch through appliances. None can connect yet, so every one is offline; what is left
    /// is the server's own scanner.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownApplianceName`] or [`Error::UnknownAppliance`] for one beyond reach,
    /// [`Error::ApplianceOffline`].
    pub async fn check_scanners(&self, actor: &Actor, asked: &AskedScanners) -> Result<()> {
        let offline = |appliance: &Appliance| Error::ApplianceOffline { name: appliance.name.to_string() };
        let groups = match asked {
            AskedScanners::Named(names) => {
                let own = |name: &&String| !name.eq_ignore_ascii_case(palisade_model::appliance::BUILT_IN);
                let Some(name) = names.iter().find(own) else { return Ok(()) };
                let reached = self.reached_appliances(actor, Action::List).await?;
                let found = reached.iter().find(|appliance| appliance.name.as_str() == name);
                let unknown = || Error::UnknownApplianceName { name: name.clone() };
                return Err(found.map_or_else(unknown, offline));
            }
            AskedScanners::Ids(ids) => {
                let Some(id) = ids.iter().find(|id| **id != 0) else { return Ok(()) };
                return Err(offline(&self.reached_appliance(actor, Action::List, *id).await?));
            }
            AskedScanners::DefaultOfGroups(titles) | AskedScanners::AllOfGroups(titles) => titles,
        };
        let default_only = matches!(asked, AskedScanners::DefaultOfGroups(_));
        let stored = self.store().list_asset_groups().await?;
        let members = self.store().list_group_appliances().await?;
        let asked_for = |member: &&GroupAppliance| {
            (member.is_default || !default_only)
                && stored.iter().any(|group: &AssetGroup| {
                    group.id == member.asset_group_id
                        && groups.iter().any(|title| title == group.title.as_str())
                })
        };
        let Some(member) = members.iter().find(asked_for) else { return Ok(()) };
        let appliances = self.store().list_appliances().await?;
        match appliances.iter().find(|appliance| appliance.id == member.appliance_id) {
            Some(appliance) => Err(offline(appliance)),
            None => Ok(()),
        }
    }

    /// Which asset groups within the caller's reach have which appliances, by group and appliance. Whoever sees
    /// a group sees what its appliances are called.
    pub async fn list_group_appliances(&self, actor: &Actor) -> Result<Vec<GroupApplianceView>> {
        let reach = actor.allow(Action::List, Resource::AssetGroup)?.asset_groups();
        let members = self.store().list_group_appliances().await?;
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let groups = self.store().list_asset_groups().await?;
        let appliances = self.store().list_appliances().await?;
        let view = |member: GroupAppliance| {
            let GroupAppliance { asset_group_id, appliance_id, is_default } = member;
            let seen = groups.iter().any(|group| group.id == asset_group_id && reach.has(group));
            let appliance = appliances.iter().find(|appliance| seen && appliance.id == appliance_id)?;
            let name = appliance.name.clone();
            Some(GroupApplianceView { asset_group_id, appliance_id, name, is_default })
        };
        Ok(members.into_iter().filter_map(view).collect())
    }

    /// The ids of the appliances of these names, for putting them into groups.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownApplianceName`] with the first name that none within reach has.
    pub async fn appliance_ids(&self, actor: &Actor, names: &[String]) -> Result<Vec<i64>> {
        let known = self.groupable_appliances(actor).await?;
        let id = |name: &String| {
            let found = known.iter().find(|appliance| appliance.name.as_str() == name);
            found
                .map(|appliance| appliance.id)
                .ok_or_else(|| Error::UnknownApplianceName { name: name.clone() })
        };
        names.iter().map(id).collect()
    }

    /// Refuses appliances beyond the caller's reach, for putting them into groups.
    pub(crate) async fn check_group_appliances(
        &self,
        actor: &Actor,
        ids: impl Iterator<Item = &i64>,
    ) -> Result<()> {
        let ids: Vec<i64> = ids.copied().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let known = self.groupable_appliances(actor).await?;
        match ids.into_iter().find(|id| !known.iter().any(|appliance| appliance.id == *id)) {
            Some(id) => Err(unknown(id)),
            None => Ok(()),
        }
    }

    async fn groupable_appliances(&self, actor: &Actor) -> Result<Vec<Appliance>> {
        // An Administrator puts any appliance into groups, as they do with addresses.
        match actor.role {
            Role::Administrator => Ok(self.store().list_appliances().await?),
            _ => self.reached_appliances(actor, Action::List).await,
        }
    }

    async fn reached_appliance(&self, actor: &Actor, action: Action, id: i64) -> Result<Appliance> {
        let reached = self.reached_appliances(actor, action).await?;
        reached.into_iter().find(|appliance| appliance.id == id).ok_or_else(|| unknown(id))
    }

    /// The appliances that the caller may do this with: own ones, and those of asset groups within reach.
    pub(crate) async fn reached_appliances(&self, actor: &Actor, action: Action) -> Result<Vec<Appliance>> {
        let reach = actor.allow(action, Resource::Appliance)?.reach();
        let mut appliances = self.store().list_appliances().await?;
        if reach == Reach::Everything {
            return Ok(appliances);
        }
        let by_groups = !matches!(reach, Reach::Own { .. });
        let members = if by_groups { self.store().list_group_appliances().await? } else { Vec::new() };
        let groups = self.store().list_asset_groups().await?;
        appliances.retain(|appliance| {
            let member = |group: &AssetGroup| {
                members
                    .iter()
                    .any(|member| (member.asset_group_id, member.appliance_id) == (group.id, appliance.id))
            };
            appliance.created_by == actor.login
                || groups.iter().any(|group| reach.has_asset_group(group) && member(group))
        });
        Ok(appliances)
    }

    fn random_code(&self) -> String {
        (0..CODE_DIGITS).fold(String::with_capacity(CODE_DIGITS), |mut code, _| {
            // Writing to a string does not fail.
            let _ = write!(code, "{}", self.parts.ids.below(10));
            code
        })
    }

    /// Random, of version 4.
    fn random_uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.parts.ids.fill(&mut bytes);
        let number = u128::from_be_bytes(bytes);
        let number = number & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
        let text = format!("{number:032x}");
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }
}

const fn unknown(id: i64) -> Error {
    Error::UnknownAppliance { id }
}

fn taken(error: palisade_store::Error, name: &ApplianceName) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::ApplianceTaken { name: name.to_string() },
        other => other.into(),
    }
}
