//! Report templates: what a report is about and what it shows.
//!
//! What reports on hosts and on patches hold is a [`HostTemplate`]. Of it, templates of other kinds have
//! what is kept alone; what else they say stands beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::detection::DetectionStatus;
use crate::finding::FindingKind;
use crate::ip_set::IpSet;
use crate::qid::Qid;
use crate::words::words;

/// Longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 100;
/// Most items in each list of a template.
pub const ITEMS_MAX: usize = 10_000;

/// A text that names none of the values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a word of report templates")]
pub struct NotATemplateWord;

words! {
    /// What a template's reports are about.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum TemplateKind or NotATemplateWord {
        /// Vulnerabilities of hosts.
        Scan = "Scan",
        /// Devices that maps found.
        Map = "Map",
        /// Patches that are missing.
        Patch = "Patch",
        /// Vulnerabilities against a list that somebody else keeps, such as a top 20.
        Compliance = "Compliance",
        /// Tickets.
        Remediation = "Remediation",
        /// Policies.
        Policy = "Policy",
    }
}

words! {
    /// Where a report takes its findings from.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum TemplateSelection or NotATemplateWord {
        /// From the history of the hosts, as it stands.
        Automatic = "Auto",
        /// From saved scans or maps that somebody selects.
        Manual = "Manual",
    }
}

words! {
    /// The templates that the API makes, by the last word of their path.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum TemplateFamily or NotATemplateWord {
        Scan = "scan",
        PciScan = "pciscan",
        Patch = "patch",
        Map = "map",
    }
}

impl TemplateFamily {
    /// The family of templates of a kind; `None` for those that the API does not make.
    #[must_use]
    pub const fn of(kind: TemplateKind, selection: TemplateSelection) -> Option<Self> {
        match (kind, selection) {
            (TemplateKind::Scan, _) => Some(Self::Scan),
            (TemplateKind::Compliance, TemplateSelection::Manual) => Some(Self::PciScan),
            (TemplateKind::Patch, _) => Some(Self::Patch),
            (TemplateKind::Map, _) => Some(Self::Map),
            (TemplateKind::Compliance | TemplateKind::Remediation | TemplateKind::Policy, _) => None,
        }
    }

    /// What a new template of the family is about, and where its reports take their findings from.
    #[must_use]
    pub const fn kind(self) -> (TemplateKind, TemplateSelection) {
        match self {
            Self::Scan => (TemplateKind::Scan, TemplateSelection::Automatic),
            Self::PciScan => (TemplateKind::Compliance, TemplateSelection::Manual),
            Self::Patch => (TemplateKind::Patch, TemplateSelection::Automatic),
            Self::Map => (TemplateKind::Map, TemplateSelection::Manual),
        }
    }
}

words! {
    /// The order of a host's findings.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum FindingOrder or NotATemplateWord {
        /// By QID, then by port.
        Qid = "qid",
        /// The worst first.
        Severity = "severity",
        /// Those of the host itself first, then by port.
        Port = "port",
    }
}

/// Which severities of one kind of finding are wanted: levels 1 to 5, each at most once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct Levels([bool; 5]);

impl Levels {
    pub const ALL: Self = Self([true; 5]);
    pub const NONE: Self = Self([false; 5]);

    #[must_use]
    pub fn contains(&self, level: u8) -> bool {
        level.checked_sub(1).and_then(|index| self.0.get(usize::from(index))).copied().unwrap_or(false)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }
}

impl TryFrom<Vec<u8>> for Levels {
    type Error = NotATemplateWord;

    fn try_from(levels: Vec<u8>) -> Result<Self, NotATemplateWord> {
        let mut wanted = Self::NONE;
        for level in levels {
            let index = level.checked_sub(1).ok_or(NotATemplateWord)?;
            *wanted.0.get_mut(usize::from(index)).ok_or(NotATemplateWord)? = true;
        }
        Ok(wanted)
    }
}

impl From<Levels> for Vec<u8> {
    fn from(levels: Levels) -> Self {
        (1..=5).filter(|level| levels.contains(*level)).collect()
    }
}

impl fmt::Display for Levels {
    /// `4,5`; `none` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels: Vec<String> = Vec::from(self.clone()).iter().map(u8::to_string).collect();
        if levels.is_empty() { f.write_str("none") } else { f.write_str(&levels.join(",")) }
    }
}

impl FromStr for Levels {
    type Err = NotATemplateWord;

    fn from_str(text: &str) -> Result<Self, NotATemplateWord> {
        if text == "none" {
            return Ok(Self::NONE);
        }
        let levels: Result<Vec<u8>, _> = text.split(',').map(|level| level.trim().parse()).collect();
        levels.map_err(|_| NotATemplateWord)?.try_into()
    }
}

/// Which hosts a report is about. Nothing in it: every host within the reader's reach.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TemplateTarget {
    /// Titles.
    pub asset_groups: Vec<String>,
    pub ips: IpSet,
}

/// Of which kinds of findings a report shows those, too, whose QID the subscription has switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DisabledShown {
    pub vulnerabilities: bool,
    pub potential: bool,
    pub information: bool,
}

/// Of which kinds of findings a report on the history of hosts shows those, too, that are ignored there.
/// Information cannot be ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IgnoredShown {
    pub vulnerabilities: bool,
    pub potential: bool,
}

impl IgnoredShown {
    /// Whether ignored findings of any kind are shown.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.vulnerabilities || self.potential
    }
}

/// Which findings of those hosts a report shows: those that everything is true of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TemplateFilter {
    pub vulnerabilities: Levels,
    pub potential: Levels,
    pub information: Levels,
    /// Of which of those three also what the subscription has switched off is shown.
    pub disabled: DisabledShown,
    /// Of which of the first two also what is ignored is shown.
    pub ignored: IgnoredShown,
    /// Of vulnerabilities, confirmed and potential; information has none.
    pub statuses: Vec<DetectionStatus>,
    /// In the KnowledgeBase's words; none of them stands for all.
    pub categories: Vec<String>,
    /// None of them stands for all, unless there are search lists.
    pub qids: Vec<Qid>,
    /// Ids of search lists; what is on them when a report is made counts beside `qids`.
    pub search_lists: Vec<i64>,
    pub excluded_qids: Vec<Qid>,
    /// The same of what is not wanted.
    pub excluded_search_lists: Vec<i64>,
    /// Only hosts whose operating system has one of these texts, in any case of letters; none of
    /// them stands for all.
    pub operating_systems: Vec<String>,
    /// Only what was found within so many days before the report; `None` for all times.
    pub timeframe_days: Option<u32>,
}

impl Default for TemplateFilter {
    fn default() -> Self {
        Self {
            vulnerabilities: Levels::ALL,
            potential: Levels::ALL,
            information: Levels::NONE,
            disabled: DisabledShown::default(),
            ignored: IgnoredShown::default(),
            statuses: vec![DetectionStatus::New, DetectionStatus::Active, DetectionStatus::ReOpened],
            categories: Vec::new(),
            qids: Vec::new(),
            search_lists: Vec::new(),
            excluded_qids: Vec::new(),
            excluded_search_lists: Vec::new(),
            operating_systems: Vec::new(),
            timeframe_days: None,
        }
    }
}

impl TemplateFilter {
    /// Whether findings of this kind and level are wanted, whose QID is `disabled` or not, and which are
    /// `ignored` or not. What is both must be wanted as both.
    #[must_use]
    pub fn has_level(&self, kind: FindingKind, level: u8, disabled: bool, ignored: bool) -> bool {
        let levels = self.levels(kind);
        if !(disabled || ignored) {
            return levels.contains(level);
        }
        let (shows_disabled, shows_ignored) = match kind {
            FindingKind::Vulnerability => (self.disabled.vulnerabilities, self.ignored.vulnerabilities),
            FindingKind::Potential => (self.disabled.potential, self.ignored.potential),
            FindingKind::Information | FindingKind::Service => (self.disabled.information, false),
        };
        let shown = (shows_disabled || !disabled) && (shows_ignored || !ignored);
        // Without the others they are shown alone, of every level.
        shown && (levels.is_empty() || levels.contains(level))
    }

    /// The search lists that it goes by, by id, each once.
    #[must_use]
    pub fn list_ids(&self) -> BTreeSet<i64> {
        self.search_lists.iter().chain(&self.excluded_search_lists).copied().collect()
    }

    /// The severities wanted of a kind of finding.
    #[must_use]
    pub const fn levels(&self, kind: FindingKind) -> &Levels {
        match kind {
            FindingKind::Vulnerability => &self.vulnerabilities,
            FindingKind::Potential => &self.potential,
            FindingKind::Information | FindingKind::Service => &self.information,
        }
    }
}

/// Which parts a report has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TemplateDisplay {
    /// Totals and risks in the head.
    pub summary: bool,
    /// The risk of every host.
    pub host_risks: bool,
    /// Hosts with their findings; without it a report is only a summary.
    pub hosts: bool,
    /// The asset groups that a host is in.
    pub host_asset_groups: bool,
    /// The server's own number of a host.
    pub host_ids: bool,
    /// What the findings mean.
    pub glossary: bool,
    pub threat: bool,
    pub impact: bool,
    pub solution: bool,
    /// The evidence.
    pub results: bool,
    pub cvss: bool,
    /// Hosts without results or findings, and the template's filters.
    pub appendix: bool,
    pub order: FindingOrder,
}

impl Default for TemplateDisplay {
    fn default() -> Self {
        Self {
            summary: true,
            host_risks: false,
            hosts: true,
            host_asset_groups: false,
            host_ids: false,
            glossary: true,
            threat: true,
            impact: true,
            solution: true,
            results: true,
            cvss: true,
            appendix: true,
            order: FindingOrder::Qid,
        }
    }
}

/// What a template of a host based report holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostTemplate {
    pub target: TemplateTarget,
    pub filter: TemplateFilter,
    pub display: TemplateDisplay,
    /// Choices about documents for people, and about what this server does not have, by the API's names
    /// for them: they are told as they were made.
    pub kept: BTreeMap<String, String>,
}

impl HostTemplate {
    /// Everything known about the target, in full.
    #[must_use]
    pub fn everything() -> Self {
        let filter = TemplateFilter {
            information: Levels::ALL,
            statuses: DetectionStatus::ALL.to_vec(),
            ..TemplateFilter::default()
        };
        let display =
            TemplateDisplay { host_asset_groups: true, host_ids: true, ..TemplateDisplay::default() };
        Self { filter, display, ..Self::default() }
    }
}

/// The business risk of hosts: how bad the average vulnerability is (`security_risk`, 0 to 5) and
/// how much depends on them (`rank` of the business impact, 1 to 5). 0 to 100, cut to whole numbers.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5, and cut on purpose")]
pub fn business_risk(security_risk: f64, rank: u8) -> u32 {
    let risk = security_risk.clamp(0.0, 5.0) as u32;
    risk * risk * u32::from(rank.min(5)) * 100 / 125
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_read_back() {
        for kind in TemplateKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for selection in TemplateSelection::ALL {
            assert_eq!(selection.as_str().parse(), Ok(selection));
        }
        for family in TemplateFamily::ALL {
            assert_eq!(family.as_str().parse(), Ok(family));
            let (kind, selection) = family.kind();
            assert_eq!(TemplateFamily::of(kind, selection), Some(family));
        }
        for order in FindingOrder::ALL {
            assert_eq!(order.as_str().parse(), Ok(order));
        }
        assert!("scan".parse::<TemplateKind>().is_err());
    }

    #[test]
    fn an_empty_content_is_the_default() {
        assert_eq!(serde_json::from_str::<HostTemplate>("{}").unwrap(), HostTemplate::default());
        assert!(serde_json::from_str::<HostTemplate>("{\"filters\":{}}").is_err());
    }

    #[test]
    fn a_content_of_before_ignored_findings_could_be_asked_for_is_read() {
        let old = "{\"filter\":{\"disabled\":{\"potential\":true}},\"kept\":{\"vuln_ignored\":\"1\"}}";
        let read: HostTemplate = serde_json::from_str(old).unwrap();
        assert!(read.filter.disabled.potential && !read.filter.ignored.is_any());
        let asked = IgnoredShown { potential: true, ..IgnoredShown::default() };
        let filter = TemplateFilter { ignored: asked, ..read.filter };
        let stored = serde_json::to_string(&HostTemplate { filter, ..read }).unwrap();
        assert_eq!(serde_json::from_str::<HostTemplate>(&stored).unwrap().filter.ignored, asked);
    }

    #[test]
    fn disabled_and_ignored_findings_must_be_asked_for() {
        let filter = TemplateFilter {
            vulnerabilities: "4,5".parse().unwrap(),
            potential: Levels::NONE,
            information: Levels::ALL,
            disabled: DisabledShown { potential: true, ..DisabledShown::default() },
            ignored: IgnoredShown { vulnerabilities: true, potential: true },
            ..TemplateFilter::default()
        };
        // Of those that are neither, disabled, ignored, and both.
        let shown = |kind, level| {
            [(false, false), (true, false), (false, true), (true, true)]
                .map(|(disabled, ignored)| filter.has_level(kind, level, disabled, ignored))
        };
        assert_eq!(shown(FindingKind::Vulnerability, 4), [true, false, true, false]);
        assert_eq!(shown(FindingKind::Vulnerability, 3), [false; 4], "ignored ones of the levels only");
        assert_eq!(shown(FindingKind::Potential, 3), [false, true, true, true], "alone, of every level");
        assert_eq!(shown(FindingKind::Information, 3), [true, false, false, false]);
    }

    #[test]
    fn the_business_risk_grows_with_both() {
        let risks = [(0.0, 4, 0), (2.4, 4, 12), (2.6, 4, 12), (5.0, 5, 100), (9.0, 9, 100), (1.0, 1, 0)];
        for (security, rank, expected) in risks {
            assert_eq!(business_risk(security, rank), expected, "{security} {rank}");
        }
    }

    proptest! {
        #[test]
        fn levels_read_back(levels in proptest::collection::vec(1u8..=5, 0..6)) {
            let levels = Levels::try_from(levels).unwrap();
            prop_assert_eq!(levels.to_string().parse::<Levels>(), Ok(levels.clone()));
            let json = serde_json::to_string(&levels).unwrap();
            prop_assert_eq!(serde_json::from_str::<Levels>(&json).unwrap(), levels);
        }

        #[test]
        fn no_other_level_is_taken(level in 6u8..) {
            prop_assert!(Levels::try_from(vec![level]).is_err());
            prop_assert!(!Levels::ALL.contains(level) && !Levels::ALL.contains(0));
        }
    }
}
