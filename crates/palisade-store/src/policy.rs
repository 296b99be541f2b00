//! Remediation policies, in the order in which they are asked.

use palisade_model::PolicyRule;

use crate::error::Result;
use crate::row::{Read, json_text};
use crate::store::{Store, Write, expect_rows};

/// A policy as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub id: i64,
    pub title: String,
    pub rule: PolicyRule,
}

impl Store {
    /// All policies, the one that is asked first first.
    pub async fn list_policies(&self) -> Result<Vec<Policy>> {
        let rows = sqlx::query("SELECT id, title, rule FROM remediation_policy ORDER BY position, id")
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("remediation_policy", row);
                Ok(Policy { id: read.number("id")?, title: read.text("title")?, rule: read.json("rule")? })
            })
            .collect()
    }

    /// Adds a policy after all others. [`crate::Error::Conflict`] when the title is taken.
    pub async fn add_policy(&self, title: &str, rule: &PolicyRule) -> Result<()> {
        let mut write = self.write().await?;
        let order = lock_order(self, &mut write).await?;
        sqlx::query("INSERT INTO remediation_policy (title, position, rule) VALUES ($1, $2, $3)")
            .bind(title)
            .bind(i64::try_from(order.len()).unwrap_or(i64::MAX))
            .bind(json_text(rule)?)
            .execute(write.connection())
            .await?;
        write.commit().await
    }

    /// Gives a policy another title, another rule or both; `false` when there is no such policy.
    /// [`crate::Error::Conflict`] when the title is taken.
    pub async fn edit_policy(&self, id: i64, title: &str, rule: &PolicyRule) -> Result<bool> {
        let mut write = self.write().await?;
        lock_order(self, &mut write).await?;
        let done = sqlx::query("UPDATE remediation_policy SET title = $2, rule = $3 WHERE id = $1")
            .bind(id)
            .bind(title)
            .bind(json_text(rule)?)
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Moves a policy to another position among all, 0 for the first; `false` when there is no
    /// such policy.
    pub async fn move_policy(&self, id: i64, position: usize) -> Result<bool> {
        let mut write = self.write().await?;
        let mut order = lock_order(self, &mut write).await?;
        let before = order.len();
        order.retain(|other| *other != id);
        if order.len() == before {
            return Ok(false);
        }
        order.insert(position.min(order.len()), id);
        write_order(&mut write, &order).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Deletes a policy; the tickets it made stay. `false` when there is no such policy.
    pub async fn delete_policy(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        let mut order = lock_order(self, &mut write).await?;
        let done = sqlx::query("DELETE FROM remediation_policy WHERE id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        order.retain(|other| *other != id);
        write_order(&mut write, &order).await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

/// The ids in their order. Changes are made one after another, under the lock of the subscription.
async fn lock_order(store: &Store, write: &mut Write) -> Result<Vec<i64>> {
    sqlx::query(store.dialect().lock_subscription()).fetch_one(write.connection()).await?;
    let rows = sqlx::query("SELECT id FROM remediation_policy ORDER BY position, id")
        .fetch_all(write.connection())
        .await?;
    rows.iter().map(|row| Read::new("remediation_policy", row).number("id")).collect()
}

async fn write_order(write: &mut Write, order: &[i64]) -> Result<()> {
    for (id, position) in order.iter().zip(0_i64..) {
        let done = sqlx::query("UPDATE remediation_policy SET position = $2 WHERE id = $1")
            .bind(*id)
            .bind(position)
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
    }
    Ok(())
}
