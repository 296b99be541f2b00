//! A template as it was read: what it is about, what it asks, what it looks for.

use std::collections::BTreeSet;

use palisade_model::{FindingKind, Severity};

use crate::flow::Flow;
use crate::operators::Operators;
use crate::payload::Payloads;
use crate::text::Text;

/// Tags of templates that may stop a service, change what is on it, or fill it.
const DISRUPTIVE_TAGS: [&str; 7] =
    ["dos", "file-upload", "fileupload", "fuzz", "fuzzing", "intrusive", "ransomware"];
/// Tags of templates that try passwords.
const GUESSING_TAGS: [&str; 4] = ["brute-force", "bruteforce", "default-login", "password-spray"];
/// Methods that read.
const READING_METHODS: [&str; 6] = ["GET", "HEAD", "OPTIONS", "POST", "PROPFIND", "TRACE"];

/// What a template speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    Http,
    Tcp,
    Dns,
    Ssl,
}

impl Protocol {
    /// By its key in a template, old or new.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "http" | "requests" => Some(Self::Http),
            "tcp" | "network" => Some(Self::Tcp),
            "dns" => Some(Self::Dns),
            "ssl" => Some(Self::Ssl),
            _ => None,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Dns => "dns",
            Self::Ssl => "ssl",
        }
    }
}

/// What a template says about what it finds. Texts are cut and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info {
    pub name: String,
    /// `info`, `low`, `medium`, `high`, `critical`, or whatever stands there.
    pub severity: String,
    pub authors: Vec<String>,
    pub description: String,
    pub impact: String,
    pub remediation: String,
    /// Addresses of pages.
    pub references: Vec<String>,
    pub tags: Vec<String>,
    /// `CVE-2014-3566`, ...
    pub cves: Vec<String>,
    /// `CWE-79`, ...
    pub cwes: Vec<String>,
    /// `0.0` to `10.0`, one decimal.
    pub cvss_score: Option<String>,
    /// `CVSS:3.1/AV:N/...`
    pub cvss_metrics: Option<String>,
}

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Names it wherever it is imported to.
    pub id: String,
    pub info: Info,
    pub(crate) variables: Vec<(String, Text)>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) flow: Option<Flow>,
    /// What was found once is not looked for by later blocks.
    pub(crate) stop_at_first_match: bool,
}

/// One block of requests.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) id: Option<String>,
    pub(crate) ask: Ask,
    pub(crate) payloads: Payloads,
    pub(crate) operators: Operators,
    pub(crate) stop_at_first_match: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ask {
    Http(HttpAsk),
    Tcp(TcpAsk),
    Dns(DnsAsk),
    Ssl(SslAsk),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HttpAsk {
    pub(crate) requests: Vec<HttpForm>,
    /// Redirects that are followed, on the same server only.
    pub(crate) redirects_max: usize,
    /// Cookies are kept from one request to the next.
    pub(crate) cookies: bool,
    /// Bytes of a body that are looked at.
    pub(crate) body_bytes_max: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HttpForm {
    Path {
        method: String,
        url: Text,
        headers: Vec<(String, Text)>,
        body: Option<Text>,
    },
    /// Read as a request when its values are known.
    Raw(Text),
    /// Sent as it stands.
    Unsafe(Text),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TcpAsk {
    /// Ports named; none for a template that leaves the port to whoever runs it.
    pub(crate) ports: Vec<u16>,
    pub(crate) tls: bool,
    pub(crate) inputs: Vec<TcpInput>,
    pub(crate) read_bytes: usize,
    /// Reads until the other side ends or is silent.
    pub(crate) read_all: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TcpInput {
    pub(crate) data: Text,
    /// The data are hexadecimal digits.
    pub(crate) hexadecimal: bool,
    /// Bytes to read after it.
    pub(crate) read_bytes: usize,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DnsAsk {
    pub(crate) name: Text,
    /// Type and class, by their numbers.
    pub(crate) kind: u16,
    pub(crate) class: u16,
    pub(crate) recursion: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SslAsk {
    /// `tls12`, ...
    pub(crate) version_least: Option<String>,
    pub(crate) version_most: Option<String>,
    /// Names of suites, one of which has to be accepted.
    pub(crate) suites: Vec<String>,
}

impl Template {
    /// What all its blocks speak.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self.blocks.first().map(|block| &block.ask) {
            Some(Ask::Tcp(_)) => Protocol::Tcp,
            Some(Ask::Dns(_)) => Protocol::Dns,
            Some(Ask::Ssl(_)) => Protocol::Ssl,
            Some(Ask::Http(_)) | None => Protocol::Http,
        }
    }

    /// The TCP ports it names itself.
    #[must_use]
    pub fn ports(&self) -> BTreeSet<u16> {
        let named = self.blocks.iter().flat_map(|block| match &block.ask {
            Ask::Tcp(ask) => ask.ports.as_slice(),
            _ => &[],
        });
        named.copied().collect()
    }

    /// 1 to 5; what has none of the five words is as bad as information.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let level = match self.info.severity.as_str() {
            "critical" => 5,
            "high" => 4,
            "medium" => 3,
            "low" => 2,
            _ => 1,
        };
        Severity::new(level).unwrap_or(Severity::SERIOUS)
    }

    /// Information is what says so. What follows from a version alone is potential, because
    /// distributions repair errors without changing it.
    #[must_use]
    pub fn kind(&self) -> FindingKind {
        if !matches!(self.info.severity.as_str(), "critical" | "high" | "medium" | "low") {
            FindingKind::Information
        } else if self.blocks.iter().any(|block| block.operators.compares_versions()) {
            FindingKind::Potential
        } else {
            FindingKind::Vulnerability
        }
    }

    /// It may stop a service or change what is there: it says so itself, or uses a method that writes.
    #[must_use]
    pub fn is_disruptive(&self) -> bool {
        self.has_tag(&DISRUPTIVE_TAGS)
            || self.methods().any(|method| !READING_METHODS.contains(&method.as_str()))
    }

    /// It tries passwords.
    #[must_use]
    pub fn guesses_passwords(&self) -> bool {
        self.has_tag(&GUESSING_TAGS)
    }

    fn has_tag(&self, tags: &[&str]) -> bool {
        self.info.tags.iter().any(|tag| tags.contains(&tag.to_ascii_lowercase().as_str()))
    }

    fn methods(&self) -> impl Iterator<Item = String> {
        let forms = self.blocks.iter().flat_map(|block| match &block.ask {
            Ask::Http(ask) => ask.requests.as_slice(),
            _ => &[],
        });
        forms.map(|form| match form {
            HttpForm::Path { method, .. } => method.to_ascii_uppercase(),
            HttpForm::Raw(text) | HttpForm::Unsafe(text) => {
                let source = text.source();
                let line = source.lines().find(|line| !line.starts_with('@') && !line.trim().is_empty());
                line.and_then(|line| line.split_whitespace().next()).unwrap_or("GET").to_ascii_uppercase()
            }
        })
    }

    /// Requests it may send, redirects aside.
    #[must_use]
    pub fn request_count(&self) -> usize {
        let each = self.blocks.iter().map(|block| {
            let requests = match &block.ask {
                Ask::Http(ask) => ask.requests.len(),
                _ => 1,
            };
            requests.saturating_mul(block.payloads.count())
        });
        each.fold(0, usize::saturating_add)
    }

    /// A question to a name server is made of the host's own name.
    #[must_use]
    pub fn asks_for_host_name(&self) -> bool {
        const OWN: [&str; 9] = ["BaseURL", "DN", "FQDN", "Host", "Hostname", "RDN", "RootURL", "SD", "TLD"];
        let names = self.blocks.iter().filter_map(|block| match &block.ask {
            Ask::Dns(ask) => Some(&ask.name),
            _ => None,
        });
        names
            .flat_map(Text::expressions)
            .any(|expression| expression.variables().iter().any(|variable| OWN.contains(variable)))
    }
}
