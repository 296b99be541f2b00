//! What can go wrong between this crate and the kernel.

use std::net::IpAddr;

/// Why raw packets cannot be used here. Whoever asked goes on with ordinary connections.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process lacks CAP_NET_RAW.
    #[error("raw sockets are not permitted (CAP_NET_RAW)")]
    NotPermitted,
    /// A call of the kernel failed; `attempt` says which.
    #[error("the kernel could not {attempt}")]
    Kernel {
        attempt: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("there is no route to {to}")]
    NoRoute { to: IpAddr },
    #[error("the interface towards {to} is not Ethernet")]
    NotEthernet { to: IpAddr },
    #[error("the gateway {gateway} does not say its hardware address")]
    SilentGateway { gateway: IpAddr },
    #[error("no block of source ports is free")]
    NoSourcePorts,
}

impl Error {
    /// The error that the last failed call left behind.
    pub(crate) fn last(attempt: &'static str) -> Self {
        Self::from_io(attempt, std::io::Error::last_os_error())
    }

    pub(crate) fn from_io(attempt: &'static str, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::PermissionDenied {
            Self::NotPermitted
        } else {
            Self::Kernel { attempt, source }
        }
    }
}
