//! Handing out slices and taking results in: the server's end of a [`Link`].

use std::sync::atomic::Ordering;

use palisade_engine::{Hold, Lease, Link, LinkError, PartialHost, ScanOrder, SliceProgress, Stage};
use palisade_model::{HostResult, Ip6Set, Qid, Timestamp};
use palisade_store::{Delivery, Holding, Intake, LeasedSlice, PartialHostRow, Progress};
use tokio::sync::OnceCell;

use crate::app::App;
use crate::error::{Error, Result};

/// The shortest time between two looks for expired leases.
const TAKE_BACK_EVERY_US: i64 = 1_000_000;
/// Longest record of an unfinished host that is kept, in bytes; with more the host begins anew.
const PARTIAL_HOST_BYTES_MAX: usize = 1 << 20;
/// Longest reason of a failure that is kept, in characters.
const REASON_CHARACTERS_MAX: usize = 500;

/// The link of a scanner in the server's own process.
#[derive(Debug)]
pub struct InProcessLink {
    pub(crate) app: App,
    pub(crate) worker: String,
    /// Set once the leases of the worker's former process were taken back.
    taken_back: OnceCell<()>,
}

impl App {
    /// A link for the scanner called `worker`. Before it hands out anything it takes back what a
    /// worker of this name held before: that worker's process is dead. So a name must be used by
    /// one process at a time, and by one link in it.
    #[must_use]
    pub fn link(&self, worker: &str) -> InProcessLink {
        InProcessLink { app: self.clone(), worker: worker.to_owned(), taken_back: OnceCell::new() }
    }

    /// Returns slices of silent scanners to the queue. Looked for at most once a second, by
    /// whoever comes by: a scanner asking for work or a user looking at a scan.
    pub(crate) async fn take_back_expired(&self) -> Result<()> {
        let now = self.clock().now();
        let last = &self.parts.taken_back_at_us;
        let before = last.load(Ordering::Relaxed);
        // Also when the clock was set back: the last look then lies in the future.
        let passed = now.as_microsecond().checked_sub(before);
        let due = passed.is_none_or(|passed| !(0..TAKE_BACK_EVERY_US).contains(&passed));
        let mine = || {
            last.compare_exchange(before, now.as_microsecond(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if due && mine() {
            let slices = self.store().take_back_expired(now).await?;
            let maps = self.store().take_back_expired_maps(now).await?;
            if slices + maps > 0 {
                tracing::warn!(slices, maps, "took back the work of scanners that fell silent");
                self.announce_change();
            }
        }
        Ok(())
    }

    pub(crate) fn lease_end(&self) -> Timestamp {
        let now = self.clock().now();
        let end = now.as_second().saturating_add(i64::from(self.parts.config.lease_s));
        Timestamp::from_second(end).unwrap_or(now)
    }

    /// Names a holding.
    pub(crate) fn lease_token(&self) -> String {
        let mut token = [0; 16];
        self.parts.ids.fill(&mut token);
        format!("{:032x}", u128::from_be_bytes(token))
    }

    async fn lease(&self, worker: &str) -> Result<Option<Lease>> {
        self.take_back_expired().await?;
        let token = self.lease_token();
        let leased = self.store().lease_slice(worker, &token, self.clock().now(), self.lease_end()).await?;
        let Some(LeasedSlice { slice_id, scan, targets, delivered, partial }) = leased else {
            return Ok(None);
        };
        self.announce_change();
        let sign_ins = self.sign_ins(&targets, &scan.profile).await?;
        let virtual_hosts = self.virtual_hosts_of(&targets).await?;
        Ok(Some(Lease {
            slice_id,
            token,
            order: ScanOrder {
                scan: scan.reference,
                targets,
                targets_v6: Ip6Set::default(),
                profile: scan.profile,
                qids: scan.qids,
                http_header: scan.http_header,
                zones: scan.zones,
                sign_ins,
                virtual_hosts,
            },
            delivered,
            partial: partial.iter().filter_map(read_partial_host).collect(),
            lease_s: self.parts.config.lease_s,
        }))
    }

    async fn renew(&self, lease: &Lease, progress: SliceProgress) -> Result<Hold> {
        let SliceProgress { stage, work_done, work_total, findings } = progress;
        let position = Stage::ALL.iter().position(|known| *known == stage);
        let progress = Progress {
            stage: position.and_then(|position| i64::try_from(position).ok()),
            work_done,
            work_total,
            findings: u64::from(findings),
        };
        let holding =
            self.store().renew_slice(lease.slice_id, &lease.token, progress, self.lease_end()).await?;
        self.announce_change();
        Ok(hold(holding))
    }

    async fn take_in(&self, lease: &Lease, result: &HostResult) -> Result<Hold> {
        let kb = self.kb();
        let is_detection = |qid: Qid| kb.entry(qid).is_some_and(|entry| entry.kind.is_detection());
        let scan = &lease.order.scan;
        let address = result.facts.address;
        let ip = result.facts.ipv4().ok_or(Error::NotOfSlice { address })?;
        let remedies = self.remedies(scan, ip).await?;
        let remedy = |qid: Qid| remedies.remedy(&kb, qid);
        let delivery = Delivery {
            slice_id: lease.slice_id,
            token: &lease.token,
            scan,
            result,
            is_detection: &is_detection,
            remedy: &remedy,
            expires_at: self.lease_end(),
            now: self.clock().now(),
        };
        let intake = self.store().take_in(&delivery).await?;
        self.announce_change();
        match intake {
            Intake::TakenIn { holding, .. } | Intake::AlreadyTakenIn { holding } => Ok(hold(holding)),
            Intake::Lost => Ok(Hold::Lost),
            Intake::NotOfSlice => Err(Error::NotOfSlice { address }),
        }
    }

    async fn keep_partial(&self, lease: &Lease, hosts: &[PartialHost]) -> Result<()> {
        let rows: Vec<PartialHostRow> = hosts.iter().filter_map(partial_host_row).collect();
        self.store().keep_partial_hosts(lease.slice_id, &lease.token, &rows).await?;
        Ok(())
    }

    async fn complete(&self, lease: &Lease) -> Result<()> {
        self.store().complete_slice(lease.slice_id, &lease.token, self.clock().now()).await?;
        self.announce_change();
        Ok(())
    }

    async fn fail(&self, lease: &Lease, reason: &str) -> Result<()> {
        tracing::warn!(scan = %lease.order.scan, slice = lease.slice_id, reason, "a slice failed");
        let reason = kept_reason(reason);
        self.store().fail_slice(lease.slice_id, &lease.token, &reason, self.clock().now()).await?;
        self.announce_change();
        Ok(())
    }
}

impl InProcessLink {
    /// Once in a link's life.
    pub(crate) async fn take_back_own(&self) -> Result<()> {
        let take_back = || async {
            let (store, now) = (self.app.store(), self.app.clock().now());
            let slices = store.take_back_from(&self.worker, now).await?;
            let maps = store.take_back_maps_from(&self.worker, now).await?;
            if slices + maps > 0 {
                tracing::info!(worker = self.worker, slices, maps, "took up what the last process left");
            }
            Ok::<(), Error>(())
        };
        self.taken_back.get_or_try_init(take_back).await.copied()
    }
}

impl Link for InProcessLink {
    async fn lease(&self) -> Result<Option<Lease>, LinkError> {
        let attempt = || "hand out a slice".to_owned();
        self.take_back_own().await.map_err(|error| link_error(attempt(), error))?;
        self.app.lease(&self.worker).await.map_err(|error| link_error(attempt(), error))
    }

    async fn renew(&self, lease: &Lease, progress: SliceProgress) -> Result<Hold, LinkError> {
        let renewed = self.app.renew(lease, progress).await;
        renewed.map_err(|error| link_error("renew a lease".to_owned(), error))
    }

    async fn deliver(&self, lease: &Lease, mut result: HostResult) -> Result<Hold, LinkError> {
        let address = result.facts.address;
        let taken_in = async {
            self.app.add_version_matches(&lease.order, &mut result).await?;
            self.app.take_in(lease, &result).await
        }
        .await;
        taken_in.map_err(|error| link_error(format!("take in the result of {address}"), error))
    }

    async fn keep(&self, lease: &Lease, hosts: Vec<PartialHost>) -> Result<(), LinkError> {
        let kept = self.app.keep_partial(lease, &hosts).await;
        kept.map_err(|error| link_error("keep unfinished hosts".to_owned(), error))
    }

    async fn complete(&self, lease: &Lease) -> Result<(), LinkError> {
        let completed = self.app.complete(lease).await;
        completed.map_err(|error| link_error("complete a slice".to_owned(), error))
    }

    async fn fail(&self, lease: &Lease, reason: String) -> Result<(), LinkError> {
        let failed = self.app.fail(lease, &reason).await;
        failed.map_err(|error| link_error("note a failed slice".to_owned(), error))
    }
}

/// As the store keeps it; `None` when it is larger than any host's should be.
fn partial_host_row(host: &PartialHost) -> Option<PartialHostRow> {
    let known = serde_json::to_string(host).ok().filter(|known| known.len() <= PARTIAL_HOST_BYTES_MAX)?;
    Some(PartialHostRow { address: host.address, known })
}

/// `None` for what a scanner of another release wrote and this one does not read: the host begins anew.
fn read_partial_host(row: &PartialHostRow) -> Option<PartialHost> {
    serde_json::from_str::<PartialHost>(&row.known).ok().filter(|host| host.address == row.address)
}

pub(crate) fn hold(holding: Holding) -> Hold {
    match holding {
        Holding::Held => Hold::Held,
        Holding::Cancelled => Hold::Cancelled,
        Holding::Paused => Hold::Paused,
        Holding::Lost => Hold::Lost,
    }
}

/// The reason of a failure, as it is kept.
pub(crate) fn kept_reason(reason: &str) -> String {
    reason.chars().filter(|character| !character.is_control()).take(REASON_CHARACTERS_MAX).collect()
}

pub(crate) fn link_error(attempt: String, error: Error) -> LinkError {
    LinkError { attempt, source: Box::new(error) }
}
