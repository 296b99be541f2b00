//! What services answer, as the variables that matchers and extractors look at.

use std::collections::BTreeMap;
use std::time::Duration;

use palisade_model::fact::{CertificateFacts, TlsFacts};

use crate::expression::Value;
use crate::template::SslAsk;

pub(super) type Variables = BTreeMap<String, Value>;

/// The answer of a web server.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpAnswer {
    pub status: u16,
    /// Where the answer says the client should go.
    pub(super) location: Option<String>,
    /// Names and values of the cookies it sets.
    pub(super) cookies: Vec<(String, String)>,
    pub(super) variables: Variables,
}

impl HttpAnswer {
    /// `head` as it came; `headers` in order; `body` decoded.
    #[must_use]
    pub fn new(
        status: u16,
        head: &[u8],
        headers: &[(String, String)],
        body: &[u8],
        duration: Duration,
    ) -> Self {
        let mut variables = Variables::new();
        let mut cookies = Vec::new();
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            if name == "set-cookie"
                && let Some((cookie, text)) = value.split(';').next().and_then(|first| first.split_once('='))
            {
                variables.entry(cookie.trim().to_ascii_lowercase()).or_insert_with(|| text.trim().into());
                cookies.push((cookie.trim().to_owned(), text.trim().to_owned()));
            }
        }
        for (name, value) in headers {
            let name = name.to_ascii_lowercase().replace('-', "_");
            let joined = match variables.get(&name) {
                Some(known) => format!("{known} {value}").into(),
                None => value.as_str().into(),
            };
            variables.insert(name, joined);
        }
        let whole = Value::text([head, body].concat());
        for name in ["response", "all", "raw"] {
            variables.insert(name.to_owned(), whole.clone());
        }
        let head = Value::text(head);
        for name in ["header", "all_headers"] {
            variables.insert(name.to_owned(), head.clone());
        }
        // A length that the header does not tell is counted.
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(body.len());
        variables.insert("content_length".to_owned(), Value::count(length));
        variables.insert("body".to_owned(), Value::text(body));
        variables.insert("status_code".to_owned(), Value::Number(status.into()));
        variables.insert("duration".to_owned(), Value::Number(duration.as_secs_f64()));
        let location = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
        Self { status, location: location.map(|(_, value)| value.clone()), cookies, variables }
    }

    /// Bytes it holds in memory, roughly.
    #[must_use]
    pub fn size(&self) -> usize {
        let of = |name: &str| self.variables.get(name).map_or(0, Value::size);
        of("response") * 2 + of("header") * 2 + 1_024
    }
}

/// What a TCP service answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TcpAnswer {
    /// What was read behind each input, in their order.
    pub reads: Vec<Vec<u8>>,
    /// What was read at the end.
    pub last: Vec<u8>,
}

impl TcpAnswer {
    pub(super) fn variables<'a>(
        &self,
        names: impl Iterator<Item = Option<&'a str>>,
        sent: &[u8],
    ) -> Variables {
        let mut variables = Variables::new();
        for (name, read) in names.zip(&self.reads) {
            variables.extend(name.map(|name| (name.to_owned(), Value::text(read))));
        }
        let whole = [self.reads.concat(), self.last.clone()].concat();
        // Templates that read after each input look at the last of it.
        let data = if self.last.is_empty() {
            self.reads.last().cloned().unwrap_or_default()
        } else {
            self.last.clone()
        };
        variables.insert("data".to_owned(), data.into());
        for name in ["raw", "all", "response"] {
            variables.insert(name.to_owned(), Value::text(&whole));
        }
        variables.insert("request".to_owned(), Value::text(sent));
        variables
    }
}

/// A record of a DNS answer, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsRecord {
    /// With its final dot.
    pub name: String,
    pub ttl_s: u32,
    /// `IN`, `CH`.
    pub class: String,
    /// `A`, `TXT`, ...
    pub kind: String,
    pub value: String,
}

/// The answer of a name server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsAnswer {
    /// 0 to 15.
    pub rcode: u8,
    pub records: Vec<DnsRecord>,
}

impl DnsAnswer {
    pub(super) fn variables(&self, question: &str) -> Variables {
        let lines: Vec<String> = self
            .records
            .iter()
            .map(|record| {
                format!(
                    "{}\t{}\t{}\t{}\t{}",
                    record.name, record.ttl_s, record.class, record.kind, record.value
                )
            })
            .collect();
        let status = match self.rcode {
            0 => "NOERROR",
            1 => "FORMERR",
            2 => "SERVFAIL",
            3 => "NXDOMAIN",
            4 => "NOTIMP",
            5 => "REFUSED",
            _ => "OTHER",
        };
        let answer = lines.join("\n");
        let raw = format!(
            ";; opcode: QUERY, status: {status}\n;; QUESTION SECTION:\n;{question}\n;; ANSWER SECTION:\n{answer}\n"
        );
        let mut variables = Variables::from([
            ("rcode".to_owned(), Value::Number(self.rcode.into())),
            ("question".to_owned(), question.into()),
            ("answer".to_owned(), answer.into()),
        ]);
        for name in ["raw", "all", "response"] {
            variables.insert(name.to_owned(), raw.as_str().into());
        }
        for record in &self.records {
            let name = record.kind.to_ascii_lowercase();
            let joined = match variables.get(&name) {
                Some(known) => format!("{known} {}", record.value),
                None => record.value.clone(),
            };
            variables.insert(name, joined.into());
        }
        variables
    }
}

/// The versions by the names that templates use, ascending.
const VERSIONS: [(&str, &str); 6] = [
    ("sslv2", "SSLv2"),
    ("ssl30", "SSLv3"),
    ("tls10", "TLSv1.0"),
    ("tls11", "TLSv1.1"),
    ("tls12", "TLSv1.2"),
    ("tls13", "TLSv1.3"),
];

/// What a TLS service shows to who offers what the template offers; `None` when they do not agree.
#[expect(clippy::cast_precision_loss, reason = "moments in seconds are far below 2^53")]
pub(super) fn tls_variables(facts: &TlsFacts, ask: &SslAsk) -> Option<Variables> {
    let place = |name: &Option<String>, usual: usize| match name {
        Some(name) => VERSIONS.iter().position(|(known, _)| known == name),
        None => Some(usual),
    };
    let (least, most) = (place(&ask.version_least, 0)?, place(&ask.version_most, VERSIONS.len() - 1)?);
    let offered = VERSIONS.get(least..=most).unwrap_or_default();
    let (version, name) =
        offered.iter().rev().find(|(_, name)| facts.versions.iter().any(|version| version == name))?;
    let suite = facts.suites.iter().find(|suite| {
        suite.version == *name
            && (ask.suites.is_empty() || ask.suites.contains(&suite.name.to_ascii_uppercase()))
    });
    if suite.is_none() && !ask.suites.is_empty() {
        return None;
    }
    let mut variables = Variables::from([
        ("probe_status".to_owned(), true.into()),
        ("tls_version".to_owned(), (*version).into()),
        ("cipher".to_owned(), suite.map_or("", |suite| &suite.name).into()),
    ]);
    if let Some(certificate) = facts.certificates.first() {
        certificate_variables(certificate, &mut variables);
        variables.insert("not_before".to_owned(), Value::Number(certificate.not_before as f64));
        variables.insert("not_after".to_owned(), Value::Number(certificate.not_after as f64));
    }
    let document: serde_json::Map<String, serde_json::Value> =
        variables.iter().map(|(name, value)| (name.clone(), json_of(value))).collect();
    let response = serde_json::Value::Object(document).to_string();
    for name in ["response", "all"] {
        variables.insert(name.to_owned(), response.as_str().into());
    }
    Some(variables)
}

fn certificate_variables(certificate: &CertificateFacts, variables: &mut Variables) {
    let part = |name: &str, key: &str| {
        let prefix = format!("{key}=");
        let found: Vec<&str> =
            name.split(',').filter_map(|part| part.trim().strip_prefix(prefix.as_str())).collect();
        Value::List(found.into_iter().map(Value::from).collect())
    };
    let first = |name: &str, key: &str| match part(name, key) {
        Value::List(found) => found.into_iter().next().unwrap_or_else(|| "".into()),
        other => other,
    };
    let names = certificate.alternative_names.iter().map(|name| name.as_str().into()).collect();
    let wildcard = certificate
        .alternative_names
        .iter()
        .chain(&certificate.common_name)
        .any(|name| name.starts_with("*."));
    variables.extend(
        [
            ("subject_dn", certificate.subject.as_str().into()),
            ("subject_cn", first(&certificate.subject, "CN")),
            ("subject_org", part(&certificate.subject, "O")),
            ("subject_an", Value::List(names)),
            ("issuer_dn", certificate.issuer.as_str().into()),
            ("issuer_cn", first(&certificate.issuer, "CN")),
            ("issuer_org", part(&certificate.issuer, "O")),
            ("serial", certificate.serial.as_str().into()),
            ("self_signed", certificate.self_signed.into()),
            ("expired", certificate.expired.into()),
            ("mismatched", (certificate.name_matches == Some(false)).into()),
            ("untrusted", (certificate.trusted == Some(false)).into()),
            ("wildcard_certificate", wildcard.into()),
            ("sha1", certificate.sha1.as_str().into()),
            ("sha256", certificate.sha256.as_str().into()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
}

fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(_) => value.to_string().into(),
        Value::Number(number) => serde_json::json!(number),
        Value::Truth(truth) => (*truth).into(),
        Value::List(members) => members.iter().map(json_of).collect(),
    }
}
