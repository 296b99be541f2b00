//! `ignore_vuln/`.

use crate::business_unit::{INSIDE, OUTSIDE};
use crate::permissions::{A, N, R};
use crate::support::http::Request;
use crate::support::{PASSWORD, Server};
use crate::v2::{OperationTest, Reach, golden};

const RESOURCE: &str = "ignore_vuln";

const fn test(action: &'static str) -> OperationTest {
    OperationTest {
        resource: RESOURCE,
        action,
        roles: [A, A, R, R, R, N, R],
        harmless: &[("qids", "900001"), ("dns_contains", "nowhere.example"), ("comments", "x")],
        reach: Reach::Takes {
            inside: &[("qids", "900001"), ("ips", INSIDE), ("comments", "x")],
            outside: &[("qids", "900001"), ("ips", OUTSIDE), ("comments", "x")],
            refusal: "1905 parameter ips has invalid value: 192.0.2.40",
        },
        setup: None,
    }
}

pub(crate) const TESTS: &[OperationTest] = &[test("ignore"), test("restore")];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::with_networks().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let ask = async |action: &str, parameters: &[(&str, &str)]| {
        let comments = [("comments", "Behind the <proxy>")];
        server.operation("manager", RESOURCE, action, &[parameters, &comments].concat()).await
    };
    let (both, host) = (("qids", "900005,900001"), ("ips", "192.0.2.4"));
    let ignored = [both, host, ("reopen_ignored_days", "30"), ("echo_request", "1")];
    golden!("fo-ignore_vuln-ignore", ask("ignore", &ignored).await);
    golden!("fo-ignore_vuln-ignore-again", ask("ignore", &[both, ("netbios_contains", "HOST4")]).await);
    golden!("fo-ignore_vuln-ignore-refused", ask("ignore", &[("qids", "900003"), host]).await);
    let passed = [both, host, ("reopen_ignored_date", "2001-01-01")];
    golden!("fo-ignore_vuln-ignore-passed", ask("ignore", &passed).await);
    let never = [both, host, ("reopen_ignored_days", "30")];
    golden!("fo-ignore_vuln-restore-refused", ask("restore", &never).await);
    golden!("fo-ignore_vuln-restore", ask("restore", &[("qids", "900005"), host]).await);
    // Version 1 sees what version 2 did.
    let shown = [("host_ip", "192.0.2.4"), ("vuln_details", "1")];
    let told = server.call("reader", "get_host_info.php", &shown).await.text;
    assert!(told.contains("900005") && !told.contains("900001"), "{told}");
    // No host is in another network.
    let made = server.operation("manager", "network", "create", &[("name", "Harbour")]).await;
    made.assert_success();
    let elsewhere = [("qids", "900005"), host, ("network_id", "1")];
    golden!("fo-ignore_vuln-ignore-elsewhere", ask("ignore", &elsewhere).await);
    let unknown = ask("ignore", &[("qids", "900005"), host, ("network_id", "99")]).await;
    assert!(unknown.refusal().is_some_and(|text| text.starts_with("1905 parameter network_id ")));
}

#[tokio::test]
async fn a_request_without_an_action_is_one_to_ignore() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let path = "/api/2.0/fo/ignore_vuln/index.php?qids=900001&ips=192.0.2.4&comments=x";
    let asked = Request::get(path).header("X-Requested-With", "tests").login("manager", PASSWORD);
    let answer = server.send(asked).await;
    assert!(answer.text.contains("<RESPONSE status=\"SUCCESS\" number=\"1\">"), "{}", answer.text);
    // Other resources go on asking for one.
    let list = Request::get("/api/2.0/fo/asset/ip/").header("X-Requested-With", "tests");
    let refused = server.send(list.login("manager", PASSWORD)).await.refusal().unwrap();
    assert_eq!(refused, "1903 Missing required parameter(s): action");
}
