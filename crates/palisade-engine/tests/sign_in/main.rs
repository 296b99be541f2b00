//! Signing in to real services on the loopback: OpenSSH, net-snmp, MariaDB, PostgreSQL and Samba, each
//! started and stopped by the test with users and passwords of its own. Needs root, because a service
//! that lets somebody in by password runs as root.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed step is a failed test, and the panic says where"
)]

mod daemon;
mod database;
mod http;
mod snmp;
mod unix;
mod windows;

use std::sync::Arc;

use palisade_engine::{Event, Limits, ScanContext, ScanOrder, scan_hosts};
use palisade_kb::KnowledgeBase;
use palisade_model::auth_record::{GivenAccess, GivenFields};
use palisade_model::fact::{SignInFacts, SignInStatus};
use palisade_model::option_profile::{AuthenticationKind, PortList, ScanPorts};
use palisade_model::{
    HostResult, OptionProfile, PortSet, RecordContent, RecordKind, Secrets, SeededIds, SignIn, SystemClock,
};
use tokio::sync::mpsc;

pub(crate) const PASSWORD: &str = "right-password";

/// A record for the loopback address.
pub(crate) fn record(kind: &str, fields: &[(&str, &str)], secrets: &[(&str, &str)]) -> SignIn {
    let mut kept = Secrets::default();
    for (name, secret) in secrets {
        kept.set(name, (*secret).to_owned());
    }
    SignIn {
        record_id: 7,
        kind: kind.parse::<RecordKind>().unwrap(),
        ips: "127.0.0.1".parse().unwrap(),
        fields: fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        root_tools: Vec::new(),
        private_keys: Vec::new(),
        secrets: kept,
        unusable: None,
    }
}

/// A record for the loopback address with lists of root tools and keys.
pub(crate) fn listed(
    kind: &str,
    fields: &[(&str, &str)],
    secrets: &[(&str, &str)],
    access: GivenAccess,
) -> SignIn {
    let mut record = record(kind, fields, secrets);
    let given = GivenFields { access, ..GivenFields::default() };
    let mut content = RecordContent::default();
    content.take_access(&given, &mut record.secrets).unwrap();
    record.fields.extend(content.fields);
    SignIn { root_tools: content.root_tools, private_keys: content.private_keys, ..record }
}

/// Scans one TCP port of the loopback address with the record, all technologies switched on.
pub(crate) async fn scan(port: u16, record: SignIn) -> HostResult {
    scan_with(port, vec![record], AuthenticationKind::ALL.to_vec()).await
}

pub(crate) async fn scan_with(
    port: u16,
    sign_ins: Vec<SignIn>,
    authentication: Vec<AuthenticationKind>,
) -> HostResult {
    let mut profile = OptionProfile { authentication, ..OptionProfile::initial() };
    profile.tcp = ScanPorts::only([port].into_iter().collect::<PortSet>());
    profile.udp = ScanPorts::of(PortList::None);
    let secrets: Vec<String> = sign_ins
        .iter()
        .flat_map(|record| record.secrets.names().filter_map(|name| record.secrets.reveal(name)))
        .map(str::to_owned)
        .collect();
    let order = ScanOrder {
        scan: "scan/1400000000.00001".parse().unwrap(),
        targets: "127.0.0.1".parse().unwrap(),
        targets_v6: palisade_model::Ip6Set::default(),
        profile,
        qids: None,
        http_header: None,
        zones: Vec::new(),
        sign_ins,
        virtual_hosts: Vec::new(),
    };
    let context = ScanContext {
        kb: Arc::new(KnowledgeBase::embedded().unwrap()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SeededIds::new(u64::from(std::process::id()))),
        limits: Arc::new(Limits::of_machine(50_000)),
        fingerprints: None,
        templates: None,
    };
    let (sender, mut events) = mpsc::channel(4);
    let scanning = tokio::spawn(scan_hosts(order, context, sender));
    let mut host = None;
    while let Some(event) = events.recv().await {
        if let Event::Host(result) = event {
            host = Some(*result);
        }
    }
    scanning.await.unwrap();
    let host = host.expect("one host");
    let shown = format!("{host:?}{}", serde_json::to_string(&host.facts).unwrap());
    for secret in secrets.iter().filter(|secret| secret.len() > 6) {
        assert!(!shown.contains(secret.as_str()), "a secret is in the result");
    }
    host
}

/// The one sign-in of a result.
pub(crate) fn only(host: &HostResult) -> &SignInFacts {
    match host.facts.sign_ins.as_slice() {
        [only] => only,
        others => panic!("{others:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_status(host: &HostResult, status: SignInStatus, detail: &str) {
    let facts = only(host);
    assert_eq!(facts.status, status, "{facts:?}");
    assert!(facts.detail.contains(detail), "{facts:?}");
}

pub(crate) fn has(host: &HostResult, qid: u32) -> bool {
    host.findings.iter().any(|finding| finding.qid.number() == qid)
}
