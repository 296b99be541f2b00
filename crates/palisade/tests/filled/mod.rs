//! A database with hosts and detections on them, as a scan would leave them.

use std::net::Ipv4Addr;

use palisade_kb::KnowledgeBase;
use palisade_model::{Finding, HostFacts, HostResult, IpSet, OptionProfile, Qid, Timestamp, Transport};
use palisade_store::{Delivery, HostAttributes, Intake, LaunchType, Launched, NewScan, Store};
use palisade_testkit::server::TestServer;

/// How much: hosts from 10.0.0.0 on, and on each of them one detection of as many QIDs, on port 443.
#[derive(Clone, Copy)]
pub(crate) struct Filling {
    pub(crate) hosts: u32,
    pub(crate) findings: usize,
}

fn first() -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 0)
}

/// Puts hosts with detections into the database, as a scan would.
async fn fill(store: &Store, login: &str, filling: Filling) {
    let Filling { hosts, findings } = filling;
    let kb = KnowledgeBase::embedded().expect("the KnowledgeBase can be read");
    let qids: Vec<Qid> = kb
        .entries()
        .filter(|entry| entry.kind.is_detection())
        .map(|entry| entry.qid)
        .take(findings)
        .collect();
    assert_eq!(qids.len(), findings, "the KnowledgeBase has so many");
    let targets: IpSet =
        format!("{}-{}", first(), Ipv4Addr::from(u32::from(first()) + hosts - 1)).parse().expect("a range");
    store.add_host_ranges(&targets, &HostAttributes::default()).await.expect("hosts can be added");
    let now = Timestamp::from_second(1_790_000_000).expect("a time");
    let new = NewScan {
        title: "Filled".to_owned(),
        target_text: targets.to_string(),
        slices: targets.chunks(hosts),
        targets: targets.clone(),
        launched_at: now,
        login: login.parse().expect("a login"),
        launch_type: LaunchType::Api,
        save_report: true,
        profile: OptionProfile::initial(),
        http_header: None,
        qids: None,
        zones: Vec::new(),
        asset_groups: Vec::new(),
        assigned_only: false,
        priority: 0,
        excluded: IpSet::new(),
        running_max: 10,
    };
    let launched = store.launch_scan(&new).await.expect("a scan can be launched");
    let Launched::Queued(scan) = launched else { panic!("{launched:?}") };
    let later = Timestamp::from_second(1_990_000_000).expect("a time");
    let slice = store.lease_slice("filler", "token", now, later).await.expect("a lease").expect("a slice");
    for address in targets.iter() {
        let finding = |qid: &Qid| Finding {
            qid: *qid,
            port: Some(443),
            transport: Some(Transport::Tcp),
            tls: true,
            result: format!("What was seen of {qid} on {address}. ").repeat(10),
            table: false,
        };
        let result = HostResult {
            facts: HostFacts { address: address.into(), alive: true, ..HostFacts::default() },
            findings: qids.iter().map(finding).collect(),
            tested: qids.clone(),
            tcp_ports: (1..=1_000).collect(),
            udp_ports: (1..=100).collect(),
        };
        let delivery = Delivery {
            slice_id: slice.slice_id,
            token: "token",
            scan: &scan,
            result: &result,
            is_detection: &|_| true,
            remedy: &|_| None,
            expires_at: later,
            now,
        };
        let intake = store.take_in(&delivery).await.expect("a result can be taken in");
        assert!(matches!(intake, Intake::TakenIn { .. }), "{intake:?}");
    }
    store.complete_slice(slice.slice_id, "token", now).await.expect("the slice is complete");
}

/// Fills the database at `url`, which is the server's. The server is down meanwhile: its scanner would take
/// the scan.
pub(crate) fn fill_database(server: &mut TestServer, url: &str, filling: Filling) {
    server.kill();
    let (documents, login) = (server.data().join("documents"), server.login().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(url, &documents).await.expect("the database opens");
        fill(&store, &login, filling).await;
        store.close().await;
    });
    server.restart();
}
