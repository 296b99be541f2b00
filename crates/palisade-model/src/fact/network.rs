//! What name, time, management and terminal services show.

use serde::{Deserialize, Serialize};

/// A DNS server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsFacts {
    /// Answer to `version.bind` in class CHAOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// It resolves names of zones that are not its own: the answer to a recursive question for
    /// a foreign name has RA set and is not REFUSED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recursion: Option<bool>,
    /// Zones it gave away whole.
    pub transferred_zones: Vec<String>,
    /// Number of records of the largest of them.
    pub transferred_records: u32,
}

/// An SNMP agent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnmpFacts {
    /// Communities that were answered, out of the default ones tried.
    pub communities: Vec<String>,
    /// Those of them that may write (a value was written back unchanged).
    pub writable_communities: Vec<String>,
    /// `1`, `2c`, `3` as answered.
    pub versions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_s: Option<u64>,
}

/// An NTP server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NtpFacts {
    pub version: u8,
    pub stratum: u8,
    pub reference_id: String,
    /// Mode 6 READVAR was answered with variables; the text of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
    /// Mode 7 monlist was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monlist: Option<bool>,
}

/// A TFTP server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TftpFacts {
    /// Well-known file names that could be read (the first block only was fetched).
    pub readable: Vec<String>,
}

/// A NetBIOS name service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetbiosFacts {
    pub names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workgroup: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<String>,
}

/// A telnet server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelnetFacts {
    /// The text shown before login.
    pub greeting: String,
    /// The server negotiates encryption (option 38).
    pub encryption_offered: bool,
    /// A login or password prompt, or a shell, was seen.
    pub login_prompt: bool,
}
