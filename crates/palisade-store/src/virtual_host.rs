//! Virtual hosts: the names that web servers are asked by.

use std::net::Ipv4Addr;

use palisade_model::{VirtualHost, VirtualName};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, json_text, number_of};
use crate::store::Store;

impl Store {
    /// All virtual hosts, by network, address and port.
    pub async fn list_virtual_hosts(&self) -> Result<Vec<VirtualHost>> {
        let rows =
            sqlx::query("SELECT ip, port, network_id, names FROM virtual_host ORDER BY network_id, ip, port")
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(read_host).collect()
    }

    /// Changes the names of the web server of an address and port as they are at that moment: `change`
    /// gets them and gives what they become. No names: there is no such virtual host, before or
    /// afterwards. `false` when there would be more than `hosts_max` virtual hosts; `change` may refuse
    /// for reasons of its own.
    pub async fn change_virtual_host<E: Send>(
        &self,
        network_id: i64,
        ip: Ipv4Addr,
        port: u16,
        hosts_max: u64,
        change: impl FnOnce(Vec<VirtualName>) -> std::result::Result<Vec<VirtualName>, E> + Send,
    ) -> Result<std::result::Result<bool, E>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query(
            "SELECT ip, port, network_id, names FROM virtual_host
             WHERE network_id = $1 AND ip = $2 AND port = $3",
        )
        .bind(network_id)
        .bind(number_of(ip))
        .bind(i64::from(port))
        .fetch_optional(write.connection())
        .await?;
        let old = row.as_ref().map(read_host).transpose()?.map(|host| host.names).unwrap_or_default();
        let new = match change(old.clone()) {
            Ok(new) => new,
            Err(refused) => return Ok(Err(refused)),
        };
        sqlx::query("DELETE FROM virtual_host WHERE network_id = $1 AND ip = $2 AND port = $3")
            .bind(network_id)
            .bind(number_of(ip))
            .bind(i64::from(port))
            .execute(write.connection())
            .await?;
        if !new.is_empty() {
            let row = sqlx::query("SELECT COUNT(*) AS hosts FROM virtual_host")
                .fetch_one(write.connection())
                .await?;
            if Read::new("virtual_host", &row).count("hosts")? >= hosts_max {
                return Ok(Ok(false));
            }
            sqlx::query("INSERT INTO virtual_host (ip, port, network_id, names) VALUES ($1, $2, $3, $4)")
                .bind(number_of(ip))
                .bind(i64::from(port))
                .bind(network_id)
                .bind(json_text(&new)?)
                .execute(write.connection())
                .await?;
        }
        write.commit().await?;
        Ok(Ok(true))
    }
}

fn read_host(row: &AnyRow) -> Result<VirtualHost> {
    let read = Read::new("virtual_host", row);
    let port = u16::try_from(read.number("port")?).map_err(|_| read.inconsistent("port"))?;
    Ok(VirtualHost {
        network_id: read.number("network_id")?,
        ip: read.address("ip")?,
        port,
        names: read.json("names")?,
    })
}
