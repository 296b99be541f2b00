//! `report/`: saved reports of every kind.

use std::pin::Pin;

use crate::permissions::{A, N, R};
use crate::support::http::{Request, Response};
use crate::support::{PASSWORD, Server};
use crate::v2::{OperationTest, Reach, golden};

/// A report of the caller's, or of the Manager's, and one of the Manager's.
type Made<'a> = Pin<Box<dyn Future<Output = Vec<(&'static str, String)>> + 'a>>;

fn reports<'a>(server: &'a Server, maker: &'a str) -> Made<'a> {
    Box::pin(async move {
        let inside = launch(server, maker, 2, "xml", &[]).await;
        let outside = launch(server, "manager", 2, "xml", &[]).await;
        server.make_reports().await;
        vec![("INSIDE", inside), ("OUTSIDE", outside)]
    })
}

fn waiting<'a>(server: &'a Server, maker: &'a str) -> Made<'a> {
    Box::pin(async move {
        let inside = launch(server, maker, 2, "xml", &[]).await;
        let outside = launch(server, "manager", 2, "xml", &[]).await;
        vec![("INSIDE", inside), ("OUTSIDE", outside)]
    })
}

/// Both exist, so that what is refused is out of scope.
const THOSE: Reach = Reach::Takes {
    inside: &[("id", "INSIDE")],
    outside: &[("id", "OUTSIDE")],
    refusal: "1905 parameter id has invalid value: ",
};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "report",
        action: "cancel",
        roles: [A, A, A, A, A, N, R],
        harmless: &[("id", "999")],
        reach: THOSE,
        setup: Some(waiting),
    },
    OperationTest {
        resource: "report",
        action: "delete",
        roles: [A, A, A, A, A, N, R],
        harmless: &[("id", "999")],
        reach: THOSE,
        setup: Some(reports),
    },
    OperationTest {
        resource: "report",
        action: "fetch",
        roles: [A, A, A, A, A, N, R],
        harmless: &[("id", "999")],
        reach: Reach::Takes {
            inside: &[("id", "INSIDE")],
            outside: &[("id", "OUTSIDE")],
            refusal: "7001 Report cannot be fetched.",
        },
        setup: Some(reports),
    },
    OperationTest {
        resource: "report",
        action: "launch",
        roles: [A, A, A, A, A, N, R],
        harmless: &[("template_id", "999"), ("output_format", "xml")],
        reach: Reach::Takes {
            inside: &[("template_id", "2"), ("output_format", "xml"), ("ips", "192.0.2.4")],
            outside: &[("template_id", "2"), ("output_format", "xml"), ("ips", "192.0.2.40")],
            // An Auditor may not even use the template.
            refusal: "1905 ",
        },
        setup: None,
    },
    OperationTest {
        resource: "report",
        action: "list",
        roles: [A, A, A, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: "<ID>INSIDE</ID>", outside: "<ID>OUTSIDE</ID>" },
        setup: Some(reports),
    },
];
crate::v2::walk_tests!(TESTS);

/// Asks for a report; gives its id.
pub(crate) async fn launch(
    server: &Server,
    login: &str,
    template: i64,
    format: &str,
    more: &[(&str, &str)],
) -> String {
    let template = template.to_string();
    let parameters = [&[("template_id", template.as_str()), ("output_format", format)], more].concat();
    let answer = server.operation(login, "report", "launch", &parameters).await;
    answer.assert_success().made_id().unwrap()
}

/// Asks for a report, has it made, and fetches it.
async fn report(server: &Server, template: i64, format: &str, more: &[(&str, &str)]) -> Response {
    let id = launch(server, "manager", template, format, more).await;
    made(server, &id).await
}

/// Has a report made, and fetches it.
pub(crate) async fn made(server: &Server, id: &str) -> Response {
    server.make_reports().await;
    let answer = server.operation("manager", "report", "fetch", &[("id", id)]).await;
    assert_eq!((answer.status, answer.refusal()), (200, None), "{}", answer.text);
    answer
}

/// Two hosts with findings and a ticket for each of them, one of which is fixed an hour later; a
/// silent and a clean host; an asset group of two of them.
pub(crate) async fn scanned() -> Server {
    let server = Server::start().await;
    let group = [
        ("action", "add"),
        ("title", "Web <1>"),
        ("host_ips", "192.0.2.4-192.0.2.6"),
        ("business_impact", "critical"),
        ("division", "Docks"),
    ];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    server.ticket_everything().await;
    server.finished_scan("manager", "192.0.2.4-192.0.2.5,192.0.2.13").await;
    let targets = [[192, 0, 2, 4], [192, 0, 2, 6]];
    server.finished_scan_of_changes(&targets, "A \"shell\" answers,\nreally.").await;
    server
}

async fn list(server: &Server, login: &str, parameters: &[(&str, &str)]) -> Response {
    server.operation(login, "report", "list", parameters).await
}

#[tokio::test]
async fn goldens() {
    let server = scanned().await;
    golden!("fo-report-list-none", list(&server, "reader", &[]).await);
    let parameters = [
        ("template_id", "2"),
        ("output_format", "xml"),
        ("report_title", "Büro <A> & more"),
        ("report_type", "Scan"),
        ("ips", "192.0.2.4-192.0.2.13"),
        ("echo_request", "1"),
    ];
    golden!("fo-report-launch", server.operation("manager", "report", "launch", &parameters).await);
    golden!(
        "fo-report-fetch-unfinished",
        server.operation("manager", "report", "fetch", &[("id", "1")]).await
    );
    server.make_reports().await;
    let fetched = server.operation("manager", "report", "fetch", &[("id", "1")]).await;
    assert_eq!(fetched.header("content-type"), Some("application/xml"));
    let name = "Scan_Report_B_ro__A____more_manager_20261122.xml";
    let disposition = format!("attachment; filename={name}");
    assert_eq!(fetched.header("content-disposition"), Some(disposition.as_str()));
    golden!("fo-report-fetch", fetched);
    let waiting = launch(&server, "reader", 4, "csv", &[("hide_header", "1")]).await;
    golden!("fo-report-list", list(&server, "manager", &[("echo_request", "1")]).await);
    golden!("fo-report-cancel", server.operation("manager", "report", "cancel", &[("id", &waiting)]).await);
    let ended = server.operation("manager", "report", "cancel", &[("id", &waiting)]).await;
    golden!("fo-report-cancel-ended", ended);
    golden!("fo-report-list-states", list(&server, "manager", &[("state", "Canceled")]).await);
    golden!("fo-report-delete", server.operation("manager", "report", "delete", &[("id", "1")]).await);
    golden!(
        "fo-report-delete-unknown",
        server.operation("manager", "report", "delete", &[("id", "1")]).await
    );
}

#[tokio::test]
async fn launches_that_are_refused() {
    let server = scanned().await;
    let refused = async |parameters: &[(&str, &str)]| {
        let answer = server.operation("manager", "report", "launch", parameters).await;
        answer.refusal().unwrap_or_else(|| panic!("{parameters:?}\n{}", answer.text))
    };
    let pdf = [("template_id", "2"), ("output_format", "pdf")];
    golden!("fo-report-launch-pdf", server.operation("manager", "report", "launch", &pdf).await);
    for (parameters, expected) in [
        (
            &[("template_id", "99"), ("output_format", "xml")][..],
            "1905 parameter template_id has invalid value: 99 (No such report template in the user account)",
        ),
        (
            &[("template_id", "2"), ("output_format", "xml"), ("report_type", "Map")],
            "1905 The report template Technical Report is of another kind than 'report_type'.",
        ),
        (
            &[("template_id", "2"), ("output_format", "xml"), ("report_refs", "scan/1400000000.10001")],
            "1907 Reports with the template Technical Report take no 'report_refs'.",
        ),
        (
            &[("template_id", "13"), ("output_format", "xml")],
            "1903 Missing required parameter(s): report_refs",
        ),
        (
            &[("template_id", "13"), ("output_format", "xml"), ("report_refs", "scan/1400000000.10001")],
            "1905 No such scan or report.",
        ),
        (
            &[("template_id", "13"), ("output_format", "xml"), ("report_refs", "nonsense")],
            "1905 parameter report_refs has invalid value: nonsense (expecting references of scans or maps)",
        ),
        (&[("template_id", "12"), ("output_format", "xml")], "1903 Missing required parameter(s): domain"),
        (
            &[("template_id", "9"), ("output_format", "xml")],
            "1905 Such a report is not made by this server: reports on tickets are made as csv.",
        ),
        (
            &[("template_id", "5"), ("output_format", "xml")],
            "1905 Such a report is not made by this server: reports with templates of TEMPLATE_TYPE Scan, Map, \
             Patch and Remediation are made.",
        ),
        (
            &[("template_id", "2"), ("output_format", "xml"), ("asset_group_ids", "77")],
            "1905 parameter asset_group_ids has invalid value: 77 (No such asset group in the user account)",
        ),
        (
            &[("template_id", "2"), ("output_format", "xml"), ("pdf_password", "secret12")],
            "1901 Unrecognized parameter(s): pdf_password",
        ),
    ] {
        assert_eq!(refused(parameters).await, expected, "{parameters:?}");
    }
}

#[tokio::test]
async fn so_many_reports_at_a_time() {
    let server = Server::start().await;
    for _ in 0..8 {
        launch(&server, "manager", 2, "xml", &[]).await;
    }
    let parameters = [("template_id", "2"), ("output_format", "xml")];
    let refused = server.operation("manager", "report", "launch", &parameters).await;
    assert_eq!(refused.status, 409);
    golden!("fo-report-launch-busy", refused);
    server.make_reports().await;
    launch(&server, "manager", 2, "xml", &[]).await;
}

#[tokio::test]
async fn reports_expire() {
    let server = Server::start().await;
    let id = launch(&server, "manager", 2, "xml", &[]).await;
    server.make_reports().await;
    let before = [("expires_before_datetime", "2026-11-29T08:00:00Z")];
    let after = [("expires_before_datetime", "2026-11-29T08:00:01Z")];
    assert!(!list(&server, "manager", &before).await.text.contains("REPORT_LIST>"));
    assert!(list(&server, "manager", &after).await.text.contains("REPORT_LIST>"));
    server.clock.advance(7 * 86_400);
    assert!(!list(&server, "manager", &[("id", &id)]).await.text.contains("REPORT_LIST>"));
    let gone = server.operation("manager", "report", "fetch", &[("id", &id)]).await;
    assert_eq!(gone.refusal().as_deref(), Some("7001 Report cannot be fetched."));
    // Whoever looks for work next deletes it.
    server.make_reports().await;
    let last = server.app.lease_report().await.unwrap();
    assert!(last.is_none());
}

#[tokio::test]
async fn lists_are_filtered() {
    let server = Server::start().await;
    launch(&server, "manager", 2, "xml", &[("report_title", "One")]).await;
    launch(&server, "reader", 2, "csv", &[("report_title", "Two")]).await;
    server.make_reports().await;
    launch(&server, "manager", 2, "xml", &[("report_title", "Three")]).await;
    for (parameters, expected) in [
        (&[("user_login", "reader")][..], &["Two"][..]),
        (&[("state", "Finished")], &["Two", "One"]),
        (&[("state", "Submitted"), ("user_login", "manager")], &["Three"]),
        (&[("id", "1")], &["One"]),
        (&[("id", "77")], &[]),
        (&[], &["Three", "Two", "One"]),
    ] {
        let listed = list(&server, "manager", parameters).await.text;
        let titles: Vec<&str> =
            listed.split("<TITLE><![CDATA[").skip(1).filter_map(|rest| rest.split("]]>").next()).collect();
        assert_eq!(titles, expected, "{parameters:?}");
    }
}

#[tokio::test]
async fn reports_on_hosts_as_csv() {
    let server = scanned().await;
    let ips = ("ips", "192.0.2.4-192.0.2.13");
    golden!("fo-report-fetch-hosts-csv", report(&server, 2, "csv", &[ips]).await);
    golden!("fo-report-fetch-hosts-csv-bare", report(&server, 4, "csv", &[ips, ("hide_header", "1")]).await);
    golden!("fo-report-fetch-executive-csv", report(&server, 1, "csv", &[("asset_group_ids", "1")]).await);
}

#[tokio::test]
async fn the_same_report_as_asset_data_report() {
    let server = scanned().await;
    let parameters = [("template_id", "4"), ("ips", "192.0.2.4-192.0.2.13")];
    let answered = server.call("manager", "asset_data_report.php", &parameters).await;
    let saved = report(&server, 4, "xml", &parameters[1..]).await;
    assert_eq!(saved.text, answered.text);
}

#[tokio::test]
async fn reports_on_scans() {
    let server = scanned().await;
    let listed = server.call("manager", "scan_report_list.php", &[]).await.text;
    let scans: Vec<&str> =
        listed.split("<SCAN_REPORT ref=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(scans.len(), 2);
    let both = scans.join(",");
    let first = ("report_refs", scans[1]);
    golden!("fo-report-fetch-scans", report(&server, 13, "xml", &[("report_refs", &both)]).await);
    golden!("fo-report-fetch-scan-csv", report(&server, 13, "csv", &[first]).await);
    let one = [first, ("ip_restriction", "192.0.2.5"), ("hide_header", "1")];
    let restricted = report(&server, 13, "csv", &one).await.text;
    assert!(restricted.contains("192.0.2.5") && !restricted.contains("192.0.2.4"), "{restricted}");
}

#[tokio::test]
async fn reports_on_patches() {
    let server = scanned().await;
    let group = ("asset_group_ids", "1");
    golden!("fo-report-fetch-patches", report(&server, 3, "xml", &[group, ("ips", "192.0.2.13")]).await);
    golden!("fo-report-fetch-patches-csv", report(&server, 3, "csv", &[group]).await);
}

#[tokio::test]
async fn reports_on_tickets() {
    let server = scanned().await;
    let all = [("assignee_type", "All")];
    golden!("fo-report-fetch-tickets-all", report(&server, 8, "csv", &all).await);
    golden!("fo-report-fetch-tickets-vulnerability", report(&server, 9, "csv", &all).await);
    golden!("fo-report-fetch-tickets-user", report(&server, 10, "csv", &all).await);
    golden!("fo-report-fetch-tickets-group", report(&server, 11, "csv", &all).await);
    let own = launch(&server, "reader", 9, "csv", &[("hide_header", "1")]).await;
    server.make_reports().await;
    let own = server.operation("reader", "report", "fetch", &[("id", &own)]).await;
    assert_eq!(own.text.lines().count(), 1, "nobody gave the Reader a ticket:\n{}", own.text);
}

#[tokio::test]
async fn reports_on_maps() {
    let server = Server::start().await;
    let domain = [("action", "add"), ("domain", "example.com"), ("netblock", "192.0.2.0-192.0.2.63")];
    let _ = server.call("manager", "asset_domain.php", &domain).await;
    let first = server.finished_map("manager", "example.com").await;
    server.clock.advance(60);
    let second = server.finished_map("manager", "example.com").await;
    let one = [("domain", "example.com"), ("report_refs", first.as_str())];
    golden!("fo-report-fetch-map", report(&server, 14, "xml", &one).await);
    golden!("fo-report-fetch-map-csv", report(&server, 14, "csv", &one).await);
    let both = format!("{first},{second}");
    let both = [
        ("domain", "example.com"),
        ("report_refs", both.as_str()),
        ("ip_restriction", "192.0.2.0-192.0.2.31"),
    ];
    golden!("fo-report-fetch-maps", report(&server, 14, "xml", &both).await);
    let unknown = report(&server, 12, "csv", &one).await.text;
    assert!(!unknown.contains("\"yes\",\"yes\",\"yes\""), "approved hosts are known:\n{unknown}");
}

#[tokio::test]
async fn a_report_holds_what_its_owner_reaches() {
    let server = scanned().await;
    server.finished_scan("manager", "192.0.2.40").await;
    let id = launch(&server, "reader", 2, "xml", &[]).await;
    server.make_reports().await;
    let own = server.operation("reader", "report", "fetch", &[("id", &id)]).await;
    assert!(own.text.contains("192.0.2.4<") && !own.text.contains("192.0.2.40<"), "{}", own.text);
}

#[tokio::test]
async fn whoever_sees_no_vulnerabilities_reads_no_report_of_others() {
    let server = scanned().await;
    let id = launch(&server, "manager", 2, "xml", &[]).await;
    server.make_reports().await;
    assert!(list(&server, "auditor", &[]).await.text.contains(&format!("<ID>{id}</ID>")));
    let refused = server.operation("auditor", "report", "fetch", &[("id", &id)]).await;
    assert_eq!(refused.refusal().as_deref(), Some("7001 Report cannot be fetched."));
}

#[tokio::test]
async fn a_report_that_cannot_be_made_says_why() {
    let server = scanned().await;
    let id = launch(&server, "manager", 2, "xml", &[("asset_group_ids", "1")]).await;
    server.call("manager", "asset_group_delete.php", &[("title", "Web <1>")]).await.assert_success();
    server.make_reports().await;
    golden!("fo-report-list-errors", list(&server, "manager", &[("id", &id)]).await);
}

#[tokio::test]
async fn a_canceled_report_is_not_finished_by_whoever_makes_it() {
    let server = scanned().await;
    let id = launch(&server, "manager", 2, "xml", &[]).await;
    let task = server.app.lease_report().await.unwrap().unwrap();
    let running = list(&server, "manager", &[("id", &id)]).await;
    golden!("fo-report-list-running", running);
    server.operation("manager", "report", "cancel", &[("id", &id)]).await.assert_success();
    let held = server.app.hold_report(&task, || 50, std::future::pending::<()>()).await.unwrap();
    assert_eq!(held, None);
    server.app.complete_report(&task, "report/1/x", 5).await.unwrap();
    let listed = list(&server, "manager", &[("id", &id)]).await.text;
    assert!(listed.contains("<STATE>Canceled</STATE>"), "{listed}");
}

#[tokio::test]
async fn reports_are_read_with_get_and_without_a_slash() {
    let server = Server::start().await;
    let id = launch(&server, "manager", 2, "csv", &[]).await;
    server.make_reports().await;
    let path = format!("/api/2.0/fo/report?action=fetch&id={id}");
    let request = Request::get(&path).header("X-Requested-With", "tests").login("manager", PASSWORD);
    let answer = server.send(request).await;
    assert_eq!(answer.header("content-type"), Some("text/csv"));
    assert!(
        answer.text.starts_with("\"Technical Report\",\"11/22/2026 at 08:00:00 (GMT)\"\n"),
        "{}",
        answer.text
    );
}
