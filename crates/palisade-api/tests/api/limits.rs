//! The API limits over HTTP: the headers, the refusals, and what frees a running call.

use std::time::Duration;

use palisade_app::Limits;

use crate::support::http::{Connection, Request, Response};
use crate::support::scanner::sample_result;
use crate::support::{PASSWORD, Server, assert_valid_answer, config};

/// The limits of the tests: a call more than two, or two at the same time, is too many.
const TIGHT: Limits = Limits { rate_limit_calls: 2, rate_limit_window_s: 3_600, concurrency_limit: 1 };

/// The six headers, as they stand in the answer.
fn limit_headers(response: &Response) -> String {
    let headers = response.headers.iter().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.starts_with("x-ratelimit-") || name.starts_with("x-concurrency-")
    });
    let lines: Vec<String> =
        headers.map(|(name, value)| format!("{}: {value}\n", name.to_ascii_lowercase())).collect();
    lines.concat()
}

macro_rules! golden {
    ($name:literal, $text:expr) => {
        let text: String = $text;
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, text);
        });
    };
}

#[track_caller]
fn assert_blocked(response: &Response, text: &str) {
    assert_eq!(response.status, 409, "{}", response.text);
    assert_eq!(response.refusal().as_deref(), Some(text));
    assert!(response.text.contains("GENERIC_RETURN SYSTEM"), "{}", response.text);
    assert_eq!(response.header("content-type"), Some("application/xml"));
    assert_valid_answer(response);
}

#[tokio::test]
async fn every_answer_tells_where_the_limits_stand() {
    let server = Server::start_limited(config(), Limits::default()).await;
    golden!("limits-headers", limit_headers(&server.call("reader", "about.php", &[]).await));
    // Another user of the subscription, with a request that is refused, counts as well.
    let refused = server.call("manager", "about.php", &[("what", "1")]).await;
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("298"));
    let forbidden = server.call("reader", "scan.php", &[("ip", "192.0.2.1")]).await;
    assert_eq!(forbidden.header("x-ratelimit-remaining"), Some("299"), "another function");
    let unreadable =
        Request::post("about.php", &[]).login("manager", PASSWORD).header("Content-Type", "image/png");
    let unreadable = server.send(unreadable.body("x")).await;
    assert_eq!(unreadable.header("x-ratelimit-remaining"), Some("297"), "{}", unreadable.text);
    let stranger = server.call("manager2", "about.php", &[]).await;
    assert_eq!((stranger.status, limit_headers(&stranger).as_str()), (401, ""));
}

#[tokio::test]
async fn a_call_beyond_the_rate_is_refused_before_anything_is_done() {
    let server = Server::start_limited(config(), TIGHT).await;
    // The fixture has added the subscription with the first call.
    let add = |ips: &'static str| [("action", "add"), ("host_ips", ips)];
    server.call("manager", "asset_ip.php", &add("198.51.100.1")).await.assert_success();
    server.clock.advance(600);
    let blocked = server.call("manager", "asset_ip.php", &add("198.51.100.2")).await;
    assert_blocked(
        &blocked,
        "1965 This API cannot be run again for another 0 days, 0 hours, 50 minutes and 0 seconds.",
    );
    golden!("limits-rate", format!("{}\n{}", limit_headers(&blocked), blocked.text));
    let entry = server.last_activity().await;
    assert!(entry.refused && entry.details.contains("1965"), "{entry:?}");
    let hosts = server.call("manager", "asset_ip_list.php", &[]).await;
    assert!(hosts.text.contains("198.51.100.1") && !hosts.text.contains("198.51.100.2"), "{}", hosts.text);
    // A role that may not call at all meets the limit all the same.
    assert_eq!(server.call("reader", "asset_ip.php", &add("198.51.100.2")).await.status, 409);
    server.clock.advance(3_000);
    server.call("manager", "asset_ip.php", &add("198.51.100.2")).await.assert_success();
}

#[tokio::test]
async fn a_running_scan_holds_its_place_until_it_ends() {
    let server = Server::start_limited(config(), TIGHT).await;
    let scanner = server.scanner();
    let form = [("ip", "192.0.2.4"), ("save_report", "yes")];
    let watched =
        Connection::open(server.address, Request::post("scan.php", &form).login("manager", PASSWORD)).await;
    let lease = scanner.lease().await;
    let blocked = server.call("manager", "scan.php", &form).await;
    assert_blocked(
        &blocked,
        "1960 This API cannot be run again until 1 currently running instance has finished.",
    );
    golden!("limits-concurrency", format!("{}\n{}", limit_headers(&blocked), blocked.text));
    // Other functions run beside it.
    let running = server.call("manager", "scan_running_list.php", &[]).await;
    assert!(running.assert_success().text.contains(lease.order.scan.as_str()), "{}", running.text);
    for address in lease.order.targets.iter() {
        scanner.deliver(&lease, sample_result(address)).await;
    }
    scanner.complete(&lease).await;
    let ended = watched.finish().await;
    assert_eq!(ended.header("x-concurrency-limit-running"), Some("1"), "this call is counted");
    let (next, ()) = tokio::join!(server.call("manager", "scan.php", &form), scanner.finish_scan());
    assert_eq!(next.assert_success().header("x-ratelimit-remaining"), Some("0"), "the refused one is not");
}

#[tokio::test]
async fn whoever_has_read_an_answer_to_its_end_may_call_again() {
    let limits = Limits { rate_limit_calls: 0, ..TIGHT };
    let server = Server::start_limited(config(), limits).await;
    for _ in 0..30 {
        server.call("manager", "about.php", &[]).await.assert_success();
    }
    for _ in 0..3 {
        // A streamed answer.
        let reference = server.finished_scan("manager", "192.0.2.4").await;
        for _ in 0..5 {
            server.call("manager", "scan_report.php", &[("ref", &reference)]).await.assert_success();
        }
    }
}

#[tokio::test]
async fn hanging_up_frees_the_place() {
    let server = Server::start_limited(config(), Limits { rate_limit_calls: 0, ..TIGHT }).await;
    let scanner = server.scanner();
    let form = [("ip", "192.0.2.4"), ("save_report", "yes")];
    let request = Request::post("scan.php", &form).login("manager", PASSWORD);
    let mut watched = Connection::open(server.address, request).await;
    let lease = scanner.lease().await;
    watched.read_until("<SCAN value=\"scan/", 1).await;
    // Refused after the limits were looked at, for a target that is not subscribed.
    let probe = [("ip", "203.0.113.1")];
    assert_eq!(server.call("manager", "scan.php", &probe).await.status, 409);
    drop(watched);
    for _ in 0..200 {
        if server.call("manager", "scan.php", &probe).await.status == 200 {
            let running = server.call("manager", "scan_running_list.php", &[]).await;
            assert!(running.text.contains(lease.order.scan.as_str()), "the scan goes on: {}", running.text);
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the place of a client that hung up stays taken");
}
