//! Which facts checks read, told from their expressions, so that a scan for few QIDs collects no
//! others.
//!
//! Every field an expression selects and every text in it counts as a word it uses; that is more
//! than it reads, and never less. What cannot be told apart is taken as the need for everything.

use std::collections::BTreeSet;

use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};
use palisade_model::option_profile::QidSelection;
use palisade_model::{PortSet, Qid, Transport};

use crate::check::Check;
use crate::document::{PORT_FACTS, Scope};
use crate::knowledge_base::KnowledgeBase;

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
/// Words that only a guessed password or community name gives content to.
const GUESSED: [&str; 3] = ["communities", "empty_password_users", "writable_communities"];

/// The facts that some checks read, all together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Something reads facts that cannot be told apart.
    everything: bool,
    /// Something reads which service stands on each port.
    services: bool,
    /// Something reads products, which all services but TLS give away.
    products: bool,
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

    /// Whether a service of this name is to be questioned.
    #[must_use]
    pub fn asks(&self, service: &str) -> bool {
        let fact = match service {
            "postgresql" => "postgres",
            "netbios-ns" => "netbios",
            other => other,
        };
        self.everything || self.products || self.facts.contains(fact)
    }

    /// Whether what all services give away together is needed: products, operating system.
    #[must_use]
    pub fn system(&self) -> bool {
        self.everything || self.products
    }

    /// Whether everything that a port's TLS shows is needed.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.everything || self.facts.contains("tls")
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

    fn add(&mut self, check: &Check) {
        let mut read = Read::default();
        read.program(&check.when);
        if let Some(result) = &check.result {
            read.program(result);
        }
        for need in &check.needs {
            read.words.insert(need.fact.clone());
            read.words.extend(need.field.clone());
        }
        let facts: BTreeSet<&'static str> =
            PORT_FACTS.into_iter().filter(|fact| read.words.contains(*fact)).collect();
        if check.scope == Scope::Port && facts.is_empty() {
            self.services = true;
        }
        for field in &read.host_fields {
            match field.as_str() {
                "ports" | "tcp_scanned" | "tcp_closed" | "tcp_silent" | "udp_scanned" | "method" => {
                    self.services = true;
                }
                "os" => self.products = true,
                free if FREE_HOST_FIELDS.contains(&free) => {}
                _ => self.everything = true,
            }
        }
        self.everything |= read.whole_host;
        self.products |= facts.contains("product") || facts.contains("protocol");
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

impl KnowledgeBase {
    /// The facts that the checks of the selected QIDs read.
    #[must_use]
    pub fn needs(&self, selection: &QidSelection) -> Needs {
        if selection.is_complete() {
            return Needs::everything();
        }
        let mut needs = Needs::default();
        for check in self.checks().iter().filter(|check| selection.has(check.qid)) {
            needs.add(check);
        }
        needs
    }

    /// The QIDs that only a guessed password or community name can show, so that they are no
    /// tests where nothing may be guessed.
    #[must_use]
    pub fn guessed(&self) -> BTreeSet<Qid> {
        let guessed = |check: &&Check| {
            let mut needs = Needs::default();
            needs.add(check);
            needs.facts.contains("snmp") || GUESSED.iter().any(|word| needs.words.contains(*word))
        };
        self.checks().iter().filter(guessed).map(|check| check.qid).collect()
    }
}

/// What one check reads.
#[derive(Default)]
struct Read {
    words: BTreeSet<String>,
    host_fields: BTreeSet<String>,
    /// The host is handed on as a whole.
    whole_host: bool,
}

impl Read {
    fn program(&mut self, program: &Program) {
        self.expression(program.expression());
    }

    fn expression(&mut self, expression: &IdedExpr) {
        match &expression.expr {
            Expr::Ident(name) => self.whole_host |= name == "host",
            Expr::Literal(LiteralValue::String(text)) => {
                self.words.insert(text.inner().to_owned());
            }
            Expr::Literal(_) | Expr::Unspecified => {}
            Expr::Select(select) => self.field(&select.operand, &select.field),
            Expr::Call(call) => {
                // `a.?b` is a call whose arguments are `a` and the text `b`.
                if let [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(field)), .. }] =
                    call.args.as_slice()
                {
                    self.field(operand, field.inner());
                } else {
                    call.args.iter().for_each(|argument| self.expression(argument));
                }
                if let Some(target) = &call.target {
                    self.expression(target);
                }
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(structure) => structure.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Comprehension(comprehension) => {
                for part in [
                    &comprehension.iter_range,
                    &comprehension.accu_init,
                    &comprehension.loop_cond,
                    &comprehension.loop_step,
                    &comprehension.result,
                ] {
                    self.expression(part);
                }
            }
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.expression(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key);
                self.expression(&entry.value);
            }
        }
    }

    fn field(&mut self, operand: &IdedExpr, field: &str) {
        self.words.insert(field.to_owned());
        match &operand.expr {
            Expr::Ident(name) if name == "host" => {
                self.host_fields.insert(field.to_owned());
            }
            _ => self.expression(operand),
        }
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

    /// The facts that a scan for these needs would have brought of the same host.
    fn pruned(facts: &HostFacts, needs: &Needs) -> HostFacts {
        let mut json = serde_json::to_value(facts).unwrap();
        let ports = json.get_mut("ports").and_then(serde_json::Value::as_array_mut).unwrap();
        let kept = facts.ports.iter().zip(std::mem::take(ports));
        let kept: Vec<_> = kept
            .filter(|(port, _)| needs.port(port.port, port.transport))
            .map(|(_, mut json)| {
                let fields = json.as_object_mut().unwrap();
                for fact in PORT_FACTS {
                    let needed = match fact {
                        "tls" => needs.tls(),
                        "product" => needs.products || needs.everything,
                        fact => needs.asks(fact),
                    };
                    if !needed {
                        fields.remove(fact);
                    }
                }
                json
            })
            .collect();
        json["ports"] = kept.into();
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_a_check_needs_is_enough_for_it() {
        for (qid, (name, examples)) in &CONTENT.examples {
            let needs = needs(&[qid.number()]);
            for example in examples {
                let facts = facts_of(example);
                let found = |facts: &HostFacts| CONTENT.judge(facts, Some(&[*qid])).findings;
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
        let system = needs(&[45_017]);
        assert!(system.system() && system.asks("smb") && system.asks("http") && !system.tls());
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
