//! What a scan reports about a host.

use serde::{Deserialize, Serialize};

use crate::fact::{HostFacts, Transport};
use crate::port_set::PortSet;
use crate::qid::Qid;

/// What sort of thing an entry of the KnowledgeBase reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Confirmed vulnerability (`VULN`).
    Vulnerability,
    /// Potential vulnerability (`PRACTICE`).
    Potential,
    /// Information gathered about the host (`INFO`).
    Information,
    /// Information gathered about its services (`SERVICE`).
    Service,
}

impl FindingKind {
    /// Whether it enters the history of detections.
    #[must_use]
    pub const fn is_detection(self) -> bool {
        matches!(self, Self::Vulnerability | Self::Potential)
    }
}

/// One QID found, on one port or on the host as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub qid: Qid,
    /// `None` when the finding belongs to the host and not to a port.
    pub port: Option<u16>,
    pub transport: Option<Transport>,
    /// Whether the service was spoken to through TLS.
    pub tls: bool,
    /// The evidence. With `table` set: tab-separated columns, the first line their titles.
    pub result: String,
    pub table: bool,
}

/// Everything a scanner says about one host of a slice; the unit of delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostResult {
    pub facts: HostFacts,
    pub findings: Vec<Finding>,
    /// QIDs whose check ran to its end on this host; what is not here closes no detection.
    pub tested: Vec<Qid>,
    /// TCP ports that were looked at.
    pub tcp_ports: PortSet,
    /// UDP ports that were looked at.
    pub udp_ports: PortSet,
}
