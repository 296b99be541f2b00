//! Scanner appliances, and which asset groups they scan for.
//!
//! An appliance is changed under the lock of the subscription, as groups are: a change applies to what
//! is stored at that moment.

use palisade_model::appliance::{StaticRoute, Vlan};
use palisade_model::{ApplianceName, Login, Timestamp};
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::row::{Read, json_text};
use crate::store::{Store, Write};

/// An appliance as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appliance {
    /// 1 and up; never given again. 0 for one that is not stored yet.
    pub id: i64,
    pub uuid: String,
    pub name: ApplianceName,
    /// The code that it is personalised with, encrypted.
    pub sealed_code: String,
    /// 0 for the network that there is always.
    pub network_id: i64,
    pub polling_interval_s: u32,
    /// Empty when there are none.
    pub comments: String,
    pub vlans: Vec<Vlan>,
    pub routes: Vec<StaticRoute>,
    pub created_at: Timestamp,
    pub created_by: Login,
}

/// An appliance of an asset group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupAppliance {
    pub asset_group_id: i64,
    pub appliance_id: i64,
    /// Whether it is the one that scans of the group go to where no other is named.
    pub is_default: bool,
}

/// Changes to the appliances of a group; applied in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupApplianceEdit {
    /// Replaces them.
    pub all: Option<Vec<i64>>,
    pub added: Vec<i64>,
    pub removed: Vec<i64>,
    /// Which of them is the default one.
    pub default: Option<i64>,
}

/// What became of putting one appliance into the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacing {
    pub old: i64,
    pub new: i64,
    /// Whether the new one gets the settings of the old one.
    pub copies_settings: bool,
    /// Whether the new one leaves the groups that it was in before.
    pub leaves_groups: bool,
}

macro_rules! columns {
    () => {
        "id, uuid, name, sealed_code, network_id, polling_interval_s, comments, vlans, routes, created_at,
         created_by"
    };
}

impl Store {
    /// All appliances, by id.
    pub async fn list_appliances(&self) -> Result<Vec<Appliance>> {
        let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM appliance ORDER BY id"))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read_appliance).collect()
    }

    /// Which groups have which appliances, by group and appliance.
    pub async fn list_group_appliances(&self) -> Result<Vec<GroupAppliance>> {
        let rows = sqlx::query(
            "SELECT asset_group_id, appliance_id, is_default FROM asset_group_appliance
             ORDER BY asset_group_id, appliance_id",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_membership).collect()
    }

    /// Makes an appliance, in a group if one is given, and gives its id; `None` when there are
    /// `appliances_max` already. [`Error::Conflict`] when the name is taken or the group is gone.
    pub async fn add_appliance(
        &self,
        appliance: &Appliance,
        asset_group: Option<i64>,
        appliances_max: u64,
    ) -> Result<Option<i64>> {
        let Appliance {
            id: _,
            uuid,
            name,
            sealed_code,
            network_id,
            polling_interval_s,
            comments,
            vlans,
            routes,
            created_at,
            created_by,
        } = appliance;
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row =
            sqlx::query("SELECT COUNT(*) AS appliances FROM appliance").fetch_one(write.connection()).await?;
        if Read::new("appliance", &row).count("appliances")? >= appliances_max {
            return Ok(None);
        }
        let row = sqlx::query(
            "INSERT INTO appliance (uuid, name, sealed_code, network_id, polling_interval_s, comments,
                                    vlans, routes, created_at, created_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        )
        .bind(uuid.clone())
        .bind(name.to_string())
        .bind(sealed_code.clone())
        .bind(*network_id)
        .bind(i64::from(*polling_interval_s))
        .bind(comments.clone())
        .bind(json_text(vlans)?)
        .bind(json_text(routes)?)
        .bind(created_at.as_microsecond())
        .bind(created_by.to_string())
        .fetch_one(write.connection())
        .await?;
        let id = Read::new("appliance", &row).number("id")?;
        if let Some(group) = asset_group {
            join(&mut write, group, id, false).await?;
        }
        write.commit().await?;
        Ok(Some(id))
    }

    /// Changes an appliance as it is stored at that moment; `change` gets it and gives what it becomes.
    /// `false` when it is gone; [`Error::Conflict`] when the new name is taken.
    pub async fn edit_appliance(
        &self,
        id: i64,
        change: impl FnOnce(Appliance) -> Appliance + Send,
    ) -> Result<bool> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let Some(old) = find(&mut write, id).await? else { return Ok(false) };
        update(&mut write, id, &change(old)).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Deletes an appliance, which leaves its groups; `false` when it was gone already.
    pub async fn delete_appliance(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        sqlx::query("DELETE FROM asset_group_appliance WHERE appliance_id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        let done =
            sqlx::query("DELETE FROM appliance WHERE id = $1").bind(id).execute(write.connection()).await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts an appliance into the place of another, in all groups. `false` when one of them is gone.
    pub async fn replace_appliance(&self, replacing: Replacing) -> Result<bool> {
        let Replacing { old, new, copies_settings, leaves_groups } = replacing;
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let (from, to) = (find(&mut write, old).await?, find(&mut write, new).await?);
        let (Some(from), Some(to)) = (from, to) else { return Ok(false) };
        if copies_settings {
            let Appliance { network_id, polling_interval_s, comments, vlans, routes, .. } = from;
            let to = Appliance { network_id, polling_interval_s, comments, vlans, routes, ..to };
            update(&mut write, new, &to).await?;
        }
        if leaves_groups {
            sqlx::query("DELETE FROM asset_group_appliance WHERE appliance_id = $1")
                .bind(new)
                .execute(write.connection())
                .await?;
        }
        let groups = sqlx::query(
            "SELECT asset_group_id, appliance_id, is_default FROM asset_group_appliance
             WHERE appliance_id = $1",
        )
        .bind(old)
        .fetch_all(write.connection())
        .await?;
        sqlx::query("DELETE FROM asset_group_appliance WHERE appliance_id = $1")
            .bind(old)
            .execute(write.connection())
            .await?;
        for row in &groups {
            let GroupAppliance { asset_group_id, is_default, .. } = read_membership(row)?;
            join(&mut write, asset_group_id, new, is_default).await?;
        }
        write.commit().await?;
        Ok(true)
    }
}

/// Changes the appliances of a group within a transaction that holds the subscription; `false` when the default
/// one would be none of them. [`Error::Conflict`] when an appliance is gone.
pub(crate) async fn edit_group_appliances(
    write: &mut Write,
    asset_group: i64,
    edit: &GroupApplianceEdit,
) -> Result<bool> {
    if let Some(all) = &edit.all {
        // Those that stay keep being the default one.
        let rows = sqlx::query(
            "SELECT asset_group_id, appliance_id, is_default FROM asset_group_appliance
             WHERE asset_group_id = $1",
        )
        .bind(asset_group)
        .fetch_all(write.connection())
        .await?;
        for row in &rows {
            let GroupAppliance { appliance_id, .. } = read_membership(row)?;
            if !all.contains(&appliance_id) {
                leave(write, asset_group, appliance_id).await?;
            }
        }
        for appliance in all {
            join(write, asset_group, *appliance, false).await?;
        }
    }
    for appliance in &edit.added {
        join(write, asset_group, *appliance, false).await?;
    }
    for appliance in &edit.removed {
        leave(write, asset_group, *appliance).await?;
    }
    if let Some(default) = edit.default {
        sqlx::query("UPDATE asset_group_appliance SET is_default = 0 WHERE asset_group_id = $1")
            .bind(asset_group)
            .execute(write.connection())
            .await?;
        let done = sqlx::query(
            "UPDATE asset_group_appliance SET is_default = 1
             WHERE asset_group_id = $1 AND appliance_id = $2",
        )
        .bind(asset_group)
        .bind(default)
        .execute(write.connection())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn find(write: &mut Write, id: i64) -> Result<Option<Appliance>> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM appliance WHERE id = $1"))
        .bind(id)
        .fetch_optional(write.connection())
        .await?;
    row.as_ref().map(read_appliance).transpose()
}

async fn update(write: &mut Write, id: i64, appliance: &Appliance) -> Result<()> {
    let Appliance { name, network_id, polling_interval_s, comments, vlans, routes, .. } = appliance;
    sqlx::query(
        "UPDATE appliance SET name = $2, network_id = $3, polling_interval_s = $4, comments = $5,
                vlans = $6, routes = $7
         WHERE id = $1",
    )
    .bind(id)
    .bind(name.to_string())
    .bind(*network_id)
    .bind(i64::from(*polling_interval_s))
    .bind(comments.clone())
    .bind(json_text(vlans)?)
    .bind(json_text(routes)?)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Puts an appliance into a group. One that is in it stays, and becomes the default one if that is said.
pub(crate) async fn join(
    write: &mut Write,
    asset_group: i64,
    appliance: i64,
    is_default: bool,
) -> Result<()> {
    let joined = sqlx::query(
        "INSERT INTO asset_group_appliance (asset_group_id, appliance_id, is_default) VALUES ($1, $2, $3)
         ON CONFLICT (asset_group_id, appliance_id) DO NOTHING",
    )
    .bind(asset_group)
    .bind(appliance)
    .bind(i64::from(is_default))
    .execute(write.connection())
    .await
    .map_err(Error::gone_is_conflict)?;
    if is_default && joined.rows_affected() == 0 {
        sqlx::query(
            "UPDATE asset_group_appliance SET is_default = 1
             WHERE asset_group_id = $1 AND appliance_id = $2",
        )
        .bind(asset_group)
        .bind(appliance)
        .execute(write.connection())
        .await?;
    }
    Ok(())
}

async fn leave(write: &mut Write, asset_group: i64, appliance: i64) -> Result<()> {
    sqlx::query("DELETE FROM asset_group_appliance WHERE asset_group_id = $1 AND appliance_id = $2")
        .bind(asset_group)
        .bind(appliance)
        .execute(write.connection())
        .await?;
    Ok(())
}

fn read_appliance(row: &AnyRow) -> Result<Appliance> {
    let read = Read::new("appliance", row);
    let interval = read.number("polling_interval_s")?;
    Ok(Appliance {
        id: read.number("id")?,
        uuid: read.text("uuid")?,
        name: read.word("name")?,
        sealed_code: read.text("sealed_code")?,
        network_id: read.number("network_id")?,
        polling_interval_s: u32::try_from(interval).map_err(|_| read.inconsistent("polling_interval_s"))?,
        comments: read.text("comments")?,
        vlans: read.json("vlans")?,
        routes: read.json("routes")?,
        created_at: read.time("created_at")?,
        created_by: read.word("created_by")?,
    })
}

fn read_membership(row: &AnyRow) -> Result<GroupAppliance> {
    let read = Read::new("asset_group_appliance", row);
    Ok(GroupAppliance {
        asset_group_id: read.number("asset_group_id")?,
        appliance_id: read.number("appliance_id")?,
        is_default: read.yes("is_default")?,
    })
}
