//! What a launch is checked against, in one query: scheduled tasks launch many scans, and asking for each
//! part costs more than finding it.

use std::net::Ipv4Addr;

use palisade_model::{IpRange, IpSet, Timestamp};

use crate::error::Result;
use crate::packed::Unpack;
use crate::row::Read;
use crate::store::Store;

/// What the subscription says of addresses, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LaunchBasis {
    /// The subscription.
    pub subscription: IpSet,
    /// What is excluded from scans and maps.
    pub excluded: IpSet,
    /// DNS names of hosts of the subscription, by address.
    pub dns_names: Vec<String>,
}

impl Store {
    /// The addresses of the subscription, those that are excluded at `now`, and the first `names_max` names.
    pub async fn launch_basis(&self, now: Timestamp, names_max: u32) -> Result<LaunchBasis> {
        let row = sqlx::query(
            "SELECT id,
                 (SELECT string_agg(concat_ws(' ', first_ip, last_ip, ''), '') FROM host_range) AS subscription,
                 (SELECT string_agg(concat_ws(' ', first_ip, last_ip, ''), '') FROM excluded_host
                  WHERE expires_at IS NULL OR expires_at > $1) AS excluded,
                 (SELECT string_agg(concat_ws(' ', octet_length(dns_name), dns_name, ''), '') FROM
                     (SELECT dns_name FROM host WHERE dns_name IS NOT NULL AND EXISTS
                          (SELECT 1 FROM host_range WHERE host.ip BETWEEN first_ip AND last_ip)
                      ORDER BY ip LIMIT $2 + 0) AS named) AS dns_names
             FROM subscription",
        )
        .bind(now.as_microsecond())
        .bind(i64::from(names_max))
        .fetch_one(self.pool())
        .await?;
        let read = Read::new("subscription", &row);
        let ips = |column| {
            let packed = read.optional_text(column)?.unwrap_or_default();
            unpack_ranges(&packed).ok_or_else(|| read.inconsistent(column))
        };
        let names = read.optional_text("dns_names")?.unwrap_or_default();
        Ok(LaunchBasis {
            subscription: ips("subscription")?,
            excluded: ips("excluded")?,
            dns_names: unpack_names(&names).ok_or_else(|| read.inconsistent("dns_names"))?,
        })
    }
}

fn unpack_ranges(packed: &str) -> Option<IpSet> {
    let mut unpack = Unpack::new(packed);
    let mut ranges = Vec::new();
    while !unpack.is_at_end() {
        let mut address = || u32::try_from(unpack.number()?).ok().map(Ipv4Addr::from);
        ranges.push(IpRange::new(address()?, address()?)?);
    }
    Some(ranges.into_iter().collect())
}

fn unpack_names(packed: &str) -> Option<Vec<String>> {
    let mut unpack = Unpack::new(packed);
    let mut names = Vec::new();
    while !unpack.is_at_end() {
        names.push(packed.get(unpack.text()?)?.to_owned());
    }
    Some(names)
}
