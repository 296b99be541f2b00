//! Asset groups: named sets of addresses and domains, and who may see and change them.
//!
//! The group named `All` is stored nowhere: it is every address within the caller's reach. Making
//! or changing a group never widens anybody's reach beyond that of whoever does it, because they
//! can put in only what they reach themselves.

use palisade_model::asset_group::{ALL, Environment};
use palisade_model::host_name::{HostNames, HostNamesEdit};
use palisade_model::{
    Action, AssetGroupTitle, BusinessImpact, DomainName, IpSet, Login, Resource, Role, Timestamp,
};
use palisade_store::{
    AssetGroup, AssetGroupEdit, AssignedUser, BusinessUnit, Domain, GroupApplianceEdit, GroupDeleted,
    GroupEdited, GroupTexts, NewAssetGroup, Reach, User,
};

use crate::actor::{Actor, GroupReach};
use crate::app::App;
use crate::domain::DomainView;
use crate::error::{Error, Result, check_length};
use crate::network::GLOBAL_NETWORK;

/// Most groups of a subscription.
const GROUPS_MAX: usize = 10_000;
/// Longest texts noted about a group.
const COMMENTS_CHARACTERS_MAX: usize = 1_024;
const TEXT_CHARACTERS_MAX: usize = 255;

/// A group as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetGroupView {
    /// 0 for the group of everything.
    pub id: i64,
    pub title: String,
    pub ips: IpSet,
    /// By name.
    pub domains: Vec<DomainView>,
    pub names: HostNames,
    pub business_impact: BusinessImpact,
    pub texts: GroupTexts,
    pub environment: Environment,
    pub updated_at: Timestamp,
    /// By login.
    pub users: Vec<AssignedUser>,
    /// Whoever made it; nobody for the group of everything, and for those of users that are gone.
    pub owner: Option<GroupOwner>,
    /// Ids of the business units it is in.
    pub business_units: Vec<i64>,
}

/// Whoever made a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOwner {
    pub id: i64,
    pub login: Login,
    pub first_name: String,
    pub last_name: String,
    /// Id of the business unit they are in.
    pub business_unit: Option<i64>,
}

/// A group to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddAssetGroup {
    pub title: AssetGroupTitle,
    pub ips: IpSet,
    /// Domains within the caller's reach.
    pub domains: Vec<DomainName>,
    /// Hosts that belong to it wherever they are.
    pub names: HostNames,
    /// High when `None`.
    pub business_impact: Option<BusinessImpact>,
    pub texts: GroupTexts,
    pub environment: Environment,
    /// Logins of the users it is assigned to; for those who manage users.
    pub users: Option<Vec<String>>,
    /// Ids of its scanner appliances, and which of them is the default one.
    pub appliances: Vec<i64>,
    pub default_appliance: Option<i64>,
    /// 0 for the network that there is always.
    pub network_id: i64,
}

/// Changes to a group; `None` leaves a thing as it is, an empty text removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditAssetGroup {
    pub title: AssetGroupTitle,
    pub new_title: Option<AssetGroupTitle>,
    /// Replaces the addresses; the two below apply to the result.
    pub ips: Option<IpSet>,
    pub added_ips: IpSet,
    pub removed_ips: IpSet,
    /// Replaces the domains; all must be within the caller's reach. The two below apply to the result.
    pub domains: Option<Vec<DomainName>>,
    pub added_domains: Vec<DomainName>,
    pub removed_domains: Vec<DomainName>,
    pub names: HostNamesEdit,
    pub business_impact: Option<BusinessImpact>,
    pub texts: GroupTexts,
    pub environment: Environment,
    /// Replaces the logins of the users it is assigned to; for those who manage users.
    pub users: Option<Vec<String>>,
    pub appliances: GroupApplianceEdit,
}

impl App {
    /// The groups within the caller's reach, the one of everything first, then by title; with
    /// `title` only that one, if it is there.
    pub async fn list_asset_groups(
        &self,
        actor: &Actor,
        title: Option<&AssetGroupTitle>,
    ) -> Result<Vec<AssetGroupView>> {
        let reach = actor.allow(Action::List, Resource::AssetGroup)?.asset_groups();
        let mut views = Vec::new();
        if title.is_none_or(AssetGroupTitle::is_all) {
            views.push(self.everything(&reach.reach).await?);
        }
        let wanted = |group: &AssetGroup| reach.has(group) && title.is_none_or(|title| *title == group.title);
        let groups = self.store().list_asset_groups().await?;
        let domains = self.store().list_domains().await?;
        let users = self.store().list_users().await?;
        let units = self.store().list_business_units().await?;
        views.extend(groups.into_iter().filter(wanted).map(|group| view(group, &domains, &users, &units)));
        Ok(views)
    }

    /// The addresses of the groups with these titles, all together. For calls that take targets
    /// by their groups.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownAssetGroup`] with the first title that no group within reach has.
    pub async fn asset_group_ips(&self, actor: &Actor, titles: &[String]) -> Result<IpSet> {
        let reach = actor.allow(Action::List, Resource::AssetGroup)?.asset_groups();
        let groups = self.store().list_asset_groups().await?;
        let mut ranges = Vec::new();
        let mut names = HostNames::default();
        for title in titles {
            if title.eq_ignore_ascii_case(ALL) {
                ranges.extend_from_slice(self.everything(&reach.reach).await?.ips.ranges());
            } else {
                let group = named(&groups, title).filter(|group| reach.has(group));
                let group = group.ok_or_else(|| Error::UnknownAssetGroup { title: title.clone() })?;
                ranges.extend_from_slice(group.ips.ranges());
                names.join(&group.names);
            }
        }
        Ok(ranges.into_iter().collect::<IpSet>().union(&self.named_hosts(actor, &names).await?))
    }

    /// The addresses within the caller's reach at which scans have last found hosts of these names.
    pub(crate) async fn named_hosts(&self, actor: &Actor, names: &HostNames) -> Result<IpSet> {
        if *names == HostNames::default() {
            return Ok(IpSet::new());
        }
        // Who only manages users sees nothing of the hosts.
        let Ok(permit) = actor.allow(Action::List, Resource::Host) else { return Ok(IpSet::new()) };
        let visible = permit.reach().hosts(&self.store().subscription_ips().await?);
        Ok(self.store().ips_of_names(names).await?.intersection(&visible))
    }

    /// Makes a group and gives its id. The caller owns it; a Unit Manager's group is in the unit.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::EverythingGroup`], [`Error::NotInSubscription`],
    /// [`Error::UnknownOwner`] and [`Error::NotAssignable`] for users it cannot be assigned to,
    /// [`Error::UnknownAppliance`] for appliances beyond reach, [`Error::NotOfGroup`] for a default one that is
    /// none of them, [`Error::NoNetworks`], [`Error::UnknownNetwork`], [`Error::AssetGroupTaken`],
    /// [`Error::TooManyAssetGroups`].
    pub async fn add_asset_group(&self, actor: &Actor, group: AddAssetGroup) -> Result<i64> {
        let reach = actor.allow(Action::Add, Resource::AssetGroup)?.asset_groups();
        let AddAssetGroup {
            title,
            ips,
            domains,
            names,
            business_impact,
            texts,
            environment,
            users,
            appliances,
            default_appliance,
            network_id,
        } = group;
        refuse_everything(&title)?;
        check_texts(&texts)?;
        self.refuse_foreign(actor, &ips).await?;
        let domains = self.domain_ids(actor, &domains).await?;
        let users = self.assignable(actor, users).await?.unwrap_or_default();
        self.check_group_appliances(actor, appliances.iter().chain(&default_appliance)).await?;
        if let Some(id) = default_appliance.filter(|id| !appliances.contains(id)) {
            return Err(Error::NotOfGroup { id });
        }
        if network_id != GLOBAL_NETWORK.0 {
            self.refuse_without_networks()?;
            self.check_networks([network_id]).await?;
        }
        if self.store().list_asset_groups().await?.len() >= GROUPS_MAX {
            return Err(Error::TooManyAssetGroups { max: GROUPS_MAX });
        }
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let GroupTexts { comments, division, function, location } = texts;
        let new = NewAssetGroup {
            title: title.clone(),
            owner: actor.login.clone(),
            ips,
            domains,
            names,
            business_impact: business_impact.unwrap_or_default(),
            texts: GroupTexts {
                comments: filled(comments),
                division: filled(division),
                function: filled(function),
                location: filled(location),
            },
            environment,
            updated_at: self.clock().now(),
            users,
            business_unit: reach.unit,
            appliances,
            default_appliance,
            network_id,
        };
        let id = self.store().add_asset_group(&new).await.map_err(|error| taken(error, &title))?;
        self.record_done(actor, "asset_group", "add", title.to_string()).await?;
        Ok(id)
    }

    /// Changes a group within the caller's reach; see [`App::add_asset_group`] for the errors,
    /// and [`Error::UnknownAssetGroup`].
    pub async fn edit_asset_group(&self, actor: &Actor, edit: EditAssetGroup) -> Result<()> {
        let reach = actor.allow(Action::Edit, Resource::AssetGroup)?.asset_groups();
        let EditAssetGroup {
            title,
            new_title,
            ips,
            added_ips,
            removed_ips,
            domains,
            added_domains,
            removed_domains,
            names,
            business_impact,
            texts,
            environment,
            users,
            appliances,
        } = edit;
        refuse_everything(&title)?;
        new_title.as_ref().map_or(Ok(()), refuse_everything)?;
        check_texts(&texts)?;
        let group = self.find_asset_group(&reach, &title).await?;
        self.refuse_foreign(actor, &ips.as_ref().map_or(added_ips.clone(), |ips| ips.union(&added_ips)))
            .await?;
        let domains = match domains {
            Some(names) => Some(self.domain_ids(actor, &names).await?),
            None => None,
        };
        let added_domains = self.domain_ids(actor, &added_domains).await?;
        let removed_domains = self.domain_ids(actor, &removed_domains).await?;
        let users = self.assignable(actor, users).await?;
        let GroupApplianceEdit { all, added, removed, default } = &appliances;
        let named = all.iter().flatten().chain(added).chain(removed).chain(default);
        self.check_group_appliances(actor, named).await?;
        let default_appliance = *default;
        let edit = AssetGroupEdit {
            title: new_title.clone(),
            ips,
            added_ips,
            removed_ips,
            domains,
            added_domains,
            removed_domains,
            names,
            business_impact,
            texts,
            environment,
            users,
            appliances,
        };
        let wanted = new_title.as_ref().unwrap_or(&title);
        let edited = self.store().edit_asset_group(group.id, &edit, self.clock().now()).await;
        match edited.map_err(|error| taken(error, wanted))? {
            GroupEdited::Edited => {}
            GroupEdited::Unknown => return Err(Error::UnknownAssetGroup { title: title.to_string() }),
            GroupEdited::NotOfGroup => {
                return Err(Error::NotOfGroup { id: default_appliance.unwrap_or_default() });
            }
        }
        self.record_done(actor, "asset_group", "edit", title.to_string()).await
    }

    /// Deletes a group within the caller's reach.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::EverythingGroup`], [`Error::UnknownAssetGroup`],
    /// [`Error::AssetGroupInUse`] while it is assigned to anybody,
    /// [`Error::AssetGroupScheduled`] while scheduled tasks are aimed at it, [`Error::AssetGroupInUnits`] while
    /// it is in a business unit that is not the caller's.
    pub async fn delete_asset_group(&self, actor: &Actor, title: &AssetGroupTitle) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::AssetGroup)?.asset_groups();
        refuse_everything(title)?;
        let group = self.find_asset_group(&reach, title).await?;
        match self.store().delete_asset_group(group.id, reach.unit).await? {
            GroupDeleted::Deleted => {}
            GroupDeleted::Unknown => return Err(Error::UnknownAssetGroup { title: title.to_string() }),
            GroupDeleted::InUse(users) => {
                return Err(Error::AssetGroupInUse { title: title.to_string(), users });
            }
            GroupDeleted::Scheduled(tasks) => {
                return Err(Error::AssetGroupScheduled { title: title.to_string(), tasks });
            }
            GroupDeleted::InUnits(units) => {
                let units = units.iter().map(ToString::to_string).collect();
                return Err(Error::AssetGroupInUnits { title: title.to_string(), units });
            }
        }
        self.record_done(actor, "asset_group", "delete", title.to_string()).await
    }

    /// Replaces the groups that are assigned to a user. Local administration, so nobody's
    /// permission is asked. It takes effect with the next call and the next slice.
    pub async fn set_user_asset_groups(&self, login: &Login, titles: &[String]) -> Result<()> {
        let user = self.store().user(login).await?.ok_or(Error::UnknownUser)?;
        let groups = self.asset_group_ids(titles).await?;
        self.store().set_user_asset_groups(user.id, &groups).await?;
        self.record_local("asset_groups", format!("{login}, {}", titles.join(","))).await
    }

    /// The ids of the groups with these titles that `actor` may assign to a user of this role in this
    /// unit.
    ///
    /// # Errors
    ///
    /// [`Error::NoAssetGroups`], [`Error::UnknownAssetGroup`] also for groups beyond reach or not of
    /// the unit.
    pub(crate) async fn asset_groups_for(
        &self,
        actor: &Actor,
        role: Role,
        unit: Option<i64>,
        titles: &[String],
    ) -> Result<Vec<i64>> {
        if !role.takes_asset_groups() && !titles.is_empty() {
            return Err(Error::NoAssetGroups { role });
        }
        let reach = actor.allow(Action::List, Resource::AssetGroup)?.asset_groups();
        let units = self.store().list_business_units().await?;
        let of_unit = units.into_iter().find(|found| Some(found.id) == unit).map(|unit| unit.asset_groups);
        let groups = self.store().list_asset_groups().await?;
        let id = |title: &String| {
            let group = named(&groups, title).filter(|group| reach.has(group)).map(|group| group.id);
            let group = group.filter(|id| of_unit.as_ref().is_none_or(|groups| groups.contains(id)));
            group.ok_or_else(|| Error::UnknownAssetGroup { title: title.clone() })
        };
        titles.iter().map(id).collect()
    }

    /// The group of the unit that something new goes into: the one with the title, else the first there
    /// was. `None` for whoever reaches everything, with or without a group.
    pub(crate) async fn group_of_unit(&self, within: GroupReach, title: Option<&str>) -> Result<Option<i64>> {
        if within.reach == Reach::Everything {
            return Ok(None);
        }
        let Some(unit) = within.unit else { return Err(Error::UnitWithoutGroups) };
        let units = self.store().list_business_units().await?;
        let of_unit = units.into_iter().find(|found| found.id == unit).map(|unit| unit.asset_groups);
        let of_unit = of_unit.unwrap_or_default();
        let Some(title) = title else {
            return of_unit.into_iter().min().map(Some).ok_or(Error::UnitWithoutGroups);
        };
        let groups = self.store().list_asset_groups().await?;
        let group = named(&groups, title).map(|group| group.id).filter(|id| of_unit.contains(id));
        group.map(Some).ok_or_else(|| Error::UnknownAssetGroup { title: title.to_owned() })
    }

    /// The ids of the stored groups with these titles.
    pub(crate) async fn asset_group_ids(&self, titles: &[String]) -> Result<Vec<i64>> {
        let groups = self.store().list_asset_groups().await?;
        let id = |title: &String| {
            let group = named(&groups, title).map(|group| group.id);
            group.ok_or_else(|| Error::UnknownAssetGroup { title: title.clone() })
        };
        titles.iter().map(id).collect()
    }

    async fn find_asset_group(&self, reach: &GroupReach, title: &AssetGroupTitle) -> Result<AssetGroup> {
        let mut groups = self.store().list_asset_groups().await?.into_iter();
        groups
            .find(|group| group.title == *title && reach.has(group))
            .ok_or_else(|| Error::UnknownAssetGroup { title: title.to_string() })
    }

    /// The group of everything within `reach`; it is always as of now.
    async fn everything(&self, reach: &Reach) -> Result<AssetGroupView> {
        Ok(AssetGroupView {
            id: 0,
            title: ALL.to_owned(),
            ips: reach.hosts(&self.store().subscription_ips().await?),
            domains: self.domains_within(reach).await?.into_iter().map(DomainView::from).collect(),
            names: HostNames::default(),
            business_impact: BusinessImpact::default(),
            texts: GroupTexts::default(),
            environment: Environment::default(),
            updated_at: self.clock().now(),
            users: Vec::new(),
            owner: None,
            business_units: Vec::new(),
        })
    }

    /// Refuses addresses that are not in the subscription or not within the caller's reach.
    async fn refuse_foreign(&self, actor: &Actor, ips: &IpSet) -> Result<()> {
        // An Administrator puts any address into groups without seeing anything of the hosts.
        let hosts = match actor.role {
            Role::Administrator => Reach::Everything,
            _ => actor.allow(Action::List, Resource::Host)?.reach(),
        };
        let foreign = ips.difference(&hosts.hosts(&self.store().subscription_ips().await?));
        if foreign.is_empty() { Ok(()) } else { Err(Error::NotInSubscription { ips: foreign }) }
    }

    /// The ids of the users a group is to be assigned to.
    async fn assignable(&self, actor: &Actor, logins: Option<Vec<String>>) -> Result<Option<Vec<i64>>> {
        let Some(logins) = logins else { return Ok(None) };
        let within = actor.allow(Action::Edit, Resource::User)?.users();
        let mut ids = Vec::new();
        for text in logins {
            let unknown = || Error::NotAssignable { login: text.chars().take(64).collect() };
            let login: Login = text.parse().map_err(|_| unknown())?;
            let user = self.store().user(&login).await?.ok_or_else(unknown)?;
            if !user.role.takes_asset_groups() || !within.has(&user) {
                return Err(unknown());
            }
            ids.push(user.id);
        }
        Ok(Some(ids))
    }
}

fn named<'a>(groups: &'a [AssetGroup], title: &str) -> Option<&'a AssetGroup> {
    groups.iter().find(|group| group.title.as_str() == title)
}

fn refuse_everything(title: &AssetGroupTitle) -> Result<()> {
    if title.is_all() { Err(Error::EverythingGroup) } else { Ok(()) }
}

fn check_texts(texts: &GroupTexts) -> Result<()> {
    let GroupTexts { comments, division, function, location } = texts;
    let check =
        |field, text: &Option<String>, max| check_length(field, text.as_deref().unwrap_or_default(), max);
    check("comments", comments, COMMENTS_CHARACTERS_MAX)?;
    check("division", division, TEXT_CHARACTERS_MAX)?;
    check("function", function, TEXT_CHARACTERS_MAX)?;
    check("location", location, TEXT_CHARACTERS_MAX)
}

fn taken(error: palisade_store::Error, title: &AssetGroupTitle) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::AssetGroupTaken { title: title.to_string() },
        other => other.into(),
    }
}

fn view(
    group: AssetGroup,
    all_domains: &[Domain],
    all_users: &[User],
    units: &[BusinessUnit],
) -> AssetGroupView {
    let AssetGroup {
        id,
        title,
        owner,
        ips,
        domains,
        names,
        business_impact,
        texts,
        environment,
        updated_at,
        users,
    } = group;
    let domains = all_domains.iter().filter(|domain| domains.contains(&domain.name)).cloned();
    let owner = all_users.iter().find(|user| user.login == owner).map(|user| GroupOwner {
        id: user.id,
        login: user.login.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        business_unit: user.business_unit,
    });
    let of_units = units.iter().filter(|unit| unit.asset_groups.contains(&id)).map(|unit| unit.id);
    AssetGroupView {
        id,
        title: title.to_string(),
        ips,
        domains: domains.map(DomainView::from).collect(),
        names,
        business_impact,
        texts,
        environment,
        updated_at,
        users,
        owner,
        business_units: of_units.collect(),
    }
}
