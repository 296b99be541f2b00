//! What databases, caches, directories and brokers show.

use serde::{Deserialize, Serialize};

/// A Redis server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisFacts {
    /// INFO was answered without authentication.
    pub open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Operating system, as INFO tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

/// A memcached server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemcachedFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `stats` was answered without authentication.
    pub open: bool,
}

/// A MySQL or MariaDB server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MysqlFacts {
    pub protocol: u8,
    pub version: String,
    /// It closed with "host is not allowed to connect".
    pub refused: bool,
    /// The server offers TLS.
    pub tls: bool,
    /// User names that were let in with an empty password.
    pub empty_password_users: Vec<String>,
}

/// A PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostgresFacts {
    /// The server offers TLS.
    pub tls: bool,
    /// What it asks the user `postgres` for without TLS: `trust`, `password` (clear text),
    /// `md5`, `scram-sha-256`, `gss`, `error` (refused) or `unknown`.
    pub authentication: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// An LDAP server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LdapFacts {
    /// An anonymous simple bind was accepted.
    pub anonymous_bind: bool,
    /// An anonymous search below the naming context returned entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_read: Option<bool>,
    pub naming_contexts: Vec<String>,
    pub sasl_mechanisms: Vec<String>,
    pub supported_versions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_version: Option<String>,
    /// StartTLS is among the supported extensions.
    pub starttls: bool,
    /// The rootDSE names a domain controller (`dnsHostName`, `ldapServiceName`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_controller: Option<String>,
}

/// An MQTT broker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MqttFacts {
    /// CONNECT without a user name was accepted.
    pub anonymous: bool,
    /// Return code of that CONNECT.
    pub return_code: u8,
    /// What the broker publishes as its version in `$SYS/broker/version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker: Option<String>,
}
