//! What a saved report comes to for whoever asked for it, at the moment it is asked for and again
//! when it is made. Nothing is read of the hosts, tickets and maps yet.

use palisade_model::report_job::{HostChoice, ScorecardSource};
use palisade_model::report_template::{HostTemplate, Levels, TemplateDisplay, TemplateFilter};
use palisade_model::{
    Action, BusinessImpact, DetectionStatus, DomainName, IpSet, MapRef, Qid, ReportSubject, Resource,
    Scorecard, TicketGrouping, TicketState,
};
use palisade_store::ReportTemplate;

use crate::actor::Actor;
use crate::app::App;
use crate::asset_group::AssetGroupView;
use crate::asset_report::{AssetReport, WantedReport};
use crate::error::{Error, Result};
use crate::map::MapView;
use crate::ticket::TicketSelection;

/// What a report comes to.
#[derive(Debug)]
pub enum ReportPlan {
    /// Hosts from their history.
    Hosts(AssetReport),
    /// Hosts from the results of scans.
    Scans(AssetReport),
    /// Hosts with what a patch would mend.
    Patches(AssetReport),
    Map(MapPlan),
    Tickets(TicketPlan),
    Scorecard(Box<ScorecardPlan>),
}

/// A report on one map, or on how a second differs from it.
#[derive(Debug)]
pub struct MapPlan {
    /// The template's title.
    pub title: String,
    pub domain: DomainName,
    /// The older first.
    pub maps: Vec<MapView>,
    /// Only these addresses.
    pub ips: Option<IpSet>,
    /// Only hosts that are not in the subscription.
    pub unknown_only: bool,
}

/// A report on tickets.
#[derive(Debug)]
pub struct TicketPlan {
    /// The template's title.
    pub title: String,
    pub grouping: TicketGrouping,
    pub selection: TicketSelection,
    /// Titles and addresses of the asset groups within reach.
    pub asset_groups: Vec<(String, IpSet)>,
}

/// A scorecard.
#[derive(Debug)]
pub struct ScorecardPlan {
    pub scorecard: Scorecard,
    /// The hosts, and which of their findings count.
    pub hosts: AssetReport,
    pub asset_groups: Vec<ScoredGroup>,
    /// Of ignored vulnerabilities: the tickets that say so.
    pub ignored: TicketSelection,
    /// For the patch report.
    pub patches: Vec<Qid>,
    pub missing: Vec<Qid>,
}

/// An asset group that a scorecard is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredGroup {
    pub title: String,
    pub ips: IpSet,
    pub business_impact: BusinessImpact,
}

impl App {
    /// What a report comes to for the caller.
    ///
    /// # Errors
    ///
    /// Beside permission: when its template, scans, maps, groups or hosts are not there or out of
    /// reach.
    pub async fn plan_report(&self, actor: &Actor, subject: &ReportSubject) -> Result<ReportPlan> {
        Ok(match subject {
            ReportSubject::Hosts { template_id, hosts } => {
                let wanted = WantedReport {
                    template_id: Some(*template_id),
                    ips: hosts.ips.clone(),
                    asset_groups: self.asset_group_titles(actor, &hosts.asset_groups).await?,
                };
                ReportPlan::Hosts(self.plan_asset_report(actor, wanted).await?)
            }
            ReportSubject::Scans { template_id, scans, ips } => {
                ReportPlan::Scans(self.plan_scan_report(actor, *template_id, scans, ips.as_ref()).await?)
            }
            ReportSubject::Maps { template_id, domain, maps, ips } => {
                ReportPlan::Map(self.plan_map_report(actor, *template_id, domain, maps, ips.as_ref()).await?)
            }
            ReportSubject::Patches { template_id, hosts } => {
                ReportPlan::Patches(self.plan_patch_report(actor, *template_id, hosts).await?)
            }
            ReportSubject::Tickets { template_id, hosts, own } => {
                ReportPlan::Tickets(self.plan_ticket_report(actor, *template_id, hosts, *own).await?)
            }
            ReportSubject::Scorecard { scorecard, source, patches, missing } => {
                let plan = self.plan_scorecard(actor, *scorecard, source).await?;
                self.check_qids(Some(patches))?;
                self.check_qids(Some(missing))?;
                let (patches, missing) = (patches.clone(), missing.clone());
                ReportPlan::Scorecard(Box::new(ScorecardPlan { patches, missing, ..plan }))
            }
        })
    }

    async fn plan_map_report(
        &self,
        actor: &Actor,
        template_id: i64,
        domain: &DomainName,
        maps: &[MapRef],
        ips: Option<&IpSet>,
    ) -> Result<MapPlan> {
        let template = self.usable_report_template(actor, template_id).await?;
        let mut views = Vec::new();
        for map in maps {
            let view = self.map(actor, map).await?;
            if !view.status.is_ended() {
                return Err(Error::ScanRunning);
            }
            if view.domain != *domain {
                return Err(Error::MapOfOtherDomain { map: map.clone(), domain: domain.clone() });
            }
            views.push(view);
        }
        views.sort_by_key(|view| (view.launched_at, view.map.clone()));
        Ok(MapPlan {
            title: template.title,
            domain: domain.clone(),
            maps: views,
            ips: ips.cloned(),
            unknown_only: template.unknown_only,
        })
    }

    async fn plan_patch_report(
        &self,
        actor: &Actor,
        template_id: i64,
        hosts: &HostChoice,
    ) -> Result<AssetReport> {
        let ReportTemplate { title, content, .. } = self.usable_report_template(actor, template_id).await?;
        let asset_groups = self.asset_group_titles(actor, &hosts.asset_groups).await?;
        let ips = hosts.ips.clone();
        let mut plan = self.plan_hosts(actor, Some(title), content, ips, asset_groups).await?;
        let kb = self.kb();
        plan.selected.retain(|qid, selected| {
            selected.kind.is_detection() && kb.entry(*qid).is_some_and(|entry| entry.patchable)
        });
        Ok(plan)
    }

    async fn plan_ticket_report(
        &self,
        actor: &Actor,
        template_id: i64,
        hosts: &HostChoice,
        own: bool,
    ) -> Result<TicketPlan> {
        let ReportTemplate { title, tickets_by: grouping, .. } =
            self.usable_report_template(actor, template_id).await?;
        let groups = self.list_asset_groups(actor, None).await?;
        let titles = titles_of(&groups, &hosts.asset_groups)?;
        let mut ips = hosts.ips.clone();
        if !titles.is_empty() {
            let of_groups = self.asset_group_ips(actor, &titles).await?;
            ips = Some(ips.map_or(of_groups.clone(), |ips| ips.union(&of_groups)));
        }
        let assignee = own.then(|| actor.login.to_string());
        let asset_groups =
            groups.into_iter().filter(|group| group.id != 0).map(|group| (group.title, group.ips)).collect();
        let selection = TicketSelection { assignee, ips, ..TicketSelection::default() };
        Ok(TicketPlan { title, grouping, selection, asset_groups })
    }

    async fn plan_scorecard(
        &self,
        actor: &Actor,
        scorecard: Scorecard,
        source: &ScorecardSource,
    ) -> Result<ScorecardPlan> {
        let groups = self.list_asset_groups(actor, None).await?;
        let asset_groups: Vec<ScoredGroup> = match source {
            ScorecardSource::AssetGroups { titles } => {
                let group = |title: &String| {
                    let named = groups.iter().find(|group| group.title == *title);
                    named.ok_or_else(|| Error::UnknownAssetGroup { title: title.clone() })
                };
                titles.iter().map(|title| group(title).map(scored)).collect::<Result<_>>()?
            }
            ScorecardSource::EveryAssetGroup => {
                let all: Vec<_> = groups.iter().filter(|group| group.id != 0).map(scored).collect();
                // Without any group there is still everything.
                if all.is_empty() { groups.iter().map(scored).collect() } else { all }
            }
            ScorecardSource::BusinessUnit { unit, division, function, location } => {
                let of_unit = self.groups_of_unit(unit.as_deref()).await?;
                let fits = |wanted: &Option<String>, text: &Option<String>| {
                    wanted.as_ref().is_none_or(|wanted| text.as_ref() == Some(wanted))
                };
                let wanted = groups.iter().filter(|group| group.id != 0).filter(|group| {
                    of_unit.as_ref().is_none_or(|of_unit| of_unit.contains(&group.id))
                        && fits(division, &group.texts.division)
                        && fits(function, &group.texts.function)
                        && fits(location, &group.texts.location)
                });
                wanted.map(scored).collect()
            }
        };
        let ips = asset_groups.iter().fold(IpSet::new(), |all, group| all.union(&group.ips));
        if ips.is_empty() {
            return Err(Error::NothingToReport);
        }
        let title = Some(scorecard.as_str().to_owned());
        let ignored = TicketSelection {
            ips: Some(ips.clone()),
            states: vec![TicketState::Ignored],
            ..TicketSelection::default()
        };
        let hosts = self.plan_hosts(actor, title, scored_content(scorecard), Some(ips), Vec::new()).await?;
        Ok(ScorecardPlan {
            scorecard,
            hosts,
            asset_groups,
            ignored,
            patches: Vec::new(),
            missing: Vec::new(),
        })
    }

    /// Ids of the asset groups of the unit with this title; `None` without a title: of any.
    async fn groups_of_unit(&self, title: Option<&str>) -> Result<Option<Vec<i64>>> {
        let Some(title) = title else { return Ok(None) };
        let units = self.store().list_business_units().await?;
        let unit = units.into_iter().find(|unit| unit.title.as_str() == title);
        let unit = unit.ok_or_else(|| Error::UnknownBusinessUnit { title: title.to_owned() })?;
        Ok(Some(unit.asset_groups))
    }

    /// The titles of the groups with these ids, within the caller's reach.
    async fn asset_group_titles(&self, actor: &Actor, ids: &[i64]) -> Result<Vec<String>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        actor.may(Action::List, Resource::AssetGroup)?;
        titles_of(&self.list_asset_groups(actor, None).await?, ids)
    }
}

fn titles_of(groups: &[AssetGroupView], ids: &[i64]) -> Result<Vec<String>> {
    let title = |id: &i64| {
        let group = groups.iter().find(|group| group.id == *id && *id != 0);
        group
            .map(|group| group.title.clone())
            .ok_or_else(|| Error::UnknownAssetGroupId { id: u64::try_from(*id).unwrap_or_default() })
    };
    ids.iter().map(title).collect()
}

fn scored(group: &AssetGroupView) -> ScoredGroup {
    ScoredGroup { title: group.title.clone(), ips: group.ips.clone(), business_impact: group.business_impact }
}

/// Which findings count for a scorecard: what is not fixed. The patch report looks at information
/// as well, because that tells which programs are missing.
fn scored_content(scorecard: Scorecard) -> HostTemplate {
    let others = if scorecard == Scorecard::Patches { Levels::ALL } else { Levels::NONE };
    let statuses = vec![DetectionStatus::New, DetectionStatus::Active, DetectionStatus::ReOpened];
    HostTemplate {
        filter: TemplateFilter {
            information: others.clone(),
            potential: others,
            statuses,
            ..TemplateFilter::default()
        },
        display: TemplateDisplay { host_asset_groups: true, host_ids: true, ..TemplateDisplay::default() },
        ..HostTemplate::default()
    }
}
