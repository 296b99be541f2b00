//! `setup/restricted_ips/`.

use palisade_api::ApiConfig;

use crate::permissions::{A, N, R};
use crate::support::http::{Request, Response};
use crate::support::{PASSWORD, Server, config};
use crate::v2::{OperationTest, Parameters, Reach, golden};

const RESOURCE: &str = "setup/restricted_ips";

const fn test(action: &'static str, harmless: Parameters) -> OperationTest {
    OperationTest {
        resource: RESOURCE,
        action,
        roles: [A, R, R, R, R, N, R],
        harmless,
        reach: Reach::Everybody,
        setup: None,
    }
}

pub(crate) const TESTS: &[OperationTest] = &[
    test("list", &[]),
    test("activate", &[("enable", "0")]),
    test("add", &[("ips", "127.0.0.1")]),
    test("delete", &[("ips", "203.0.113.1")]),
    test("replace", &[("ips", "127.0.0.1")]),
    test("clear", &[]),
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let ask = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", RESOURCE, action, parameters).await
    };
    golden!("fo-setup-restricted_ips-list-none", ask("list", &[]).await);
    golden!("fo-setup-restricted_ips-activate-none", ask("activate", &[("enable", "1")]).await);
    golden!("fo-setup-restricted_ips-add", ask("add", &[("ips", "10.0.0.0/24,192.0.2.7")]).await);
    golden!("fo-setup-restricted_ips-add-refused", ask("add", &[("ips", "10.0.0.300")]).await);
    golden!("fo-setup-restricted_ips-activate-refused", ask("activate", &[("enable", "1")]).await);
    ask("add", &[("ips", "127.0.0.1")]).await.assert_success();
    golden!("fo-setup-restricted_ips-activate", ask("activate", &[("enable", "1")]).await);
    golden!("fo-setup-restricted_ips-list", ask("list", &[("echo_request", "1")]).await);
    golden!("fo-setup-restricted_ips-list-csv", ask("list", &[("output_format", "CSV")]).await);
    golden!("fo-setup-restricted_ips-delete", ask("delete", &[("ips", "10.0.0.128/25")]).await);
    golden!("fo-setup-restricted_ips-delete-refused", ask("delete", &[("ips", "127.0.0.0/8")]).await);
    golden!("fo-setup-restricted_ips-replace", ask("replace", &[("ips", "127.0.0.1,10.9.0.1")]).await);
    golden!("fo-setup-restricted_ips-replace-refused", ask("replace", &[("ips", "10.9.0.1")]).await);
    golden!("fo-setup-restricted_ips-clear", ask("clear", &[]).await);
    golden!("fo-setup-restricted_ips-clear-ips", ask("clear", &[("ips", "10.9.0.1")]).await);
    golden!("fo-setup-restricted_ips-activate-off", ask("activate", &[("enable", "0")]).await);
}

/// A request that a front says comes from `from`.
async fn ask_from(server: &Server, from: &str, request: Request) -> Response {
    server.send(request.header("X-Forwarded-For", from)).await
}

#[tokio::test]
async fn nobody_signs_in_from_elsewhere_by_any_way() {
    let server = Server::start_with(ApiConfig { behind_proxy: true, ..config() }).await;
    let list = || Request::operation(RESOURCE, "list", &[]).login("manager", PASSWORD);
    let about = || Request::get("/msp/about.php").login("reader", PASSWORD);
    let login = || Request::operation("session", "login", &[("username", "scanner"), ("password", PASSWORD)]);
    // Remembered credentials and open sessions are no way in either.
    let (inside, outside) = ("10.0.0.7", "10.0.1.7");
    for request in [list(), about()] {
        assert_eq!(ask_from(&server, outside, request).await.refusal(), None);
    }
    let opened = ask_from(&server, outside, login()).await;
    let cookie = opened.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let by_session = || Request::operation("asset/group", "list", &[]).header("Cookie", &cookie);
    assert_eq!(ask_from(&server, outside, by_session()).await.status, 200);

    let change = |action: &str, pairs: &[(&str, &str)]| {
        Request::operation(RESOURCE, action, pairs).login("manager", PASSWORD)
    };
    ask_from(&server, inside, change("add", &[("ips", "10.0.0.0/24")])).await.assert_success();
    ask_from(&server, inside, change("activate", &[("enable", "1")])).await.assert_success();
    for request in [list(), about(), login(), by_session()] {
        let refusal = ask_from(&server, outside, request).await.refusal();
        assert!(refusal.as_ref().is_some_and(|text| text.starts_with("6301 ")), "{refusal:?}");
    }
    for request in [list(), about(), login(), by_session()] {
        assert_eq!(ask_from(&server, inside, request).await.refusal(), None);
    }
    // A wrong password learns nothing about addresses.
    let wrong = Request::operation(RESOURCE, "list", &[]).login("manager", "wrong");
    assert_eq!(ask_from(&server, outside, wrong).await.status, 401);
    golden!("fo-setup-restricted_ips-list-refused", ask_from(&server, outside, list()).await);

    ask_from(&server, inside, change("clear", &[])).await.assert_success();
    assert_eq!(ask_from(&server, outside, list()).await.refusal(), None);
}

/// A request with a table in its body.
fn posted(resource: &str, parameters: &[(&str, &str)], table: &str) -> Request {
    let path = format!("/api/2.0/fo/{resource}/?{}", crate::support::http::form(parameters));
    let mut request = Request::get(&path).header("X-Requested-With", "tests").body(table);
    request.method = "POST";
    request.header("Content-Type", "text/csv").login("manager", PASSWORD)
}

#[tokio::test]
async fn addresses_may_be_posted_as_a_table() {
    let server = Server::start().await;
    let listed = async || {
        let pairs = [("output_format", "csv")];
        server.operation("manager", RESOURCE, "list", &pairs).await.text
    };
    let add = [("action", "add"), ("echo_request", "1")];
    let table = "10.0.0.1,\"10.0.0.7-10.0.0.9\"\r\n127.0.0.0/24\r\n";
    golden!("fo-setup-restricted_ips-add-posted", server.send(posted(RESOURCE, &add, table)).await);
    let before = listed().await;
    assert!(before.contains("127.0.0.0-127.0.0.255") && before.lines().count() == 4, "{before}");
    // What the list writes can be given back.
    let delete = [("action", "delete"), ("ips", "10.0.0.0/24")];
    server.send(posted(RESOURCE, &delete, "10.0.0.0/24")).await.assert_success();
    assert_ne!(listed().await, before);
    server.send(posted(RESOURCE, &[("action", "replace")], &before)).await.assert_success();
    assert_eq!(listed().await, before);
    for (action, table, refusal) in [
        ("add", "10.0.0.300", "1905 parameter ips has invalid value: 10.0.0.300"),
        (
            "add",
            "\"IP\",\"Status\"",
            "1905 The table in the body of the request cannot be read: it has no address.",
        ),
        ("add", "", "1903 Missing required parameter(s): ips"),
        ("clear", "10.0.0.1", "1905 The body of the request is neither"),
        ("list", "10.0.0.1", "1905 The body of the request is neither"),
    ] {
        let refused = server.send(posted(RESOURCE, &[("action", action)], table)).await.refusal().unwrap();
        assert!(refused.starts_with(refusal), "{action} {table:?}: {refused}");
    }
    assert_eq!(listed().await, before);
    let subscription = [("action", "add"), ("enable_vm", "1")];
    server.send(posted("asset/ip", &subscription, "IP\n203.0.113.7\n")).await.assert_success();
    let shown = server.operation("manager", "asset/ip", "list", &[("ips", "203.0.113.0/24")]).await.text;
    assert!(shown.contains("<IP>203.0.113.7</IP>"), "{shown}");
    // Version 1 takes no tables.
    let mut old = Request::get("/msp/about.php").header("Content-Type", "text/csv").body("10.0.0.1");
    old.method = "POST";
    let refused = server.send(old.login("manager", PASSWORD)).await.refusal().unwrap();
    assert!(refused.starts_with("5008 "), "{refused}");
}
