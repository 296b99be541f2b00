//! The names of a domain and the addresses they lead to, as the DNS tells them: name and mail
//! servers, services, what a policy record names, whole zones where they are given away, a short
//! list of words, and what addresses are registered as.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use futures_util::StreamExt;
use palisade_model::{Discovery, DomainName, MapNameServer};
use palisade_probe::dns::{Message, Record, RecordData, kind};

use super::plan::NAMES_MAX;
use super::resolver::{PORT, Resolver};
use crate::names::is_host_name;

/// Questions under way at the same time.
const QUESTIONS_PARALLEL: usize = 16;
/// Name servers that are asked for the zone.
const NAME_SERVERS_MAX: usize = 8;
/// Addresses taken of one name.
const ADDRESSES_PER_NAME_MAX: usize = 16;
/// Services that networks announce.
const SERVICES: [&str; 14] = [
    "_ldap._tcp",
    "_kerberos._tcp",
    "_kpasswd._tcp",
    "_gc._tcp",
    "_ldap._tcp.dc._msdcs",
    "_sip._tcp",
    "_sip._udp",
    "_sips._tcp",
    "_xmpp-server._tcp",
    "_xmpp-client._tcp",
    "_imaps._tcp",
    "_submission._tcp",
    "_autodiscover._tcp",
    "_caldavs._tcp",
];

/// What the DNS told.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) by_address: BTreeMap<Ipv4Addr, Named>,
    pub(super) servers: Vec<MapNameServer>,
    pub(super) notes: BTreeSet<&'static str>,
}

/// The names of one address, and how they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) names: BTreeSet<String>,
    pub(super) discoveries: BTreeSet<Discovery>,
}

impl Names {
    pub(super) fn add(&mut self, address: Ipv4Addr, name: &str, discovery: Discovery) {
        let named = self.by_address.entry(address).or_default();
        named.names.insert(name.to_owned());
        named.discoveries.insert(discovery);
    }
}

/// Gathers the names of one domain.
pub(super) struct Gathering<'a> {
    pub(super) resolver: &'a Resolver,
    pub(super) domain: &'a DomainName,
    /// Names to be looked up.
    wanted: BTreeSet<String>,
    pub(super) found: Names,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(resolver: &'a Resolver, domain: &'a DomainName) -> Self {
        Self { resolver, domain, wanted: BTreeSet::new(), found: Names::default() }
    }

    /// Asks everything. What was learnt stays in [`found`](Self::found) when this is dropped early.
    pub(super) async fn run(&mut self) {
        let domain = self.domain.as_str().to_owned();
        self.want(&domain);
        let servers = self.name_servers(&domain).await;
        self.transfer_zone(&domain, &servers).await;
        self.records(&domain).await;
        self.services(&domain).await;
        let wanted = std::mem::take(&mut self.wanted);
        self.addresses(wanted, &BTreeSet::new()).await;
        self.words(&domain).await;
    }

    /// Remembers a name to be looked up, if it is one.
    fn want(&mut self, name: &str) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if !is_host_name(&name) || self.wanted.contains(&name) {
            return;
        }
        if self.wanted.len() < NAMES_MAX {
            self.wanted.insert(name);
        } else {
            self.found.notes.insert("the domain has more names than are looked up");
        }
    }

    async fn name_servers(&mut self, domain: &str) -> Vec<String> {
        let mut servers = Vec::new();
        for question in [kind::NS, kind::SOA] {
            let Some(answer) = self.resolver.ask(domain, question).await else { continue };
            for record in &answer.records {
                let name = match &record.data {
                    RecordData::Name(name) if record.kind == kind::NS => name,
                    RecordData::Authority { primary, .. } => primary,
                    _ => continue,
                };
                let name = name.to_string().to_ascii_lowercase();
                if is_host_name(&name) && !servers.contains(&name) && servers.len() < NAME_SERVERS_MAX {
                    servers.push(name);
                }
            }
        }
        if servers.is_empty() {
            self.found.notes.insert("no name server of the domain was found");
        }
        servers
    }

    /// Asks each name server for the zone; the first that gives it away is enough for its records,
    /// but all are asked whether they do.
    async fn transfer_zone(&mut self, domain: &str, servers: &[String]) {
        for server in servers {
            let addresses = addresses_of(self.resolver.ask(server, kind::A).await.as_ref());
            for address in &addresses {
                self.found.add(*address, server, Discovery::Dns);
            }
            let Some(address) = addresses.into_iter().find(|address| may_be_a_name_server(*address)) else {
                continue;
            };
            let socket = SocketAddr::V4(SocketAddrV4::new(address, PORT));
            let transfer = self.resolver.transfer(socket, domain).await;
            let given = transfer.as_ref().and_then(|transfer| transfer.clone().finish().0);
            if let Some(transfer) = transfer.filter(|_| given == Some(true)) {
                for record in transfer.records() {
                    self.zone_record(record);
                }
            }
            self.found.servers.push(MapNameServer { name: server.clone(), address, transfer: given });
        }
    }

    fn zone_record(&mut self, record: &Record) {
        let name = record.name.to_string().to_ascii_lowercase();
        match &record.data {
            RecordData::Address(address) if is_host_name(&name) => {
                self.found.add(*address, &name, Discovery::ZoneTransfer);
            }
            data => self.named_by(data),
        }
    }

    /// Wants the names that a record's data holds.
    fn named_by(&mut self, data: &RecordData) {
        match data {
            RecordData::Name(name)
            | RecordData::Authority { primary: name, .. }
            | RecordData::Mail { exchange: name, .. }
            | RecordData::Service { target: name, .. } => self.want(&name.to_string()),
            RecordData::Text(texts) => {
                for name in policy_names(&texts.concat(), self.domain) {
                    self.want(&name);
                }
            }
            RecordData::Address(_) | RecordData::Other(_) => {}
        }
    }

    async fn records(&mut self, domain: &str) {
        for question in [kind::MX, kind::TXT] {
            let Some(answer) = self.resolver.ask(domain, question).await else { continue };
            answer.records.iter().for_each(|record| self.named_by(&record.data));
        }
    }

    async fn services(&mut self, domain: &str) {
        let resolver = self.resolver;
        let questions = SERVICES.map(|service| format!("{service}.{domain}"));
        let answers: Vec<Option<Message>> = futures_util::stream::iter(questions)
            .map(|name| async move { resolver.ask(&name, kind::SRV).await })
            .buffer_unordered(QUESTIONS_PARALLEL)
            .collect()
            .await;
        for answer in answers.into_iter().flatten() {
            answer.records.iter().for_each(|record| self.named_by(&record.data));
        }
    }

    /// Looks names up. Answers that lead nowhere but to `ignored` count for nothing.
    async fn addresses(&mut self, names: BTreeSet<String>, ignored: &BTreeSet<Ipv4Addr>) {
        let resolver = self.resolver;
        let mut answers = futures_util::stream::iter(names)
            .map(|name| async move {
                let addresses = addresses_of(resolver.ask(&name, kind::A).await.as_ref());
                (name, addresses)
            })
            .buffer_unordered(QUESTIONS_PARALLEL);
        while let Some((name, addresses)) = answers.next().await {
            for address in addresses.into_iter().filter(|address| !ignored.contains(address)) {
                self.found.add(address, &name, Discovery::Dns);
            }
        }
    }

    /// Tries usual names. A domain in which every name leads somewhere is told by a name nobody
    /// gives: where that leads, no word proves anything.
    async fn words(&mut self, domain: &str) {
        let nobody = format!("p{:04x}{:04x}.{domain}", self.resolver.number(), self.resolver.number());
        let wildcard: BTreeSet<Ipv4Addr> =
            addresses_of(self.resolver.ask(&nobody, kind::A).await.as_ref()).into_iter().collect();
        let words =
            words().map(|word| format!("{word}.{domain}")).filter(|name| is_host_name(name)).collect();
        self.addresses(words, &wildcard).await;
    }
}

fn words() -> impl Iterator<Item = &'static str> {
    include_str!("words.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_ascii_whitespace)
}

/// The addresses of an answer, those behind an alias included.
fn addresses_of(answer: Option<&Message>) -> Vec<Ipv4Addr> {
    let records = answer.into_iter().flat_map(|answer| &answer.records);
    let address = |record: &Record| match record.data {
        RecordData::Address(address) => Some(address),
        _ => None,
    };
    records.filter_map(address).take(ADDRESSES_PER_NAME_MAX).collect()
}

/// Name servers are where the DNS says; but this machine's own addresses, neighbours without an
/// address, groups and nobody are never asked because a stranger's zone names them.
fn may_be_a_name_server(address: Ipv4Addr) -> bool {
    !(address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.octets().first() == Some(&0))
}

/// The host names in a policy record for mail (SPF, RFC 7208) that lie in the domain.
fn policy_names(text: &str, domain: &DomainName) -> Vec<String> {
    if !text.starts_with("v=spf1") {
        return Vec::new();
    }
    let name = |term: &str| {
        let term = term.trim_start_matches(['+', '-', '~', '?']);
        let (mechanism, rest) = term.split_once(':')?;
        let name = rest.split('/').next().unwrap_or_default();
        (matches!(mechanism, "a" | "mx" | "include") && domain.has(name)).then(|| name.to_ascii_lowercase())
    };
    text.split_ascii_whitespace().filter_map(name).take(32).collect()
}

/// What addresses are registered as; one question each.
pub(super) async fn reverse(resolver: &Resolver, addresses: Vec<Ipv4Addr>) -> Vec<(Ipv4Addr, String)> {
    let question = |address: Ipv4Addr| async move {
        let [a, b, c, d] = address.octets();
        let answer = resolver.ask(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"), kind::PTR).await?;
        let name = answer.records.iter().find_map(|record| match &record.data {
            RecordData::Name(name) if record.kind == kind::PTR => Some(name.to_string().to_ascii_lowercase()),
            _ => None,
        });
        name.filter(|name| is_host_name(name)).map(|name| (address, name))
    };
    futures_util::stream::iter(addresses)
        .map(question)
        .buffer_unordered(QUESTIONS_PARALLEL)
        .filter_map(|found| async move { found })
        .collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_name_hosts_of_the_domain() {
        let domain = "lab.test".parse().unwrap();
        let text = "v=spf1 ip4:10.0.0.0/8 a:Relay.lab.test/24 ~mx:lab.test include:spf.other.test a -all";
        assert_eq!(policy_names(text, &domain), ["relay.lab.test", "lab.test"]);
        assert!(policy_names("a:relay.lab.test", &domain).is_empty());
    }

    #[test]
    fn a_zone_cannot_send_us_to_ourselves() {
        for (address, expected) in
            [("127.0.0.1", false), ("169.254.169.254", false), ("0.0.0.0", false), ("10.0.0.1", true)]
        {
            assert_eq!(may_be_a_name_server(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn the_list_of_words_is_short_and_of_names() {
        let words: Vec<&str> = words().collect();
        assert!((80..200).contains(&words.len()), "{}", words.len());
        assert!(words.iter().all(|word| is_host_name(word)));
        let different: BTreeSet<&&str> = words.iter().collect();
        assert_eq!(different.len(), words.len());
    }
}
