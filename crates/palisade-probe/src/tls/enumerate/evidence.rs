//! What answers show beyond what they were asked for, and the facts in the end.

use std::collections::BTreeSet;

use palisade_model::fact::TlsFacts;

use super::EnumerationOptions;
use super::ask::Ask;
use super::chain::Chain;
use super::follow_up::FollowUp;
use crate::tls::group::group_name;
use crate::tls::signature::scheme_name;
use crate::tls::suite::{describe_ssl2_kind, describe_suite};
use crate::tls::{Flight, KeyExchange, ServerHello, Version, certificate_facts};

/// Different chains kept.
const CHAINS_MAX: usize = 8;

/// Everything seen so far but the accepted suites, which are with their chains.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    pub(super) versions: BTreeSet<Version>,
    pub(super) chains: Vec<Vec<Vec<u8>>>,
    ssl2_kinds: Vec<u32>,
    groups: Vec<u16>,
    signature_algorithms: BTreeSet<u16>,
    dh_bits: Option<u32>,
    dh_prime: Option<&'static str>,
    ocsp_stapled: Option<bool>,
    secure_renegotiation: Option<bool>,
    compression: Option<bool>,
    pub(super) heartbeat: Option<bool>,
    session_tickets: Option<bool>,
    session_ids: Option<bool>,
    extended_master_secret: Option<bool>,
}

impl Evidence {
    /// Notes what a flight with a hello in it shows.
    pub(super) fn take(&mut self, ask: &Ask, flight: &Flight) {
        self.add_chain(&flight.certificates);
        if let Some(hello) = &flight.ssl2 {
            self.versions.insert(Version::Ssl2);
            for kind in &hello.kinds {
                if !self.ssl2_kinds.contains(kind) {
                    self.ssl2_kinds.push(*kind);
                }
            }
        }
        match flight.key_exchange {
            Some(KeyExchange::Dh { prime_bits, family }) => {
                if self.dh_bits.is_none_or(|bits| prime_bits < bits) {
                    self.dh_bits = Some(prime_bits);
                    self.dh_prime = family;
                }
            }
            Some(KeyExchange::Ecdh { group }) => self.add_group(group),
            Some(KeyExchange::Rsa { .. }) | None => {}
        }
        self.signature_algorithms.extend(flight.signature_algorithm);
        if !flight.certificates.is_empty() && flight.complete {
            note(&mut self.ocsp_stapled, flight.certificate_status, ask.offers_status());
        }
        if let Some(hello) = &flight.hello {
            if let Some(version) = hello.version() {
                self.versions.insert(version);
            }
            if let Some(group) = hello.group {
                self.add_group(group);
            }
            if hello.version_number < Version::Tls13.number() {
                self.take_features(ask, hello);
            }
        }
    }

    /// Keeps a chain that was not seen before.
    pub(super) fn add_chain(&mut self, chain: &[Vec<u8>]) {
        if !chain.is_empty()
            && self.chains.len() < CHAINS_MAX
            && !self.chains.iter().any(|seen| seen == chain)
        {
            self.chains.push(chain.to_vec());
        }
    }

    fn add_group(&mut self, group: u16) {
        if !self.groups.contains(&group) {
            self.groups.push(group);
        }
    }

    /// What a hello answers of TLS 1.2 and older. Absence means something only where it was
    /// offered; once seen, a feature stays seen.
    fn take_features(&mut self, ask: &Ask, hello: &ServerHello) {
        note(&mut self.secure_renegotiation, hello.secure_renegotiation(), ask.offers_renegotiation());
        note(&mut self.compression, hello.compression == 1, ask.offers_compression());
        note(&mut self.heartbeat, hello.heartbeat(), ask.is_full());
        note(&mut self.session_tickets, hello.session_ticket(), ask.is_full());
        note(&mut self.extended_master_secret, hello.extended_master_secret(), ask.is_full());
        note(&mut self.session_ids, !hello.session_id.is_empty(), ask.wants_session_id());
    }

    pub(super) fn facts(
        &self,
        options: &EnumerationOptions,
        chains: &[Chain],
        follow_up: &FollowUp,
    ) -> TlsFacts {
        let mut suites: Vec<_> = self.ssl2_kinds.iter().map(|kind| describe_ssl2_kind(*kind)).collect();
        for version in &self.versions {
            for chain in chains.iter().filter(|chain| chain.version == *version) {
                suites.extend(chain.accepted.iter().map(|suite| describe_suite(*version, *suite)));
            }
        }
        TlsFacts {
            versions: self.versions.iter().map(|version| version.as_str().to_owned()).collect(),
            suites,
            server_preference: follow_up.server_preference(),
            certificates: self
                .chains
                .first()
                .map(|chain| chain.iter().map(|der| certificate_facts(der, options.now)).collect())
                .unwrap_or_default(),
            virtual_hosts: follow_up.virtual_hosts(options.now),
            ocsp_stapled: self.ocsp_stapled,
            secure_renegotiation: self.secure_renegotiation,
            compression: self.compression,
            heartbeat: self.heartbeat,
            session_tickets: self.session_tickets,
            resumption_tickets: None,
            session_ids: self.session_ids,
            fallback_scsv: follow_up.fallback_scsv,
            extended_master_secret: self.extended_master_secret,
            version_tolerance: follow_up.version_tolerance,
            dh_bits: self.dh_bits,
            dh_prime: self.dh_prime.map(str::to_owned),
            signature_algorithms: self
                .signature_algorithms
                .union(&follow_up.signature_algorithms)
                .map(|id| scheme_name(*id))
                .collect(),
            alpn: follow_up.alpn.iter().map(|name| (*name).to_owned()).collect(),
            heartbleed: follow_up.flaws.heartbleed,
            early_cipher_change: follow_up.flaws.early_cipher_change,
            rsa_padding_oracle: follow_up.flaws.rsa_padding_oracle,
            // For a client with keys.
            padding_unchecked: None,
            padding_oracle: None,
            client_renegotiation: None,
            ticket_leak: None,
            groups: self.groups.iter().map(|group| group_name(*group)).collect(),
            starttls: options.starttls,
        }
    }
}

fn note(fact: &mut Option<bool>, seen: bool, offered: bool) {
    if seen {
        *fact = Some(true);
    } else if offered {
        fact.get_or_insert(false);
    }
}
