//! What is known about single hosts: who they are, and how they are vulnerable.

use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;

use palisade_kb::KnowledgeBase;
use palisade_model::{Action, DetectionStatus, Finding, IpSet, Qid, Resource, Timestamp};
use palisade_store::{
    AssignedUser, BATCH_DETECTIONS, BesideOpen, DetectionBatch, Host, HostRange, PackedDetections, Store,
    TrackingMethod, User,
};
use tokio::sync::mpsc;

use crate::actor::Actor;
use crate::app::App;
use crate::asset_report_piece::{ReportPiece, ReportedHostHead, Services};
use crate::auth_record::ListAuthRecords;
use crate::error::{Error, Result};
use crate::host::{OwnerView, attributes_of};

/// How a host is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKey {
    Ip(Ipv4Addr),
    /// In any case of letters, as the next.
    Dns(String),
    Netbios(String),
}

/// QIDs whose first batches are read at the same time. One query after the other would wait for the way
/// to the database and back more than for what it finds there.
const READS_AT_ONCE: usize = 3;
/// Batches of findings read ahead.
const BATCHES_AHEAD: usize = 2;

/// One host of the subscription.
#[derive(Debug, Clone)]
pub struct HostInfo {
    pub ip: Ipv4Addr,
    pub tracking: TrackingMethod,
    pub dns: Option<String>,
    pub netbios: Option<String>,
    pub os: Option<String>,
    pub comment: Option<String>,
    pub owner: Option<OwnerView>,
    /// `None`: no scan has seen it alive.
    pub last_scan_at: Option<Timestamp>,
    /// The highest severity among its vulnerabilities that are not fixed, 0 without any.
    pub security_risk: u8,
    /// Titles of the asset groups within the caller's reach that it is in.
    pub asset_groups: Vec<String>,
    /// The users that those groups are assigned to, by login.
    pub users: Vec<OwnerView>,
    /// Titles of the business units that those groups are in.
    pub business_units: Vec<String>,
    /// Types and titles of the authentication records that scans sign in to it with, as far as the caller
    /// sees them.
    pub records: Vec<(&'static str, String)>,
    /// What is read of its findings later.
    findings: HostFindings,
}

/// What a host's findings are read by.
#[derive(Debug, Clone)]
struct HostFindings {
    host_id: i64,
    /// How many vulnerabilities are not fixed, by QID.
    open: Vec<(Qid, u64)>,
    gathered: Vec<Finding>,
    gathered_at: Timestamp,
    services: Arc<Services>,
}

impl HostInfo {
    /// The QIDs of its findings: vulnerabilities that are not fixed, and what the last stored result
    /// found.
    #[must_use]
    pub fn qids(&self) -> BTreeSet<Qid> {
        let HostFindings { open, gathered, .. } = &self.findings;
        open.iter().map(|(qid, _)| *qid).chain(gathered.iter().map(|finding| finding.qid)).collect()
    }
}

impl App {
    /// What is known about one host.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownHost`] when no host within the caller's reach is named so.
    pub async fn host_info(&self, actor: &Actor, key: HostKey) -> Result<HostInfo> {
        let reach = actor.allow(Action::List, Resource::HostVulnerability)?.reach();
        self.store().bring_tickets_back(self.clock().now()).await?;
        let ranges = self.store().list_host_ranges().await?;
        let visible = reach.hosts(&ranges.iter().map(|part| part.range).collect());
        let (ip, host) = match key {
            HostKey::Ip(ip) => (ip, self.store().host(ip).await?),
            HostKey::Dns(name) => seen_first(self.store().list_hosts_by_dns_name(&name).await?, &visible)?,
            HostKey::Netbios(name) => {
                seen_first(self.store().list_hosts_by_netbios_name(&name).await?, &visible)?
            }
        };
        if !visible.contains(ip) {
            return Err(Error::UnknownHost);
        }
        let groups = self.list_asset_groups(actor, None).await?;
        let groups = groups.into_iter().filter(|group| group.id != 0 && group.ips.contains(ip));
        let (mut group_ids, mut asset_groups, mut users) = (Vec::new(), Vec::new(), Vec::new());
        for group in groups {
            group_ids.push(group.id);
            asset_groups.push(group.title);
            users.push(group.users);
        }
        let units = self.store().list_business_units().await?.into_iter();
        let units = units.filter(|unit| unit.asset_groups.iter().any(|id| group_ids.contains(id)));
        let business_units = units.map(|unit| unit.title.to_string()).collect();
        let records = self.sign_ins_of(actor, ip).await?;
        let mut users: Vec<AssignedUser> = users.into_iter().flatten().collect();
        users.sort_by(|one, other| one.login.as_str().cmp(other.login.as_str()));
        users.dedup_by(|one, other| one.id == other.id);
        let users = users.into_iter().map(|AssignedUser { login, first_name, last_name, .. }| OwnerView {
            first_name,
            last_name,
            login,
        });
        let described = self.describe_host(ip, host, &ranges, asset_groups, users.collect()).await?;
        Ok(HostInfo { business_units, records, ..described })
    }

    /// Types and titles of the authentication records for a host, as far as the caller sees them.
    async fn sign_ins_of(&self, actor: &Actor, ip: Ipv4Addr) -> Result<Vec<(&'static str, String)>> {
        if actor.may(Action::List, Resource::AuthRecord).is_err() {
            return Ok(Vec::new());
        }
        let records = self.list_auth_records(actor, &ListAuthRecords::default()).await?;
        let of_host = records.into_iter().filter(|record| record.ips.contains(ip));
        Ok(of_host.map(|record| (record.kind.title, record.title)).collect())
    }

    async fn describe_host(
        &self,
        ip: Ipv4Addr,
        host: Option<Host>,
        ranges: &[HostRange],
        asset_groups: Vec<String>,
        users: Vec<OwnerView>,
    ) -> Result<HostInfo> {
        let attributes = attributes_of(ranges, ip);
        let owner = match attributes.and_then(|known| known.owner.as_ref()) {
            Some(login) => self.store().user(login).await?,
            None => None,
        };
        let owner =
            owner.map(|User { login, first_name, last_name, .. }| OwnerView { first_name, last_name, login });
        let findings = self.host_findings(ip).await?;
        let kb = self.kb();
        let severity = |qid: Qid| {
            let entry = kb.entry(qid).filter(|entry| entry.kind.is_detection());
            entry.map_or(0, |entry| entry.severity.level())
        };
        let security_risk = findings.open.iter().map(|(qid, _)| severity(*qid)).max().unwrap_or(0);
        let last_scan_at = host.as_ref().map(|host| host.last_scan_at);
        let (dns, netbios, os) =
            host.map_or((None, None, None), |host| (host.dns_name, host.netbios_name, host.os));
        Ok(HostInfo {
            ip,
            tracking: attributes.map_or(TrackingMethod::Ip, |known| known.tracking),
            dns,
            netbios,
            os,
            comment: attributes.and_then(|known| known.comment.clone()),
            owner,
            last_scan_at,
            security_risk,
            asset_groups,
            users,
            business_units: Vec::new(),
            records: Vec::new(),
            findings,
        })
    }

    async fn host_findings(&self, ip: Ipv4Addr) -> Result<HostFindings> {
        let ports = self.store().list_host_ports(ip, ip).await?;
        let services = ports.into_iter().map(|open| (open.port, open.transport, open.service)).collect();
        let open = self.store().count_open_detections(ip).await?;
        let latest = self.store().latest_result(ip).await?;
        let (mut gathered, gathered_at) = latest.unwrap_or_default();
        let kb = self.kb();
        gathered.retain(|finding| !kb.is_disabled(finding.qid));
        Ok(HostFindings {
            host_id: open.first().map_or(0, |(host_id, ..)| *host_id),
            open: open
                .into_iter()
                .filter(|(_, qid, _)| !kb.is_disabled(*qid))
                .map(|(_, qid, count)| (qid, count))
                .collect(),
            gathered,
            gathered_at,
            services: Arc::new(services),
        })
    }

    /// The findings of a host, for each group of QIDs one after the other: the group's place and some
    /// of its findings. Reading stops when the receiver is dropped; an error is the last thing it
    /// gives. QIDs that are not in the KnowledgeBase are left out: there is nothing to say about them.
    #[must_use]
    pub fn read_host_findings(
        &self,
        host: &HostInfo,
        groups: Vec<Vec<Qid>>,
    ) -> mpsc::Receiver<Result<(usize, ReportPiece)>> {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let reading = Reading { store: self.store().clone(), kb: self.kb(), host: host.clone(), sender };
        tokio::spawn(async move {
            if let Err(error) = reading.read(&groups).await {
                // Nobody is left to be told when the receiver is gone.
                let _ = reading.sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

/// Reads the findings of one host.
struct Reading {
    store: Store,
    kb: Arc<KnowledgeBase>,
    host: HostInfo,
    sender: mpsc::Sender<Result<(usize, ReportPiece)>>,
}

impl Reading {
    async fn read(&self, groups: &[Vec<Qid>]) -> Result<()> {
        let HostFindings { host_id, open, .. } = &self.host.findings;
        let total: u64 = open.iter().map(|(_, count)| count).sum();
        // Hosts as they usually are take one query.
        let mut whole = None;
        if total < u64::try_from(BATCH_DETECTIONS).unwrap_or(u64::MAX) {
            let packed = self.store.list_detections_after(*host_id, None, BesideOpen::default()).await?;
            if packed.next().is_none() {
                whole = Some(Arc::new(packed.unpack()?));
            }
        }
        for (group, qids) in groups.iter().enumerate() {
            if let Some(batch) = &whole {
                if !self.send(group, Arc::clone(batch), qids).await {
                    return Ok(());
                }
            } else {
                let open = qids.iter().copied().filter(|qid| open.iter().any(|(known, _)| known == qid));
                let mut packed = self.packed_batches(*host_id, open.collect());
                while let Some(batch) = packed.recv().await {
                    if !self.send(group, Arc::new(batch?.unpack()?), qids).await {
                        return Ok(());
                    }
                }
            }
            if !self.send_gathered(group, qids).await {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The detections of these QIDs in batches, in order and read ahead: the database is at the first ones
    /// of the next QIDs while the last one is taken apart.
    fn packed_batches(&self, host_id: i64, qids: Vec<Qid>) -> mpsc::Receiver<Result<PackedDetections>> {
        let (sender, receiver) = mpsc::channel(1);
        let store = self.store.clone();
        tokio::spawn(async move {
            let mut qids = qids.into_iter();
            let mut reading = VecDeque::with_capacity(READS_AT_ONCE);
            loop {
                for qid in qids.by_ref().take(READS_AT_ONCE - reading.len()) {
                    let store = store.clone();
                    let first = async move { store.list_detections_of(host_id, qid, None).await };
                    reading.push_back((qid, tokio::spawn(first)));
                }
                let Some((qid, first)) = reading.pop_front() else { return };
                let mut batch = first.await.map_err(Error::TaskEnded).and_then(|first| Ok(first?));
                loop {
                    let after = batch.as_ref().ok().and_then(PackedDetections::next);
                    let is_error = batch.is_err();
                    if sender.send(batch).await.is_err() || is_error {
                        return;
                    }
                    let Some(after) = after else { break };
                    let next = store.list_detections_of(host_id, qid, Some(after)).await;
                    batch = next.map_err(Error::from);
                }
            }
        });
        receiver
    }

    /// Sends what of the batch belongs to the group; `false` when nobody listens any more.
    async fn send(&self, group: usize, batch: Arc<DetectionBatch>, qids: &[Qid]) -> bool {
        let shown = batch.entries().iter().enumerate().filter_map(|(place, entry)| {
            let is_shown = entry.status != DetectionStatus::Fixed && qids.contains(&entry.key.qid);
            let kind = self.kb.entry(entry.key.qid).filter(|_| is_shown)?.kind;
            Some((place, kind, None))
        });
        let shown: Vec<_> = shown.collect();
        if shown.is_empty() {
            return true;
        }
        let piece = ReportPiece { batch, shown, ..self.empty_piece() };
        self.sender.send(Ok((group, piece))).await.is_ok()
    }

    /// The same for what the last stored result gathered.
    async fn send_gathered(&self, group: usize, qids: &[Qid]) -> bool {
        let wanted = self.host.findings.gathered.iter().filter(|finding| qids.contains(&finding.qid));
        let information: Vec<_> = wanted
            .filter_map(|finding| Some((finding.clone(), self.kb.entry(finding.qid)?.kind)))
            .filter(|(_, kind)| !kind.is_detection())
            .collect();
        if information.is_empty() {
            return true;
        }
        let piece = ReportPiece { information, ..self.empty_piece() };
        self.sender.send(Ok((group, piece))).await.is_ok()
    }

    fn empty_piece(&self) -> ReportPiece {
        let HostInfo { ip, tracking, dns, netbios, os, findings, .. } = &self.host;
        let head = ReportedHostHead {
            id: None,
            ip: *ip,
            tracking: *tracking,
            dns: dns.clone(),
            netbios: netbios.clone(),
            os: os.clone(),
            os_cpe: None,
            asset_groups: Vec::new(),
        };
        ReportPiece {
            host: Arc::new(head),
            ends: false,
            services: Arc::clone(&findings.services),
            batch: Arc::default(),
            shown: Vec::new(),
            information: Vec::new(),
            information_at: findings.gathered_at,
        }
    }
}

/// The first of the hosts that the caller may see.
fn seen_first(hosts: Vec<Host>, visible: &IpSet) -> Result<(Ipv4Addr, Option<Host>)> {
    let host = hosts.into_iter().find(|host| visible.contains(host.ip)).ok_or(Error::UnknownHost)?;
    Ok((host.ip, Some(host)))
}
