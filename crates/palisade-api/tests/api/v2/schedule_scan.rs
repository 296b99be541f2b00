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
    OperationTest {
        resource: "schedule/scan",
        action: "update",
        roles: [A, A, R, A, R, N, R],
        harmless: &[("id", "4000"), ("active", "0")],
        reach: Reach::Takes {
            inside: &[("id", "MINE"), ("priority", "1")],
            outside: &[("id", "FOREIGN"), ("priority", "1")],
            refusal: "1905 parameter id has invalid value: ",
        },
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

async fn update(server: &Server, login: &str, parameters: &[(&str, &str)]) -> Response {
    server.operation(login, "schedule/scan", "update", parameters).await
}

#[tokio::test]
async fn goldens_of_changes() {
    let server = Server::start().await;
    server.app.add_distribution_group("Web team", &["web@scans.example".to_owned()]).await.unwrap();
    server.finished_scan("manager", "192.0.2.4").await;
    let everything = &[
        ("scan_title", "Nightly <web>"),
        ("ip", "192.0.2.7"),
        ("fqdn", "host-4.scans.example"),
        ("priority", "3"),
        ("end_after", "20"),
        ("end_after_mins", "30"),
        ("pause_after_hours", "6"),
        ("pause_after_mins", "15"),
        ("resume_in_days", "0"),
        ("resume_in_hours", "20"),
        ("before_notify", "1"),
        ("before_notify_unit", "hours"),
        ("before_notify_time", "12"),
        ("before_notify_message", "Tonight & tomorrow"),
        ("after_notify", "1"),
        ("after_notify_message", "Done"),
        ("recipient_group_ids", "1"),
    ];
    create(&server, "manager", everything).await.assert_success();
    golden!("fo-schedule-scan-list-full", list(&server, &[("show_notifications", "1")]).await);
    let change = [
        ("id", "1"),
        ("scan_title", "Weekly"),
        ("asset_groups", "All"),
        ("occurrence", "weekly"),
        ("frequency_weeks", "2"),
        ("weekdays", "monday"),
        ("set_start_time", "1"),
        ("start_date", "12/24/2026"),
        ("start_hour", "3"),
        ("start_minute", "45"),
        ("time_zone_code", "FR"),
        ("observe_dst", "yes"),
        ("recurrence", "9"),
        ("pause_after_hours", "1"),
        ("resume_in_days", "Manually"),
        ("end_after", "0"),
        ("before_notify", "0"),
    ];
    golden!("fo-schedule-scan-update", update(&server, "manager", &change).await);
    golden!("fo-schedule-scan-list-changed", list(&server, &[("show_notifications", "1")]).await);
    let off = [("id", "1"), ("active", "0"), ("pause_after_hours", "0"), ("after_notify", "0")];
    update(&server, "manager", &off).await.assert_success();
    golden!("fo-schedule-scan-list-off", list(&server, &[("show_notifications", "1")]).await);
    golden!("fo-schedule-scan-update-refused", update(&server, "scanner", &change).await);
}

#[tokio::test]
async fn changes_that_are_refused() {
    let server = Server::start().await;
    create(&server, "manager", &[("scan_title", "Nightly"), ("ip", "192.0.2.7")]).await.assert_success();
    let before = list(&server, &[("show_notifications", "1")]).await.text;
    for (change, expected) in [
        (
            &[("pause_after_hours", "1"), ("resume_in_days", "0"), ("resume_in_hours", "1")][..],
            "1905 parameter resume_in_days has invalid value: 0 (a scan that pauses 60 minutes after its start \
             goes on 2 hours after it at the earliest)",
        ),
        (
            &[("before_notify", "1"), ("before_notify_unit", "minutes"), ("before_notify_time", "4")],
            "1905 parameter before_notify_time has invalid value: 4 (minutes before a start are 5 to 120)",
        ),
        (
            &[("after_notify", "1"), ("after_notify_message", "<b>Done</b>")],
            "1905 parameter after_notify_message has invalid value: &lt;b&gt;Done&lt;/b&gt; (HTML is not taken)",
        ),
        (
            &[("recipient_group_ids", "1")],
            "1907 The following combination of key=value pairs is not supported: recipient_group_ids without \
             before_notify=1 or after_notify=1",
        ),
        (
            &[("after_notify", "1"), ("recipient_group_ids", "9")],
            "1905 parameter recipient_group_ids has invalid value: 9 (No such distribution group)",
        ),
        (&[("ip", "198.51.100.1")], "1905 parameter ip has invalid value: 198.51.100.1 (IP(s) do not exist)"),
        (
            &[("option_title", "None")],
            "1905 parameter option_title has invalid value: None (No such option profile)",
        ),
        (&[("occurrence", "weekly")], "1903 Missing required parameter(s): frequency_weeks"),
        (
            &[("start_hour", "3")],
            "1907 The following combination of key=value pairs is not supported: start_hour=3",
        ),
        (
            &[("set_start_time", "1"), ("start_date", "12/24/2026")],
            "1903 Missing required parameter(s): start_hour",
        ),
    ] {
        let refused = update(&server, "manager", &[&[("id", "1")], change].concat()).await;
        assert_eq!(refused.refusal().as_deref(), Some(expected), "{change:?}");
    }
    assert_eq!(list(&server, &[("show_notifications", "1")]).await.text, before);
}
