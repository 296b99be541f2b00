//! What an SSH service shows before authentication.

use serde::{Deserialize, Serialize};

/// An SSH service. Lists are the server's own, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SshFacts {
    /// The identification line, for example `SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3`.
    pub banner: String,
    /// `2.0`, `1.99`, `1.5`.
    pub protocol: String,
    /// The software part of the banner, for example `OpenSSH_9.2p1`.
    pub software: String,
    /// Protocol 1 is offered (`1.x`, or `1.99` for both).
    pub protocol_1: bool,
    pub key_exchange: Vec<String>,
    pub host_key_algorithms: Vec<String>,
    /// Server to client; the other direction is kept only where it differs.
    pub encryption: Vec<String>,
    pub encryption_to_server: Vec<String>,
    pub mac: Vec<String>,
    pub mac_to_server: Vec<String>,
    pub compression: Vec<String>,
    pub host_keys: Vec<SshHostKey>,
}

/// One host key, as the server sent it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SshHostKey {
    /// `ssh-rsa`, `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-dss`.
    pub algorithm: String,
    pub bits: u32,
    /// `SHA256:` and base64 without padding.
    pub fingerprint: String,
}
