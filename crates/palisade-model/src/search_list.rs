//! Search lists: named lists of QIDs, counted out (static) or by what they have in common (dynamic).
//!
//! Deliberately absent: looking the criteria up; that needs the KnowledgeBase.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::qid::Qid;

/// Longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 256;

/// What is on a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchListContent {
    Static(BTreeSet<Qid>),
    Dynamic(Box<SearchCriteria>),
}

impl SearchListContent {
    #[must_use]
    pub const fn is_static(&self) -> bool {
        matches!(self, Self::Static(_))
    }
}

/// A comparison of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operand {
    /// At least the score.
    AtLeast,
    /// Less than it.
    Below,
}

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateCriterion {
    /// Today, in UTC.
    Today,
    /// Within so many days before now.
    WithinLastDays(u32),
    /// From one day to another, both included; as days since 1970.
    Between(i32, i32),
}

/// What the QIDs of a dynamic list have in common. All that is set must hold; a list of words holds
/// when one of them does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "a switch beside each criterion, as people see them")]
pub struct SearchCriteria {
    /// Part of the title, in any case of letters.
    pub title: Option<String>,
    pub not_title: bool,
    /// How it is found: from outside (`true`) or with a login.
    pub remote: Option<bool>,
    pub categories: Vec<String>,
    pub not_categories: bool,
    /// Severities of confirmed vulnerabilities, of potential ones, and of gathered information. When any
    /// of the three is set, the kinds without one are not on the list.
    pub confirmed: Vec<u8>,
    pub potential: Vec<u8>,
    pub information: Vec<u8>,
    pub patchable: Option<bool>,
    pub cves: Vec<String>,
    pub not_cves: bool,
    pub vendor_references: Vec<String>,
    pub not_vendor_references: bool,
    pub bugtraq: Vec<u32>,
    pub not_bugtraq: bool,
    /// Part of what is said about it, in any case of letters.
    pub details: Option<String>,
    /// Whether it has to fail a PCI DSS scan.
    pub pci: Option<bool>,
    /// The base score of CVSS version 2 in tenths, and how it compares.
    pub cvss_base: Option<(u16, Operand)>,
    /// The same of version 3, where public lists tell one.
    pub cvss3_base: Option<(u16, Operand)>,
    /// What a scan has to sign in to, any of them, by the names of the KnowledgeBase.
    pub auth_types: Vec<String>,
    /// Switched off by the subscription; given another severity or remarks. Of the two any that is set.
    pub disabled: bool,
    pub custom: bool,
    pub modified: Option<DateCriterion>,
    /// When the subscription said something of it.
    pub user_modified: Option<DateCriterion>,
    pub published: Option<DateCriterion>,
}

/// One thing that the QIDs of a list have in common. With `not` they have it not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion<'c> {
    Title {
        part: &'c str,
        not: bool,
    },
    Remote(bool),
    Categories {
        any: &'c [String],
        not: bool,
    },
    /// By what kind of finding it is; at least one of the three has some.
    Severities {
        confirmed: &'c [u8],
        potential: &'c [u8],
        information: &'c [u8],
    },
    Patchable(bool),
    Cves {
        any: &'c [String],
        not: bool,
    },
    VendorReferences {
        any: &'c [String],
        not: bool,
    },
    Bugtraq {
        any: &'c [u32],
        not: bool,
    },
    Details {
        part: &'c str,
    },
    Pci(bool),
    CvssBase {
        tenths: u16,
        operand: Operand,
    },
    Cvss3Base {
        tenths: u16,
        operand: Operand,
    },
    AuthTypes {
        any: &'c [String],
    },
    /// At least one of the two is set.
    Configuration {
        disabled: bool,
        custom: bool,
    },
    UserModified(DateCriterion),
    Modified(DateCriterion),
    Published(DateCriterion),
}

impl SearchCriteria {
    /// The criteria that are set, in the order in which they are told.
    #[must_use]
    pub fn given(&self) -> Vec<Criterion<'_>> {
        let Self {
            title,
            not_title,
            remote,
            categories,
            not_categories,
            confirmed,
            potential,
            information,
            patchable,
            cves,
            not_cves,
            vendor_references,
            not_vendor_references,
            bugtraq,
            not_bugtraq,
            details,
            pci,
            cvss_base,
            cvss3_base,
            auth_types,
            disabled,
            custom,
            modified,
            user_modified,
            published,
        } = self;
        let has_severities = [confirmed, potential, information].iter().any(|levels| !levels.is_empty());
        let all = [
            title.as_deref().map(|part| Criterion::Title { part, not: *not_title }),
            remote.map(Criterion::Remote),
            filled(categories).map(|any| Criterion::Categories { any, not: *not_categories }),
            has_severities.then_some(Criterion::Severities { confirmed, potential, information }),
            patchable.map(Criterion::Patchable),
            filled(cves).map(|any| Criterion::Cves { any, not: *not_cves }),
            filled(vendor_references)
                .map(|any| Criterion::VendorReferences { any, not: *not_vendor_references }),
            filled(bugtraq).map(|any| Criterion::Bugtraq { any, not: *not_bugtraq }),
            details.as_deref().map(|part| Criterion::Details { part }),
            pci.map(Criterion::Pci),
            cvss_base.map(|(tenths, operand)| Criterion::CvssBase { tenths, operand }),
            cvss3_base.map(|(tenths, operand)| Criterion::Cvss3Base { tenths, operand }),
            filled(auth_types).map(|any| Criterion::AuthTypes { any }),
            (*disabled || *custom)
                .then_some(Criterion::Configuration { disabled: *disabled, custom: *custom }),
            user_modified.map(Criterion::UserModified),
            modified.map(Criterion::Modified),
            published.map(Criterion::Published),
        ];
        all.into_iter().flatten().collect()
    }
}

/// A list that asks something; an empty one does not.
fn filled<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}
