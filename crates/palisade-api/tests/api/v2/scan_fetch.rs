//! `scan/?action=fetch`: the layouts of results.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::support::http::Response;
use crate::v2::scan::ended;
use crate::v2::{OperationTest, Reach, golden};

pub(crate) const TESTS: &[OperationTest] = &[OperationTest {
    resource: "scan",
    action: "fetch",
    roles: [A, A, R, A, A, N, R],
    harmless: &[("scan_ref", "scan/1400000000.10001")],
    reach: Reach::Takes {
        inside: &[("scan_ref", "SCAN_INSIDE")],
        outside: &[("scan_ref", "SCAN_OUTSIDE")],
        refusal: "1905 parameter scan_ref has invalid value: ",
    },
    setup: Some(ended),
}];
crate::v2::walk_tests!(TESTS);

/// A finished scan of two hosts, one of which did not answer, with an address left out.
async fn scanned(server: &Server) -> String {
    let launch = [
        ("ip", "192.0.2.12-192.0.2.14"),
        ("exclude_ip_per_scan", "192.0.2.14"),
        ("option_title", "Initial Options"),
        ("scan_title", "Sample, \"quoted\""),
    ];
    server.operation("manager", "scan", "launch", &launch).await.assert_success();
    server.scanner().finish_scan().await;
    "scan/1795334400.1".to_owned()
}

async fn fetch(server: &Server, scan: &str, format: &str, mode: &str) -> Response {
    let parameters = [("scan_ref", scan), ("output_format", format), ("mode", mode)];
    server.operation("manager", "scan", "fetch", &parameters).await
}

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let scan = scanned(&server).await;
    let csv = fetch(&server, &scan, "csv", "brief").await;
    assert_eq!(csv.header("content-type"), Some("text/csv;charset=UTF-8"));
    golden!("fo-scan-fetch", csv);
    golden!("fo-scan-fetch-csv-extended-mode", fetch(&server, &scan, "csv", "extended").await);
    golden!("fo-scan-fetch-csv-report", fetch(&server, &scan, "csv_extended", "brief").await);
    let json = fetch(&server, &scan, "json", "brief").await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    golden!("fo-scan-fetch-json", json);
    golden!("fo-scan-fetch-json-extended-mode", fetch(&server, &scan, "json", "extended").await);
    golden!("fo-scan-fetch-json-report", fetch(&server, &scan, "json_extended", "extended").await);
    let other = [("scan_ref", scan.as_str()), ("ips", "192.0.2.13")];
    golden!("fo-scan-fetch-ips", server.operation("manager", "scan", "fetch", &other).await);
}

#[tokio::test]
async fn every_json_answer_is_json_and_says_what_the_table_says() {
    let server = Server::start().await;
    let scan = scanned(&server).await;
    for format in ["json", "json_extended"] {
        let text = fetch(&server, &scan, format, "brief").await.text;
        let all: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&text).unwrap();
        let qids =
            all.iter().filter(|object| object.get("qid").is_some_and(serde_json::Value::is_u64)).count();
        assert_eq!(qids, 7, "{text}");
    }
    let none = [("scan_ref", scan.as_str()), ("ips", "192.0.2.13"), ("output_format", "json")];
    assert_eq!(server.operation("manager", "scan", "fetch", &none).await.text, "[]\n");
}

#[tokio::test]
async fn what_a_cancelled_scan_has_can_be_fetched() {
    let server = Server::start().await;
    let scan = server.paused_scan("manager", "192.0.2.4").await;
    server.operation("manager", "scan", "cancel", &[("scan_ref", &scan)]).await.assert_success();
    let fetched = fetch(&server, &scan, "json_extended", "brief").await.text;
    assert!(fetched.contains("\"hosts_not_scanned_scan_discontinued_ip\":\"192.0.2.4\""), "{fetched}");
}
