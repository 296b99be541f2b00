//! The domains of the subscription, and which asset groups have them.
//!
//! A domain is never deleted: maps and groups name it.

use palisade_model::{DomainName, IpSet, Timestamp};
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::row::Read;
use crate::store::{Store, Write};

/// A domain as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    pub id: i64,
    pub name: DomainName,
    /// The addresses that belong to it; possibly none.
    pub netblock: IpSet,
    pub updated_at: Timestamp,
}

impl Store {
    /// Adds a domain and gives its id. [`Error::Conflict`] when it is there already.
    pub async fn add_domain(&self, name: &DomainName, netblock: &IpSet, now: Timestamp) -> Result<i64> {
        let mut write = self.write().await?;
        let id = insert(&mut write, name, netblock, now).await?;
        write.commit().await?;
        Ok(id)
    }

    /// The same for a domain that an asset group is to have, in one step. [`Error::Conflict`] also when
    /// the group is gone.
    pub async fn add_domain_to_group(
        &self,
        name: &DomainName,
        netblock: &IpSet,
        group: i64,
        now: Timestamp,
    ) -> Result<i64> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let id = insert(&mut write, name, netblock, now).await?;
        add_group_domains(&mut write, group, &[id]).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Replaces the addresses of a domain. `false` when there is no such domain.
    pub async fn edit_domain(&self, name: &DomainName, netblock: &IpSet, now: Timestamp) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE domain SET netblock = $2, updated_at = $3 WHERE name = $1")
            .bind(name.to_string())
            .bind(netblock.to_string())
            .bind(now.as_microsecond())
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// All domains, by name.
    pub async fn list_domains(&self) -> Result<Vec<Domain>> {
        let rows = sqlx::query("SELECT id, name, netblock, updated_at FROM domain ORDER BY name")
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read_domain).collect()
    }

    /// Which domains each group has: pairs of a group's id and a name, by name.
    pub(crate) async fn list_group_domains(&self) -> Result<Vec<(i64, DomainName)>> {
        let rows = sqlx::query(
            "SELECT asset_group_id, name FROM asset_group_domain JOIN domain ON domain.id = domain_id
             ORDER BY name",
        )
        .fetch_all(self.pool())
        .await?;
        let pair = |row| {
            let read = Read::new("asset_group_domain", row);
            Ok((read.number("asset_group_id")?, read.word("name")?))
        };
        rows.iter().map(pair).collect()
    }
}

/// Replaces the domains of a group. [`Error::Conflict`] when one of them is gone.
pub(crate) async fn set_group_domains(write: &mut Write, group: i64, domains: &[i64]) -> Result<()> {
    sqlx::query("DELETE FROM asset_group_domain WHERE asset_group_id = $1")
        .bind(group)
        .execute(write.connection())
        .await?;
    add_group_domains(write, group, domains).await
}

/// Takes domains from a group.
pub(crate) async fn remove_group_domains(write: &mut Write, group: i64, domains: &[i64]) -> Result<()> {
    for domain in domains {
        sqlx::query("DELETE FROM asset_group_domain WHERE asset_group_id = $1 AND domain_id = $2")
            .bind(group)
            .bind(*domain)
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

/// Adds domains to a group. [`Error::Conflict`] when one of them is gone.
pub(crate) async fn add_group_domains(write: &mut Write, group: i64, domains: &[i64]) -> Result<()> {
    for domain in domains {
        let added = sqlx::query(
            "INSERT INTO asset_group_domain (asset_group_id, domain_id) VALUES ($1, $2)
             ON CONFLICT (asset_group_id, domain_id) DO NOTHING",
        )
        .bind(group)
        .bind(*domain)
        .execute(write.connection())
        .await;
        match added {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
                return Err(Error::Conflict);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn insert(write: &mut Write, name: &DomainName, netblock: &IpSet, now: Timestamp) -> Result<i64> {
    let row = sqlx::query("INSERT INTO domain (name, netblock, updated_at) VALUES ($1, $2, $3) RETURNING id")
        .bind(name.to_string())
        .bind(netblock.to_string())
        .bind(now.as_microsecond())
        .fetch_one(write.connection())
        .await?;
    Read::new("domain", &row).number("id")
}

fn read_domain(row: &AnyRow) -> Result<Domain> {
    let read = Read::new("domain", row);
    Ok(Domain {
        id: read.number("id")?,
        name: read.word("name")?,
        netblock: read.value("netblock")?,
        updated_at: read.time("updated_at")?,
    })
}
