//! Pausing, resuming and cancelling, through the whole server: what a host that is being scanned
//! notices of it. The host is a double on loopback that notes every connection. Two seconds after
//! the order was answered it must be left alone, whatever the scan was busy with; and a scan that goes
//! on is whole, and does not knock at the same doors again.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use palisade_testkit::server::TestServer;

use double::{Double, Stage};

#[path = "orders/double.rs"]
mod double;

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
/// The test asks how scans stand far more often than a client may.
const SETTINGS: [&str; 2] = ["--rate-limit-calls", "0"];
const SCAN: &str = "api/2.0/fo/scan/";
/// By when an order has to be felt.
const FELT_WITHIN: Duration = Duration::from_secs(2);
/// How long nothing may come then.
const QUIET: Duration = Duration::from_secs(3);
/// How long a scan may take to get anywhere, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(3);
/// Connections that the scans make to a host at the same time; what is under way when the order
/// comes is asked again later.
const CONNECTIONS: usize = 4;

/// A server whose clients take turns, as their number is limited.
struct Desk {
    server: Mutex<TestServer>,
}

impl Desk {
    /// A server that may scan these hosts, with an option profile for each.
    fn new(hosts: &[Double]) -> Self {
        let server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
        for host in hosts {
            let address = host.address.to_string();
            let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &address)]);
            let ports: Vec<String> = host.ports().iter().map(u16::to_string).collect();
            let mut command = server.command(&["profile", "add", &address]);
            let sets = [
                "tcp.list=none".to_owned(),
                "udp.list=none".to_owned(),
                format!("tcp.additional={}", ports.join(",")),
                "performance.level=custom".to_owned(),
                format!("performance.connections_per_host={CONNECTIONS}"),
                format!("performance.rate_pps={}", host.stage.rate_pps()),
            ];
            command.args(sets.iter().flat_map(|set| ["--set", set.as_str()]));
            let _ = palisade_testkit::tools::output(&mut command);
        }
        Self { server: Mutex::new(server) }
    }

    fn with<T>(&self, ask: impl FnOnce(&mut TestServer) -> T) -> T {
        ask(&mut self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn call(&self, function: &str, form: &[(&str, &str)]) -> String {
        self.with(|server| server.call(function, form))
    }

    /// Launches a scan of the host and waits until it is in the middle of the host's stage.
    fn launch(&self, host: &Double) -> String {
        let address = host.address.to_string();
        let form = [("action", "launch"), ("ip", &address), ("option_title", &address)];
        let launched = self.call(SCAN, &form);
        let scan = launched.split_once("<VALUE>scan/").expect("a reference is answered").1;
        let scan = format!("scan/{}", scan.split('<').next().unwrap_or_default());
        let deadline = Instant::now() + PATIENCE;
        while !host.is_in_the_middle() {
            assert!(Instant::now() < deadline, "{:?} never came: {}", host.stage, self.with(|it| it.log()));
            thread::sleep(Duration::from_millis(20));
        }
        scan
    }

    fn state(&self, scan: &str) -> String {
        let list = self.call(SCAN, &[("action", "list"), ("scan_ref", scan)]);
        let state = list.split_once("<STATE>").map_or("", |(_, rest)| rest);
        state.split('<').next().unwrap_or_default().to_owned()
    }

    fn wait_for(&self, scan: &str, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.state(scan);
            if state == wanted {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{scan} is {state}, not {wanted}: {}",
                self.with(|it| it.log())
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Gives the order, and shows that the host feels it in time. The scan is then in `state`.
    fn order(&self, host: &Double, scan: &str, function: &str, form: &[(&str, &str)], state: &str) {
        let _ = self.call(function, form);
        let felt_by = Instant::now() + FELT_WITHIN;
        self.wait_for(scan, state);
        thread::sleep((felt_by + QUIET).saturating_duration_since(Instant::now()));
        let late = host.visits().iter().filter(|visit| visit.at > felt_by).count();
        assert_eq!(late, 0, "{:?}: connections after {state} was asked for: {:?}", host.stage, host.visits());
    }

    fn pause(&self, host: &Double, scan: &str) {
        self.order(host, scan, SCAN, &[("action", "pause"), ("scan_ref", scan)], "Paused");
    }

    /// Lets the scan go on to its end; its report is whole.
    fn resume(&self, host: &Double, scan: &str) {
        let before = host.visits().len();
        let _ = self.call(SCAN, &[("action", "resume"), ("scan_ref", scan)]);
        self.wait_for(scan, "Finished");
        assert!(host.visits().len() > before, "{:?}: the scan goes on", host.stage);
        let report = self.call("msp/scan_report.php", &[("ref", scan)]);
        assert!(report.contains("<KEY value=\"STATUS\">FINISHED</KEY>"), "{report}");
        assert_eq!(report.matches("<IP value=").count(), 1, "{report}");
        let open = report.split_once("number=\"82023\"").expect("open ports are told").1;
        let open = open.split_once("</RESULT>").expect("it has an end").0;
        for port in host.ports() {
            assert!(open.contains(&port.to_string()), "{:?}: {port} is missing: {open}", host.stage);
        }
        if host.stage == Stage::Sweep {
            check_no_door_twice(host, before);
        }
    }
}

/// The doors that were tried before the pause were not tried again until all others were: nobody
/// sweeps twice.
fn check_no_door_twice(host: &Double, before: usize) {
    let visits = host.visits();
    let (first, then) = visits.split_at(before);
    let mut tried: BTreeSet<u16> = first.iter().map(|visit| visit.port).collect();
    assert!((1..host.ports().len()).contains(&tried.len()), "it was in the middle: {}", tried.len());
    let mut again = 0;
    for visit in then {
        if tried.len() == host.ports().len() {
            break;
        }
        again += usize::from(!tried.insert(visit.port));
    }
    assert_eq!(tried.len(), host.ports().len(), "every door was tried");
    assert!(again <= CONNECTIONS, "{again} doors were tried twice");
}

#[test]
fn a_pause_is_felt_within_two_seconds_whatever_the_scan_is_busy_with_and_the_rest_follows() {
    let hosts = Stage::ALL.map(Double::new);
    let desk = Desk::new(&hosts);
    thread::scope(|scope| {
        for host in &hosts {
            let desk = &desk;
            scope.spawn(move || {
                let scan = desk.launch(host);
                desk.pause(host, &scan);
                desk.resume(host, &scan);
            });
        }
    });
}

#[test]
fn a_cancellation_is_felt_within_two_seconds_whatever_the_scan_is_busy_with() {
    let hosts = Stage::ALL.map(Double::new);
    let desk = Desk::new(&hosts);
    thread::scope(|scope| {
        for host in &hosts {
            let desk = &desk;
            scope.spawn(move || {
                let scan = desk.launch(host);
                desk.order(host, &scan, "msp/scan_cancel.php", &[("ref", &scan)], "Canceled");
            });
        }
    });
}

#[test]
fn a_paused_sweep_goes_on_where_it_stood_after_the_server_was_killed() {
    let hosts = [Double::new(Stage::Sweep)];
    let desk = Desk::new(&hosts);
    let [host] = &hosts;
    let scan = desk.launch(host);
    desk.pause(host, &scan);
    desk.with(|server| {
        server.kill();
        server.restart();
    });
    assert_eq!(desk.state(&scan), "Paused");
    desk.resume(host, &scan);
}
