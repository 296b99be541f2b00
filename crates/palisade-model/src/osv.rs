//! Advisories about packages, as the OSV format has them: which package of which ecosystem, and
//! which of its versions.
//!
//! Deliberately absent: comparing versions in the manner of each ecosystem. That belongs to
//! whoever knows what is installed on a host.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A span of versions of a package.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackageRange {
    /// `SEMVER`, `ECOSYSTEM` or `GIT`: how its bounds are compared.
    pub kind: String,
    /// First affected; `0` from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<String>,
    /// First that is not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// Last that is affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_affected: Option<String>,
}

/// A package that an advisory is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AffectedPackage {
    /// For example `Debian:12`, `PyPI`, `npm`.
    pub ecosystem: String,
    pub name: String,
    pub ranges: Vec<PackageRange>,
    /// Affected versions that are listed one by one.
    pub versions: Vec<String>,
}

/// An advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageAdvisory {
    /// For example `GHSA-…`, `DSA-5417-1`, `PYSEC-2023-1`.
    pub id: String,
    pub modified_at: Timestamp,
    pub published_at: Option<Timestamp>,
    /// It was taken back; it then matches nothing.
    pub withdrawn: bool,
    pub summary: String,
    /// Other names of the same thing, CVE numbers among them.
    pub aliases: Vec<String>,
    /// Severity vectors as they are written, each with its kind: `CVSS_V3 CVSS:3.1/…`.
    pub severities: Vec<String>,
    pub affected: Vec<AffectedPackage>,
}
