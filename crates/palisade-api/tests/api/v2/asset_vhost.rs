//! `asset/vhost/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Parameters, Reach, golden};

/// A virtual host of the unit and one out of it.
const SETUP: crate::v2::Setup = |server, _| {
    Box::pin(async move {
        for ip in ["192.0.2.4", "192.0.2.40"] {
            let web = [("ip", ip), ("port", "443")];
            // Left from the caller before.
            server.operation("manager", "asset/vhost", "delete", &web).await;
            let named = [&web[..], &[("fqdn", "a.example.com,b.example.com")]].concat();
            server.operation("manager", "asset/vhost", "create", &named).await.assert_success();
        }
        Vec::new()
    })
};
const FOREIGN: &str = "1905 parameter ip has invalid value: 192.0.2.40";

const fn write(action: &'static str, inside: Parameters, outside: Parameters) -> OperationTest {
    OperationTest {
        resource: "asset/vhost",
        action,
        roles: [A, A, R, A, R, N, R],
        // Nobody has this address.
        harmless: &[("ip", "203.0.113.9"), ("port", "443"), ("fqdn", "a.example.com")],
        reach: Reach::Takes { inside, outside, refusal: FOREIGN },
        setup: Some(SETUP),
    }
}

macro_rules! web {
    ($ip:literal, $port:literal, $fqdn:literal) => {
        &[("ip", $ip), ("port", $port), ("fqdn", $fqdn)]
    };
}

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "asset/vhost",
        action: "list",
        roles: [A, A, R, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: ">192.0.2.4<", outside: ">192.0.2.40<" },
        setup: Some(SETUP),
    },
    write("create", web!("192.0.2.4", "80", "c.example.com"), web!("192.0.2.40", "80", "c.example.com")),
    write("update", web!("192.0.2.4", "443", "c.example.com"), web!("192.0.2.40", "443", "c.example.com")),
    write("add_fqdn", web!("192.0.2.4", "443", "c.example.com"), web!("192.0.2.40", "443", "c.example.com")),
    write(
        "delete_fqdn",
        web!("192.0.2.4", "443", "a.example.com"),
        web!("192.0.2.40", "443", "a.example.com"),
    ),
    OperationTest {
        harmless: &[("ip", "203.0.113.9"), ("port", "443")],
        ..write("delete", &[("ip", "192.0.2.4"), ("port", "443")], &[("ip", "192.0.2.40"), ("port", "443")])
    },
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let ask = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", "asset/vhost", action, parameters).await
    };
    golden!("fo-asset-vhost-list-none", ask("list", &[]).await);
    let shop = web!("192.0.2.4", "443", "Shop.example.com, www.example.com.,shop.example.com");
    golden!("fo-asset-vhost-create", ask("create", shop).await);
    golden!("fo-asset-vhost-create-refused", ask("create", shop).await);
    golden!("fo-asset-vhost-create-name", ask("create", web!("192.0.2.4", "80", "shop,10.0.0.1")).await);
    golden!("fo-asset-vhost-create-range", ask("create", web!("192.0.2.0/24", "80", "a.example.com")).await);
    golden!("fo-asset-vhost-create-foreign", ask("create", web!("203.0.113.9", "80", "a.example.com")).await);
    ask("create", web!("192.0.2.5", "80", "quay.example.com")).await.assert_success();
    golden!("fo-asset-vhost-list", ask("list", &[("echo_request", "1")]).await);
    golden!("fo-asset-vhost-list-port", ask("list", &[("ip", "192.0.2.0/24"), ("port", "80")]).await);
    golden!("fo-asset-vhost-add_fqdn", ask("add_fqdn", web!("192.0.2.5", "80", "new.example.com")).await);
    golden!(
        "fo-asset-vhost-add_fqdn-refused",
        ask("add_fqdn", web!("192.0.2.5", "81", "new.example.com")).await
    );
    golden!(
        "fo-asset-vhost-delete_fqdn",
        ask("delete_fqdn", web!("192.0.2.5", "80", "quay.example.com")).await
    );
    let gone = ask("delete_fqdn", web!("192.0.2.5", "80", "quay.example.com")).await;
    golden!("fo-asset-vhost-delete_fqdn-refused", gone);
    let last = ask("delete_fqdn", web!("192.0.2.5", "80", "new.example.com")).await;
    golden!("fo-asset-vhost-delete_fqdn-last", last);
    golden!("fo-asset-vhost-update", ask("update", web!("192.0.2.5", "80", "other.example.com")).await);
    golden!(
        "fo-asset-vhost-update-refused",
        ask("update", web!("192.0.2.6", "80", "other.example.com")).await
    );
    golden!("fo-asset-vhost-delete", ask("delete", &[("ip", "192.0.2.4"), ("port", "443")]).await);
    golden!("fo-asset-vhost-delete-refused", ask("delete", &[("ip", "192.0.2.4"), ("port", "443")]).await);
    let left = ask("list", &[]).await;
    assert!(left.text.contains("<![CDATA[other.example.com]]>"), "{}", left.text);
    assert_eq!(left.text.matches("<VIRTUAL_HOST>").count(), 1, "{}", left.text);
}

#[tokio::test]
async fn scanners_are_told_the_names_of_the_hosts_they_scan() {
    let server = Server::start().await;
    for (ip, name) in [("192.0.2.4", "inside.example.com"), ("192.0.2.9", "outside.example.com")] {
        let web = [("ip", ip), ("port", "443"), ("fqdn", name)];
        server.operation("manager", "asset/vhost", "create", &web).await.assert_success();
    }
    let scan = [("ip", "192.0.2.4"), ("save_report", "yes")];
    let launched = async { server.call("manager", "scan.php", &scan).await };
    let leased = async {
        let link = server.app.link("tests");
        loop {
            if let Some(lease) = palisade_engine::Link::lease(&link).await.unwrap() {
                return lease;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let lease = tokio::select! { lease = leased => lease, _ = launched => panic!("it waits for a scanner") };
    let names: Vec<String> = lease
        .order
        .virtual_hosts
        .iter()
        .flat_map(|host| host.names.iter().map(ToString::to_string))
        .collect();
    assert_eq!(names, ["inside.example.com"]);
}
