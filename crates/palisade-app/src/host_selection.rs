//! Which hosts a list or a purge is about: by id, address, asset group, operating system and the times
//! of their scans. Hosts are those that a scan has seen alive.

use std::net::Ipv4Addr;

use palisade_model::host_name::HostNames;
use palisade_model::{IpSet, NumberSet};
use palisade_store::{Between, HostQuery, HostRange, ListedHost, Reach};
use regex::{Regex, RegexBuilder};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Most bytes that a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// What an operating system has to look like.
#[derive(Debug, Clone)]
pub struct SystemPattern(Regex);

impl SystemPattern {
    /// Reads a regular expression. It knows neither look-around nor back-references, and takes time in
    /// proportion to what it looks at.
    ///
    /// # Errors
    ///
    /// [`Error::SystemPattern`].
    pub fn new(text: &str) -> Result<Self> {
        let built = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
        built.map(Self).map_err(|error| Error::SystemPattern(Box::new(error)))
    }

    fn fits(&self, system: Option<&str>) -> bool {
        self.0.is_match(system.unwrap_or_default())
    }
}

/// Which hosts are wanted: those that everything given is true of.
#[derive(Debug, Clone, Default)]
pub struct SelectHosts {
    pub ids: Option<NumberSet>,
    /// Bounds of the ids, both included.
    pub id_min: Option<u64>,
    pub id_max: Option<u64>,
    pub ips: Option<IpSet>,
    /// Ids of asset groups.
    pub group_ids: Option<NumberSet>,
    /// Titles of asset groups.
    pub group_titles: Option<Vec<String>>,
    pub system: Option<SystemPattern>,
    /// When the result of the last scan was taken in.
    pub processed: Between,
    /// When the scanner was done with it.
    pub scan_ended: Between,
    /// The same of the last scan that it let in.
    pub auth_scan_ended: Between,
    /// Nothing fits: what is asked for no host has, such as a tag.
    pub nothing: bool,
}

/// A selection as it is for the caller, now.
#[derive(Debug, Clone)]
pub(crate) struct ChosenHosts {
    pub(crate) query: HostQuery,
    pub(crate) system: Option<SystemPattern>,
    pub(crate) ranges: Vec<HostRange>,
}

impl ChosenHosts {
    /// Whether a host that the store gave is wanted, also by what the store does not look at.
    pub(crate) fn has(&self, host: &ListedHost) -> bool {
        self.query.has(host.id, host.ip)
            && self.system.as_ref().is_none_or(|system| system.fits(host.os.as_deref()))
    }
}

impl App {
    /// What a selection comes to within reach.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownAssetGroup`] for a title, [`Error::UnknownAssetGroupId`] for an id, that no group
    /// within the caller's reach has.
    pub(crate) async fn choose_hosts(
        &self,
        actor: &Actor,
        reach: &Reach,
        wanted: SelectHosts,
    ) -> Result<ChosenHosts> {
        let SelectHosts {
            ids,
            id_min,
            id_max,
            ips,
            group_ids,
            group_titles,
            system,
            processed,
            scan_ended,
            auth_scan_ended,
            nothing,
        } = wanted;
        let ranges = self.store().list_host_ranges().await?;
        let mut target = reach.hosts(&ranges.iter().map(|part| part.range).collect());
        if let Some(ips) = ips {
            target = target.intersection(&ips);
        }
        if let Some(titles) = group_titles {
            target = target.intersection(&self.asset_group_ips(actor, &titles).await?);
        }
        if let Some(ids) = group_ids {
            target = target.intersection(&self.asset_group_ips_by_id(actor, &ids).await?);
        }
        if nothing {
            target = IpSet::new();
        }
        let ids = bounded(ids.as_ref(), id_min, id_max);
        Ok(ChosenHosts {
            query: HostQuery { ips: target, ids, processed, scan_ended, auth_scan_ended, having: None },
            system,
            ranges,
        })
    }

    async fn asset_group_ips_by_id(&self, actor: &Actor, ids: &NumberSet) -> Result<IpSet> {
        let groups = self.list_asset_groups(actor, None).await?;
        let id = |group: &crate::AssetGroupView| u64::try_from(group.id).unwrap_or(0);
        let named: Vec<_> = groups.into_iter().filter(|group| ids.contains(id(group))).collect();
        let is_known = |number: u64| named.iter().any(|group| id(group) == number);
        // A range takes whatever groups there are in it.
        let singles = ids.ranges().iter().filter(|(first, last)| first == last).map(|(first, _)| *first);
        if let Some(unknown) = singles.into_iter().find(|number| !is_known(*number)) {
            return Err(Error::UnknownAssetGroupId { id: unknown });
        }
        let mut names = HostNames::default();
        for group in &named {
            names.join(&group.names);
        }
        let addresses = named.iter().fold(IpSet::new(), |all, group| all.union(&group.ips));
        Ok(addresses.union(&self.named_hosts(actor, &names).await?))
    }

    /// One page of the chosen hosts, by id, and where the next one begins.
    pub(crate) async fn chosen_page(
        &self,
        chosen: &ChosenHosts,
        after: i64,
        limit: u32,
    ) -> Result<(Vec<ListedHost>, Option<i64>)> {
        if chosen.query.ips.is_empty() {
            return Ok((Vec::new(), None));
        }
        let mut page = self.store().list_hosts_by_id(&chosen.query, after, limit).await?;
        let is_full = page.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let next = page.last().filter(|_| is_full).map(|host| host.id);
        page.retain(|host| chosen.has(host));
        Ok((page, next))
    }
}

/// How many hosts the first page of a list is to have: one more than there is room for tells whether others
/// follow, and small lists read no more than that. The pages after it, where hosts fell out, have `most`.
pub(crate) fn first_page_hosts(room: u64, most: u32) -> u32 {
    u32::try_from(room.saturating_add(1)).unwrap_or(most).min(most)
}

/// The ids of the list that are within the bounds; `None` for all.
fn bounded(ids: Option<&NumberSet>, min: Option<u64>, max: Option<u64>) -> Option<Vec<(i64, i64)>> {
    if ids.is_none() && min.is_none() && max.is_none() {
        return None;
    }
    let all = [(0, u64::MAX)];
    let ranges = ids.map_or(&all[..], NumberSet::ranges);
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(u64::MAX));
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let within = ranges.iter().map(|(first, last)| (*first.max(&min), *last.min(&max)));
    Some(
        within
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| (number(first), number(last)))
            .collect(),
    )
}

/// The groups that an address is in.
pub(crate) fn groups_of(groups: &[(u64, IpSet)], ip: Ipv4Addr) -> Vec<u64> {
    groups.iter().filter(|(_, ips)| ips.contains(ip)).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_cut_lists_of_ids() {
        let ids: NumberSet = "1,5-9,20".parse().unwrap();
        assert_eq!(bounded(None, None, None), None);
        assert_eq!(bounded(None, Some(7), None), Some(vec![(7, i64::MAX)]));
        assert_eq!(bounded(Some(&ids), Some(6), Some(20)), Some(vec![(6, 9), (20, 20)]));
        assert_eq!(bounded(Some(&ids), Some(30), None), Some(Vec::new()));
    }

    #[test]
    fn patterns_are_looked_for_anywhere_and_bounded() {
        let fits = |pattern: &str, system| SystemPattern::new(pattern).unwrap().fits(system);
        assert!(fits("Linux [0-9]", Some("Debian Linux 12")) && !fits("^Linux", Some("Debian Linux 12")));
        assert!(fits("^$", None) && !fits("^$", Some("Debian")));
        for refused in ["(", "a{1000}{1000}{1000}", "(?=x)"] {
            assert!(SystemPattern::new(refused).is_err(), "{refused}");
        }
    }
}
