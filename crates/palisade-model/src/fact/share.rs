//! What file sharing services show.

use serde::{Deserialize, Serialize};

/// An SMB server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmbFacts {
    /// `NT LM 0.12` (SMB 1), `2.0.2`, `2.1`, `3.0`, `3.0.2`, `3.1.1`, as accepted.
    pub dialects: Vec<String>,
    /// SMB 1 is spoken.
    pub smb1: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_required: Option<bool>,
    /// An anonymous session was set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_session: Option<bool>,
    /// From the NTLM challenge or the SMB 1 session set-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_os: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_lan_manager: Option<String>,
    /// `major.minor.build` from the NTLM challenge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Unix seconds, of the negotiate answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_time: Option<i64>,
}

/// A port mapper and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcFacts {
    pub programs: Vec<RpcProgram>,
    /// What the mount service exports, if there is one.
    pub exports: Vec<NfsExport>,
}

/// One registered program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcProgram {
    pub program: u32,
    /// Known name, else empty.
    pub name: String,
    pub version: u32,
    /// `tcp` or `udp`.
    pub transport: String,
    pub port: u16,
}

/// One exported directory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NfsExport {
    pub directory: String,
    /// Groups it is exported to; empty means everybody.
    pub groups: Vec<String>,
    /// To everybody: no groups, or `*`, `0.0.0.0/0`, `(everyone)`.
    pub world: bool,
}

/// An rsync daemon.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RsyncFacts {
    pub protocol: String,
    /// Modules listed.
    pub modules: Vec<String>,
    /// Those of them that open without a password.
    pub open_modules: Vec<String>,
}
