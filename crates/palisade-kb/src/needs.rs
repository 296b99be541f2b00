//! Which facts checks read, told from their expressions, so that a scan for few QIDs collects no
//! others.
//!
//! Every field an expression selects and every text in it counts as a word it uses; that is more
//! than it reads, and never less. What cannot be told apart is taken as the need for everything.

use std::collections::BTreeSet;

use palisade_model::option_profile::QidSelection;
use palisade_model::{PortSet, Qid, Transport};

use crate::check::Check;
use crate::document::{PORT_FACTS, Scope};
use crate::engine::Engine;
use crate::knowledge_base::KnowledgeBase;
use crate::read::{Read, is_plain_only};
use crate::version_match::is_cve_qid;

/// Facts that only UDP services give.
const UDP_ONLY: [&str; 4] = ["netbios", "ntp", "snmp", "tftp"];
/// The UDP ports that facts are asked at.
const UDP_PORTS: [(&str, u16); 9] = [
    ("dns", 53),
    ("ldap", 389),
    ("memcached", 11_211),
    ("netbios", 137),
    ("ntp", 123),
    ("rpc", 111),
    ("rpc", 2_049),
    ("snmp", 161),
    ("tftp", 69),
];
/// What is known of every host without looking at its ports.
const FREE_HOST_FIELDS: [&str; 10] = [
    "address",
    "alive",
    "alive_by",
    "ended_at",
    "icmp_echo",
    "name",
    "round_trip_us",
    "started_at",
    "timed_out",
    "ttl",
];
/// Facts of a port that no single service has.
const SHARED_FACTS: [&str; 3] = ["tls", "product", "protocol"];
/// What is known of an SSH server that has said who it is.
const SSH_GREETING_FIELDS: [&str; 4] = ["banner", "protocol", "software", "protocol_1"];
const SSH_OTHER_FIELDS: [&str; 8] = [
    "key_exchange",
    "host_key_algorithms",
    "encryption",
    "encryption_to_server",
    "mac",
    "mac_to_server",
    "compression",
    "host_keys",
];
/// What a handshake that succeeds shows of TLS, and what the hunt for suites adds.
const TLS_HANDSHAKE_FIELDS: [&str; 2] = ["certificates", "starttls"];
const TLS_SUITES_FIELDS: [&str; 2] = ["versions", "suites"];
const TLS_OTHER_FIELDS: [&str; 24] = [
    "server_preference",
    "virtual_hosts",
    "ocsp_stapled",
    "secure_renegotiation",
    "compression",
    "heartbeat",
    "session_tickets",
    "resumption_tickets",
    "session_ids",
    "fallback_scsv",
    "extended_master_secret",
    "version_tolerance",
    "dh_bits",
    "dh_prime",
    "groups",
    "signature_algorithms",
    "alpn",
    "heartbleed",
    "early_cipher_change",
    "rsa_padding_oracle",
    "padding_unchecked",
    "padding_oracle",
    "client_renegotiation",
    "ticket_leak",
];
/// What only signing in tells.
const SIGNED_IN_FIELDS: [&str; 2] = ["inside", "sign_ins"];
/// Words that only a guessed password or community name gives content to.
const GUESSED: [&str; 3] = ["communities", "empty_password_users", "writable_communities"];

/// How far a port's TLS has to be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsDepth {
    Nothing,
    /// What one handshake shows, its certificates first of all.
    Handshake,
    /// The versions and suites it accepts.
    Suites,
    Everything,
}

/// The facts that some checks read, all together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Something reads facts that cannot be told apart.
    everything: bool,
    /// Something reads which service stands on each port.
    services: bool,
    /// Something reads what only signing in tells.
    signs_in: bool,
    /// Something reads products, which all services but TLS give away.
    products: bool,
    /// Something reads services that stand behind TLS.
    through_tls: bool,
    facts: BTreeSet<&'static str>,
    words: BTreeSet<String>,
    /// The words of each check that reads web paths.
    path_words: Vec<BTreeSet<String>>,
}

impl Needs {
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// What services there are on every port, their products, and the systems they speak of: no
    /// weaknesses, nothing of TLS but what stands behind it, nothing that takes signing in.
    #[must_use]
    pub fn identities() -> Self {
        Self { services: true, products: true, through_tls: true, ..Self::default() }
    }

    /// Whether any TCP port is needed.
    #[must_use]
    pub fn tcp(&self) -> bool {
        self.every_service() || self.facts.iter().any(|fact| !UDP_ONLY.contains(fact))
    }

    /// The UDP ports that are needed; `None` for all that the scan has.
    #[must_use]
    pub fn udp(&self) -> Option<PortSet> {
        if self.every_service() {
            return None;
        }
        Some(
            UDP_PORTS
                .into_iter()
                .filter(|(fact, _)| self.facts.contains(fact))
                .map(|(_, port)| port)
                .collect(),
        )
    }

    /// Whether it matters which service stands on a port, beyond its TLS.
    #[must_use]
    pub fn services(&self) -> bool {
        self.every_service() || self.facts.iter().any(|fact| *fact != "tls") || self.has_word("service")
    }

    /// Whether it matters that a port is recognised as this service.
    #[must_use]
    pub fn looks_for(&self, service: &str) -> bool {
        self.every_service() || self.has_word("service") || self.facts.contains(fact_of(service))
    }

    /// Whether a service of this name is to be questioned.
    #[must_use]
    pub fn asks(&self, service: &str) -> bool {
        self.everything || self.products || self.facts.contains(fact_of(service))
    }

    /// Whether what all services give away together is needed: products, operating system.
    #[must_use]
    pub fn system(&self) -> bool {
        self.everything || self.products
    }

    /// Whether what only signing in tells is needed.
    #[must_use]
    pub fn signs_in(&self) -> bool {
        self.everything || self.signs_in
    }

    /// Whether anything that a port's TLS shows is needed.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.everything || self.facts.contains("tls")
    }

    /// How much of it.
    #[must_use]
    pub fn tls_depth(&self) -> TlsDepth {
        let has_any = |fields: &[&str]| fields.iter().any(|field| self.words.contains(*field));
        match () {
            () if !self.tls() => TlsDepth::Nothing,
            () if self.everything || has_any(&TLS_OTHER_FIELDS) => TlsDepth::Everything,
            () if has_any(&TLS_SUITES_FIELDS) => TlsDepth::Suites,
            () if has_any(&TLS_HANDSHAKE_FIELDS) => TlsDepth::Handshake,
            () => TlsDepth::Everything,
        }
    }

    /// Whether it matters which service stands behind the TLS of a port that begins with it.
    #[must_use]
    pub fn through_tls(&self) -> bool {
        self.everything || self.through_tls
    }

    /// Whether an SSH server has said all that matters once it has said who it is.
    #[must_use]
    pub fn ssh_greeting_is_enough(&self) -> bool {
        let has_any = |fields: &[&str]| fields.iter().any(|field| self.words.contains(*field));
        !self.everything && has_any(&SSH_GREETING_FIELDS) && !has_any(&SSH_OTHER_FIELDS)
    }

    /// Whether something uses this word, for example the name of a field.
    #[must_use]
    pub fn has_word(&self, word: &str) -> bool {
        self.everything || self.words.contains(word)
    }

    /// Whether something reads what a well-known web path shows. A check that reads paths and
    /// names none of the `kinds` there are may mean each of them.
    #[must_use]
    pub fn web_path(&self, path: &str, kind: &str, kinds: &[&str]) -> bool {
        self.everything
            || self.path_words.iter().any(|words| {
                words.contains(path)
                    || words.contains(kind)
                    || !kinds.iter().any(|known| words.contains(*known))
            })
    }

    /// Which service stands on each TCP port is needed as well.
    pub fn add_services(&mut self) {
        self.facts.insert("service");
        (self.services, self.through_tls) = (true, true);
    }

    /// What TLS shows is needed as well.
    pub fn add_tls(&mut self) {
        self.facts.insert("tls");
    }

    /// Name servers are looked for as well.
    pub fn add_name_servers(&mut self) {
        self.facts.insert("dns");
    }

    fn every_service(&self) -> bool {
        self.everything || self.services || self.products
    }

    fn add(&mut self, check: &Check, engine: &Engine) {
        let mut read = Read::default();
        let mut plain_only = false;
        for expression in [Some(&check.when), check.result.as_ref()].into_iter().flatten() {
            match expression.program(engine) {
                Ok(program) => {
                    plain_only |= is_plain_only(program.expression());
                    read.expression(program.expression());
                }
                // It says so when it is judged.
                Err(_) => self.everything = true,
            }
        }
        for need in &check.needs {
            read.words.insert(need.fact.clone());
            read.words.extend(need.field.clone());
        }
        let facts: BTreeSet<&'static str> =
            PORT_FACTS.into_iter().filter(|fact| read.words.contains(*fact)).collect();
        if check.scope == Scope::Port && facts.is_empty() {
            self.services = true;
            self.through_tls |= !plain_only;
        }
        for field in &read.host_fields {
            match field.as_str() {
                "ports" | "tcp_scanned" | "tcp_closed" | "tcp_silent" | "udp_scanned" | "method" => {
                    (self.services, self.through_tls) = (true, true);
                }
                "os" => {
                    (self.products, self.through_tls) = (true, true);
                    self.signs_in = true;
                }
                field if SIGNED_IN_FIELDS.contains(&field) => {
                    // Which services there are to sign in to.
                    self.services = true;
                    (self.products, self.through_tls) = (true, true);
                    self.signs_in = true;
                }
                free if FREE_HOST_FIELDS.contains(&free) => {}
                _ => self.everything = true,
            }
        }
        self.everything |= read.whole_host;
        // The product of a service that the check is about is told by that service alone.
        let is_about_a_service = check.needs.iter().any(|need| !SHARED_FACTS.contains(&need.fact.as_str()));
        self.products |= !is_about_a_service && (facts.contains("product") || facts.contains("protocol"));
        self.through_tls |= !plain_only && facts.iter().any(|fact| *fact != "tls");
        self.facts.extend(facts);
        if ["paths", "listings", "auth_schemes", "internal_address"]
            .iter()
            .any(|word| read.words.contains(*word))
        {
            self.path_words.push(read.words.clone());
        }
        self.words.extend(read.words);
    }
}

/// The name of a service's own facts.
fn fact_of(service: &str) -> &str {
    match service {
        "postgresql" => "postgres",
        "netbios-ns" => "netbios",
        other => other,
    }
}

impl KnowledgeBase {
    /// The facts that the checks of the selected QIDs read.
    #[must_use]
    pub fn needs(&self, selection: &QidSelection) -> Needs {
        if selection.is_complete() {
            return Needs::everything();
        }
        let mut needs = Needs::default();
        for check in self.checks().iter().filter(|check| selection.has(check.qid)) {
            needs.add(check, self.engine());
        }
        // CVEs are concluded from products and their versions, whatever the service.
        needs.products |= selection.only.iter().flatten().any(|qid| is_cve_qid(*qid));
        needs
    }

    /// The QIDs that only a guessed password or community name can show, so that they are no
    /// tests where nothing may be guessed.
    #[must_use]
    pub fn guessed(&self) -> BTreeSet<Qid> {
        let guessed = |check: &&Check| {
            let mut needs = Needs::default();
            needs.add(check, self.engine());
            needs.facts.contains("snmp") || GUESSED.iter().any(|word| needs.words.contains(*word))
        };
        // Those that mention none of it need not be compiled to know.
        let may_guess =
            |check: &&Check| check.mentions("snmp") || GUESSED.iter().any(|word| check.mentions(word));
        self.checks().iter().filter(may_guess).filter(guessed).map(|check| check.qid).collect()
    }
}

impl Needs {
    /// Whether a port of this transport and number is looked at for these needs.
    #[must_use]
    pub fn port(&self, port: u16, transport: Transport) -> bool {
        match transport {
            Transport::Tcp => self.tcp(),
            Transport::Udp => self.udp().is_none_or(|ports| ports.contains(port)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use palisade_model::HostFacts;

    use super::*;
    use crate::examples::facts_of;

    static CONTENT: LazyLock<KnowledgeBase> = LazyLock::new(|| KnowledgeBase::embedded().unwrap());

    fn needs(numbers: &[u32]) -> Needs {
        let only = Some(numbers.iter().filter_map(|number| Qid::new(*number)).collect());
        CONTENT.needs(&QidSelection { only, ..QidSelection::default() })
    }

    fn prune(port: &mut serde_json::Map<String, serde_json::Value>, fact: &str, unwanted: Option<&[&str]>) {
        let Some(fields) = port.get_mut(fact).and_then(serde_json::Value::as_object_mut) else { return };
        fields.retain(|field, _| !unwanted.is_some_and(|unwanted| unwanted.contains(&field.as_str())));
    }

    /// The facts that a scan for these needs would have brought of the same host.
    fn pruned(facts: &HostFacts, needs: &Needs) -> HostFacts {
        let mut json = serde_json::to_value(facts).unwrap();
        let ports = json.get_mut("ports").and_then(serde_json::Value::as_array_mut).unwrap();
        let kept = facts.ports.iter().zip(std::mem::take(ports));
        let kept: Vec<_> = kept
            .filter(|(port, _)| needs.port(port.port, port.transport))
            .map(|(port, mut json)| {
                let fields = json.as_object_mut().unwrap();
                let is_behind = port.implicit_tls && !needs.through_tls();
                for fact in PORT_FACTS {
                    let needed = match fact {
                        "tls" => needs.tls(),
                        _ if is_behind => false,
                        "product" | "protocol" => needs.asks(&port.service),
                        fact => needs.asks(fact),
                    };
                    if !needed {
                        fields.remove(fact);
                    }
                }
                prune(fields, "ssh", needs.ssh_greeting_is_enough().then_some(SSH_OTHER_FIELDS.as_slice()));
                let beyond: Vec<&str> = match needs.tls_depth() {
                    TlsDepth::Nothing | TlsDepth::Everything => Vec::new(),
                    TlsDepth::Suites => TLS_OTHER_FIELDS.to_vec(),
                    TlsDepth::Handshake => [TLS_SUITES_FIELDS.as_slice(), &TLS_OTHER_FIELDS].concat(),
                };
                prune(fields, "tls", Some(&beyond));
                json
            })
            .collect();
        json["ports"] = kept.into();
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_a_check_needs_is_enough_for_it() {
        for (qid, name, examples) in CONTENT.examples() {
            let needs = needs(&[qid.number()]);
            for example in &examples.unwrap() {
                let facts = facts_of(example);
                let found = |facts: &HostFacts| CONTENT.judge(facts, Some(&[qid])).findings;
                assert_eq!(found(&pruned(&facts, &needs)), found(&facts), "{name}: {needs:?}");
            }
        }
    }

    #[test]
    fn one_check_needs_little() {
        let snmp = needs(&[78_030]);
        assert!(!snmp.tcp() && !snmp.tls() && !snmp.system());
        assert_eq!(snmp.udp(), Some([161].into_iter().collect()));
        let duration = needs(&[45_038]);
        assert!(!duration.tcp() && duration.udp().is_some_and(|ports| ports.is_empty()));
        let ports = needs(&[82_023]);
        assert!(ports.tcp() && !ports.tls() && !ports.asks("http"));
        let banner = needs(&[38_050]);
        assert!(banner.ssh_greeting_is_enough() && banner.through_tls() && !banner.asks("http"));
        assert!(!needs(&[38_739]).ssh_greeting_is_enough());
        let web = needs(&[86_000]);
        assert!(web.asks("http") && !web.asks("ftp") && !web.through_tls() && !web.system());
        assert!(web.udp().is_some_and(|ports| ports.is_empty()));
        assert_eq!(needs(&[38_116]).tls_depth(), TlsDepth::Suites);
        assert_eq!(needs(&[38_167]).tls_depth(), TlsDepth::Handshake);
        assert_eq!(
            (web.tls_depth(), Needs::everything().tls_depth()),
            (TlsDepth::Nothing, TlsDepth::Everything)
        );
        let system = needs(&[45_017]);
        assert!(system.system() && system.asks("smb") && system.asks("http") && !system.tls());
        let cve = needs(&[crate::first_cve_qid().number()]);
        assert!(cve.tcp() && cve.system() && cve.asks("http") && !cve.tls());
        assert!(Needs::everything().web_path("/x", "y", &[]) && Needs::everything().udp().is_none());
    }

    #[test]
    fn guesses_are_known_for_what_they_are() {
        let guessed = CONTENT.guessed();
        let has = |number| guessed.contains(&Qid::new(number).unwrap());
        assert!(has(78_030) && has(78_031) && has(900_086));
        assert!(!has(900_081) && !has(45_017) && guessed.len() < 12, "{guessed:?}");
    }
}
