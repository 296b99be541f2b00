//! Remediation policies: what becomes of a vulnerability that a scan found, before any person has
//! looked at it.
//!
//! Policies stand in an order; the first one that fits a host and a vulnerability decides, and
//! where none fits nothing happens. There are none until somebody makes one. Resolving an assignee
//! to a user is not here: that needs to know the users.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::finding::FindingKind;
use crate::ip_set::IpSet;
use crate::qid::{Qid, Severity};
use crate::user::Login;

/// Most days until a ticket is due.
pub const DEADLINE_DAYS_MAX: u16 = 730;

/// Which hosts a policy is about: those of either; all hosts when there are neither addresses nor
/// groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSelection {
    pub ips: IpSet,
    /// Ids of asset groups. A group that is gone has no hosts.
    pub asset_groups: BTreeSet<i64>,
}

impl HostSelection {
    /// Whether it is about the host; `group_has` says whether the group with that id has it.
    pub fn has(&self, host: Ipv4Addr, group_has: impl Fn(i64) -> bool) -> bool {
        let everywhere = self.ips.is_empty() && self.asset_groups.is_empty();
        everywhere || self.ips.contains(host) || self.asset_groups.iter().any(|group| group_has(*group))
    }
}

/// Which vulnerabilities a policy is about: those that everything given is true of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VulnerabilitySelection {
    /// Empty: every QID.
    pub qids: BTreeSet<Qid>,
    /// Empty: every severity.
    pub severities: BTreeSet<Severity>,
    /// Confirmed or potential only; both when `None`.
    pub potential: Option<bool>,
}

impl VulnerabilitySelection {
    /// Whether it is about the vulnerability. Information gathered is none.
    #[must_use]
    pub fn has(&self, qid: Qid, severity: Severity, kind: FindingKind) -> bool {
        let Self { qids, severities, potential } = self;
        kind.is_detection()
            && (qids.is_empty() || qids.contains(&qid))
            && (severities.is_empty() || severities.contains(&severity))
            && potential.is_none_or(|potential| potential == (kind == FindingKind::Potential))
    }
}

/// Whom a ticket is given to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assignee {
    User(Login),
    /// Whoever launched the scan.
    ScanLauncher,
    /// Whoever owns the host; the launcher where nobody does.
    AssetOwner,
}

impl fmt::Display for Assignee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(login) => write!(f, "user:{login}"),
            Self::ScanLauncher => f.write_str("scan-launcher"),
            Self::AssetOwner => f.write_str("asset-owner"),
        }
    }
}

/// A text that names no assignee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an assignee is scan-launcher, asset-owner, or user: and a login")]
pub struct NotAnAssignee;

impl FromStr for Assignee {
    type Err = NotAnAssignee;

    fn from_str(text: &str) -> Result<Self, NotAnAssignee> {
        match text {
            "scan-launcher" => Ok(Self::ScanLauncher),
            "asset-owner" => Ok(Self::AssetOwner),
            _ => {
                let login = text.strip_prefix("user:").and_then(|login| login.parse().ok());
                login.map(Self::User).ok_or(NotAnAssignee)
            }
        }
    }
}

/// What a policy does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyAction {
    /// Makes a ticket, due in 1 to [`DEADLINE_DAYS_MAX`] days.
    CreateTicket { assignee: Assignee, deadline_days: u16 },
    /// Makes a ticket that is closed at once, and ignores the vulnerability.
    Ignore,
    /// Makes no ticket, and keeps the policies after it from making one.
    NoTicket,
}

/// What a policy is about and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    pub hosts: HostSelection,
    pub vulnerabilities: VulnerabilitySelection,
    pub action: PolicyAction,
}

/// The first of the rules, in their order, that is about this vulnerability on this host.
/// `group_has` says whether the asset group with that id has the host.
pub fn first_match<'a, R>(
    rules: impl IntoIterator<Item = &'a R>,
    rule: impl Fn(&'a R) -> &'a PolicyRule,
    host: Ipv4Addr,
    group_has: impl Fn(i64) -> bool,
    (qid, severity, kind): (Qid, Severity, FindingKind),
) -> Option<&'a R> {
    rules.into_iter().find(|candidate| {
        let rule = rule(candidate);
        rule.vulnerabilities.has(qid, severity, kind) && rule.hosts.has(host, &group_has)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    fn severity(level: u8) -> Severity {
        Severity::try_from(level).unwrap()
    }

    fn rule(ips: &str, levels: &[u8], action: PolicyAction) -> PolicyRule {
        let severities = levels.iter().map(|level| severity(*level)).collect();
        PolicyRule {
            hosts: HostSelection { ips: ips.parse().unwrap_or_default(), ..HostSelection::default() },
            vulnerabilities: VulnerabilitySelection { severities, ..VulnerabilitySelection::default() },
            action,
        }
    }

    fn decide(rules: &[PolicyRule], level: u8, kind: FindingKind) -> Option<&PolicyAction> {
        let qid = Qid::new(1).unwrap();
        first_match(rules, |rule| rule, HOST, |_| false, (qid, severity(level), kind))
            .map(|rule| &rule.action)
    }

    #[test]
    fn the_first_that_fits_decides() {
        let rules = [
            rule("192.0.2.9", &[], PolicyAction::NoTicket),
            rule("", &[1, 2], PolicyAction::Ignore),
            rule("192.0.2.0/24", &[], PolicyAction::NoTicket),
        ];
        assert_eq!(decide(&rules, 2, FindingKind::Vulnerability), Some(&PolicyAction::Ignore));
        assert_eq!(decide(&rules, 3, FindingKind::Potential), Some(&PolicyAction::NoTicket));
        assert_eq!(decide(&rules, 2, FindingKind::Information), None);
        assert_eq!(decide(&[], 5, FindingKind::Vulnerability), None, "nothing happens without a policy");
    }

    #[test]
    fn every_part_of_a_selection_narrows_it() {
        let mut about = VulnerabilitySelection::default();
        let has = |about: &VulnerabilitySelection| {
            about.has(Qid::new(7).unwrap(), severity(3), FindingKind::Potential)
        };
        assert!(has(&about));
        about.potential = Some(true);
        assert!(has(&about));
        about.potential = Some(false);
        assert!(!has(&about));
        about = VulnerabilitySelection { qids: [Qid::new(8).unwrap()].into(), ..Default::default() };
        assert!(!has(&about));
    }

    #[test]
    fn a_selection_whose_only_group_is_gone_has_no_hosts() {
        let hosts = HostSelection { asset_groups: [4].into(), ..HostSelection::default() };
        assert!(hosts.has(HOST, |group| group == 4));
        assert!(!hosts.has(HOST, |_| false));
    }

    #[test]
    fn assignees_read_back() {
        for text in ["user:acme_ab1", "scan-launcher", "asset-owner"] {
            assert_eq!(text.parse::<Assignee>().unwrap().to_string(), text);
        }
        for text in ["", "acme_ab1", "user:", "owner"] {
            assert_eq!(text.parse::<Assignee>(), Err(NotAnAssignee));
        }
    }

    proptest! {
        /// What comes after the first match has no say.
        #[test]
        fn later_rules_change_nothing(levels in proptest::collection::vec(1_u8..=5, 1..6), level in 1_u8..=5) {
            let rules: Vec<PolicyRule> =
                levels.iter().map(|level| rule("", &[*level], PolicyAction::Ignore)).collect();
            let first = levels.iter().position(|one| *one == level);
            let cut = first.map_or(rules.len(), |first| first + 1);
            let kind = FindingKind::Vulnerability;
            prop_assert_eq!(decide(&rules, level, kind), decide(&rules[..cut], level, kind));
            prop_assert_eq!(decide(&rules, level, kind).is_some(), first.is_some());
        }
    }
}
