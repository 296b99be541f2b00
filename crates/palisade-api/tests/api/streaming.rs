//! `scan.php` while the scan runs: what is sent when, and what hanging up does.

use std::time::Duration;

use palisade_api::ApiConfig;
use palisade_app::ActivityEntry;
use palisade_engine::Hold;
use palisade_model::ScanRef;

use crate::support::http::{Connection, Request};
use crate::support::scanner::sample_result;
use crate::support::{PASSWORD, Server, assert_valid_answer, config};

async fn start() -> Server {
    Server::start_with(ApiConfig { keep_alive_s: 1, ..config() }).await
}

async fn watch(server: &Server, parameters: &[(&str, &str)]) -> Connection {
    let request = Request::post("scan.php", parameters).login("manager", PASSWORD);
    Connection::open(server.address, request).await
}

#[tokio::test]
async fn the_reference_comes_at_once_and_comments_keep_the_connection() {
    let server = start().await;
    let scanner = server.scanner();
    let mut watched = watch(&server, &[("ip", "192.0.2.4"), ("save_report", "yes")]).await;
    let lease = scanner.lease().await;
    let begun = watched.read_until("<SCAN value=\"scan/", 1).await;
    let body = begun.split_once("\r\n\r\n").unwrap().1;
    let lines: Vec<&str> = body.lines().filter(|line| line.starts_with('<')).collect();
    assert_eq!(lines[0], "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>");
    assert_eq!(lines[1], "<!DOCTYPE SCAN SYSTEM \"https://scans.example/scan-1.dtd\">");
    assert_eq!(lines[2], "<!-- scan is running on 192.0.2.4 //-->");
    assert_eq!(lines[3], format!("<SCAN value=\"{}\">", lease.order.scan));
    let waited = watched.read_until("<!-- keep-alive -->", 2).await;
    assert!(!waited.contains("<IP "), "{waited}");
    scanner.deliver(&lease, sample_result([192, 0, 2, 4].into())).await;
    scanner.complete(&lease).await;
    let response = watched.finish().await;
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    assert_valid_answer(&response);
    let place =
        |text: &str| response.text.find(text).unwrap_or_else(|| panic!("{text} in\n{}", response.text));
    assert!(place("<!-- keep-alive -->") < place("<IP ") && place("</IP>") < place("<HEADER>"));
    assert!(place("</HEADER>") < place("</SCAN>"));
}

#[tokio::test]
async fn hanging_up_cancels_an_unsaved_scan() {
    let server = start().await;
    let scanner = server.scanner();
    let mut watched = watch(&server, &[("ip", "192.0.2.4")]).await;
    let lease = scanner.lease().await;
    watched.read_until("<SCAN value=\"scan/", 1).await;
    assert_eq!(scanner.renew(&lease, 10).await, Hold::Held);
    drop(watched);
    let mut hold = Hold::Held;
    for _ in 0..100 {
        hold = scanner.renew(&lease, 20).await;
        if hold != Hold::Held {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(hold, Hold::Cancelled);
    scanner.complete(&lease).await;
    nothing_runs(&server).await;
    let list = server.call("manager", "scan_report_list.php", &[]).await;
    assert!(!list.text.contains("<SCAN_REPORT "), "{}", list.text);
}

#[tokio::test]
async fn hanging_up_leaves_a_saved_scan_alone() {
    let server = start().await;
    let scanner = server.scanner();
    let mut watched = watch(&server, &[("ip", "192.0.2.4"), ("save_report", "yes")]).await;
    let lease = scanner.lease().await;
    watched.read_until("<SCAN value=\"scan/", 1).await;
    drop(watched);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(scanner.renew(&lease, 10).await, Hold::Held);
    scanner.deliver(&lease, sample_result([192, 0, 2, 4].into())).await;
    scanner.complete(&lease).await;
    nothing_runs(&server).await;
    let reference = lease.order.scan.to_string();
    let report = server.call("manager", "scan_report.php", &[("ref", &reference)]).await;
    assert!(report.assert_success().text.contains("<IP value=\"192.0.2.4\""), "{}", report.text);
}

#[tokio::test]
async fn an_unsaved_scan_leaves_detections_but_no_report() {
    let server = start().await;
    let scanner = server.scanner();
    let parameters = [("ip", "192.0.2.4")];
    let (response, ()) = tokio::join!(server.call("manager", "scan.php", &parameters), scanner.finish_scan());
    assert!(response.text.contains("<![CDATA[N/A (no report saved)]]>"), "{}", response.text);
    let reference = response.scan_ref();
    let report = server.call("manager", "scan_report.php", &[("ref", &reference)]).await;
    assert!(report.refusal().is_some_and(|text| text.starts_with("3502 ")), "{}", report.text);
    let hosts = server.call("manager", "asset_ip_list.php", &[("detailed_results", "1")]).await;
    assert!(hosts.text.contains("<IP><![CDATA[192.0.2.4]]></IP>"), "{}", hosts.text);
    // The stored result goes a moment after the answer; the scan itself is known until then.
    let scan: ScanRef = reference.parse().unwrap();
    server.app.forget_unsaved(&scan).await.unwrap();
}

#[tokio::test]
async fn a_failing_scanner_is_told() {
    let server = start().await;
    let scanner = server.scanner();
    let parameters = [("ip", "192.0.2.4"), ("save_report", "yes")];
    let failing = async {
        // A slice is handed out again before the scan is given up.
        for _ in 0..10 {
            let lease = scanner.lease().await;
            scanner.fail(&lease).await;
            if server.call("manager", "scan_running_list.php", &[]).await.text.contains("3511") {
                return;
            }
        }
    };
    let (response, ()) = tokio::join!(server.call("manager", "scan.php", &parameters), failing);
    assert!(response.text.contains("<ERROR number=\"3510\">"), "{}", response.text);
    assert!(response.text.contains("<KEY value=\"STATUS\">ERROR</KEY>"), "{}", response.text);
    assert_valid_answer(&response);
}

#[tokio::test]
async fn long_reports_are_sent_in_pages() {
    let server = start().await;
    let scanner = server.scanner();
    let parameters = [("ip", "192.0.2.0-192.0.2.63"), ("save_report", "yes")];
    let scanning = async {
        // 64 hosts are four slices.
        for _ in 0..4 {
            scanner.finish_scan().await;
        }
    };
    let (response, ()) = tokio::join!(server.call("manager", "scan.php", &parameters), scanning);
    assert_eq!(response.text.matches("<IP value=").count(), 64);
    assert_valid_answer(&response);
    let report = server.call("manager", "scan_report.php", &[("ref", &response.scan_ref())]).await;
    assert_eq!(report.text.matches("<IP value=").count(), 63, "all but the one that is silent");
    assert_valid_answer(&report);
}

#[tokio::test]
async fn a_store_that_fails_ends_the_document() {
    let server = start().await;
    let scanner = server.scanner();
    let mut watched = watch(&server, &[("ip", "192.0.2.4"), ("save_report", "yes")]).await;
    scanner.lease().await;
    watched.read_until("<SCAN value=\"scan/", 1).await;
    server.store.close().await;
    let response = watched.finish().await;
    let refusal = response.refusal();
    assert_eq!(refusal.as_deref(), Some("999 Internal error. Please contact customer support."));
    assert_valid_answer(&response);
    let next = server.call("manager", "about.php", &[]).await;
    assert_eq!((next.status, next.text.as_str()), (503, "Service Unavailable"));
}

async fn nothing_runs(server: &Server) {
    for _ in 0..100 {
        if server.call("manager", "scan_running_list.php", &[]).await.text.contains("3511") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a scan is still running");
}

#[tokio::test]
async fn a_long_activity_log_is_sent_in_pages() {
    let server = start().await;
    for number in 0..1_200 {
        let entry = ActivityEntry {
            login: Some("manager".to_owned()),
            from: server.address.ip(),
            module: "scan".to_owned(),
            action: "launch".to_owned(),
            details: format!("entry {number}."),
            refused: false,
        };
        server.app.record(entry).await.unwrap();
    }
    let parameters = [("date_from", "2026-11-22"), ("user_login", "manager")];
    let response = server.call("manager", "action_log_report.php", &parameters).await;
    assert_valid_answer(&response);
    let places: Vec<Option<usize>> =
        (0..1_200).map(|number| response.text.find(&format!("[entry {number}.]"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted());
}
