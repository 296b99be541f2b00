//! What a TLS service shows in its handshakes.

use serde::{Deserialize, Serialize};

/// A TLS service, taken apart by handshakes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsFacts {
    /// `SSLv2`, `SSLv3`, `TLSv1.0`, `TLSv1.1`, `TLSv1.2`, `TLSv1.3`, ascending.
    pub versions: Vec<String>,
    /// Every suite accepted, for each version, in the order the server chose them.
    pub suites: Vec<TlsSuite>,
    /// The server's order decides, not the client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_preference: Option<bool>,
    /// As sent, the server's own first.
    pub certificates: Vec<CertificateFacts>,
    /// What other names are answered with, where that is not [`TlsFacts::certificates`].
    pub virtual_hosts: Vec<TlsVirtualHost>,
    /// An OCSP response comes with the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ocsp_stapled: Option<bool>,
    /// Renegotiation info extension (RFC 5746) answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_renegotiation: Option<bool>,
    /// DEFLATE compression accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<bool>,
    /// Heartbeat extension answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<bool>,
    /// Session tickets offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_tickets: Option<bool>,
    /// TLS 1.3 tickets came after the handshake, so that later ones may begin with a shared key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumption_tickets: Option<bool>,
    /// A session identifier was given, so sessions may be cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_ids: Option<bool>,
    /// Inappropriate fallback is refused (RFC 7507).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_scsv: Option<bool>,
    /// Extended master secret answered (RFC 7627).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_master_secret: Option<bool>,
    /// A client hello with an unknown future version still gets an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_tolerance: Option<bool>,
    /// Size of the finite-field Diffie-Hellman prime offered; the smallest seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dh_bits: Option<u32>,
    /// Where that prime comes from, if many servers have it: `MODP`, `FFDHE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dh_prime: Option<String>,
    /// Named groups seen in key exchanges, for example `x25519`, `secp256r1`.
    pub groups: Vec<String>,
    /// What the server is ready to sign handshakes with, for example `rsa_pss_rsae_sha256`; TLS 1.2
    /// and 1.3.
    pub signature_algorithms: Vec<String>,
    /// Application protocols it chose when asked (ALPN), its favourite first; of a server that has
    /// nothing older, in TLS 1.3.
    pub alpn: Vec<String>,
    /// A heartbeat that says it is longer than it is was answered (Heartbleed). Of the answer
    /// nothing but its length was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbleed: Option<bool>,
    /// A change of ciphers before there are keys was taken (CVE-2014-0224).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_cipher_change: Option<bool>,
    /// Wrongly padded keys are answered differently from well padded ones (ROBOT).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rsa_padding_oracle: Option<bool>,
    /// A message was taken whose padding has the right length and wrong bytes (CVE-2014-8730). This
    /// and the next three need the RSA key exchange and AES in CBC mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padding_unchecked: Option<bool>,
    /// A message that is nothing but padding was found too long instead of wrong (CVE-2016-2107).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padding_oracle: Option<bool>,
    /// A client may begin the handshake again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_renegotiation: Option<bool>,
    /// A short session identifier that came with a ticket was filled up (CVE-2016-9244). Of what
    /// filled it nothing but the length was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_leak: Option<bool>,
    /// The service switches to TLS on request (STARTTLS) instead of starting with it.
    pub starttls: bool,
}

/// What a server shows to a client that asks for a name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsVirtualHost {
    /// As asked for; empty for a client that asks for none.
    pub name: String,
    /// As sent, the server's own first.
    pub certificates: Vec<CertificateFacts>,
}

/// One accepted suite.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSuite {
    /// As in [`TlsFacts::versions`].
    pub version: String,
    /// IANA number.
    pub id: u16,
    /// IANA name, for example `TLS_RSA_WITH_RC4_128_SHA`.
    pub name: String,
    /// `RSA`, `DHE`, `ECDHE`, `DH`, `ECDH`, `PSK`, `ANY` (TLS 1.3), ...
    pub key_exchange: String,
    /// `RSA`, `ECDSA`, `DSS`, `NULL` (anonymous), `PSK`, `ANY` (TLS 1.3), ...
    pub authentication: String,
    /// `AES-GCM`, `AES-CBC`, `CHACHA20-POLY1305`, `RC4`, `3DES-CBC`, `DES-CBC`, `NULL`, ...
    pub encryption: String,
    /// Effective key length of the encryption; 112 for 3DES, 0 for none.
    pub bits: u16,
    /// `SHA1`, `MD5`, `SHA256`, `SHA384`, `AEAD`, ...
    pub mac: String,
    /// Export-grade.
    pub export: bool,
}

/// One certificate, as sent, with what depends on the time and the host already worked out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateFacts {
    /// Distinguished names, for example `CN=www.example.test,O=Example`.
    pub subject: String,
    pub issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// DNS names and addresses of the subjectAltName extension.
    pub alternative_names: Vec<String>,
    /// Lower-case hex.
    pub serial: String,
    /// X.509 version: 1 or 3.
    pub version: u8,
    /// Unix seconds.
    pub not_before: i64,
    pub not_after: i64,
    /// At the time of the scan.
    pub expired: bool,
    pub not_yet_valid: bool,
    /// Negative when expired.
    pub days_left: i64,
    /// Whole days between `not_before` and `not_after`.
    pub validity_days: i64,
    /// `RSA`, `EC`, `Ed25519`, `DSA`, ...
    pub key_algorithm: String,
    /// 0 when not known.
    pub key_bits: u32,
    /// For example `sha256WithRSAEncryption`.
    pub signature_algorithm: String,
    /// `MD2`, `MD5`, `SHA1`, `SHA256`, ... as used by the signature; empty when it has none.
    pub signature_hash: String,
    /// Issuer and subject are the same.
    pub self_signed: bool,
    /// Basic constraints say it is an authority.
    pub is_ca: bool,
    /// Key usage and extended key usage names present.
    pub key_usage: Vec<String>,
    pub extended_key_usage: Vec<String>,
    /// OCSP responders named.
    pub ocsp_urls: Vec<String>,
    /// Number of embedded certificate transparency timestamps.
    pub transparency_timestamps: u32,
    /// Lower-case hex of the SHA-256 and SHA-1 of the DER.
    pub sha256: String,
    pub sha1: String,
    /// One of the host's names, or its address, is among the certificate's names; or one of the
    /// certificate's names resolves to the host. Leaf only; `None` when it was not worked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_matches: Option<bool>,
    /// The chain as sent ends at an authority the scanner trusts. Leaf only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted: Option<bool>,
}
