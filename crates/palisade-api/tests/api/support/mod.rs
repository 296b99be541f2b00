//! The fixture: a server on a loopback port, users of every role, and a scripted scanner.

pub(crate) mod http;
pub(crate) mod scanner;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use palisade_api::{ApiConfig, router};
use palisade_app::{ActivityView, Actor, App, Config, Limits, MasterKey, NewUser, PolicyView};
use palisade_kb::KnowledgeBase;
use palisade_model::remediation::VulnerabilitySelection;
use palisade_model::user::Password;
use palisade_model::{Assignee, IpSet, ManualClock, PolicyAction, Role, SeededIds, Timestamp};
use palisade_store::Store;
use palisade_testkit::dtd::assert_valid;
use palisade_wire::dtd;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use self::http::{Request, Response};
use self::scanner::{ScriptedScanner, finding, sample_result};

/// The password of every user of the fixture.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The subscription of the fixture, and the part of it that is assigned to single users.
pub(crate) const SUBSCRIPTION: &str = "192.0.2.0-192.0.2.63";
pub(crate) const ASSIGNED: &str = "192.0.2.0-192.0.2.31";

/// Limits that counted calls stay below: generated tests make many calls of one function.
const ROOMY: Limits =
    Limits { rate_limit_calls: 100_000, rate_limit_window_s: 3_600, concurrency_limit: 100 };

/// A running server. Dropping it ends it.
pub(crate) struct Server {
    pub(crate) app: App,
    /// For taking it away.
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
    data: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Settings that make answers repeatable.
pub(crate) fn config() -> ApiConfig {
    ApiConfig { base_url: Some("https://scans.example".to_owned()), tls: false, ..ApiConfig::default() }
}

impl Server {
    /// The mails that were written, in the order of their names.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.data.path().join("outbox")) else { return Vec::new() };
        let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in &paths {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!((mode & 0o777, path.extension().unwrap().to_str()), (0o600, Some("eml")));
        }
        paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// A server with one user of every role, and the addresses of [`SUBSCRIPTION`].
    pub(crate) async fn start() -> Self {
        Self::start_with(config()).await
    }

    pub(crate) async fn start_with(config: ApiConfig) -> Self {
        Self::start_limited(config, ROOMY).await
    }

    /// The same for a subscription with networks.
    pub(crate) async fn with_networks() -> Self {
        Self::start_as(config(), Config { limits: ROOMY, networks: true, ..Config::default() }).await
    }

    /// The same with other API limits.
    pub(crate) async fn start_limited(config: ApiConfig, limits: Limits) -> Self {
        Self::start_as(config, Config { limits, ..Config::default() }).await
    }

    async fn start_as(config: ApiConfig, options: Config) -> Self {
        let data = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", data.path().join("test.sqlite").display());
        let store = Store::open(&url, &data.path().join("documents")).await.unwrap();
        let content = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kb");
        let kb = Arc::new(KnowledgeBase::from_directory(content).unwrap());
        let start: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let ids = Arc::new(SeededIds::new(1));
        let key = MasterKey::from_bytes([7; 32]);
        let options = Config { outbox: Some(data.path().join("outbox")), ..options };
        let app = App::new(store.clone(), kb, clock.clone(), ids, key, options);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(app.clone(), config).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let server = Self { app, store, clock, address, task, data };
        for role in Role::ALL {
            server.add_user(role.as_str(), role, true, None).await;
        }
        server
            .call("manager", "asset_ip.php", &[("action", "add"), ("host_ips", SUBSCRIPTION)])
            .await
            .assert_success();
        server
    }

    pub(crate) async fn add_user(
        &self,
        login: &str,
        role: Role,
        eula_accepted: bool,
        expires_at: Option<Timestamp>,
    ) {
        let assigned_ips: IpSet = ASSIGNED.parse().unwrap();
        let new = NewUser {
            login: Some(login.parse().unwrap()),
            role,
            first_name: "Fiona".to_owned(),
            last_name: role.title().to_owned(),
            email: format!("{login}@scans.example"),
            password: Some(Password::new(PASSWORD.to_owned())),
            assigned_ips,
            asset_groups: Vec::new(),
            business_unit: None,
            eula_accepted,
            expires_at,
        };
        self.app.add_user(new).await.unwrap();
    }

    /// Sends one request.
    pub(crate) async fn send(&self, request: Request) -> Response {
        http::send(self.address, request).await
    }

    /// Calls a script with a POST, as the user whose login is `login`.
    pub(crate) async fn call(&self, login: &str, script: &str, parameters: &[(&str, &str)]) -> Response {
        self.send(Request::post(script, parameters).login(login, PASSWORD)).await
    }

    /// Asks for an operation of version 2 with a POST, as the user whose login is `login`.
    pub(crate) async fn operation(
        &self,
        login: &str,
        resource: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Response {
        self.send(Request::operation(resource, action, parameters).login(login, PASSWORD)).await
    }

    /// Opens a session; gives its token.
    pub(crate) async fn session(&self, login: &str) -> String {
        let parameters = [("username", login), ("password", PASSWORD)];
        let answer = self.send(Request::operation("session", "login", &parameters)).await;
        let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie\n{}", answer.text));
        cookie.split(['=', ';']).nth(1).unwrap().to_owned()
    }

    /// The user whose login is `login`, as the use cases know them.
    pub(crate) async fn actor(&self, login: &str) -> Actor {
        let password = Password::new(PASSWORD.to_owned());
        self.app.authenticate(login, &password, IpAddr::V4(Ipv4Addr::LOCALHOST)).await.unwrap()
    }

    /// What the server's clock shows, in seconds since 1970.
    pub(crate) fn clock_seconds(&self) -> i64 {
        self.app.clock().now().as_second()
    }

    /// A scanner that does what the test tells it.
    pub(crate) fn scanner(&self) -> ScriptedScanner {
        ScriptedScanner::new(self.app.link("scripted scanner"))
    }

    /// The newest entry of the activity log.
    pub(crate) async fn last_activity(&self) -> ActivityView {
        self.app.list_activity(1).await.unwrap().remove(0)
    }

    /// From now on whoever launches a scan gets a ticket for everything it finds, due in ten days.
    pub(crate) async fn ticket_everything(&self) {
        let action = PolicyAction::CreateTicket { assignee: Assignee::ScanLauncher, deadline_days: 10 };
        self.add_policy("Everything <new>", action).await;
    }

    /// Adds a policy for every vulnerability on every host.
    pub(crate) async fn add_policy(&self, title: &str, action: PolicyAction) {
        let policy = PolicyView {
            title: title.to_owned(),
            ips: IpSet::new(),
            asset_groups: Vec::new(),
            vulnerabilities: VulnerabilitySelection::default(),
            action,
        };
        self.app.add_policy(policy).await.unwrap();
    }

    /// Launches a scan of `targets`, lets the scripted scanner do it, and gives its reference.
    pub(crate) async fn finished_scan(&self, login: &str, targets: &str) -> String {
        let parameters = [("ip", targets), ("save_report", "yes"), ("scan_title", "Sample scan")];
        let scanner = self.scanner();
        let (response, ()) = tokio::join!(self.call(login, "scan.php", &parameters), scanner.finish_scan());
        response.scan_ref()
    }

    /// An hour after a scan of 192.0.2.4 another of `targets`, which have to begin with that host: one finding
    /// of it is fixed, and another one is there, which says `evidence`. Every further host is clean.
    pub(crate) async fn finished_scan_of_changes(&self, targets: &[[u8; 4]], evidence: &str) {
        self.clock.advance(3600);
        let scanner = self.scanner();
        let ips: Vec<String> = targets.iter().map(|ip| Ipv4Addr::from(*ip).to_string()).collect();
        let ips = ips.join(",");
        let parameters = [("ip", ips.as_str()), ("save_report", "yes")];
        let scanning = async {
            let lease = scanner.lease().await;
            for (number, ip) in targets.iter().enumerate() {
                let mut result = sample_result((*ip).into());
                if number == 0 {
                    let fixed = (900_005, Some(8443));
                    result.findings.retain(|finding| (finding.qid.number(), finding.port) != fixed);
                    result.findings.push(finding(900_006, Some(80), evidence, false));
                    result.tcp_ports = [80, 443, 8443].into_iter().collect();
                } else {
                    result.findings.clear();
                }
                scanner.deliver(&lease, result).await;
            }
            scanner.complete(&lease).await;
        };
        tokio::join!(self.call("manager", "scan.php", &parameters), scanning);
    }

    /// Makes every saved report that waits.
    pub(crate) async fn make_reports(&self) {
        while palisade_report::make_next_report(&self.app).await.unwrap() {}
    }

    /// Launches a map of `domain`, lets the scripted scanner make it, and gives its reference.
    pub(crate) async fn finished_map(&self, login: &str, domain: &str) -> String {
        let parameters = [("domain", domain), ("save_report", "yes"), ("map_title", "Sample map")];
        let scanner = self.scanner();
        let (response, ()) = tokio::join!(self.call(login, "map.php", &parameters), scanner.finish_map());
        response.map_ref()
    }

    /// The same, but the scripted scanner has only begun; somebody goes on watching the scan.
    pub(crate) async fn running_scan(&self, login: &str, targets: &str) -> String {
        let request = Request::post("scan.php", &[("ip", targets), ("save_report", "yes")]);
        tokio::spawn(http::send(self.address, request.login(login, PASSWORD)));
        // A scanner of its own: one that starts anew takes its own leases back.
        ScriptedScanner::new(self.app.link("busy scanner")).lease().await.order.scan.to_string()
    }

    /// Launches a scan through version 2; gives its reference. Nobody has begun with it.
    pub(crate) async fn launched_scan(&self, login: &str, targets: &str) -> String {
        let parameters =
            [("ip", targets), ("option_title", "Initial Options"), ("scan_title", "Sample scan")];
        let answer = self.operation(login, "scan", "launch", &parameters).await;
        answer.assert_success();
        let (_, rest) = answer.text.split_once("<VALUE>scan/").unwrap();
        format!("scan/{}", rest.split('<').next().unwrap())
    }

    /// Launches a scan and pauses it when a scanner has begun with it; gives its reference.
    pub(crate) async fn paused_scan(&self, login: &str, targets: &str) -> String {
        let scan = self.launched_scan(login, targets).await;
        let scanner = ScriptedScanner::new(self.app.link(&format!("pausing {scan}")));
        let mut lease = scanner.lease().await;
        while lease.order.scan.as_str() != scan {
            lease = scanner.lease().await;
        }
        self.operation(login, "scan", "pause", &[("scan_ref", &scan)]).await.assert_success();
        assert_eq!(scanner.renew(&lease, 0).await, palisade_engine::Hold::Paused);
        scanner.complete(&lease).await;
        scan
    }
}

/// Fails the test unless the answer is valid against the document type that it names.
#[track_caller]
pub(crate) fn assert_valid_answer(response: &Response) {
    let doctype = response.text.lines().nth(1).unwrap_or_default();
    // Version 2 has files of the same names as version 1, further down.
    let definition = dtd::all()
        .filter(|definition| doctype.ends_with(&format!("/{}\">", definition.file)))
        .max_by_key(|definition| definition.file.len())
        .unwrap_or_else(|| panic!("no document type on line 2 of\n{}", response.text));
    assert_valid(response.text.as_bytes(), definition.text);
}
