//! `asset/ip/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Reach, golden};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "asset/ip",
        action: "list",
        roles: [A, A, A, A, A, N, R],
        harmless: &[],
        // A Reader of the unit has no group, so that there is nothing to see for them.
        reach: Reach::Shows {
            parameters: &[("ips", "192.0.2.4,192.0.2.40")],
            inside: "<IP>192.0.2.4<",
            outside: "<IP>192.0.2.40<",
        },
        setup: None,
    },
    OperationTest {
        resource: "asset/ip",
        action: "add",
        roles: [A, R, R, R, R, N, R],
        harmless: &[("ips", "192.0.2.1"), ("enable_vm", "1")],
        reach: Reach::Everybody,
        setup: None,
    },
    OperationTest {
        resource: "asset/ip",
        action: "update",
        roles: [A, A, R, R, R, N, R],
        harmless: &[("ips", "203.0.113.1"), ("comment", "x")],
        reach: Reach::Takes {
            inside: &[("ips", "192.0.2.4"), ("comment", "x")],
            outside: &[("ips", "192.0.2.40"), ("comment", "x")],
            refusal: "1905 ",
        },
        setup: None,
    },
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let call = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", "asset/ip", action, parameters).await
    };
    let add = [
        ("ips", "198.51.100.1,198.51.100.7-198.51.100.9"),
        ("enable_vm", "1"),
        ("tracking_method", "DNS"),
        ("owner", "scanner"),
        ("ud1", "Room 101"),
        ("comment", "Mail <relays>"),
    ];
    golden!("fo-asset-ip-add", call("add", &add).await);
    golden!("fo-asset-ip-add-compliance", call("add", &[&add[..2], &[("enable_pc", "1")]].concat()).await);
    golden!("fo-asset-ip-add-assessment", call("add", &[&add[..2], &[("enable_sca", "1")]].concat()).await);
    golden!("fo-asset-ip-add-no-module", call("add", &[add[0], ("enable_vm", "0")]).await);
    golden!("fo-asset-ip-add-no-owner", call("add", &[add[0], add[1], ("owner", "nobody")]).await);
    golden!("fo-asset-ip-list", call("list", &[("echo_request", "1")]).await);
    golden!("fo-asset-ip-list-tracked", call("list", &[("tracking_method", "DNS")]).await);
    golden!("fo-asset-ip-list-none", call("list", &[("ips", "203.0.113.1")]).await);
    golden!("fo-asset-ip-list-compliance", call("list", &[("compliance_enabled", "1")]).await);
    golden!("fo-asset-ip-update", call("update", &[("ips", "198.51.100.1"), ("comment", "")]).await);
    let foreign = [("ips", "198.51.100.1,203.0.113.1"), ("comment", "x")];
    golden!("fo-asset-ip-update-foreign", call("update", &foreign).await);
    server.finished_scan("manager", "192.0.2.4").await;
    let named = |name| [("ips", "192.0.2.4"), ("host_dns", name), ("comment", "x")];
    call("update", &named("HOST-4.scans.example")).await.assert_success();
    golden!("fo-asset-ip-update-name", call("update", &named("mail.example.com")).await);
}

#[tokio::test]
async fn both_versions_see_the_same() {
    let server = Server::start().await;
    let add = [("ips", "198.51.100.7"), ("enable_vm", "1"), ("comment", "Seen by both")];
    server.operation("manager", "asset/ip", "add", &add).await.assert_success();
    server.finished_scan("manager", "198.51.100.7").await;
    let list = server.call("manager", "asset_ip_list.php", &[("detailed_results", "1")]).await;
    assert!(list.text.contains("Seen by both"), "{}", list.text);
}
