//! `scan/`: from launch to end; and `scan/stats/`.

use std::pin::Pin;

use palisade_engine::Hold;

use crate::business_unit::{INSIDE, OUTSIDE};
use crate::permissions::{A, N, R};
use crate::support::http::{Connection, Request, Response};
use crate::support::scanner::{ScriptedScanner, sample_result, silent};
use crate::support::{PASSWORD, Server};
use crate::v2::{OperationTest, Reach, golden};

type Names<'a> = Pin<Box<dyn Future<Output = Vec<(&'static str, String)>> + 'a>>;

const UNKNOWN: &str = "1905 parameter scan_ref has invalid value: ";
const NO_SCAN: &[(&str, &str)] = &[("scan_ref", "scan/1400000000.10001")];
const THE_SCAN: &[(&str, &str)] = &[("scan_ref", "SCAN_INSIDE")];
const OTHERS_SCAN: &[(&str, &str)] = &[("scan_ref", "SCAN_OUTSIDE")];

/// Two scans that have ended, one of each part of the subscription.
pub(super) fn ended<'a>(server: &'a Server, maker: &'a str) -> Names<'a> {
    Box::pin(async move {
        let inside = server.finished_scan(maker, INSIDE).await;
        let outside = server.finished_scan("manager", OUTSIDE).await;
        vec![("SCAN_INSIDE", inside), ("SCAN_OUTSIDE", outside)]
    })
}

/// The same, both at work.
fn running<'a>(server: &'a Server, maker: &'a str) -> Names<'a> {
    Box::pin(async move {
        let inside = server.launched_scan(maker, INSIDE).await;
        let outside = server.launched_scan("manager", OUTSIDE).await;
        let scanner = ScriptedScanner::new(server.app.link(&format!("busy with {inside}")));
        scanner.lease().await;
        scanner.lease().await;
        vec![("SCAN_INSIDE", inside), ("SCAN_OUTSIDE", outside)]
    })
}

/// The same, both paused.
fn paused<'a>(server: &'a Server, maker: &'a str) -> Names<'a> {
    Box::pin(async move {
        let inside = server.paused_scan(maker, INSIDE).await;
        let outside = server.paused_scan("manager", OUTSIDE).await;
        vec![("SCAN_INSIDE", inside), ("SCAN_OUTSIDE", outside)]
    })
}

/// Something that is done to one scan.
const fn on_a_scan(action: &'static str, setup: crate::v2::Setup) -> OperationTest {
    OperationTest {
        resource: "scan",
        action,
        roles: [A, A, R, A, R, N, R],
        harmless: NO_SCAN,
        reach: Reach::Takes { inside: THE_SCAN, outside: OTHERS_SCAN, refusal: UNKNOWN },
        setup: Some(setup),
    }
}

pub(crate) const TESTS: &[OperationTest] = &[
    on_a_scan("cancel", running),
    on_a_scan("delete", ended),
    OperationTest {
        resource: "scan",
        action: "launch",
        roles: [A, A, R, A, R, N, R],
        harmless: &[("ip", "198.51.100.1"), ("option_title", "Initial Options")],
        reach: Reach::Takes {
            inside: &[("ip", INSIDE), ("option_title", "Initial Options")],
            outside: &[("ip", OUTSIDE), ("option_title", "Initial Options")],
            refusal: "1905 parameter ip has invalid value: ",
        },
        setup: None,
    },
    OperationTest {
        resource: "scan",
        action: "list",
        roles: [A, A, R, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: "SCAN_INSIDE", outside: "SCAN_OUTSIDE" },
        setup: Some(ended),
    },
    on_a_scan("pause", running),
    on_a_scan("resume", paused),
    OperationTest {
        resource: "scan/stats",
        action: "list",
        roles: [A, R, R, R, R, N, R],
        harmless: &[],
        reach: Reach::Everybody,
        setup: None,
    },
    OperationTest {
        resource: "scan/summary",
        action: "list",
        roles: [A, R, R, R, R, N, R],
        harmless: &[("scan_date_since", "2026-11-01")],
        reach: Reach::Everybody,
        setup: None,
    },
];
crate::v2::walk_tests!(TESTS);

async fn ask(server: &Server, action: &str, parameters: &[(&str, &str)]) -> Response {
    server.operation("manager", "scan", action, parameters).await
}

/// The state that the list tells of a scan.
async fn state_of(server: &Server, scan: &str) -> String {
    let list = ask(server, "list", &[("scan_ref", scan)]).await.text;
    let (_, rest) = list.split_once("<STATE>").unwrap_or_else(|| panic!("{list}"));
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn goldens_of_lists() {
    let server = Server::start().await;
    golden!("fo-scan-list-empty", ask(&server, "list", &[]).await);
    let group = [("action", "add"), ("title", "Web <servers>"), ("host_ips", "192.0.2.4,192.0.2.6")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    let launch = [
        ("asset_groups", "Web <servers>"),
        ("ip", "192.0.2.9"),
        ("exclude_ip_per_scan", "192.0.2.6"),
        ("option_title", "Initial Options"),
        ("scan_title", "Weekly <scan>"),
        ("priority", "1"),
    ];
    ask(&server, "launch", &launch).await.assert_success();
    server.scanner().finish_scan().await;
    server.clock.advance(60);
    server.launched_scan("scanner", "192.0.2.13").await;
    server.scanner().find_nothing().await;
    server.clock.advance(90);
    server.paused_scan("manager", "192.0.2.5").await;
    let all = [("show_ags", "1"), ("show_op", "1"), ("echo_request", "1")];
    golden!("fo-scan-list", ask(&server, "list", &all).await);
    let short = [("show_status", "0"), ("ignore_target", "1"), ("show_last", "1"), ("type", "API")];
    golden!("fo-scan-list-last", ask(&server, "list", &short).await);
    let stats = server.operation("manager", "scan/stats", "list", &[("echo_request", "1")]).await;
    golden!("fo-scan-stats-list", stats);
    golden!("fo-scan-stats-list-refused", server.operation("reader", "scan/stats", "list", &[]).await);
}

#[tokio::test]
async fn goldens_of_what_is_done_to_scans() {
    let server = Server::start().await;
    let launch = [("ip", "192.0.2.4"), ("option_id", "1"), ("iscanner_id", "0")];
    golden!("fo-scan-launch", ask(&server, "launch", &launch).await);
    golden!("fo-scan-launch-refused", ask(&server, "launch", &[("ip", "192.0.2.4")]).await);
    let lease = server.scanner().lease().await;
    let scan = lease.order.scan.to_string();
    let the_scan = [("scan_ref", scan.as_str())];
    golden!("fo-scan-resume-refused", ask(&server, "resume", &the_scan).await);
    golden!("fo-scan-pause", ask(&server, "pause", &the_scan).await);
    let scan = server.paused_scan("manager", "192.0.2.5").await;
    let the_scan = [("scan_ref", scan.as_str())];
    golden!("fo-scan-pause-refused", ask(&server, "pause", &the_scan).await);
    golden!("fo-scan-resume", ask(&server, "resume", &the_scan).await);
    golden!("fo-scan-delete-refused", ask(&server, "delete", &the_scan).await);
    golden!("fo-scan-cancel", ask(&server, "cancel", &the_scan).await);
    golden!("fo-scan-cancel-refused", ask(&server, "cancel", &the_scan).await);
    golden!("fo-scan-delete", ask(&server, "delete", &the_scan).await);
}

#[tokio::test]
async fn lists_show_what_is_asked_for() {
    let server = Server::start().await;
    let old = server.finished_scan("manager", "192.0.2.4").await;
    server.clock.advance(31 * 86_400);
    let new = server.launched_scan("scanner", "192.0.2.7-192.0.2.8").await;
    let listed = async |parameters: &[(&str, &str)]| {
        let text = ask(&server, "list", parameters).await.text;
        (text.contains(&old), text.contains(&new))
    };
    assert_eq!(listed(&[]).await, (false, true), "30 days");
    assert_eq!(listed(&[("launched_after_datetime", "2026-11-01")]).await, (true, true));
    assert_eq!(listed(&[("launched_before_datetime", "2026-11-30T00:00:00Z")]).await, (true, false));
    assert_eq!(listed(&[("scan_ref", &old)]).await, (true, false));
    assert_eq!(listed(&[("scan_id", "1")]).await, (true, false));
    let ever = ("launched_after_datetime", "2026-11-01");
    assert_eq!(listed(&[ever, ("state", "Queued,Paused")]).await, (false, true));
    assert_eq!(listed(&[ever, ("state", "Finished")]).await, (true, false));
    assert_eq!(listed(&[ever, ("state", "Loading")]).await, (false, false));
    assert_eq!(listed(&[ever, ("processed", "1")]).await, (true, false));
    assert_eq!(listed(&[ever, ("processed", "0")]).await, (false, true));
    assert_eq!(listed(&[ever, ("user_login", "scanner")]).await, (false, true));
    assert_eq!(listed(&[ever, ("target", "192.0.2.8-192.0.2.20")]).await, (false, true), "any of them");
    assert_eq!(listed(&[ever, ("type", "Scheduled")]).await, (false, false));
    assert_eq!(listed(&[ever, ("show_last", "1")]).await, (false, true));
    assert_eq!(listed(&[ever, ("show_last", "1"), ("state", "Finished")]).await, (true, false));
    assert_eq!(listed(&[ever, ("pci_only", "1")]).await, (false, false));
}

#[tokio::test]
async fn a_long_list_is_complete_and_in_order() {
    let server = Server::start().await;
    let mut launched = Vec::new();
    for round in 0..205 {
        let scan = server.launched_scan("manager", "192.0.2.4").await;
        ask(&server, "cancel", &[("scan_ref", &scan)]).await.assert_success();
        launched.push(scan);
        server.clock.advance(round % 2);
    }
    launched.reverse();
    let list = ask(&server, "list", &[]).await.text;
    let listed: Vec<&str> = list.split("<REF>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(listed, launched);
}

#[tokio::test]
async fn a_compressed_list_comes_to_its_end() {
    let server = Server::start().await;
    server.launched_scan("manager", "192.0.2.4-192.0.2.60").await;
    let request = Request::operation("scan", "list", &[]).login("manager", PASSWORD);
    let mut connection = Connection::open(server.address, request.header("Accept-Encoding", "gzip")).await;
    let answer = connection.read_until("\r\n0\r\n\r\n", 1).await;
    assert!(answer.contains("content-encoding: gzip"), "{answer}");
}

#[tokio::test]
async fn launches_pass_everything_on() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let launch = [
        ("fqdn", "HOST-4.scans.example"),
        ("ip", "192.0.2.8-192.0.2.9, 198.51.100.7"),
        ("exclude_ip_per_scan", "192.0.2.9"),
        ("option_title", "Initial Options"),
        ("runtime_http_header", "quays-7: nightly"),
        ("ip_network_id", "0"),
        ("default_scanner", "1"),
    ];
    ask(&server, "launch", &launch).await.assert_success();
    let lease = server.scanner().lease().await;
    assert_eq!(lease.order.targets.to_string(), "192.0.2.4,192.0.2.8", "what is foreign is left out");
    assert_eq!(lease.order.http_header.unwrap().as_str(), "quays-7: nightly");

    let refused = async |parameters: &[(&str, &str)]| {
        let all = [&[("option_title", "Initial Options")], parameters].concat();
        ask(&server, "launch", &all).await.refusal().unwrap()
    };
    let text = refused(&[("fqdn", "no-such-host.example")]).await;
    assert!(text.starts_with("1905 parameter fqdn has invalid value: no-such-host.example"), "{text}");
    let text = refused(&[("asset_group_ids", "4711")]).await;
    assert_eq!(text, "1905 parameter asset_group_ids has invalid value: 4711 (No such asset group)");
    let text = refused(&[("ip", "192.0.2.4"), ("iscanner_name", "External,Nowhere")]).await;
    assert!(text.ends_with("(No such scanner appliance)"), "{text}");
    let text = refused(&[("ip", "192.0.2.4"), ("target_from", "tags")]).await;
    assert!(text.starts_with("1905 parameter target_from has invalid value: tags"), "{text}");
    let text = refused(&[("ip", "192.0.2.4"), ("tag_set_include", "1")]).await;
    assert_eq!(text, "1901 Unrecognized parameter(s): tag_set_include");
    let unknown = ask(&server, "launch", &[("ip", "192.0.2.4"), ("option_title", "Nothing")]).await;
    let text = unknown.refusal().unwrap();
    assert_eq!(text, "1905 parameter option_title has invalid value: Nothing (No such option profile)");
}

#[tokio::test]
async fn a_paused_scan_goes_on_with_another_scanner_where_it_stopped() {
    let server = Server::start().await;
    let scan = server.launched_scan("manager", "192.0.2.4-192.0.2.6").await;
    assert_eq!(state_of(&server, &scan).await, "Queued");
    let first = ScriptedScanner::new(server.app.link("first"));
    let lease = first.lease().await;
    first.deliver(&lease, sample_result([192, 0, 2, 5].into())).await;
    assert_eq!(state_of(&server, &scan).await, "Running");
    let the_scan = [("scan_ref", scan.as_str())];
    ask(&server, "pause", &the_scan).await.assert_success();
    assert_eq!(state_of(&server, &scan).await, "Running", "its scanner has not stopped yet");
    let running = server.call("manager", "scan_running_list.php", &[]).await.text;
    assert!(running.contains("<KEY value=\"status\">PAUSING</KEY>"), "{running}");
    assert_eq!(first.renew(&lease, 10).await, Hold::Paused);
    first.complete(&lease).await;
    assert_eq!(state_of(&server, &scan).await, "Paused");
    let running = server.call("manager", "scan_running_list.php", &[]).await.text;
    assert!(running.contains("<KEY value=\"status\">PAUSED</KEY>"), "{running}");
    let reports = server.call("manager", "scan_report_list.php", &[]).await.text;
    assert!(!reports.contains(&scan), "{reports}");
    let unfinished = ask(&server, "fetch", &the_scan).await;
    assert_eq!(unfinished.status, 409, "{}", unfinished.text);

    server.clock.advance(600);
    ask(&server, "resume", &the_scan).await.assert_success();
    assert_eq!(state_of(&server, &scan).await, "Running");
    let running = server.call("manager", "scan_running_list.php", &[]).await.text;
    assert!(running.contains("<KEY value=\"status\">RUNNING</KEY>"), "{running}");
    let second = ScriptedScanner::new(server.app.link("second"));
    let lease = second.lease().await;
    assert_eq!(lease.delivered, [std::net::Ipv4Addr::new(192, 0, 2, 5)]);
    second.deliver(&lease, sample_result([192, 0, 2, 4].into())).await;
    second.deliver(&lease, silent([192, 0, 2, 6].into())).await;
    second.complete(&lease).await;
    let list = ask(&server, "list", &the_scan).await.text;
    assert!(
        list.contains("<STATE>Finished</STATE>") && list.contains("<DURATION>00:00:00</DURATION>"),
        "{list}"
    );
    let fetched = ask(&server, "fetch", &the_scan).await.text;
    assert!(fetched.contains("\"192.0.2.4\"") && fetched.contains("\"192.0.2.5\""), "{fetched}");
}

#[tokio::test]
async fn a_paused_scan_can_be_deleted() {
    let server = Server::start().await;
    let scan = server.paused_scan("manager", "192.0.2.4").await;
    ask(&server, "delete", &[("scan_ref", &scan)]).await.assert_success();
    let gone = ask(&server, "delete", &[("scan_ref", &scan)]).await.refusal().unwrap();
    assert_eq!(gone, format!("1905 parameter scan_ref has invalid value: {scan} (No such scan)"));
}

#[tokio::test]
async fn goldens_of_what_was_not_scanned() {
    let server = Server::start().await;
    let summary = async |parameters: &[(&str, &str)]| {
        let since = [("scan_date_since", "2026-11-22")];
        server.operation("manager", "scan/summary", "list", &[&since, parameters].concat()).await
    };
    golden!("fo-scan-summary-list-none", summary(&[]).await);
    let tracking = [("action", "edit"), ("host_ips", "192.0.2.13"), ("tracking_method", "dns")];
    server.call("manager", "asset_ip.php", &tracking).await.assert_success();
    let parameters = [
        ("ip", "192.0.2.4-192.0.2.14"),
        ("exclude_ip_per_scan", "192.0.2.6-192.0.2.8,192.0.2.14"),
        ("option_title", "Initial Options"),
    ];
    let scanning = server.scanner();
    let launched = server.operation("manager", "scan", "launch", &parameters).await;
    launched.assert_success();
    scanning.finish_scan().await;
    server.clock.advance(60);
    let canceled = server.launched_scan("manager", "192.0.2.20-192.0.2.21").await;
    server.operation("manager", "scan", "cancel", &[("scan_ref", &canceled)]).await.assert_success();
    let everything = [
        ("include_excluded", "1"),
        ("include_unresolved", "1"),
        ("include_cancelled", "1"),
        ("scan_date_to", "2026-11-22"),
        ("echo_request", "1"),
    ];
    golden!("fo-scan-summary-list", summary(&everything).await);
    golden!(
        "fo-scan-summary-list-csv",
        summary(&[&everything[..], &[("output_format", "CSV")]].concat()).await
    );
    golden!(
        "fo-scan-summary-list-json",
        summary(&[("output_format", "JSON"), ("tracking_method", "DNS")]).await
    );
    let dead = summary(&[("include_dead", "0")]).await.text;
    assert!(!dead.contains("SCAN_SUMMARY_LIST"), "{dead}");
    let wrong = summary(&[("scan_date_to", "2026-11-21")]).await;
    let text = "1905 parameter scan_date_to has invalid value: 2026-11-21 (it is before scan_date_since)";
    assert_eq!(wrong.refusal().as_deref(), Some(text));
    let future = [("scan_date_since", "2027-01-01")];
    let future = server.operation("manager", "scan/summary", "list", &future).await;
    let text = "1905 parameter scan_date_since has invalid value: 2027-01-01 (the day has not come yet)";
    assert_eq!(future.refusal().as_deref(), Some(text));
}
