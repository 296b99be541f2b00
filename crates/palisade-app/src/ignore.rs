//! Ignoring vulnerabilities on hosts, and restoring them.

use palisade_model::{Action, IpSet, Qid, Resource, Timestamp};
use palisade_store::{DetectionsOf, IgnoreOutcome, IgnoredDetection, Ignoring};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::policy::IGNORED_DEADLINE_DAYS;
use crate::ticket_edit::days_after;

/// Most detections that are ignored or restored at once.
const DETECTIONS_AT_ONCE_MAX: usize = 20_000;
/// Longest comment.
const COMMENT_CHARACTERS_MAX: usize = 255;
/// QIDs that the API never lets be ignored.
const NEVER_IGNORED: [u32; 4] = [38_175, 38_228, 82_043, 82_051];

/// On which hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoreOn {
    Ips(IpSet),
    /// Titles of asset groups.
    AssetGroups(Vec<String>),
    /// Parts of names, in any case of letters.
    DnsContains(String),
    NetbiosContains(String),
}

/// Until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoreUntil {
    Forever,
    Days(u16),
    /// A moment that is still to come.
    Moment(Timestamp),
}

/// What is to be ignored or restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreVulnerabilities {
    pub qids: Vec<Qid>,
    pub hosts: IgnoreOn,
    /// Noted in the histories of the tickets.
    pub comment: String,
}

impl App {
    /// Ignores vulnerabilities that are not fixed on hosts within the caller's reach; gives those
    /// that were not ignored before, by address and QID.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NeverIgnored`], [`Error::NotInSubscription`], [`Error::UnknownAssetGroup`], [`Error::PastMoment`],
    /// [`Error::TooManyTickets`].
    pub async fn ignore_vulnerabilities(
        &self,
        actor: &Actor,
        wanted: &IgnoreVulnerabilities,
        until: IgnoreUntil,
    ) -> Result<Vec<IgnoredDetection>> {
        let detections = self.detections_of(actor, wanted).await?;
        let now = self.clock().now();
        let reopen_at = match until {
            IgnoreUntil::Forever => None,
            IgnoreUntil::Days(days) => Some(days_after(now, days)),
            IgnoreUntil::Moment(at) if at > now => Some(at),
            IgnoreUntil::Moment(_) => return Err(Error::PastMoment),
        };
        let ignoring = Ignoring {
            actor: actor.login.clone(),
            comment: wanted.comment.clone(),
            reopen_at,
            deadline_days: IGNORED_DEADLINE_DAYS,
        };
        self.store().bring_tickets_back(now).await?;
        let outcome =
            self.store().ignore_detections(&detections, &ignoring, DETECTIONS_AT_ONCE_MAX, now).await?;
        self.note_ignoring(actor, "ignore", outcome).await
    }

    /// Restores ignored vulnerabilities; gives them by address and QID. Errors as of
    /// [`App::ignore_vulnerabilities`].
    pub async fn restore_vulnerabilities(
        &self,
        actor: &Actor,
        wanted: &IgnoreVulnerabilities,
    ) -> Result<Vec<IgnoredDetection>> {
        let detections = self.detections_of(actor, wanted).await?;
        let now = self.clock().now();
        self.store().bring_tickets_back(now).await?;
        let max = DETECTIONS_AT_ONCE_MAX;
        let outcome =
            self.store().restore_detections(&detections, &actor.login, &wanted.comment, max, now).await?;
        self.note_ignoring(actor, "restore", outcome).await
    }

    async fn note_ignoring(
        &self,
        actor: &Actor,
        action: &str,
        outcome: IgnoreOutcome,
    ) -> Result<Vec<IgnoredDetection>> {
        let IgnoreOutcome::Done(done) = outcome else {
            return Err(Error::TooManyTickets { max: DETECTIONS_AT_ONCE_MAX });
        };
        self.record_done(actor, "ticket", action, format!("{} vulnerabilities", done.len())).await?;
        Ok(done)
    }

    /// What is meant, as far as it is within the caller's reach.
    async fn detections_of(&self, actor: &Actor, wanted: &IgnoreVulnerabilities) -> Result<DetectionsOf> {
        let reach = actor.allow(Action::Edit, Resource::Ticket)?.reach();
        let IgnoreVulnerabilities { qids, hosts, comment } = wanted;
        check_length("comments", comment, COMMENT_CHARACTERS_MAX)?;
        for qid in qids {
            // What the KnowledgeBase does not have was found on no host.
            let gathered = self.kb().entry(*qid).is_some_and(|entry| !entry.kind.is_detection());
            if gathered || NEVER_IGNORED.contains(&qid.number()) {
                return Err(Error::NeverIgnored { qid: *qid });
            }
        }
        let within = reach.hosts(&self.store().subscription_ips().await?);
        let mut detections =
            DetectionsOf { qids: qids.clone(), ips: within, dns_contains: None, netbios_contains: None };
        match hosts {
            IgnoreOn::Ips(ips) => {
                let foreign = ips.difference(&detections.ips);
                if !foreign.is_empty() {
                    return Err(Error::NotInSubscription { ips: foreign });
                }
                detections.ips = ips.clone();
            }
            IgnoreOn::AssetGroups(titles) => {
                let of_groups = self.asset_group_ips(actor, titles).await?;
                detections.ips = of_groups.intersection(&detections.ips);
            }
            IgnoreOn::DnsContains(part) => detections.dns_contains = Some(part.clone()),
            IgnoreOn::NetbiosContains(part) => detections.netbios_contains = Some(part.clone()),
        }
        Ok(detections)
    }
}
