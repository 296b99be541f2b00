//! Distribution groups: people who are told together, by their mail addresses.

use crate::error::Result;
use crate::row::{Read, json_text};
use crate::store::Store;

/// A distribution group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionGroup {
    /// 1 and up; never given again.
    pub id: i64,
    pub title: String,
    pub addresses: Vec<String>,
}

impl Store {
    /// Makes a group and gives its id. [`crate::Error::Conflict`] when the title is taken.
    pub async fn add_distribution_group(&self, title: &str, addresses: &[String]) -> Result<i64> {
        let mut write = self.write().await?;
        let row =
            sqlx::query("INSERT INTO distribution_group (title, addresses) VALUES ($1, $2) RETURNING id")
                .bind(title.to_owned())
                .bind(json_text(&addresses)?)
                .fetch_one(write.connection())
                .await?;
        let id = Read::new("distribution_group", &row).number("id")?;
        write.commit().await?;
        Ok(id)
    }

    /// All groups, by id.
    pub async fn list_distribution_groups(&self) -> Result<Vec<DistributionGroup>> {
        let rows = sqlx::query("SELECT id, title, addresses FROM distribution_group ORDER BY id")
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("distribution_group", row);
                Ok(DistributionGroup {
                    id: read.number("id")?,
                    title: read.text("title")?,
                    addresses: read.json("addresses")?,
                })
            })
            .collect()
    }

    /// Gives a group other addresses; `false` when it is gone.
    pub async fn edit_distribution_group(&self, id: i64, addresses: &[String]) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE distribution_group SET addresses = $2 WHERE id = $1")
            .bind(id)
            .bind(json_text(&addresses)?)
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Deletes a group; `false` when it was gone already.
    pub async fn delete_distribution_group(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query("DELETE FROM distribution_group WHERE id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}
