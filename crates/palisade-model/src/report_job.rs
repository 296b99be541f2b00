//! Reports that are made in the background and saved: what each is about, and what state it is in.

use serde::{Deserialize, Serialize};

use crate::domain::DomainName;
use crate::ip_set::IpSet;
use crate::map_ref::MapRef;
use crate::qid::Qid;
use crate::scan_ref::ScanRef;
use crate::words::words;

/// Longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 128;
/// Most scans that one report is made of.
pub const SCANS_MAX: usize = 50;
/// Most maps that one report is made of: the second is compared with the first.
pub const MAPS_MAX: usize = 2;
/// Most asset groups that one report is aimed at.
pub const ASSET_GROUPS_MAX: usize = 1_000;

/// A text that names none of the values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a word of saved reports")]
pub struct NotAReportWord;

words! {
    /// How far a report is.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ReportState or NotAReportWord {
        Running = "Running",
        Finished = "Finished",
        /// Nobody has begun to make it, or whoever did fell silent.
        Submitted = "Submitted",
        Canceled = "Canceled",
        /// It could not be made.
        Errors = "Errors",
    }
}

impl ReportState {
    /// Whether nothing will become of it any more.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Finished | Self::Canceled | Self::Errors)
    }
}

words! {
    /// What a report is saved as.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ReportFormat or NotAReportWord {
        Xml = "xml",
        Csv = "csv",
    }
}

words! {
    /// What a report is called by in lists.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ReportKind or NotAReportWord {
        Scan = "Scan",
        Map = "Map",
        Patch = "Patch",
        Remediation = "Remediation",
        Scorecard = "Scorecard",
    }
}

words! {
    /// What the tickets of a report are put together by.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum TicketGrouping or NotAReportWord {
        /// All of them.
        Everything = "everything",
        Vulnerability = "vulnerability",
        User = "user",
        AssetGroup = "asset-group",
    }
}

words! {
    /// The scorecards that the service provides.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Scorecard or NotAReportWord {
        AssetGroups = "Asset Group Vulnerability Report",
        Ignored = "Ignored Vulnerabilities Report",
        Prevalent = "Most Prevalent Vulnerabilities Report",
        VulnerableHosts = "Most Vulnerable Hosts Report",
        Patches = "Patch Report",
    }
}

/// Which hosts a report is about, in place of those of its template. Nothing in it: those of the
/// template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostChoice {
    pub ips: Option<IpSet>,
    pub asset_groups: Vec<i64>,
}

/// What report a schedule asks for, each time with the template as it is then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledReport {
    pub template_id: i64,
    pub format: ReportFormat,
    /// Only the table, of a format that has anything before it.
    pub hide_header: bool,
    pub hosts: HostChoice,
    /// Of tickets, only those given to the owner.
    pub own_tickets: bool,
    /// Scheme, host and port that documents name the server by.
    pub base_url: String,
}

/// Which hosts a scorecard is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ScorecardSource {
    /// Those of asset groups with these titles.
    AssetGroups { titles: Vec<String> },
    /// Those of every asset group that whoever asked reaches.
    EveryAssetGroup,
    /// Those of asset groups of a business unit, of a division, with a function or at a place; of
    /// the groups that everything given is true of.
    BusinessUnit {
        unit: Option<String>,
        division: Option<String>,
        function: Option<String>,
        location: Option<String>,
    },
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReportSubject {
    /// Hosts and the history of their vulnerabilities.
    Hosts { template_id: i64, hosts: HostChoice },
    /// The results of scans. Of a host that several scans looked at, the newest of them counts.
    Scans { template_id: i64, scans: Vec<ScanRef>, ips: Option<IpSet> },
    /// The results of a map, or how the second differs from the first.
    Maps { template_id: i64, domain: DomainName, maps: Vec<MapRef>, ips: Option<IpSet> },
    /// Patches that hosts lack.
    Patches { template_id: i64, hosts: HostChoice },
    /// Tickets; `own`: only those given to whoever asked.
    Tickets { template_id: i64, hosts: HostChoice, own: bool },
    Scorecard {
        scorecard: Scorecard,
        source: ScorecardSource,
        /// For the patch report: vulnerabilities whose patch is to be there.
        patches: Vec<Qid>,
        /// For the patch report: information that says that a program is missing.
        missing: Vec<Qid>,
    },
}

impl ReportSubject {
    #[must_use]
    pub const fn kind(&self) -> ReportKind {
        match self {
            Self::Hosts { .. } | Self::Scans { .. } => ReportKind::Scan,
            Self::Maps { .. } => ReportKind::Map,
            Self::Patches { .. } => ReportKind::Patch,
            Self::Tickets { .. } => ReportKind::Remediation,
            Self::Scorecard { .. } => ReportKind::Scorecard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for (state, word) in ReportState::ALL.iter().zip(ReportState::WORDS) {
            assert_eq!(word.parse(), Ok(*state));
        }
        assert!("PDF".parse::<ReportFormat>().is_err());
    }

    #[test]
    fn a_subject_reads_back() {
        let subject = ReportSubject::Scans {
            template_id: 3,
            scans: vec!["scan/1400000000.10001".parse().unwrap()],
            ips: Some("10.0.0.1".parse().unwrap()),
        };
        let json = serde_json::to_string(&subject).unwrap();
        assert_eq!(serde_json::from_str::<ReportSubject>(&json).unwrap(), subject);
        assert_eq!(subject.kind(), ReportKind::Scan);
    }
}
