//! `asset/excluded_ip/` and its history.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Reach, golden};

/// An address of the unit and one out of it, both excluded.
const SETUP: crate::v2::Setup = |server, _| {
    Box::pin(async move {
        for ips in ["192.0.2.4", "192.0.2.40"] {
            server.operation("manager", "asset/excluded_ip", "add", &[("ips", ips)]).await.assert_success();
        }
        Vec::new()
    })
};
const SHOWS: Reach = Reach::Shows { parameters: &[], inside: ">192.0.2.4<", outside: ">192.0.2.40<" };
const WRITE: OperationTest = OperationTest {
    resource: "asset/excluded_ip",
    action: "add",
    roles: [A, R, R, R, R, N, R],
    harmless: &[("ips", "203.0.113.1")],
    reach: Reach::Everybody,
    setup: None,
};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        action: "list",
        roles: [A, A, R, A, R, N, R],
        harmless: &[],
        reach: SHOWS,
        setup: Some(SETUP),
        ..WRITE
    },
    WRITE,
    OperationTest { action: "remove", ..WRITE },
    OperationTest { action: "remove_all", harmless: &[], ..WRITE },
    OperationTest {
        resource: "asset/excluded_ip/history",
        action: "list",
        roles: [A, A, R, A, R, N, R],
        harmless: &[],
        reach: SHOWS,
        setup: Some(SETUP),
    },
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let call = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", "asset/excluded_ip", action, parameters).await
    };
    golden!("fo-asset-excluded_ip-list-none", call("list", &[]).await);
    let add = [("ips", "192.0.2.60-192.0.2.63,203.0.113.1"), ("comment", "Presses <run>")];
    golden!("fo-asset-excluded_ip-add", call("add", &add).await);
    golden!("fo-asset-excluded_ip-add-refused", call("add", &[("ips", "10.0.0.300")]).await);
    server.clock.advance(60);
    let until = [("ips", "192.0.2.61"), ("expiry_days", "30")];
    golden!("fo-asset-excluded_ip-add-until", call("add", &until).await);
    golden!("fo-asset-excluded_ip-list", call("list", &[("echo_request", "1")]).await);
    let group = [("ag_titles", "All"), ("ips", "192.0.2.61-192.0.2.62")];
    golden!("fo-asset-excluded_ip-list-group", call("list", &group).await);
    golden!("fo-asset-excluded_ip-remove", call("remove", &[("ips", "192.0.2.62,192.0.2.1")]).await);
    golden!("fo-asset-excluded_ip-remove-none", call("remove", &[("ips", "192.0.2.1")]).await);
    golden!("fo-asset-excluded_ip-remove_all", call("remove_all", &[("comment", "Done")]).await);
    golden!("fo-asset-excluded_ip-remove_all-ips", call("remove_all", &[("ips", "192.0.2.1")]).await);
    let history = async |parameters: &[(&str, &str)]| {
        server.operation("manager", "asset/excluded_ip/history", "list", parameters).await
    };
    golden!("fo-asset-excluded_ip-history-list", history(&[("echo_request", "1")]).await);
    golden!("fo-asset-excluded_ip-history-list-one", history(&[("ids", "1")]).await);
    golden!("fo-asset-excluded_ip-history-list-none", history(&[("ips", "198.51.100.1")]).await);
}

#[tokio::test]
async fn no_scan_touches_what_is_excluded_until_it_ends() {
    let server = Server::start().await;
    let until = [("ips", "192.0.2.5"), ("expiry_days", "1")];
    server.operation("manager", "asset/excluded_ip", "add", &until).await.assert_success();
    let alone = server.call("manager", "scan.php", &[("ip", "192.0.2.5")]).await;
    assert!(alone.refusal().is_some_and(|text| text.starts_with("3505 ")), "{}", alone.text);
    let scan = server.finished_scan("manager", "192.0.2.4-192.0.2.6").await;
    let report = server.call("manager", "scan_report.php", &[("ref", &scan)]).await;
    assert!(
        report.text.contains("\"192.0.2.4\"") && !report.text.contains("\"192.0.2.5\""),
        "{}",
        report.text
    );
    server.clock.advance(86_400);
    server.finished_scan("manager", "192.0.2.5").await;
}

#[tokio::test]
async fn the_history_comes_in_pages() {
    let server = Server::start().await;
    let manager = server.actor("manager").await;
    for _ in 0..1_001 {
        let ips = "192.0.2.5".parse().unwrap();
        server.app.exclude_hosts(&manager, &ips, None, None).await.unwrap();
    }
    let first = server.operation("manager", "asset/excluded_ip/history", "list", &[]).await;
    assert_eq!(first.text.matches("<HISTORY>").count(), 1_000);
    assert!(first.text.contains("id_max=1]]></URL>"), "{}", &first.text[first.text.len() - 900..]);
    // All but the last record left out, so that a golden file is enough.
    let (head, records) = first.text.split_once("      <HISTORY>").unwrap();
    let (_, last) = records.rsplit_once("      <HISTORY>").unwrap();
    let mut page = first.clone();
    page.text = format!("{head}      <HISTORY>{last}");
    golden!("fo-asset-excluded_ip-history-list-page", page);
    let rest = server.operation("manager", "asset/excluded_ip/history", "list", &[("id_max", "1")]).await;
    assert_eq!(rest.text.matches("<HISTORY>").count(), 1);
    assert!(!rest.text.contains("WARNING"), "{}", rest.text);
}
