//! Reports on hosts: what a template's target and filters come to for the caller, the totals, and
//! the hosts with their findings, piece by piece.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use palisade_model::cve::Cvss;
use palisade_model::report_template::{FindingOrder, HostTemplate};
use palisade_model::{
    Action, AssetGroupTitle, BusinessImpact, DetectionStatus, FindingKind, IpSet, Qid, Resource, Timestamp,
};
use palisade_store::{BatchedDetection, BesideOpen, HostRange, TrackingMethod};

use crate::actor::Actor;
use crate::app::App;
use crate::asset_group::AssetGroupView;
use crate::asset_report_piece::ReportedHostHead;
use crate::error::{Error, Result};
use crate::host::attributes_of;
use crate::report_template::refuse_other_kinds;

const SECONDS_PER_DAY: i64 = 86_400;

/// Which report is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedReport {
    /// `None`: everything known, without a template.
    pub template_id: Option<i64>,
    /// In place of the template's target, if there is any of the two.
    pub ips: Option<IpSet>,
    pub asset_groups: Vec<String>,
}

/// A report that is about to be written: the template and what it means for the caller, now.
#[derive(Debug, Clone)]
pub struct AssetReport {
    /// The template's title; `None` without a template.
    pub title: Option<String>,
    /// The groups and addresses that were asked for.
    pub asset_groups: Vec<String>,
    pub user_ips: Option<IpSet>,
    /// What of them is in the subscription and within the caller's reach.
    pub target: IpSet,
    pub content: HostTemplate,
    /// The search lists that its filters go by.
    pub lists: ReportLists,
    pub(crate) selected: HashMap<Qid, Selected>,
    pub(crate) found_since: Option<Timestamp>,
    pub(crate) ranges: Vec<HostRange>,
    /// Groups that hosts are shown in; empty unless the template shows them.
    pub(crate) groups: Vec<(String, IpSet)>,
    pub(crate) impact: BusinessImpact,
    /// The scans whose results it is made of, the newest first; empty: the history of the hosts.
    pub(crate) scans: Vec<ReportedScan>,
}

/// Titles of the search lists that a report goes by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportLists {
    /// QIDs on these are wanted.
    pub wanted: Vec<String>,
    /// QIDs on these are not.
    pub excluded: Vec<String>,
}

/// A scan that a report is made of.
#[derive(Debug, Clone)]
pub(crate) struct ReportedScan {
    pub(crate) id: i64,
    pub(crate) at: Timestamp,
}

/// What a report needs to know of a QID that its filters let through.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    pub(crate) kind: FindingKind,
    pub(crate) severity: u8,
    /// Whether it is let through where it is not ignored, and where it is.
    pub(crate) unignored: bool,
    pub(crate) ignored: bool,
    /// `None` where there are none.
    pub(crate) scores: Option<Arc<Scores>>,
}

/// What a vulnerability scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scores {
    /// Of version 2: the temporal or else the base score.
    pub(crate) cvss: Option<String>,
    /// Of version 3: the base score, as no temporal one is known.
    pub(crate) cvss3: Option<String>,
}

/// The totals of a report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportSummary {
    pub vulnerabilities: u64,
    /// The average of the hosts' security risks; 0 without any.
    pub security_risk: f64,
    /// 0 to 100.
    pub business_risk: u32,
    /// Hosts of the target that are known, and those of them with vulnerabilities.
    pub active: u32,
    pub matching: u32,
    /// Each host with vulnerabilities, by address; only when the template shows them.
    pub hosts: Vec<HostRisk>,
}

/// How a host is at risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostRisk {
    pub ip: Ipv4Addr,
    pub vulnerabilities: u32,
    /// The average severity of its vulnerabilities that are not fixed.
    pub security_risk: f64,
}

impl App {
    /// Decides what a report is about and who may see it. Nothing is read of the hosts yet.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownReportTemplate`], [`Error::NotAHostTemplate`],
    /// [`Error::UnknownAssetGroup`], and [`Error::NothingToReport`] when no address is left.
    pub async fn plan_asset_report(&self, actor: &Actor, wanted: WantedReport) -> Result<AssetReport> {
        actor.may(Action::List, Resource::HostVulnerability)?;
        let (title, content) = match wanted.template_id {
            None => (None, HostTemplate::everything()),
            Some(id) => {
                let template = self.usable_report_template(actor, id).await?;
                refuse_other_kinds(&template)?;
                (Some(template.title), template.content)
            }
        };
        self.plan_hosts(actor, title, content, wanted.ips, wanted.asset_groups).await
    }

    /// What a report with this content is about; `ips` and `asset_groups` stand in place of the
    /// content's own.
    pub(crate) async fn plan_hosts(
        &self,
        actor: &Actor,
        title: Option<String>,
        content: HostTemplate,
        ips: Option<IpSet>,
        asset_groups: Vec<String>,
    ) -> Result<AssetReport> {
        let reach = actor.allow(Action::List, Resource::HostVulnerability)?.reach();
        let is_overridden = ips.is_some() || !asset_groups.is_empty();
        let (user_ips, mut asset_groups) = if is_overridden {
            (ips, asset_groups)
        } else {
            let target = content.target.clone();
            (Some(target.ips).filter(|ips| !ips.is_empty()), target.asset_groups)
        };
        if user_ips.is_none() && asset_groups.is_empty() {
            asset_groups.push(palisade_model::asset_group::ALL.to_owned());
        }
        let groups = self.list_asset_groups(actor, None).await?;
        let named = named_groups(&groups, &asset_groups)?;
        let ranges = self.store().list_host_ranges().await?;
        let visible = reach.hosts(&ranges.iter().map(|part| part.range).collect());
        let asked = named.iter().map(|group| &group.ips).chain(user_ips.as_ref());
        let target = asked.fold(IpSet::new(), |all, ips| all.union(ips)).intersection(&visible);
        if target.is_empty() {
            return Err(Error::NothingToReport);
        }
        let impact = named.iter().map(|group| group.business_impact).max().unwrap_or_default();
        Ok(AssetReport {
            title,
            asset_groups,
            user_ips,
            target,
            scans: Vec::new(),
            lists: self.report_lists(&content).await?,
            selected: self.selected(&content).await?,
            found_since: self.found_since(&content),
            ranges,
            groups: shown_groups(&content, &groups),
            impact,
            content,
        })
    }

    /// From when on findings count for a report that is made now.
    pub(crate) fn found_since(&self, content: &HostTemplate) -> Option<Timestamp> {
        content.filter.timeframe_days.map(|days| {
            let since = self.clock().now().as_second() - i64::from(days) * SECONDS_PER_DAY;
            Timestamp::from_second(since).unwrap_or(Timestamp::UNIX_EPOCH)
        })
    }

    /// The search lists that the filters name.
    pub(crate) async fn report_lists(&self, content: &HostTemplate) -> Result<ReportLists> {
        let filter = &content.filter;
        let (wanted, _) = self.qids_of_named_lists(&filter.search_lists).await?;
        let (excluded, _) = self.qids_of_named_lists(&filter.excluded_search_lists).await?;
        Ok(ReportLists { wanted, excluded })
    }

    /// The QIDs that the filters let through.
    pub(crate) async fn selected(&self, content: &HostTemplate) -> Result<HashMap<Qid, Selected>> {
        let filter = &content.filter;
        let (_, listed) = self.qids_of_named_lists(&filter.search_lists).await?;
        let (_, unlisted) = self.qids_of_named_lists(&filter.excluded_search_lists).await?;
        let all = filter.qids.is_empty() && filter.search_lists.is_empty();
        let kb = self.kb();
        let selected = kb
            .entries()
            .filter(|entry| filter.categories.is_empty() || filter.categories.contains(&entry.category))
            .filter(|entry| all || filter.qids.contains(&entry.qid) || listed.contains(&entry.qid))
            .filter(|entry| !filter.excluded_qids.contains(&entry.qid) && !unlisted.contains(&entry.qid))
            .filter_map(|entry| {
                let (kind, severity) = (entry.kind, entry.severity.level());
                let has = |ignored| filter.has_level(kind, severity, entry.is_disabled(), ignored);
                let (unignored, ignored) = (has(false), has(true));
                if !(unignored || ignored) {
                    return None;
                }
                let cvss = entry.cvss_temporal.as_ref().or(entry.cvss_base.as_ref()).cloned();
                let cvss3 = entry.intelligence.cvss3.as_ref().map(Cvss::text);
                let scores = (cvss.is_some() || cvss3.is_some()).then(|| Arc::new(Scores { cvss, cvss3 }));
                Some((entry.qid, Selected { kind, severity, unignored, ignored, scores }))
            })
            .collect();
        Ok(selected)
    }
}

impl Selected {
    /// Whether detections are let through that are `ignored` or not.
    pub(crate) const fn shows(&self, ignored: bool) -> bool {
        if ignored { self.ignored } else { self.unignored }
    }
}

/// The first and last address of a target, as pages are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) before: Option<Ipv4Addr>,
    pub(crate) last: Ipv4Addr,
}

impl Bounds {
    /// `None`: there is no address among them.
    pub(crate) fn of(target: &IpSet) -> Option<Self> {
        let (first, last) = (target.ranges().first()?, target.ranges().last()?);
        let before = u32::from(first.first()).checked_sub(1).map(Ipv4Addr::from);
        Some(Self { before, last: last.last() })
    }
}

impl AssetReport {
    /// Whether it is made of the history of the hosts, and not of scans.
    #[must_use]
    pub fn is_of_history(&self) -> bool {
        self.scans.is_empty()
    }

    pub(crate) fn bounds(&self) -> Option<Bounds> {
        Bounds::of(&self.target)
    }

    /// Whether findings of a host with this operating system are wanted.
    pub(crate) fn has_system(&self, os: Option<&str>) -> bool {
        let wanted = &self.content.filter.operating_systems;
        wanted.is_empty() || {
            let os = os.unwrap_or_default().to_lowercase();
            wanted.iter().any(|wanted| os.contains(&wanted.to_lowercase()))
        }
    }

    /// The QID's kind and severity, when such a detection is wanted.
    pub(crate) fn wants(&self, detection: &BatchedDetection) -> Option<&Selected> {
        let is_wanted = self.content.filter.statuses.contains(&detection.status)
            && self.found_since.is_none_or(|since| since <= detection.last_found_at);
        let selected = self.selected.get(&detection.key.qid)?;
        (is_wanted && selected.shows(detection.ignored)).then_some(selected)
    }

    /// Which detections may be wanted beside those that are open.
    pub(crate) fn beside_open(&self) -> BesideOpen {
        let filter = &self.content.filter;
        BesideOpen {
            fixed: filter.statuses.contains(&DetectionStatus::Fixed),
            ignored: filter.ignored.is_any(),
        }
    }

    /// How a report names a host.
    pub(crate) fn head(&self, host: &palisade_store::ReportedHost) -> ReportedHostHead {
        let palisade_store::ReportedHost { id, ip, dns_name, netbios_name, os, os_cpe, .. } = host;
        let tracking = attributes_of(&self.ranges, *ip).map_or(TrackingMethod::Ip, |known| known.tracking);
        let groups = self.groups.iter().filter(|(_, ips)| ips.contains(*ip));
        ReportedHostHead {
            id: self.content.display.host_ids.then_some(*id),
            ip: *ip,
            tracking,
            dns: dns_name.clone(),
            netbios: netbios_name.clone(),
            os: os.clone(),
            os_cpe: os_cpe.clone(),
            asset_groups: groups.map(|(title, _)| title.clone()).collect(),
        }
    }

    /// The order of a host's findings.
    pub(crate) const fn order(&self) -> FindingOrder {
        self.content.display.order
    }
}

/// Groups that hosts are shown in; none unless the content shows them.
pub(crate) fn shown_groups(content: &HostTemplate, groups: &[AssetGroupView]) -> Vec<(String, IpSet)> {
    if !content.display.host_asset_groups {
        return Vec::new();
    }
    let groups = groups.iter().filter(|group| group.id != 0);
    groups.map(|group| (group.title.clone(), group.ips.clone())).collect()
}

/// The groups with these titles, each of which must be there.
fn named_groups<'a>(groups: &'a [AssetGroupView], titles: &[String]) -> Result<Vec<&'a AssetGroupView>> {
    let group = |title: &String| {
        let is_all = title.parse::<AssetGroupTitle>().is_ok_and(|title| title.is_all());
        let named = groups.iter().find(|group| if is_all { group.id == 0 } else { group.title == *title });
        named.ok_or_else(|| Error::UnknownAssetGroup { title: title.clone() })
    };
    titles.iter().map(group).collect()
}
