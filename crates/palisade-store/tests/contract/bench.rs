//! What a test works on: a store on a fresh database, and short ways to fill it.

use std::future::Future;
use std::net::Ipv4Addr;

use palisade_model::{
    Finding, HostFacts, HostResult, IpSet, Login, OptionProfile, Qid, ScanRef, Timestamp, Transport,
};
use palisade_store::{
    Delivery, HostAttributes, Intake, LaunchType, Launched, LeasedSlice, NewScan, Remedy, Store,
};
use palisade_testkit::postgres::Database;
use tempfile::TempDir;

/// A store on a fresh database.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    pub(crate) database: Option<Database>,
}

pub(crate) fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}/palisade.db", folder.path().display());
    run(url, folder, None, test);
}

pub(crate) fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    let database = match Database::create() {
        Ok(database) => database,
        Err(error) => panic!("{error} ({:?})", std::error::Error::source(&error)),
    };
    run(database.url(), TempDir::new().unwrap(), Some(database), test);
}

fn run<F: Future<Output = ()>>(
    url: String,
    folder: TempDir,
    database: Option<Database>,
    test: impl FnOnce(Bench) -> F,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async move {
        let store = open(&url, &folder).await;
        test(Bench { store, url, folder, database }).await;
    });
}

async fn open(url: &str, folder: &TempDir) -> Store {
    Store::open(url, &folder.path().join("documents")).await.unwrap()
}

impl Bench {
    /// The same database as another process would open it.
    pub(crate) async fn open_again(&self) -> Store {
        open(&self.url, &self.folder).await
    }

    /// A raw connection to the database, past the store.
    pub(crate) async fn connect(&self) -> sqlx::AnyConnection {
        <sqlx::AnyConnection as sqlx::Connection>::connect(&self.url).await.unwrap()
    }

    /// Puts 10.0.0.0/16 into the subscription.
    pub(crate) async fn add_subscription(&self) {
        self.store.add_host_ranges(&ips("10.0.0.0/16"), &HostAttributes::default()).await.unwrap();
    }

    /// Launches a scan of `targets`, one host a slice.
    pub(crate) async fn launch(&self, targets: &str) -> ScanRef {
        match self.store.launch_scan(&new_scan(targets)).await.unwrap() {
            Launched::Queued(reference) => reference,
            Launched::TooMany => panic!("too many scans"),
        }
    }

    pub(crate) async fn lease(&self, worker: &str, token: &str) -> Option<LeasedSlice> {
        self.store.lease_slice(worker, token, at(10), at(70)).await.unwrap()
    }

    pub(crate) async fn deliver(&self, slice: &LeasedSlice, token: &str, result: &HostResult) -> Intake {
        deliver(&self.store, slice, token, result, 20).await
    }

    /// Scans one host in a scan of its own at `second` and takes the result in.
    pub(crate) async fn scan_host(&self, result: &HostResult, second: i64) -> Intake {
        let reference = self.launch(&result.facts.address.to_string()).await;
        let token = format!("token-{second}");
        let slice = self.lease("worker", &token).await.unwrap();
        assert_eq!(slice.scan.reference, reference);
        let intake = deliver(&self.store, &slice, &token, result, second).await;
        self.store.complete_slice(slice.slice_id, &token, at(second)).await.unwrap();
        intake
    }
}

/// Takes in a result at `second`. QIDs from 1,000 on are information and enter no history.
pub(crate) async fn deliver(
    store: &Store,
    slice: &LeasedSlice,
    token: &str,
    result: &HostResult,
    second: i64,
) -> Intake {
    deliver_with(store, slice, token, result, &|_| None, second).await
}

/// The same with policies.
pub(crate) async fn deliver_with(
    store: &Store,
    slice: &LeasedSlice,
    token: &str,
    result: &HostResult,
    remedy: &(dyn Fn(Qid) -> Option<Remedy> + Sync),
    second: i64,
) -> Intake {
    let delivery = Delivery {
        slice_id: slice.slice_id,
        token,
        scan: &slice.scan.reference,
        result,
        is_detection: &|qid| qid.number() < 1_000,
        remedy,
        expires_at: at(second + 60),
        now: at(second),
    };
    store.take_in(&delivery).await.unwrap()
}

pub(crate) fn new_scan(targets: &str) -> NewScan {
    let targets = ips(targets);
    NewScan {
        title: "Büro \"A\" <b>".to_owned(),
        target_text: targets.to_string(),
        slices: targets.chunks(1),
        targets,
        launched_at: at(0),
        login: login("quays_ab1"),
        launch_type: LaunchType::Api,
        save_report: true,
        profile: OptionProfile::initial(),
        http_header: None,
        qids: None,
        zones: vec!["lab.test".to_owned()],
        asset_groups: Vec::new(),
        assigned_only: false,
        priority: 0,
        excluded: IpSet::new(),
        running_max: 1_000,
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(crate) fn ips(text: &str) -> IpSet {
    text.parse().unwrap()
}

pub(crate) fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

pub(crate) fn login(text: &str) -> Login {
    text.parse().unwrap()
}

pub(crate) fn qid(number: u32) -> Qid {
    Qid::new(number).unwrap()
}

/// A finding of QID `number`, on a TCP port or on the host.
pub(crate) fn finding(number: u32, port: Option<u16>) -> Finding {
    Finding {
        qid: qid(number),
        port,
        transport: port.map(|_| Transport::Tcp),
        tls: port == Some(443),
        result: format!("evidence of {number}"),
        table: false,
    }
}

/// The result of a host that answered: `findings`, with `tested` run and ports 1 to 1,000 seen.
pub(crate) fn alive(address: &str, findings: Vec<Finding>, tested: &[u32]) -> HostResult {
    HostResult {
        facts: HostFacts { address: ip(address).into(), alive: true, ..HostFacts::default() },
        findings,
        tested: tested.iter().map(|number| qid(*number)).collect(),
        tcp_ports: (1..=1_000).collect(),
        udp_ports: (1..=100).collect(),
    }
}

/// The result of a host that did not answer.
pub(crate) fn dead(address: &str) -> HostResult {
    let mut result = alive(address, Vec::new(), &[]);
    result.facts.alive = false;
    result
}
