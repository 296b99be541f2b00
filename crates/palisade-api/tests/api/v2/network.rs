//! `network/`, and the parameters that name networks elsewhere.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Reach, golden};

const WRITE: OperationTest = OperationTest {
    resource: "network",
    action: "create",
    roles: [A, R, R, R, R, N, R],
    // No network is without a name.
    harmless: &[("name", " ")],
    reach: Reach::Everybody,
    setup: None,
};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest { action: "list", roles: [A, A, R, A, A, N, R], harmless: &[], ..WRITE },
    WRITE,
    OperationTest { action: "update", harmless: &[("id", "99"), ("name", "x")], ..WRITE },
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::with_networks().await;
    let ask = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", "network", action, parameters).await
    };
    golden!("fo-network-list-default", ask("list", &[]).await);
    golden!("fo-network-create", ask("create", &[("name", " Quay & Pier ")]).await);
    golden!("fo-network-create-refused", ask("create", &[("name", "Quay & Pier")]).await);
    golden!("fo-network-create-default", ask("create", &[("name", "Global Default Network")]).await);
    server.operation("manager", "appliance", "create", &[("name", "quay-1")]).await.assert_success();
    let assigned = [("appliance_id", "1"), ("network_id", "1")];
    let assigned = server.operation("manager", "appliance", "assign_network_id", &assigned).await;
    golden!("fo-appliance-assign_network_id", assigned);
    let unknown = [("appliance_id", "1"), ("network_id", "7")];
    let unknown = server.operation("manager", "appliance", "assign_network_id", &unknown).await;
    golden!("fo-appliance-assign_network_id-refused", unknown);
    golden!("fo-network-list", ask("list", &[("echo_request", "1")]).await);
    golden!("fo-network-list-ids", ask("list", &[("ids", "1")]).await);
    golden!("fo-network-list-reader", server.operation("reader", "network", "list", &[]).await);
    golden!("fo-network-update", ask("update", &[("id", "1"), ("name", "Quay")]).await);
    golden!("fo-network-update-refused", ask("update", &[("id", "7"), ("name", "Pier")]).await);
    let appliances = server.operation("manager", "appliance", "list", &[]).await;
    golden!("fo-appliance-list-network", appliances);
}

/// Lists with a parameter that names networks.
const LISTS: &[(&str, &str)] = &[
    ("asset/excluded_ip", "network_id"),
    ("asset/group", "network_ids"),
    ("asset/host", "network_ids"),
    ("asset/host/vm/detection", "network_ids"),
    ("asset/ip", "network_id"),
    ("asset/vhost", "network_id"),
];

#[tokio::test]
async fn without_networks_nothing_names_one() {
    let server = Server::start().await;
    golden!("fo-network-list-refused", server.operation("manager", "network", "list", &[]).await);
    for (resource, parameter) in LISTS {
        let refused = server.operation("manager", resource, "list", &[(parameter, "1")]).await;
        assert_eq!(
            refused.refusal(),
            Some(format!("1901 Unrecognized parameter(s): {parameter}")),
            "{resource}"
        );
        let plain = server.operation("manager", resource, "list", &[(parameter, "0")]).await;
        assert!(!plain.text.to_lowercase().contains("network"), "{resource}: {}", plain.text);
    }
}

#[tokio::test]
async fn all_hosts_are_in_the_global_default_network() {
    let server = Server::with_networks().await;
    server.operation("manager", "network", "create", &[("name", "Quay")]).await.assert_success();
    server.finished_scan("manager", "192.0.2.4").await;
    server.operation("manager", "asset/excluded_ip", "add", &[("ips", "192.0.2.60")]).await.assert_success();
    let shop = [("ip", "192.0.2.4"), ("port", "443"), ("fqdn", "shop.example.com")];
    server.operation("manager", "asset/vhost", "create", &shop).await.assert_success();
    let group = [("title", "Everywhere"), ("ips", "192.0.2.4")];
    server.operation("manager", "asset/group", "add", &group).await.assert_success();
    for (resource, parameter) in LISTS {
        let ask = async |network: &str| {
            let pairs = [(*parameter, network)];
            let answer = server.operation("manager", resource, "list", &pairs).await;
            crate::support::assert_valid_answer(&answer);
            answer
        };
        let (here, elsewhere) = (ask("0").await.text, ask("1").await.text);
        let shows = |text: &str| text.contains("192.0.2.") || text.contains("<ASSET_GROUP>");
        assert!(shows(&here) && !shows(&elsewhere), "{resource}: {here}\n{elsewhere}");
        assert!(here.contains("<NETWORK_ID>0<") || here.contains("network_id=\"0\""), "{resource}: {here}");
        let unknown = server.operation("manager", resource, "list", &[(parameter, "7")]).await.refusal();
        let expected = format!("1905 parameter {parameter} has invalid value: 7 (No such network ID)");
        assert_eq!(unknown, Some(expected), "{resource}");
    }
    golden!("fo-asset-host-list-network", server.operation("manager", "asset/host", "list", &[]).await);
    let detections = server.operation("manager", "asset/host/vm/detection", "list", &[]).await;
    golden!("fo-asset-host-vm-detection-list-network", detections);
    let purge = [("ips", "192.0.2.4"), ("network_ids", "1")];
    let purged = server.operation("manager", "asset/host", "purge", &purge).await;
    assert!(!purged.text.contains("ID_SET"), "{}", purged.text);
    let csv = [("output_format", "CSV_NO_METADATA")];
    let csv = server.operation("manager", "asset/host/vm/detection", "list", &csv).await.text;
    let mut lines = csv.lines();
    let column = lines.next().unwrap().split(',').position(|title| title == "\"Network ID\"");
    assert_eq!(column, Some(3), "{csv}");
    assert!(lines.next().is_none_or(|line| line.split(',').nth(3) == Some("\"0\"")), "{csv}");
}

#[tokio::test]
async fn virtual_hosts_and_groups_are_in_the_network_they_were_put_into() {
    let server = Server::with_networks().await;
    server.operation("manager", "network", "create", &[("name", "Quay")]).await.assert_success();
    let web = [("ip", "192.0.2.4"), ("port", "443")];
    for (network, name) in [("0", "here.example.com"), ("1", "elsewhere.example.com")] {
        let shop = [&web[..], &[("fqdn", name), ("network_id", network)]].concat();
        server.operation("manager", "asset/vhost", "create", &shop).await.assert_success();
    }
    let elsewhere = [("network_id", "1")];
    golden!(
        "fo-asset-vhost-list-network",
        server.operation("manager", "asset/vhost", "list", &elsewhere).await
    );
    let gone = [&web[..], &elsewhere].concat();
    server.operation("manager", "asset/vhost", "delete", &gone).await.assert_success();
    let left = server.operation("manager", "asset/vhost", "list", &[]).await.text;
    assert!(left.contains("here.example.com") && !left.contains("elsewhere"), "{left}");
    let group = [("title", "Far"), ("ips", "192.0.2.4"), ("network_id", "1")];
    server.operation("manager", "asset/group", "add", &group).await.assert_success();
    let listed = [("network_ids", "1"), ("show_attributes", "ALL")];
    golden!("fo-asset-group-list-network", server.operation("manager", "asset/group", "list", &listed).await);
    let unknown = [("title", "Farther"), ("network_id", "9")];
    let unknown = server.operation("manager", "asset/group", "add", &unknown).await;
    golden!("fo-asset-group-add-network", unknown);
}
