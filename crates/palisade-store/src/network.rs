//! Networks: what equal addresses of different places are told apart by. The network with the number
//! 0 is there always and is stored nowhere.
//!
//! A network is never deleted: appliances, groups and virtual hosts name it.

use palisade_model::Timestamp;

use crate::error::Result;
use crate::row::Read;
use crate::store::Store;

/// A network as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// 1 and up.
    pub id: i64,
    pub name: String,
}

/// A group whose addresses are in another network than the one that there is always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupNetwork {
    pub asset_group_id: i64,
    pub network_id: i64,
}

impl Store {
    /// All networks but the one that there is always, by id.
    pub async fn list_networks(&self) -> Result<Vec<Network>> {
        let rows = sqlx::query("SELECT id, name FROM network ORDER BY id").fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("network", row);
                Ok(Network { id: read.number("id")?, name: read.text("name")? })
            })
            .collect()
    }

    /// Makes a network and gives its id; `None` when there are `networks_max` already.
    /// [`crate::Error::Conflict`] when the name is taken.
    pub async fn add_network(&self, name: &str, networks_max: u64, now: Timestamp) -> Result<Option<i64>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row =
            sqlx::query("SELECT COUNT(*) AS networks FROM network").fetch_one(write.connection()).await?;
        if Read::new("network", &row).count("networks")? >= networks_max {
            return Ok(None);
        }
        let row = sqlx::query("INSERT INTO network (name, updated_at) VALUES ($1, $2) RETURNING id")
            .bind(name.to_owned())
            .bind(now.as_microsecond())
            .fetch_one(write.connection())
            .await?;
        let id = Read::new("network", &row).number("id")?;
        write.commit().await?;
        Ok(Some(id))
    }

    /// The groups that are in other networks than the one that there is always, by id.
    pub async fn list_group_networks(&self) -> Result<Vec<GroupNetwork>> {
        let rows = sqlx::query("SELECT id, network_id FROM asset_group WHERE network_id <> 0 ORDER BY id")
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("asset_group", row);
                Ok(GroupNetwork {
                    asset_group_id: read.number("id")?,
                    network_id: read.number("network_id")?,
                })
            })
            .collect()
    }

    /// Renames a network. `false` when there is none; [`crate::Error::Conflict`] when the name is taken.
    pub async fn edit_network(&self, id: i64, name: &str, now: Timestamp) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE network SET name = $2, updated_at = $3 WHERE id = $1")
            .bind(id)
            .bind(name.to_owned())
            .bind(now.as_microsecond())
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}
