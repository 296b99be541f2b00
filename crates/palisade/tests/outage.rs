//! A database that goes away in the middle of a scan and comes back.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::thread;
use std::time::Duration;

use palisade_testkit::postgres::Database;
use palisade_testkit::server::TestServer;

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
const TARGETS: &str = "127.0.0.80-127.0.0.83";

#[test]
fn a_scan_and_its_client_outlast_a_restart_of_the_database() {
    let database = Database::create().unwrap();
    let server = TestServer::start(PALISADE, Some(&database.url()));
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", TARGETS)]);
    let call = server.caller();
    let watching =
        thread::spawn(move || call("msp/scan.php", &[("ip", TARGETS), ("save_report", "yes")]).unwrap().body);
    while !server.call("msp/scan_running_list.php", &[]).contains(">RUNNING<") {
        assert!(!watching.is_finished(), "the scan ended at once: {}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
    database.allow_connections(false).unwrap();
    thread::sleep(Duration::from_secs(3));
    database.allow_connections(true).unwrap();

    let report = watching.join().unwrap();
    assert!(server.log().contains("will try again"), "the outage was not noticed: {}", server.log());
    assert!(report.contains(r#"<KEY value="STATUS">FINISHED</KEY>"#), "{report}\n{}", server.log());
    assert_eq!(report.matches("<IP value=").count(), 4, "{report}");
}
