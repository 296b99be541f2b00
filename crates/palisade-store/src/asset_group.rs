//! Asset groups and the users they are assigned to.
//!
//! Changes of groups and assignments are made one after another, under the lock of the
//! subscription: an edit applies to what is stored at that moment, not to what its maker saw.

use palisade_model::asset_group::Environment;
use palisade_model::host_name::{HostNames, HostNamesEdit};
use palisade_model::{
    AssetGroupTitle, BusinessImpact, BusinessUnitTitle, DomainName, IpSet, Login, Role, Timestamp,
};
use sqlx::any::AnyRow;

use crate::appliance::{GroupApplianceEdit, edit_group_appliances, join};
use crate::business_unit::{join_unit, units_of_group};
use crate::domain::{add_group_domains, remove_group_domains, set_group_domains};
use crate::error::{Error, Result};
use crate::row::{Read, json_text};
use crate::scheduled_task::tasks_of_group;
use crate::store::{Store, Write};

/// Texts that people note about a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupTexts {
    pub comments: Option<String>,
    pub division: Option<String>,
    pub function: Option<String>,
    pub location: Option<String>,
}

/// A user a group is assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedUser {
    pub id: i64,
    pub login: Login,
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
}

/// A group as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetGroup {
    pub id: i64,
    pub title: AssetGroupTitle,
    /// Whoever made it.
    pub owner: Login,
    pub ips: IpSet,
    /// By name.
    pub domains: Vec<DomainName>,
    /// Hosts that belong to it wherever they are.
    pub names: HostNames,
    pub business_impact: BusinessImpact,
    pub texts: GroupTexts,
    pub environment: Environment,
    pub updated_at: Timestamp,
    /// By login.
    pub users: Vec<AssignedUser>,
}

/// A group to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssetGroup {
    pub title: AssetGroupTitle,
    pub owner: Login,
    pub ips: IpSet,
    /// Ids of its domains.
    pub domains: Vec<i64>,
    pub names: HostNames,
    pub business_impact: BusinessImpact,
    pub texts: GroupTexts,
    pub environment: Environment,
    pub updated_at: Timestamp,
    /// Ids of the users it is assigned to.
    pub users: Vec<i64>,
    /// The business unit it is put into.
    pub business_unit: Option<i64>,
    /// Ids of its scanner appliances.
    pub appliances: Vec<i64>,
    /// The one of them that is the default one; one that is none of them is passed over.
    pub default_appliance: Option<i64>,
    /// 0 for the network that there is always.
    pub network_id: i64,
}

/// Changes to a group; `None` leaves a thing as it is, an empty text removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssetGroupEdit {
    pub title: Option<AssetGroupTitle>,
    /// Replaces the addresses; the two below apply to the result.
    pub ips: Option<IpSet>,
    pub added_ips: IpSet,
    pub removed_ips: IpSet,
    /// Replaces the ids of its domains; the two below apply to the result.
    pub domains: Option<Vec<i64>>,
    pub added_domains: Vec<i64>,
    pub removed_domains: Vec<i64>,
    pub names: HostNamesEdit,
    pub business_impact: Option<BusinessImpact>,
    pub texts: GroupTexts,
    pub environment: Environment,
    /// Replaces the ids of the users it is assigned to.
    pub users: Option<Vec<i64>>,
    pub appliances: GroupApplianceEdit,
}

/// What became of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupEdited {
    Edited,
    /// The default appliance would be none of the group's; nothing was changed.
    NotOfGroup,
    Unknown,
}

/// What became of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupDeleted {
    Deleted,
    /// It is assigned to these users, and still there.
    InUse(Vec<Login>),
    /// Scheduled tasks with these titles are aimed at it, and it is still there.
    Scheduled(Vec<String>),
    /// It is in these business units, and still there.
    InUnits(Vec<BusinessUnitTitle>),
    Unknown,
}

macro_rules! columns {
    () => {
        "id, title, owner, ips, business_impact, comments, division, function, location, environment,
         host_names, updated_at"
    };
}

impl Store {
    /// Makes a group and gives its id. [`Error::Conflict`] when the title is taken.
    pub async fn add_asset_group(&self, new: &NewAssetGroup) -> Result<i64> {
        let NewAssetGroup {
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
            business_unit,
            appliances,
            default_appliance,
            network_id,
        } = new;
        let GroupTexts { comments, division, function, location } = texts;
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query(
            "INSERT INTO asset_group (title, owner, ips, business_impact, comments, division, function,
                                      location, environment, host_names, updated_at, network_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
        )
        .bind(title.to_string())
        .bind(owner.to_string())
        .bind(ips.to_string())
        .bind(business_impact.as_str())
        .bind(comments.clone())
        .bind(division.clone())
        .bind(function.clone())
        .bind(location.clone())
        .bind(json_text(environment)?)
        .bind(json_text(names)?)
        .bind(updated_at.as_microsecond())
        .bind(*network_id)
        .fetch_one(write.connection())
        .await?;
        let id = Read::new("asset_group", &row).number("id")?;
        for user in users {
            assign(&mut write, id, *user).await?;
        }
        if let Some(unit) = business_unit {
            join_unit(&mut write, *unit, id).await?;
        }
        set_group_domains(&mut write, id, domains).await?;
        for appliance in appliances {
            join(&mut write, id, *appliance, *default_appliance == Some(*appliance)).await?;
        }
        write.commit().await?;
        Ok(id)
    }

    /// All groups with their users, by title.
    pub async fn list_asset_groups(&self) -> Result<Vec<AssetGroup>> {
        // Assignments first: a group deleted in between is then missing rather than without users.
        let users = sqlx::query(
            "SELECT users.id, asset_group_id, login, first_name, last_name, role
             FROM asset_group_user JOIN users ON users.id = asset_group_user.user_id ORDER BY login",
        )
        .fetch_all(self.pool())
        .await?;
        let users: Vec<(i64, AssignedUser)> = users.iter().map(read_assigned).collect::<Result<_>>()?;
        let domains = self.list_group_domains().await?;
        let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM asset_group ORDER BY title"))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| read_group(row, &users, &domains)).collect()
    }

    /// Changes a group, all of it or nothing. [`Error::Conflict`] when the new title is taken, or something that
    /// the group is to have is gone.
    pub async fn edit_asset_group(
        &self,
        id: i64,
        edit: &AssetGroupEdit,
        now: Timestamp,
    ) -> Result<GroupEdited> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        if !edit_group(&mut write, id, edit, now).await? {
            return Ok(GroupEdited::Unknown);
        }
        if !edit_group_appliances(&mut write, id, &edit.appliances).await? {
            return Ok(GroupEdited::NotOfGroup);
        }
        write.commit().await?;
        Ok(GroupEdited::Edited)
    }

    /// Deletes a group that is assigned to nobody, that no scheduled task is aimed at, and that is in no business unit but perhaps `of_unit`.
    pub async fn delete_asset_group(&self, id: i64, of_unit: Option<i64>) -> Result<GroupDeleted> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let users = sqlx::query(
            "SELECT login FROM asset_group_user JOIN users ON users.id = asset_group_user.user_id
             WHERE asset_group_id = $1 ORDER BY login",
        )
        .bind(id)
        .fetch_all(write.connection())
        .await?;
        let users: Vec<Login> =
            users.iter().map(|row| Read::new("users", row).word("login")).collect::<Result<_>>()?;
        if !users.is_empty() {
            return Ok(GroupDeleted::InUse(users));
        }
        let tasks = tasks_of_group(&mut write, id).await?;
        if !tasks.is_empty() {
            return Ok(GroupDeleted::Scheduled(tasks));
        }
        let units = units_of_group(&mut write, id, of_unit).await?;
        if !units.is_empty() {
            return Ok(GroupDeleted::InUnits(units));
        }
        sqlx::query("DELETE FROM business_unit_asset_group WHERE asset_group_id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        let done =
            sqlx::query("DELETE FROM asset_group WHERE id = $1").bind(id).execute(write.connection()).await?;
        if done.rows_affected() == 0 {
            return Ok(GroupDeleted::Unknown);
        }
        write.commit().await?;
        Ok(GroupDeleted::Deleted)
    }

    /// Replaces the groups that are assigned to a user. [`Error::Conflict`] when one of them is gone.
    pub async fn set_user_asset_groups(&self, user: i64, groups: &[i64]) -> Result<()> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        assign_only(&mut write, user, groups).await?;
        write.commit().await
    }
}

/// Changes a group within a transaction that holds the subscription; `false` when the group is gone.
pub(crate) async fn edit_group(
    write: &mut Write,
    id: i64,
    edit: &AssetGroupEdit,
    now: Timestamp,
) -> Result<bool> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM asset_group WHERE id = $1"))
        .bind(id)
        .fetch_optional(write.connection())
        .await?;
    let Some(row) = row else { return Ok(false) };
    let edited = edit.apply(read_group(&row, &[], &[])?);
    let AssetGroup { title, ips, names, business_impact, texts, environment, .. } = edited;
    let GroupTexts { comments, division, function, location } = texts;
    sqlx::query(
        "UPDATE asset_group SET title = $2, ips = $3, business_impact = $4, comments = $5,
             division = $6, function = $7, location = $8, environment = $9, host_names = $10, updated_at = $11
         WHERE id = $1",
    )
    .bind(id)
    .bind(title.to_string())
    .bind(ips.to_string())
    .bind(business_impact.as_str())
    .bind(comments)
    .bind(division)
    .bind(function)
    .bind(location)
    .bind(json_text(&environment)?)
    .bind(json_text(&names)?)
    .bind(now.as_microsecond())
    .execute(write.connection())
    .await?;
    if let Some(users) = &edit.users {
        sqlx::query("DELETE FROM asset_group_user WHERE asset_group_id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        for user in users {
            assign(write, id, *user).await?;
        }
    }
    if let Some(domains) = &edit.domains {
        set_group_domains(write, id, domains).await?;
    }
    add_group_domains(write, id, &edit.added_domains).await?;
    remove_group_domains(write, id, &edit.removed_domains).await?;
    Ok(true)
}

/// Assigns these groups to a user and no others.
pub(crate) async fn assign_only(write: &mut Write, user: i64, groups: &[i64]) -> Result<()> {
    sqlx::query("DELETE FROM asset_group_user WHERE user_id = $1")
        .bind(user)
        .execute(write.connection())
        .await?;
    for group in groups {
        assign(write, *group, user).await?;
    }
    Ok(())
}

/// Assigns a group to a user. [`Error::Conflict`] when one of them is gone.
pub(crate) async fn assign(write: &mut Write, group: i64, user: i64) -> Result<()> {
    let assigned = sqlx::query(
        "INSERT INTO asset_group_user (asset_group_id, user_id) VALUES ($1, $2)
         ON CONFLICT (asset_group_id, user_id) DO NOTHING",
    )
    .bind(group)
    .bind(user)
    .execute(write.connection())
    .await;
    assigned.map(|_| ()).map_err(Error::gone_is_conflict)
}

impl AssetGroupEdit {
    fn apply(&self, group: AssetGroup) -> AssetGroup {
        let ips = self.ips.clone().unwrap_or(group.ips);
        let text = |new: &Option<String>, old: Option<String>| match new {
            Some(new) => Some(new.clone()).filter(|new| !new.is_empty()),
            None => old,
        };
        let GroupTexts { comments, division, function, location } = group.texts;
        AssetGroup {
            title: self.title.clone().unwrap_or(group.title),
            ips: ips.union(&self.added_ips).difference(&self.removed_ips),
            names: group.names.edited(&self.names),
            business_impact: self.business_impact.unwrap_or(group.business_impact),
            texts: GroupTexts {
                comments: text(&self.texts.comments, comments),
                division: text(&self.texts.division, division),
                function: text(&self.texts.function, function),
                location: text(&self.texts.location, location),
            },
            environment: group.environment.overlaid_with(self.environment),
            ..group
        }
    }
}

fn read_assigned(row: &AnyRow) -> Result<(i64, AssignedUser)> {
    let read = Read::new("users", row);
    let user = AssignedUser {
        id: read.number("id")?,
        login: read.word("login")?,
        first_name: read.text("first_name")?,
        last_name: read.text("last_name")?,
        role: read.word("role")?,
    };
    Ok((read.number("asset_group_id")?, user))
}

fn read_group(
    row: &AnyRow,
    users: &[(i64, AssignedUser)],
    domains: &[(i64, DomainName)],
) -> Result<AssetGroup> {
    let read = Read::new("asset_group", row);
    let id = read.number("id")?;
    Ok(AssetGroup {
        id,
        title: read.word("title")?,
        owner: read.word("owner")?,
        ips: read.value("ips")?,
        domains: domains.iter().filter(|(group, _)| *group == id).map(|(_, name)| name.clone()).collect(),
        names: read.json("host_names")?,
        business_impact: read.word("business_impact")?,
        texts: GroupTexts {
            comments: read.optional_text("comments")?,
            division: read.optional_text("division")?,
            function: read.optional_text("function")?,
            location: read.optional_text("location")?,
        },
        environment: read.json("environment")?,
        updated_at: read.time("updated_at")?,
        users: users.iter().filter(|(group, _)| *group == id).map(|(_, user)| user.clone()).collect(),
    })
}
