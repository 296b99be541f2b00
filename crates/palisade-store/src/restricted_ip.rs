//! The addresses that users may sign in from.

use palisade_model::IpSet;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::Read;
use crate::store::Store;

/// From where users may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RestrictedIps {
    /// Whether only these addresses may be signed in from; else every address may.
    pub enabled: bool,
    pub ips: IpSet,
}

impl Store {
    /// What is restricted at the moment; nothing as long as nobody restricted anything.
    pub async fn restricted_ips(&self) -> Result<RestrictedIps> {
        let row =
            sqlx::query("SELECT id, enabled, ips FROM restricted_ip").fetch_optional(self.pool()).await?;
        Ok(row.as_ref().map(read_restricted).transpose()?.unwrap_or_default())
    }

    /// Changes what is restricted as it is at that moment: `change` gets it and gives what it becomes,
    /// or refuses for reasons of its own.
    pub async fn change_restricted_ips<E: Send>(
        &self,
        change: impl FnOnce(RestrictedIps) -> std::result::Result<RestrictedIps, E> + Send,
    ) -> Result<std::result::Result<RestrictedIps, E>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query("SELECT id, enabled, ips FROM restricted_ip")
            .fetch_optional(write.connection())
            .await?;
        let old = row.as_ref().map(read_restricted).transpose()?.unwrap_or_default();
        let new = match change(old) {
            Ok(new) => new,
            Err(refused) => return Ok(Err(refused)),
        };
        sqlx::query("DELETE FROM restricted_ip").execute(write.connection()).await?;
        sqlx::query("INSERT INTO restricted_ip (id, enabled, ips) VALUES (1, $1, $2)")
            .bind(i64::from(new.enabled))
            .bind(new.ips.to_string())
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(Ok(new))
    }
}

fn read_restricted(row: &AnyRow) -> Result<RestrictedIps> {
    let read = Read::new("restricted_ip", row);
    Ok(RestrictedIps { enabled: read.yes("enabled")?, ips: read.value("ips")? })
}
