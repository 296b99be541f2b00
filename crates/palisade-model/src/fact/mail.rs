//! What mail and file transfer services show.

use serde::{Deserialize, Serialize};

/// An SMTP server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpFacts {
    /// The greeting without its code.
    pub greeting: String,
    /// Keywords of the EHLO answer, upper case, with their parameters.
    pub extensions: Vec<String>,
    pub starttls: bool,
    /// Mechanisms offered without TLS, upper case.
    pub auth_mechanisms: Vec<String>,
    /// RCPT for a foreign domain was accepted from a foreign sender (nothing was sent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_relay: Option<bool>,
    /// VRFY tells which users exist (250 or 252 with the name).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vrfy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expn: Option<bool>,
}

/// An IMAP server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImapFacts {
    pub greeting: String,
    /// Upper case.
    pub capabilities: Vec<String>,
    pub starttls: bool,
    /// A plain-text login is offered without TLS (AUTH=PLAIN or LOGIN, and no LOGINDISABLED).
    pub plaintext_login: bool,
}

/// A POP3 server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pop3Facts {
    pub greeting: String,
    /// Upper case.
    pub capabilities: Vec<String>,
    pub stls: bool,
    /// USER or SASL PLAIN/LOGIN is offered without TLS.
    pub plaintext_login: bool,
}

/// An FTP server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FtpFacts {
    /// The greeting without its code.
    pub greeting: String,
    pub features: Vec<String>,
    /// AUTH TLS was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_tls: Option<bool>,
    /// `anonymous` with a mail address as password was let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<bool>,
    /// USER was answered with a request for a password on a plain connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plaintext_login: Option<bool>,
    /// Answer to SYST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}
