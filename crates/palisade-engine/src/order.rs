//! What is to be scanned, and how.

use palisade_model::{Ip6Set, IpSet, OptionProfile, Qid, ScanHeader, ScanRef, SignIn, VirtualHost};
use serde::{Deserialize, Serialize};

/// What a scanner is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanOrder {
    pub scan: ScanRef,
    pub targets: IpSet,
    /// IPv6 hosts. A server has none.
    #[serde(default)]
    pub targets_v6: Ip6Set,
    pub profile: OptionProfile,
    /// Only these QIDs are judged; `None` for all. None of them: what services there are is found out,
    /// and nothing is judged.
    pub qids: Option<Vec<Qid>>,
    /// The value that every web request carries.
    #[serde(default)]
    pub http_header: Option<ScanHeader>,
    /// Extra DNS zones to ask name servers for (zone transfer); names of hosts add theirs.
    pub zones: Vec<String>,
    /// What to sign in to hosts with. Here and nowhere else does a scanner get secrets; whoever
    /// serialises an order sends them along.
    #[serde(default)]
    pub sign_ins: Vec<SignIn>,
    /// Names that web servers among the targets are asked by too.
    #[serde(default)]
    pub virtual_hosts: Vec<VirtualHost>,
}
