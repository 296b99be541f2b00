//! Handing out maps and taking them in: the server's end of a [`MapLink`].
//!
//! What may be looked at is decided again when a map is handed out: the netblock as far as it is
//! still noted for the domain or in the subscription, and the subscription as far as the map's user
//! reaches it at that moment.

use palisade_engine::{Hold, LinkError, MapLease, MapLink, MapOrder, MapProgress, MapStage};
use palisade_model::{IpSet, MapResult, Role};
use palisade_store::{Map, MapHolding, Progress, Reach};

use crate::app::App;
use crate::error::Result;
use crate::slice::{InProcessLink, hold, kept_reason, link_error};

impl App {
    async fn lease_map(&self, worker: &str) -> Result<Option<MapLease>> {
        self.take_back_expired().await?;
        let token = self.lease_token();
        let leased = self.store().lease_map(worker, &token, self.clock().now(), self.lease_end()).await?;
        let Some(map) = leased else { return Ok(None) };
        self.announce_change();
        let (netblock, registered) = self.permitted(&map).await?;
        Ok(Some(MapLease {
            map_id: map.id,
            token,
            order: MapOrder {
                map: map.reference,
                domain: map.domain,
                netblock,
                registered,
                profile: map.profile,
            },
            lease_s: self.parts.config.lease_s,
        }))
    }

    /// The netblock, and what else of the subscription may be looked at.
    async fn permitted(&self, map: &Map) -> Result<(IpSet, IpSet)> {
        let subscription = self.store().subscription_ips().await?;
        let reach = self.reach_of(map).await?;
        let excluded = self.excluded_ips().await?;
        let registered = reach.hosts(&subscription).difference(&excluded);
        let noted = self.domains_within(&reach).await?.into_iter().find(|one| one.name == map.domain);
        let noted = noted.map(|one| one.netblock).unwrap_or_default();
        let permitted = noted.union(&registered).difference(&excluded);
        Ok((map.netblock.intersection(&permitted), registered))
    }

    /// How far the map's user reaches at this moment; nowhere once the user is gone.
    async fn reach_of(&self, map: &Map) -> Result<Reach> {
        if !map.assigned_only {
            return Ok(Reach::Everything);
        }
        let Some(user) = self.store().user(&map.login).await? else { return Ok(Reach::Nothing) };
        let ips = self.store().assigned_addresses(&user).await?;
        let unit = self.unit_of(&user).await?.filter(|_| user.role == Role::UnitManager);
        let asset_groups = unit.map(|unit| unit.asset_groups).unwrap_or_default();
        Ok(Reach::Assigned { ips, login: user.login, asset_groups })
    }

    async fn renew_map(&self, lease: &MapLease, progress: MapProgress) -> Result<Hold> {
        let MapProgress { stage, work_done, work_total, hosts } = progress;
        let position = MapStage::ALL.iter().position(|known| *known == stage);
        let progress = Progress {
            stage: position.and_then(|position| i64::try_from(position).ok()),
            work_done,
            work_total,
            findings: u64::from(hosts),
        };
        let holding = self.store().renew_map(holding(lease), progress, self.lease_end()).await?;
        self.announce_change();
        Ok(hold(holding))
    }

    async fn complete_map(&self, lease: &MapLease, result: &MapResult) -> Result<()> {
        let subscription = self.store().subscription_ips().await?;
        self.store().complete_map(holding(lease), result, &subscription, self.clock().now()).await?;
        self.announce_change();
        Ok(())
    }

    async fn fail_map(&self, lease: &MapLease, reason: &str) -> Result<()> {
        tracing::warn!(map = %lease.order.map, reason, "a map failed");
        self.store().fail_map(holding(lease), &kept_reason(reason), self.clock().now()).await?;
        self.announce_change();
        Ok(())
    }
}

fn holding(lease: &MapLease) -> MapHolding<'_> {
    MapHolding { map_id: lease.map_id, token: &lease.token }
}

impl MapLink for InProcessLink {
    async fn lease_map(&self) -> Result<Option<MapLease>, LinkError> {
        let attempt = || "hand out a map".to_owned();
        self.take_back_own().await.map_err(|error| link_error(attempt(), error))?;
        self.app.lease_map(&self.worker).await.map_err(|error| link_error(attempt(), error))
    }

    async fn renew_map(&self, lease: &MapLease, progress: MapProgress) -> Result<Hold, LinkError> {
        let renewed = self.app.renew_map(lease, progress).await;
        renewed.map_err(|error| link_error("renew the lease of a map".to_owned(), error))
    }

    async fn complete_map(&self, lease: &MapLease, result: MapResult) -> Result<(), LinkError> {
        let completed = self.app.complete_map(lease, &result).await;
        completed.map_err(|error| link_error("take in a map".to_owned(), error))
    }

    async fn fail_map(&self, lease: &MapLease, reason: String) -> Result<(), LinkError> {
        let failed = self.app.fail_map(lease, &reason).await;
        failed.map_err(|error| link_error("note a failed map".to_owned(), error))
    }
}
