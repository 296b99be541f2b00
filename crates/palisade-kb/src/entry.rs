//! An entry of the KnowledgeBase, as people and reports read it.

use palisade_model::cve::ThreatIntelligence;
use palisade_model::{CustomVulnerability, FindingKind, Qid, Severity, Timestamp};
use serde::{Deserialize, Serialize};

/// One vulnerability, potential vulnerability or piece of information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub qid: Qid,
    pub title: String,
    /// As the subscription has it, where it says anything.
    pub severity: Severity,
    /// As the content has it.
    pub standard_severity: Severity,
    pub kind: FindingKind,
    /// In the API's words, for example `General remote services`.
    pub category: String,
    /// `CVE-2014-3566`, ...
    pub cves: Vec<String>,
    /// Numbers in the former Bugtraq list.
    pub bugtraq: Vec<u32>,
    pub vendor_references: Vec<Reference>,
    /// `0.0` to `10.0`, one decimal.
    pub cvss_base: Option<String>,
    pub cvss_temporal: Option<String>,
    /// Fails a PCI DSS scan.
    pub pci: bool,
    /// The vendor has a release or a patch without it.
    pub patchable: bool,
    /// When the content was last changed.
    pub updated_at: Timestamp,
    /// When it was made known; the content itself keeps the last change alone.
    pub published_at: Timestamp,
    /// What it is; plain text, paragraphs divided by `<P>`.
    pub threat: String,
    /// What may follow from it.
    pub impact: String,
    /// What to do about it.
    pub solution: String,
    /// Found without logging in to the host.
    pub remote: bool,
    /// What a scan has to sign in to, by its name, to find it; any of them. Empty for what is remote.
    pub auth_types: Vec<&'static str>,
    /// What the public lists say of its CVEs; nothing where none were taken in.
    pub intelligence: ThreatIntelligence,
    /// What the subscription says of it. Its severity stands in [`Self::severity`] already.
    pub custom: Option<CustomVulnerability>,
}

impl Entry {
    /// What the subscription remarks on threat, impact and solution.
    #[must_use]
    pub fn comments(&self) -> [Option<&str>; 3] {
        let Some(custom) = &self.custom else { return [None; 3] };
        [&custom.threat_comment, &custom.impact_comment, &custom.solution_comment].map(Option::as_deref)
    }

    /// Whether the subscription wants it left out of lists and reports.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.custom.as_ref().is_some_and(|custom| custom.disabled)
    }
}

/// Where a vendor or standard speaks about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// For example `RFC 7568`.
    pub id: String,
    pub url: String,
}
