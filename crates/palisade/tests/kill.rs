//! `kill -9` at random moments during scans: after all of them every scan is right. And at about the
//! moment that scheduled tasks start: each start is made once. And while scans are paused and resumed; and
//! while hosts are purged: all of them are, or none; the same while profiles and addresses come in.
//!
//! `PALISADE_KILLS` sets how often (10; `./test kills` takes 200), `PALISADE_SEED` repeats a run.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use palisade_model::report_job::HostChoice;
use palisade_model::{
    Clock as _, IpSet, MapTarget, Occurrence, ReportFormat, ReportState, Schedule, ScheduleZone,
    ScheduledReport, SystemClock, Timestamp,
};
use palisade_store::{MapFilter, NewTask, ReportFilter, Store, TaskKind, TaskOrder, TaskScanner};
use palisade_testkit::dice::{Dice, kills};
use palisade_testkit::listener;
use palisade_testkit::postgres::Database;
use palisade_testkit::server::TestServer;

#[path = "kill/imports.rs"]
mod imports;
#[path = "kill/paused.rs"]
mod paused;

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
/// The hosts that are scanned: all of loopback answers.
const HOSTS: std::ops::RangeInclusive<u8> = 101..=112;
/// A finding that every scan makes on every host, through the one port below.
const SURE_QID: u32 = 11827;
const WEB_PORT: u16 = 8088;
/// A kill comes at most this long after a scan was seen running.
const DELAY_BOUND_MS: u64 = 1500;
/// The target of scheduled tasks.
const HOST: &str = "127.0.0.101";
/// A server looks at its scheduled tasks at least this often; a kill comes at most this long, and a
/// bit, after they were due.
const LOOK_MS: u64 = 1_200;
/// How long the scans may take to end once nobody kills the server any more.
const PATIENCE: Duration = Duration::from_mins(3);

/// The test asks what is running far more often than a client may. How many calls may run at the
/// same time stays limited: what a kill leaves behind must not block the next process.
const SETTINGS: [&str; 2] = ["--rate-limit-calls", "0"];

fn hosts() -> impl Iterator<Item = Ipv4Addr> {
    HOSTS.map(|last| Ipv4Addr::new(127, 0, 0, last))
}

fn targets() -> String {
    format!("127.0.0.{}-127.0.0.{}", HOSTS.start(), HOSTS.end())
}

/// Whether any scan is queued or running.
fn is_scanning(server: &TestServer) -> bool {
    server.call("msp/scan_running_list.php", &[]).contains("<SCAN value=")
}

/// Launches a scan whose answer nobody waits for: a killed server breaks it off.
fn launch(server: &TestServer) {
    let call = server.caller();
    thread::spawn(move || call("msp/scan.php", &[("ip", &targets()), ("save_report", "yes")]));
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_scanning(server) {
        assert!(Instant::now() < deadline, "the scan does not start: {}", server.log());
        thread::sleep(Duration::from_millis(5));
    }
}

/// Kills the server again and again while it scans, then lets it finish.
fn torment(server: &mut TestServer, kills: u32, dice: &mut Dice) {
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &targets())]);
    let mut hits = 0;
    for _ in 0..kills {
        if !is_scanning(server) {
            launch(server);
        }
        thread::sleep(Duration::from_millis(dice.below(DELAY_BOUND_MS)));
        hits += u32::from(is_scanning(server));
        server.kill();
        server.restart();
    }
    assert!(hits * 3 >= kills, "only {hits} of {kills} kills hit a running scan");
    let deadline = Instant::now() + PATIENCE;
    while is_scanning(server) {
        assert!(Instant::now() < deadline, "a scan does not end: {}", server.log());
        thread::sleep(Duration::from_millis(100));
    }
}

/// The values of an attribute, in the order of the document.
fn attributes<'a>(document: &'a str, before: &'a str) -> Vec<&'a str> {
    document.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Every saved scan is finished and names each host once. Gives their number.
fn check_reports(server: &TestServer) -> u64 {
    let list = server.call("msp/scan_report_list.php", &[]);
    let scans = attributes(&list, "<SCAN_REPORT ref=\"");
    assert!(!scans.is_empty(), "{list}");
    for scan in &scans {
        let report = server.call("msp/scan_report.php", &[("ref", scan)]);
        assert!(report.contains("<KEY value=\"STATUS\">FINISHED</KEY>"), "{scan}: {report}");
        let mut addresses = attributes(&report, "<IP value=\"");
        addresses.sort_unstable_by_key(|address| address.parse::<Ipv4Addr>().ok());
        let wanted: Vec<String> = hosts().map(|host| host.to_string()).collect();
        assert_eq!(addresses, wanted, "{scan} has each host once");
        let sure =
            attributes(&report, "number=\"").iter().filter(|qid| **qid == SURE_QID.to_string()).count();
        assert_eq!(sure, wanted.len(), "{scan} has the sure finding once a host");
    }
    u64::try_from(scans.len()).expect("scans can be counted")
}

/// Lets all scans end, and looks at every one of them and at what is kept of them.
fn check_all(server: &mut TestServer, url: &str) {
    let scans = check_reports(server);
    server.kill();
    check_history(url, &server.data().join("documents"), scans);
}

/// No detection was counted by a scan twice, none was missed, and none changed its state.
fn check_history(url: &str, documents: &Path, scans: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(url, documents).await.expect("the database opens");
        for host in hosts() {
            let mut counted = BTreeMap::new();
            for detection in store.list_detections(host).await.expect("detections are read") {
                let earlier = counted.insert(detection.key, detection.times_found);
                assert_eq!(earlier, None, "{host} has one detection twice: {detection:?}");
                assert!(detection.times_found <= scans, "{host}: counted by a scan twice: {detection:?}");
            }
            let sure = counted
                .iter()
                .find(|(key, _)| {
                    key.qid.number() == SURE_QID && key.port.is_some_and(|(port, _)| port == WEB_PORT)
                })
                .unwrap_or_else(|| panic!("{host} lacks the sure detection: {counted:?}"));
            assert_eq!(*sure.1, scans, "{host}: found by each of the scans once");
        }
        store.close().await;
    });
}

fn listen_everywhere() {
    for host in hosts() {
        let _ = listener::plain_web_server(host, WEB_PORT);
    }
}

/// Tasks that are due in every round.
const TASKS: [&str; 3] = ["A", "B", "C"];

fn task(title: &str, owner: &str) -> NewTask {
    NewTask {
        order: TaskOrder {
            kind: TaskKind::Scan,
            title: title.to_owned(),
            target_text: HOST.to_owned(),
            targets: HOST.parse().expect("an address"),
            map_targets: Vec::new(),
            all_hosts: false,
            excluded: IpSet::new(),
            option: None,
            scanner: TaskScanner::External,
            http_header: None,
            schedule: Schedule {
                occurrence: Occurrence::Daily { frequency_days: NonZeroU16::MIN },
                start_date: "2099-01-01".parse().expect("a date"),
                start_hour: 0,
                start_minute: 0,
                zone: ScheduleZone::Shift { hours: 0 },
                end_after_hours: None,
                end_after_mins: 0,
                pause: None,
                recurrence: None,
            },
            names: Vec::new(),
            priority: 0,
            notifications: None,
            report: None,
        },
        owner: owner.parse().expect("a login"),
        asset_groups: Vec::new(),
        option_profile: None,
        created_at: Timestamp::UNIX_EPOCH,
        next_launch_at: None,
        tasks_max: 100,
    }
}

/// A task that is due in every round and maps.
const MAP_TASK: &str = "M";

fn map_task(owner: &str) -> NewTask {
    let new = task(MAP_TASK, owner);
    let targets = format!("none:{HOST}");
    let order = TaskOrder {
        kind: TaskKind::Map,
        targets: IpSet::new(),
        map_targets: MapTarget::list(&targets, 1).expect("a target"),
        target_text: targets,
        ..new.order
    };
    NewTask { order, ..new }
}

/// A task that is due in every round and asks for a report.
const REPORT_TASK: &str = "R";

fn report_task(owner: &str) -> NewTask {
    let new = task(REPORT_TASK, owner);
    let report = ScheduledReport {
        template_id: 2,
        format: ReportFormat::Csv,
        hide_header: false,
        hosts: HostChoice::default(),
        own_tickets: false,
        base_url: "https://scans.example".to_owned(),
    };
    let order = TaskOrder {
        kind: TaskKind::Report,
        targets: IpSet::new(),
        target_text: String::new(),
        report: Some(report),
        ..new.order
    };
    NewTask { order, ..new }
}

/// Every report of the task is whole in the end, and there are as many as starts.
async fn check_scheduled_reports(store: &Store, rounds: u32) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut reports = store.list_report_jobs(SystemClock.now()).await.expect("reports can be listed");
        reports.retain(|report| report.title == REPORT_TASK);
        assert_eq!(reports.len(), rounds as usize, "starts of {REPORT_TASK}");
        if reports.iter().all(|report| report.state == ReportState::Finished && report.size_bytes > 0) {
            return;
        }
        assert!(Instant::now() < deadline, "a report does not end: {reports:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Makes tasks due again and again and kills a server at about the moment they start. Each start
/// is made once, whoever makes it.
async fn torment_tasks(servers: &mut [TestServer], store: &Store, rounds: u32, dice: &mut Dice) {
    let first = servers.first().expect("a server");
    let _ = first.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", HOST)]);
    let mut tasks = Vec::new();
    for new in TASKS
        .map(|title| task(title, first.login()))
        .into_iter()
        .chain([map_task(first.login()), report_task(first.login())])
    {
        let id = store.add_task(&new).await.expect("a task can be added");
        tasks.push(id.expect("there is room for it"));
    }
    let clock = SystemClock;
    for round in 0..rounds {
        let due = clock.now();
        for id in &tasks {
            assert!(store.switch_task(*id, Some(due)).await.expect("a task can be switched"));
        }
        tokio::time::sleep(Duration::from_millis(dice.below(LOOK_MS))).await;
        let victim = &mut servers[round as usize % servers.len()];
        victim.kill();
        victim.restart();
        let deadline = Instant::now() + PATIENCE;
        for kind in TaskKind::ALL {
            while !store
                .list_due_tasks(&[kind], clock.now(), 1)
                .await
                .expect("tasks can be listed")
                .is_empty()
            {
                assert!(Instant::now() < deadline, "a start is not made: {}", servers[0].log());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    let mut scans = store.list_running_scans().await.expect("scans can be listed");
    let saved = ReportFilter { limit: 10_000, ..ReportFilter::default() };
    scans.extend(store.list_saved_scans(saved).await.expect("scans can be listed"));
    for title in TASKS {
        let started = scans.iter().filter(|scan| scan.title == title).count();
        assert_eq!(started, rounds as usize, "starts of {title}");
    }
    // Those that are still running are among them.
    let saved = MapFilter { limit: 10_000, ..MapFilter::default() };
    let maps = store.list_saved_maps(&saved).await.expect("maps can be listed");
    assert_eq!(maps.len(), rounds as usize, "starts of {MAP_TASK}");
    check_scheduled_reports(store, rounds).await;
}

fn run_tasks(servers: &mut [TestServer], url: &str, documents: &Path, rounds: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(url, documents).await.expect("the database opens");
        torment_tasks(servers, &store, rounds, &mut Dice::new()).await;
        store.close().await;
    });
}

#[test]
fn killed_servers_start_each_task_once_on_sqlite() {
    let server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
    let (url, documents) = (server.sqlite_url(), server.data().join("documents"));
    run_tasks(&mut [server], &url, &documents, kills(10));
}

#[test]
fn two_servers_start_each_task_once_on_postgresql() {
    let database = Database::create().expect("PostgreSQL runs");
    let start = |name| {
        let settings = [&SETTINGS[..], &["--scanner-name", name]].concat();
        TestServer::start_with_settings(PALISADE, Some(&database.url()), &settings)
    };
    let mut servers = [start("one"), start("two")];
    let documents = servers[0].data().join("documents");
    run_tasks(&mut servers, &database.url(), &documents, kills(10));
}

/// The ids of the hosts, as the API lists them.
fn host_ids(server: &TestServer) -> String {
    let list = server.call("api/2.0/fo/asset/host/", &[("action", "list"), ("details", "None")]);
    list.split_once("<ID_SET>").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
}

/// Purges all hosts again and again, and kills the server at about that moment: either all of them are
/// gone, or none. In the end nothing is left of any.
fn torment_purges(server: &mut TestServer, rounds: u32, dice: &mut Dice) {
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &targets())]);
    let mut purged = 0;
    for _ in 0..rounds {
        let _ = server.call("msp/scan.php", &[("ip", &targets())]);
        let before = host_ids(server);
        assert!(!before.is_empty(), "the scan found hosts: {}", server.log());
        let call = server.caller();
        let all = targets();
        let purging =
            thread::spawn(move || call("api/2.0/fo/asset/host/", &[("action", "purge"), ("ips", &all)]));
        thread::sleep(Duration::from_millis(dice.below(40)));
        server.kill();
        // Its answer may have come or not.
        let _ = purging.join();
        server.restart();
        let after = host_ids(server);
        assert!(after.is_empty() || after == before, "half of it was done: {before} became {after}");
        purged += u32::from(after.is_empty());
    }
    let _ = server.call("api/2.0/fo/asset/host/", &[("action", "purge"), ("ips", &targets())]);
    assert_eq!(host_ids(server), "", "{purged} of {rounds} purges were made before");
}

/// Nothing is left of purged hosts once a server had some time for it.
fn check_purged(url: &str, documents: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(url, documents).await.expect("the database opens");
        let deadline = Instant::now() + PATIENCE;
        while store.count_purging().await.expect("hosts can be counted") > 0 {
            assert!(Instant::now() < deadline, "purged hosts are not deleted");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for host in hosts() {
            assert!(store.list_detections(host).await.expect("detections can be listed").is_empty());
        }
        store.close().await;
    });
}

#[test]
fn killed_purges_are_whole_on_sqlite() {
    listen_everywhere();
    let mut server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
    torment_purges(&mut server, kills(10).div_ceil(2), &mut Dice::new());
    check_purged(&server.sqlite_url(), &server.data().join("documents"));
}

#[test]
fn killed_purges_are_whole_on_postgresql() {
    listen_everywhere();
    let database = Database::create().expect("PostgreSQL runs");
    let mut server = TestServer::start_with_settings(PALISADE, Some(&database.url()), &SETTINGS);
    torment_purges(&mut server, kills(10).div_ceil(3), &mut Dice::new());
    check_purged(&database.url(), &server.data().join("documents"));
}

#[test]
fn killed_scans_end_right_on_sqlite() {
    listen_everywhere();
    let mut server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
    torment(&mut server, kills(10), &mut Dice::new());
    let url = server.sqlite_url();
    check_all(&mut server, &url);
}

#[test]
fn killed_scans_end_right_on_postgresql() {
    listen_everywhere();
    let database = Database::create().expect("PostgreSQL runs");
    let mut server = TestServer::start_with_settings(PALISADE, Some(&database.url()), &SETTINGS);
    torment(&mut server, kills(10).div_ceil(3), &mut Dice::new());
    check_all(&mut server, &database.url());
}
