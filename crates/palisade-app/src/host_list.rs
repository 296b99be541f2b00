//! Lists of hosts by their ids, and purging them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use palisade_model::{Action, IpSet, Login, Resource, Timestamp};
use palisade_store::{ListedHost, TrackingMethod, User};
use tokio::sync::mpsc;

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::host::{OwnerView, attributes_of};
use crate::host_selection::{ChosenHosts, SelectHosts, first_page_hosts, groups_of};

/// Hosts read from the store at a time.
const PAGE_HOSTS: u32 = 1_000;
/// Pages read ahead.
const PAGES_AHEAD: usize = 2;
/// How often hosts that another server queued are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// A list of hosts that is about to be read.
#[derive(Debug)]
pub struct HostList {
    chosen: ChosenHosts,
    limit: Option<u64>,
    /// Ids and addresses of the asset groups within reach.
    groups: Vec<(u64, IpSet)>,
}

/// A host of the subscription as lists tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEntry {
    pub id: u64,
    pub ip: Ipv4Addr,
    pub tracking: TrackingMethod,
    pub dns: Option<String>,
    pub netbios: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    /// When the result of the last scan was taken in.
    pub last_scan_at: Timestamp,
    /// When the scanner was done with it.
    pub scan_ended_at: Timestamp,
    pub scan_duration_s: Option<u64>,
    /// The same two of the last scan that it let in.
    pub auth_scan_ended_at: Option<Timestamp>,
    pub auth_scan_duration_s: Option<u64>,
    pub owner: Option<Login>,
    pub comment: Option<String>,
    pub ud: [Option<String>; 3],
    /// Ids of the asset groups within the caller's reach that it is in.
    pub asset_groups: Vec<u64>,
}

/// A piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPage {
    Hosts(Vec<HostEntry>),
    /// The limit is reached, and this is the next host. Nothing follows.
    More {
        next_id: u64,
    },
}

impl App {
    /// Decides which hosts a list has; `limit` is how many at most.
    ///
    /// # Errors
    ///
    /// Beside permission those of an asset group that is unknown.
    pub async fn plan_host_list(
        &self,
        actor: &Actor,
        wanted: SelectHosts,
        limit: Option<u64>,
    ) -> Result<HostList> {
        let reach = actor.allow(Action::List, Resource::Host)?.reach();
        let chosen = self.choose_hosts(actor, &reach, wanted).await?;
        let groups = self.list_asset_groups(actor, None).await?;
        let groups = groups
            .into_iter()
            .filter_map(|group| Some((u64::try_from(group.id).ok().filter(|id| *id > 0)?, group.ips)))
            .collect();
        Ok(HostList { chosen, limit, groups })
    }

    /// The hosts of the list, by id, read ahead. Reading stops when the receiver is dropped; an error is
    /// the last thing it gives.
    #[must_use]
    pub fn host_pages(&self, list: HostList) -> mpsc::Receiver<Result<HostPage>> {
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let app = self.clone();
        tokio::spawn(async move {
            if let Err(error) = app.read_hosts(&list, &sender).await {
                // Nobody is left to be told when the receiver is gone.
                let _ = sender.send(Err(error)).await;
            }
        });
        receiver
    }

    async fn read_hosts(&self, list: &HostList, sender: &mpsc::Sender<Result<HostPage>>) -> Result<()> {
        let mut room = list.limit.unwrap_or(u64::MAX);
        let mut page_hosts = first_page_hosts(room, PAGE_HOSTS);
        let mut after = Some(0);
        while let Some(from) = after {
            let (page, next) = self.chosen_page(&list.chosen, from, page_hosts).await?;
            after = next;
            page_hosts = PAGE_HOSTS;
            let mut hosts = page.into_iter();
            let kept = hosts.by_ref().take(usize::try_from(room).unwrap_or(usize::MAX));
            let entries: Vec<HostEntry> = kept.map(|host| list.entry(host)).collect();
            room = room.saturating_sub(u64::try_from(entries.len()).unwrap_or(u64::MAX));
            if !entries.is_empty() && sender.send(Ok(HostPage::Hosts(entries))).await.is_err() {
                return Ok(());
            }
            if let Some(beyond) = hosts.next() {
                let next_id = u64::try_from(beyond.id).unwrap_or(0);
                let _ = sender.send(Ok(HostPage::More { next_id })).await;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Names of users, by login: for lists that tell who owns hosts.
    pub async fn owner_names(&self, actor: &Actor) -> Result<BTreeMap<String, OwnerView>> {
        actor.may(Action::List, Resource::Host)?;
        let users = self.store().list_users().await?.into_iter();
        Ok(users
            .map(|User { login, first_name, last_name, .. }| {
                (login.to_string(), OwnerView { first_name, last_name, login })
            })
            .collect())
    }

    /// Queues the chosen hosts for being purged, in one step; gives their ids. They are out of sight
    /// from then on.
    ///
    /// # Errors
    ///
    /// Beside permission those of an asset group that is unknown.
    pub async fn purge_hosts(&self, actor: &Actor, wanted: SelectHosts) -> Result<Vec<u64>> {
        let reach = actor.allow(Action::Delete, Resource::Host)?.reach();
        let chosen = self.choose_hosts(actor, &reach, wanted).await?;
        let mut ids = Vec::new();
        let mut after = Some(0);
        while let Some(from) = after {
            let (page, next) = self.chosen_page(&chosen, from, PAGE_HOSTS).await?;
            ids.extend(page.into_iter().map(|host| host.id));
            after = next;
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let queued = self.store().queue_purge(&ids, &actor.login, self.clock().now()).await?;
        self.parts.purge.notify_one();
        self.record_done(actor, "host", "purge", format!("{} hosts", queued.len())).await?;
        Ok(queued.into_iter().filter_map(|id| u64::try_from(id).ok()).collect())
    }

    /// The addresses of the chosen hosts, for changing what is noted about them: those of asset groups
    /// whether they were scanned or not.
    ///
    /// # Errors
    ///
    /// Beside permission those of an asset group that is unknown.
    pub async fn addresses_to_edit(&self, actor: &Actor, wanted: SelectHosts) -> Result<IpSet> {
        let reach = actor.allow(Action::Edit, Resource::Host)?.reach();
        let by_id = wanted.ids.is_some();
        let chosen = self.choose_hosts(actor, &reach, wanted).await?;
        if !by_id {
            return Ok(chosen.query.ips);
        }
        let mut ips = Vec::new();
        let mut after = Some(0);
        while let Some(from) = after {
            let (page, next) = self.chosen_page(&chosen, from, PAGE_HOSTS).await?;
            ips.extend(page.into_iter().filter_map(|host| palisade_model::IpRange::new(host.ip, host.ip)));
            after = next;
        }
        Ok(ips.into_iter().collect())
    }

    /// Deletes what is left of queued hosts until `stop` resolves, whoever queued them and when.
    pub async fn purge_until(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        loop {
            let pause = match self.purge_some().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "hosts cannot be purged");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.parts.purge.notified(), if !pause.is_zero() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Deletes some of what is left of queued hosts; `false` when nothing was.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn purge_some(&self) -> Result<bool> {
        self.store().purge_some().await.map_err(Error::from)
    }
}

impl HostList {
    fn entry(&self, host: ListedHost) -> HostEntry {
        let asset_groups = groups_of(&self.groups, host.ip);
        host_entry(&self.chosen, host, asset_groups)
    }
}

/// The host with what people noted about it.
pub(crate) fn host_entry(chosen: &ChosenHosts, host: ListedHost, asset_groups: Vec<u64>) -> HostEntry {
    let ListedHost {
        id,
        ip,
        dns_name,
        netbios_name,
        os,
        os_cpe,
        last_scan_at,
        scan_ended_at,
        scan_duration_s,
        auth_scan_ended_at,
        auth_scan_duration_s,
    } = host;
    let attributes = attributes_of(&chosen.ranges, ip);
    HostEntry {
        id: u64::try_from(id).unwrap_or(0),
        ip,
        tracking: attributes.map_or(TrackingMethod::Ip, |known| known.tracking),
        dns: dns_name,
        netbios: netbios_name,
        os,
        os_cpe,
        last_scan_at,
        scan_ended_at,
        scan_duration_s,
        auth_scan_ended_at,
        auth_scan_duration_s,
        owner: attributes.and_then(|known| known.owner.clone()),
        comment: attributes.and_then(|known| known.comment.clone()),
        ud: attributes.map(|known| known.ud.clone()).unwrap_or_default(),
        asset_groups,
    }
}

/// Shared by the pieces of one host.
pub(crate) type SharedHost = Arc<HostEntry>;
