//! `schedule/scan/`.

use crate::business_unit::{INSIDE, OUTSIDE};
use crate::permissions::{A, N, R};
use crate::support::http::{Request, Response, form};
use crate::support::{PASSWORD, Server};
use crate::v2::{OperationTest, Parameters, Reach, golden};

/// A scheduled scan of the maker's as MINE, and the Manager's of what is out of reach as FOREIGN.
const SETUP: crate::v2::Setup = |server, maker| {
    Box::pin(async move {
        let mine = create(server, maker, &[("ip", INSIDE), ("scan_title", "Inside")]).await;
        let foreign = create(server, "manager", &[("ip", OUTSIDE), ("scan_title", "Outside")]).await;
        vec![("MINE", mine.made_id().unwrap()), ("FOREIGN", foreign.made_id().unwrap())]
    })
};

const DAILY: Parameters = &[
    ("active", "1"),
    ("option_title", "Initial Options"),
    ("occurrence", "daily"),
    ("frequency_days", "1"),
    ("time_zone_code", "US-CA"),
    ("observe_dst", "yes"),
    ("start_hour", "2"),
    ("start_minute", "0"),
];

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "schedule/scan",
        action: "create",
        roles: [A, A, R, A, R, N, R],
        harmless: &[
            ("scan_title", "Nowhere"),
            ("ip", "198.51.100.1"),
            ("active", "1"),
            ("option_title", "Initial Options"),
            ("occurrence", "daily"),
            ("frequency_days", "1"),
            ("time_zone_code", "US-CA"),
            ("start_hour", "2"),
            ("start_minute", "0"),
        ],
        reach: Reach::Takes {
            inside: &[
                ("scan_title", "In"),
                ("ip", INSIDE),
                ("active", "1"),
                ("option_title", "Initial Options"),
                ("occurrence", "daily"),
                ("frequency_days", "1"),
                ("time_zone_code", "US-CA"),
                ("start_hour", "2"),
                ("start_minute", "0"),
            ],
            outside: &[
                ("scan_title", "Out"),
                ("ip", OUTSIDE),
                ("active", "1"),
                ("option_title", "Initial Options"),
                ("occurrence", "daily"),
                ("frequency_days", "1"),
                ("time_zone_code", "US-CA"),
                ("start_hour", "2"),
                ("start_minute", "0"),
            ],
            refusal: "1905 parameter ip has invalid value: ",
        },
        setup: None,
    },
    OperationTest {
        resource: "schedule/scan",
        action: "delete",
        roles: [A, A, R, A, R, N, R],
        harmless: &[("id", "4000")],
        reach: Reach::Takes { inside: &[("id", "MINE")], outside: &[("id", "FOREIGN")], refusal: "1905 " },
        setup: Some(SETUP),
    },
    OperationTest {
        resource: "schedule/scan",
        action: "list",
        roles: [A, A, R, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: "<ID>MINE</ID>", outside: "<ID>FOREIGN</ID>" },
        setup: Some(SETUP),
    },
];
crate::v2::walk_tests!(TESTS);

async fn create(server: &Server, login: &str, more: Parameters) -> Response {
    server.operation(login, "schedule/scan", "create", &[DAILY, more].concat()).await
}

/// The list takes GET alone.
fn list_request(parameters: &[(&str, &str)]) -> Request {
    let all = [&[("action", "list")], parameters].concat();
    let request = Request::get(&format!("/api/2.0/fo/schedule/scan/?{}", form(&all)));
    request.header("X-Requested-With", "tests").login("manager", PASSWORD)
}

async fn list(server: &Server, parameters: &[(&str, &str)]) -> Response {
    server.send(list_request(parameters)).await
}

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    golden!("fo-schedule-scan-list-empty", list(&server, &[]).await);
    let group = [("action", "add"), ("title", "Web <servers>"), ("host_ips", "192.0.2.4,192.0.2.6")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    let weekly = [
        ("scan_title", "Weekly <scan>"),
        ("active", "0"),
        ("asset_groups", "Web <servers>"),
        ("exclude_ip_per_scan", "192.0.2.6"),
        ("option_id", "1"),
        ("scanners_in_ag", "1"),
        ("occurrence", "weekly"),
        ("frequency_weeks", "2"),
        ("weekdays", "sunday,tuesday"),
        ("time_zone_code", "FR"),
        ("start_date", "11/24/2026"),
        ("start_hour", "2"),
        ("start_minute", "30"),
        ("recurrence", "5"),
        ("end_after", "8"),
    ];
    let created = server.operation("manager", "schedule/scan", "create", &weekly).await;
    golden!("fo-schedule-scan-create", created);
    let daily = &[("scan_title", "Daily"), ("ip", "192.0.2.7, 192.0.2.9-192.0.2.10")];
    create(&server, "scanner", daily).await.assert_success();
    let monthly = [
        ("scan_title", "Monthly"),
        ("active", "1"),
        ("ip", "192.0.2.7"),
        ("option_title", "Initial Options"),
        ("occurrence", "monthly"),
        ("frequency_months", "1"),
        ("day_of_week", "2"),
        ("week_of_month", "last"),
        ("time_zone_code", "IN"),
        ("start_hour", "23"),
        ("start_minute", "5"),
    ];
    server.operation("manager", "schedule/scan", "create", &monthly).await.assert_success();
    golden!("fo-schedule-scan-create-refused", create(&server, "manager", &[("scan_title", "X")]).await);
    let echoed =
        list_request(&[]).header("Content-Type", "application/x-www-form-urlencoded").body("echo_request=1");
    golden!("fo-schedule-scan-list", server.send(echoed).await);
    let one = list(&server, &[("active", "1"), ("id", "2")]).await.text;
    assert!(one.contains("<ID>2</ID>") && !one.contains("<ID>1</ID>"), "{one}");
    let the_first = [("id", "1")];
    let deleted = server.operation("manager", "schedule/scan", "delete", &the_first).await;
    golden!("fo-schedule-scan-delete", deleted);
    let gone = server.operation("manager", "schedule/scan", "delete", &the_first).await;
    golden!("fo-schedule-scan-delete-refused", gone);
    let posted = server.operation("manager", "schedule/scan", "list", &[]).await;
    let text = "1908 Request method POST is incompatible with specified parameter(s): action=list";
    assert_eq!(posted.refusal().as_deref(), Some(text));
}
