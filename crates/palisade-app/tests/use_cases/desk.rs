//! What a test works on: an application on a fresh store, and short ways to use it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use palisade_app::{Actor, AddHosts, App, Config, LaunchScan, LaunchType, MasterKey, NewUser};
use palisade_engine::{Lease, SliceProgress, Stage};
use palisade_kb::KnowledgeBase;
use palisade_model::user::Password;
use palisade_model::{
    Clock as _, Finding, FindingKind, HostFacts, HostResult, IpSet, Login, ManualClock, Qid, Role, ScanRef,
    SeededIds, Timestamp, Transport,
};
use palisade_store::Store;
use palisade_testkit::postgres::Database;
use tempfile::TempDir;

pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const PASSWORD: &str = "a long enough password";

/// An application on a fresh store.
pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: Config,
    folder: TempDir,
    kb: Arc<KnowledgeBase>,
    /// `None`: a file in the folder.
    database: Option<Database>,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::with(Config { slice_hosts: 2, ..Config::default() }).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::over(None, config).await
    }

    pub(crate) async fn on_postgres(config: Config) -> Self {
        Self::over(Some(Database::create().unwrap()), config).await
    }

    async fn over(database: Option<Database>, config: Config) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_700_000_000).unwrap()));
        let folder = TempDir::new().unwrap();
        let kb = Arc::new(KnowledgeBase::embedded().unwrap());
        let app = open(&folder, database.as_ref(), &kb, &clock, &config, 0).await;
        Self { app, clock, config, folder, kb, database }
    }

    /// The application as the next process has it: same data, nothing remembered.
    pub(crate) async fn restart(&mut self) {
        self.app = open(&self.folder, self.database.as_ref(), &self.kb, &self.clock, &self.config, 0).await;
    }

    /// The application as another server on the same database has it.
    pub(crate) async fn another_server(&self) -> App {
        open(&self.folder, self.database.as_ref(), &self.kb, &self.clock, &self.config, 1).await
    }

    /// A user with the given addresses assigned, who has accepted the terms.
    pub(crate) async fn add_user(&self, login: &str, role: Role, assigned: &str) -> Login {
        let assigned_ips = if assigned.is_empty() { IpSet::new() } else { ips(assigned) };
        let new = NewUser { login: Some(login.parse().unwrap()), role, assigned_ips, ..new_user() };
        self.app.add_user(new).await.unwrap().login
    }

    pub(crate) async fn actor(&self, login: &str) -> Actor {
        self.app.authenticate(login, &password(PASSWORD), HERE).await.unwrap()
    }

    /// A Manager, and a subscription of 10.0.0.0/16.
    pub(crate) async fn manager(&self) -> Actor {
        self.add_user("manager", Role::Manager, "").await;
        let actor = self.actor("manager").await;
        let hosts = AddHosts { ips: ips("10.0.0.0/16"), ..AddHosts::default() };
        self.app.add_hosts(&actor, hosts).await.unwrap();
        actor
    }

    pub(crate) async fn launch(&self, actor: &Actor, targets: &str) -> ScanRef {
        self.app.launch_scan(actor, launch(targets)).await.unwrap()
    }

    /// A QID of the embedded content that enters the history of detections, and one that does not.
    pub(crate) fn qids(&self) -> (Qid, Qid) {
        let of = |kind| self.kb.entries().find(|entry| entry.kind == kind).unwrap().qid;
        (of(FindingKind::Vulnerability), of(FindingKind::Information))
    }

    /// What a scanner says about a host that answers, with one vulnerability and one
    /// piece of information.
    pub(crate) fn result(&self, address: Ipv4Addr) -> HostResult {
        let (vulnerability, information) = self.qids();
        let finding = |qid, port: Option<u16>| Finding {
            qid,
            port,
            transport: port.map(|_| Transport::Tcp),
            tls: false,
            result: "evidence".to_owned(),
            table: false,
        };
        HostResult {
            facts: HostFacts { address: address.into(), alive: true, ..HostFacts::default() },
            findings: vec![finding(vulnerability, Some(443)), finding(information, None)],
            tested: vec![vulnerability, information],
            tcp_ports: [443].into_iter().collect(),
            udp_ports: [53].into_iter().collect(),
        }
    }

    /// Whether the text stands anywhere in the database's files.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files = files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap());
        files.any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

async fn open(
    folder: &TempDir,
    database: Option<&Database>,
    kb: &Arc<KnowledgeBase>,
    clock: &Arc<ManualClock>,
    config: &Config,
    server: u64,
) -> App {
    let file = || format!("sqlite://{}/palisade.db", folder.path().display());
    let url = database.map_or_else(file, Database::url);
    let store = Store::open(&url, &folder.path().join("documents")).await.unwrap();
    // Another seed in each process, as the machine's randomness is another.
    let seed = u64::from(std::process::id()) ^ clock.now().as_second().unsigned_abs();
    let ids = Arc::new(SeededIds::new(seed ^ (server << 40)));
    App::new(store, Arc::clone(kb), clock.clone(), ids, MasterKey::from_bytes([7; 32]), config.clone())
}

/// A Manager to be made, with a password and the terms accepted.
pub(crate) fn new_user() -> NewUser {
    NewUser {
        login: None,
        role: Role::Manager,
        first_name: "Ada".to_owned(),
        last_name: "Brown".to_owned(),
        email: "ada@example.test".to_owned(),
        password: Some(password(PASSWORD)),
        assigned_ips: IpSet::new(),
        asset_groups: Vec::new(),
        business_unit: None,
        eula_accepted: true,
        expires_at: None,
    }
}

pub(crate) fn launch(targets: &str) -> LaunchScan {
    LaunchScan {
        targets: ips(targets),
        asset_groups: Vec::new(),
        scanners: palisade_app::AskedScanners::default(),
        target_text: targets.to_owned(),
        excluded: IpSet::new(),
        title: None,
        option: None,
        save_report: true,
        specific_vulns: None,
        http_header: None,
        launched_by: LaunchType::Api,
        names: Vec::new(),
        priority: 0,
        leave_out_foreign: false,
    }
}

/// The targets of a lease that were not delivered yet.
pub(crate) fn open_targets(lease: &Lease) -> Vec<Ipv4Addr> {
    lease.order.targets.iter().filter(|address| !lease.delivered.contains(address)).collect()
}

pub(crate) fn progress(work_done: u64, work_total: u64) -> SliceProgress {
    SliceProgress { stage: Stage::Ports, work_done, work_total, findings: 1 }
}

pub(crate) fn ips(text: &str) -> IpSet {
    text.parse().unwrap()
}

pub(crate) fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}
