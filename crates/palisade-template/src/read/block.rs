//! Blocks of requests, one sort a protocol.

use super::{ReadError, Reader, form};
use crate::payload::{Attack, Payloads};
use crate::template::{Ask, Block, DnsAsk, HttpAsk, HttpForm, Protocol, SslAsk, TcpAsk, TcpInput};
use crate::text::Text;
use crate::yaml::Node;

/// Payloads of one list.
const PAYLOADS_MAX: usize = 1_000;
const REDIRECTS_MAX: u64 = 10;
/// Bytes that a block of `tcp` reads where it does not say.
const READ_BYTES_USUAL: u64 = 1_024;
const READ_BYTES_MAX: u64 = 256 * 1024;

/// Keys of every block. Those of the last line say how fast or in what order, and change no result.
const BLOCK_KEYS: [&str; 12] = [
    "id",
    "name",
    "attack",
    "payloads",
    "matchers",
    "matchers-condition",
    "extractors",
    "stop-at-first-match",
    "threads",
    "description",
    "read-all",
    "skip-variables-check",
];
const HTTP_KEYS: [&str; 16] = [
    "method",
    "path",
    "raw",
    "headers",
    "body",
    "redirects",
    "host-redirects",
    "max-redirects",
    "cookie-reuse",
    "disable-cookie",
    "max-size",
    "unsafe",
    "req-condition",
    "disable-path-automerge",
    "race",
    "rpc-signature",
];
const TCP_KEYS: [&str; 6] = ["host", "port", "inputs", "read-size", "exclude-ports", "address"];
const DNS_KEYS: [&str; 6] = ["type", "class", "recursion", "retries", "trace", "resolvers"];
const SSL_KEYS: [&str; 8] = [
    "address",
    "min_version",
    "max_version",
    "cipher_suites",
    "scan_mode",
    "tls_version_enum",
    "tls_cipher_enum",
    "resolvers",
];

impl Ask {
    pub(crate) const fn protocol(&self) -> Protocol {
        match self {
            Self::Http(_) => Protocol::Http,
            Self::Tcp(_) => Protocol::Tcp,
            Self::Dns(_) => Protocol::Dns,
            Self::Ssl(_) => Protocol::Ssl,
        }
    }
}

impl Reader {
    pub(super) fn block(&mut self, protocol: Protocol, node: &Node) -> Result<Block, ReadError> {
        if !matches!(node, Node::Map(_)) {
            return Err(form("a block is no map"));
        }
        let own: &[&str] = match protocol {
            Protocol::Http => &HTTP_KEYS,
            Protocol::Tcp => &TCP_KEYS,
            Protocol::Dns => &DNS_KEYS,
            Protocol::Ssl => &SSL_KEYS,
        };
        self.keys(node, protocol.as_str(), &[&BLOCK_KEYS, own].concat());
        let ask = match protocol {
            Protocol::Http => Ask::Http(self.http(node)?),
            Protocol::Tcp => Ask::Tcp(self.tcp(node)),
            Protocol::Dns => Ask::Dns(self.dns(node)?),
            Protocol::Ssl => Ask::Ssl(self.ssl(node)),
        };
        Ok(Block {
            id: node.get("id").and_then(Node::text).map(str::to_owned),
            ask,
            payloads: self.payloads(node),
            operators: self.operators(node, protocol),
            stop_at_first_match: is_true(node, "stop-at-first-match"),
        })
    }

    fn payloads(&mut self, node: &Node) -> Payloads {
        let mut payloads = Payloads::default();
        for (name, list) in node.get("payloads").map_or(&[][..], Node::entries) {
            if !matches!(list, Node::List(_)) {
                self.lacks("payloads from files");
                continue;
            }
            if list.members().len() > PAYLOADS_MAX {
                self.lacks("lists of more than 1000 payloads");
                continue;
            }
            payloads.lists.push((name.clone(), self.texts(Some(list))));
        }
        if let Some(name) = node.get("attack").and_then(Node::text) {
            match Attack::of(name) {
                Some(attack) => payloads.attack = attack,
                None => self.lacks(&format!("attack {name}")),
            }
        }
        payloads
    }

    fn http(&mut self, node: &Node) -> Result<HttpAsk, ReadError> {
        if is_true(node, "race") {
            self.lacks("race conditions");
        }
        let follow = is_true(node, "redirects") || is_true(node, "host-redirects");
        let redirects =
            node.get("max-redirects").and_then(Node::number).unwrap_or(REDIRECTS_MAX).min(REDIRECTS_MAX);
        let mut requests = Vec::new();
        for raw in node.get("raw").map_or(&[][..], Node::members).iter().filter_map(Node::text) {
            self.annotations(raw);
            let text = self.text(raw);
            requests.push(if is_true(node, "unsafe") { HttpForm::Unsafe(text) } else { HttpForm::Raw(text) });
        }
        let method = node.get("method").and_then(Node::text).unwrap_or("GET").trim().to_ascii_uppercase();
        let headers: Vec<(String, Text)> = node
            .get("headers")
            .map_or(&[][..], Node::entries)
            .iter()
            .map(|(name, value)| (name.clone(), self.text(value.text().unwrap_or_default())))
            .collect();
        let body = node.get("body").and_then(Node::text).map(|body| self.text(body));
        for path in node.get("path").map_or(&[][..], Node::members).iter().filter_map(Node::text) {
            if !stays_on_target(path) {
                self.lacks("requests to other hosts");
            }
            let url = self.text(path);
            requests.push(HttpForm::Path {
                method: method.clone(),
                url,
                headers: headers.clone(),
                body: body.clone(),
            });
        }
        if requests.is_empty() {
            return Err(form("a block of http has neither path nor raw"));
        }
        Ok(HttpAsk {
            requests,
            redirects_max: if follow { usize::try_from(redirects).unwrap_or_default() } else { 0 },
            cookies: !is_true(node, "disable-cookie")
                && node.get("cookie-reuse").and_then(Node::truth) != Some(false),
            body_bytes_max: node
                .get("max-size")
                .and_then(Node::number)
                .and_then(|size| usize::try_from(size).ok()),
        })
    }

    /// Lines that begin with `@` say how a raw request is to be sent.
    fn annotations(&mut self, raw: &str) {
        for line in raw.lines().take_while(|line| line.starts_with('@')) {
            let name = line.split(':').next().unwrap_or_default().trim();
            match name.to_ascii_lowercase().as_str() {
                // How long to wait is our own affair.
                "@timeout" | "@once" => {}
                "@host" => self.lacks("requests to other hosts"),
                _ => self.lacks(&format!("annotation {name}")),
            }
        }
        let target =
            raw.lines().find(|line| !line.starts_with('@')).and_then(|line| line.split_whitespace().nth(1));
        if target.is_some_and(|target| !stays_on_target(target) && target.contains("://")) {
            self.lacks("requests to other hosts");
        }
    }

    fn tcp(&mut self, node: &Node) -> TcpAsk {
        let mut ports = Vec::new();
        let mut tls = false;
        let hosts = node.get("host").or_else(|| node.get("address")).map_or(&[][..], Node::members);
        for host in hosts.iter().filter_map(Node::text) {
            let plain = host.strip_prefix("tls://");
            tls |= plain.is_some();
            match plain.unwrap_or(host).split_once(':') {
                None | Some((_, "{{Port}}")) => {}
                Some((_, port)) => match port.parse() {
                    Ok(port) => ports.push(port),
                    Err(_) => self.lacks("ports that are variables"),
                },
            }
            if !["{{Hostname}}", "{{Host}}"].iter().any(|ours| plain.unwrap_or(host).starts_with(ours)) {
                self.lacks("requests to other hosts");
            }
        }
        for part in node.get("port").and_then(Node::text).unwrap_or_default().split(',').map(str::trim) {
            match part.parse() {
                _ if part.is_empty() || part == "{{Port}}" => {}
                Ok(port) => ports.push(port),
                Err(_) => self.lacks("ports that are variables"),
            }
        }
        ports.sort_unstable();
        ports.dedup();
        let mut inputs = Vec::new();
        for input in node.get("inputs").map_or(&[][..], Node::members) {
            self.keys(input, "inputs", &["data", "type", "read", "name"]);
            let hexadecimal = input.get("type").and_then(Node::text) == Some("hex");
            inputs.push(TcpInput {
                data: self.text(input.get("data").and_then(Node::text).unwrap_or_default()),
                hexadecimal,
                read_bytes: bytes(input, "read").unwrap_or_default(),
                name: input.get("name").and_then(Node::text).map(str::to_owned),
            });
        }
        let usual = usize::try_from(READ_BYTES_USUAL).unwrap_or_default();
        TcpAsk {
            ports,
            tls,
            inputs,
            read_bytes: bytes(node, "read-size").unwrap_or(usual),
            read_all: is_true(node, "read-all"),
        }
    }

    fn dns(&mut self, node: &Node) -> Result<DnsAsk, ReadError> {
        if is_true(node, "trace") {
            self.lacks("dns trace");
        }
        if node.get("resolvers").is_some() {
            self.lacks("dns servers of the template's choice");
        }
        let name = node.get("name").and_then(Node::text).ok_or_else(|| form("a block of dns has no name"))?;
        let kind = node.get("type").and_then(Node::text).unwrap_or("A").to_ascii_uppercase();
        let class = node.get("class").and_then(Node::text).unwrap_or("inet").to_ascii_lowercase();
        let kind = match kind.as_str() {
            "A" => 1,
            "NS" => 2,
            "CNAME" => 5,
            "SOA" => 6,
            "PTR" => 12,
            "MX" => 15,
            "TXT" => 16,
            "AAAA" => 28,
            "SRV" => 33,
            "DS" => 43,
            "TLSA" => 52,
            "ANY" => 255,
            "CAA" => 257,
            other => {
                self.lacks(&format!("dns type {other}"));
                1
            }
        };
        let class = match class.as_str() {
            "inet" => 1,
            "chaos" => 3,
            "hesiod" => 4,
            "none" => 254,
            "any" => 255,
            other => {
                self.lacks(&format!("dns class {other}"));
                1
            }
        };
        let recursion = node.get("recursion").and_then(Node::truth).unwrap_or(true);
        Ok(DnsAsk { name: self.text(name), kind, class, recursion })
    }

    fn ssl(&mut self, node: &Node) -> SslAsk {
        for key in ["tls_version_enum", "tls_cipher_enum"] {
            if is_true(node, key) {
                self.lacks(&format!("key ssl.{key}"));
            }
        }
        let address = node.get("address").and_then(Node::text).unwrap_or("{{Host}}:{{Port}}");
        if !["{{Host}}:{{Port}}", "{{Hostname}}", "{{Host}}"].contains(&address) {
            self.lacks("requests to other hosts");
        }
        let version = |key: &str| node.get(key).and_then(Node::text).map(str::to_ascii_lowercase);
        let suites = node.get("cipher_suites").map_or(&[][..], Node::members);
        SslAsk {
            version_least: version("min_version"),
            version_most: version("max_version"),
            suites: suites.iter().filter_map(Node::text).map(str::to_ascii_uppercase).collect(),
        }
    }
}

fn is_true(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::truth) == Some(true)
}

fn bytes(node: &Node, key: &str) -> Option<usize> {
    let number = node.get(key).and_then(Node::number)?;
    usize::try_from(number.min(READ_BYTES_MAX)).ok()
}

/// Whether an address begins with the target, or is a path on it. What begins with a variable is
/// looked at when its value is known.
fn stays_on_target(address: &str) -> bool {
    let own = ["{{BaseURL}}", "{{RootURL}}", "{{Scheme}}://{{Host", "http://{{Host", "https://{{Host"];
    own.iter().any(|own| address.starts_with(own)) || address.starts_with('/') || address.starts_with("{{")
}
