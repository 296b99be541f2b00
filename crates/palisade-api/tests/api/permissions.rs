//! The permission matrix: every role with every call, against a table written by hand.

use palisade_api::registry;
use palisade_model::Role;

use crate::support::Server;
use crate::support::http::{Request, Response};

/// What a role meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The call goes through, or fails for a reason that has nothing to do with the role.
    Allowed,
    /// Number 2012.
    Refused,
    /// Not even a login: status 403.
    NoAccess,
}

use Expected::{Allowed as A, NoAccess as N, Refused as R};

/// In the order of [`Role::ALL`]: Manager, Unit Manager, Auditor, Scanner, Reader, Contact. What an
/// Administrator meets is in [`ADMINISTRATION`].
const MATRIX: &[(&str, [Expected; 6])] = &[
    ("about.php", [A, A, A, A, A, N]),
    ("acceptEULA.php", [A, A, A, A, A, N]),
    ("action_log_report.php", [A, A, A, A, A, N]),
    ("asset_data_report.php", [A, A, R, A, A, N]),
    ("asset_domain.php", [A, R, R, R, R, N]),
    ("asset_domain_list.php", [A, A, R, A, A, N]),
    ("asset_group.php", [A, A, R, A, R, N]),
    ("asset_group_delete.php", [A, A, R, A, R, N]),
    ("asset_group_list.php", [A, A, A, A, A, N]),
    ("asset_ip.php", [A, A, R, R, R, N]),
    ("asset_ip_list.php", [A, A, A, A, A, N]),
    ("asset_range_info.php", [A, A, R, A, A, N]),
    ("asset_search.php", [A, A, R, A, A, N]),
    ("domain_list.php", [A, A, R, A, A, N]),
    ("get_host_info.php", [A, A, R, A, A, N]),
    ("get_tickets.php", [A, A, R, A, A, N]),
    ("group_list.php", [A, A, A, A, A, N]),
    ("ignore_vuln.php", [A, A, R, R, R, N]),
    ("ip_list.php", [A, A, A, A, A, N]),
    ("iscanner_list.php", [A, A, R, A, R, N]),
    ("knowledgebase_download.php", [A, A, R, A, A, N]),
    ("password_change.php", [A, A, R, R, R, N]),
    ("report_template_list.php", [A, A, A, A, A, N]),
    ("scan.php", [A, A, R, A, R, N]),
    ("scan_cancel.php", [A, A, R, A, R, N]),
    ("scan_options.php", [A, A, A, A, A, N]),
    ("scan_report.php", [A, A, R, A, A, N]),
    ("scan_report_delete.php", [A, A, R, A, R, N]),
    ("scan_report_list.php", [A, A, R, A, A, N]),
    ("scan_reports_list.php", [A, A, R, A, A, N]),
    ("scan_running_list.php", [A, A, R, A, A, N]),
    ("scan_target_history.php", [A, A, R, A, A, N]),
    ("scheduled_scans.php", [A, A, R, A, A, N]),
    ("ticket_delete.php", [A, R, R, R, R, N]),
    ("ticket_edit.php", [A, A, R, R, R, N]),
    ("ticket_list.php", [A, A, R, A, A, N]),
    ("ticket_list_deleted.php", [A, R, R, R, R, N]),
    ("time_zone_code_list.php", [A, A, A, A, A, N]),
    ("user.php", [A, A, R, R, R, N]),
    ("user_list.php", [A, A, R, R, R, N]),
];

/// What an Administrator may call: users, asset groups, and what is everybody's. All else is refused.
const ADMINISTRATION: &[&str] = &[
    "about.php",
    "acceptEULA.php",
    "action_log_report.php",
    "asset_group.php",
    "asset_group_delete.php",
    "asset_group_list.php",
    "group_list.php",
    "password_change.php",
    "time_zone_code_list.php",
    "user.php",
    "user_list.php",
];

/// Parameters that are well-formed, and that change nothing where they get through.
fn harmless(script: &str) -> &'static [(&'static str, &'static str)] {
    match script {
        "action_log_report.php" => &[("date_from", "2026-11-22")],
        "asset_domain.php" => &[("action", "edit"), ("domain", "no-such.example")],
        "asset_group.php" => &[("action", "edit"), ("title", "No such group")],
        "asset_group_delete.php" => &[("title", "No such group")],
        "asset_ip.php" => &[("action", "edit"), ("host_ips", "203.0.113.1")],
        "asset_data_report.php" => &[("template_id", "2"), ("ips", "192.0.2.4")],
        "asset_range_info.php" | "asset_search.php" => &[("target_ips", "192.0.2.4")],
        "get_host_info.php" => &[("host_ip", "192.0.2.4"), ("general_info", "1")],
        "get_tickets.php" | "ticket_delete.php" | "ticket_list.php" | "ticket_list_deleted.php" => {
            &[("ticket_numbers", "4000")]
        }
        "ignore_vuln.php" => &[("qids", "900001"), ("ips", "192.0.2.4"), ("comments", "x")],
        "ticket_edit.php" => &[("ticket_numbers", "4000"), ("add_comment", "x")],
        "password_change.php" => &[("user_logins", "nobody"), ("email", "0")],
        "user.php" => &[("action", "edit"), ("login", "nobody")],
        "scan.php" => &[("ip", "203.0.113.1")],
        "scan_cancel.php" | "scan_report.php" | "scan_report_delete.php" => {
            &[("ref", "scan/1400000000.10001")]
        }
        "scan_target_history.php" => {
            &[("date_from", "2026-11-22"), ("ips", "192.0.2.1"), ("ip_targeted_list", "1")]
        }
        _ => &[],
    }
}

fn met(response: &Response) -> Expected {
    let refused = response.refusal().is_some_and(|text| text.starts_with("2012 "));
    match (response.status, refused) {
        (403, _) => Expected::NoAccess,
        (_, true) => Expected::Refused,
        (_, false) => Expected::Allowed,
    }
}

#[test]
fn the_matrix_has_a_row_for_every_call() {
    let listed: Vec<&str> = MATRIX.iter().map(|(script, _)| *script).collect();
    let registered: Vec<&str> = registry::CALLS.iter().map(|row| row.call.script).collect();
    assert_eq!(listed, registered);
}

#[tokio::test]
async fn roles_meet_what_the_table_says() {
    let server = Server::start().await;
    let mut wrong = Vec::new();
    for (script, expected) in MATRIX {
        let administrator = if ADMINISTRATION.contains(script) { A } else { R };
        let expected = expected.iter().copied().chain([administrator]);
        for (role, expected) in Role::ALL.into_iter().zip(expected) {
            let response = server.call(role.as_str(), script, harmless(script)).await;
            if met(&response) != expected {
                wrong.push(format!(
                    "{script} as {role}: {expected:?} expected, met {:?}\n{}",
                    met(&response),
                    response.text
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_refused_role_does_not_learn_the_parameters_and_is_logged() {
    let server = Server::start().await;
    let response = server.call("reader", "scan.php", &[("what", "1")]).await;
    assert_eq!(response.refusal().as_deref(), Some("2012 The user's role does not permit this call."));
    let entry = server.last_activity().await;
    assert_eq!(
        (entry.login.as_deref(), entry.action.as_str(), entry.refused),
        (Some("reader"), "scan.php", true)
    );
}

#[tokio::test]
async fn a_unit_manager_edits_but_does_not_add() {
    let server = Server::start().await;
    let add = [("action", "add"), ("host_ips", "198.51.100.1")];
    let refused = server.call("unit_manager", "asset_ip.php", &add).await;
    assert_eq!(met(&refused), Expected::Refused);
    let edit = [("action", "edit"), ("host_ips", "192.0.2.1"), ("comment", "x")];
    server.call("unit_manager", "asset_ip.php", &edit).await.assert_success();
}

#[tokio::test]
async fn scope_hides_what_is_not_assigned() {
    let server = Server::start().await;
    let outside = server.finished_scan("manager", "192.0.2.40").await;
    let inside = server.finished_scan("manager", "192.0.2.4").await;
    let list = server.call("reader", "scan_report_list.php", &[]).await;
    assert!(list.text.contains(&inside) && !list.text.contains(&outside), "{}", list.text);
    server.call("reader", "scan_report.php", &[("ref", &inside)]).await.assert_success();
    let hidden = server.call("reader", "scan_report.php", &[("ref", &outside)]).await;
    assert!(hidden.refusal().is_some_and(|text| text.starts_with("3502 ")), "{}", hidden.text);
    let hosts = server.call("scanner", "asset_ip_list.php", &[]).await;
    assert!(hosts.text.contains("192.0.2.31") && !hosts.text.contains("192.0.2.63"), "{}", hosts.text);
    let scan = server.call("scanner", "scan.php", &[("ip", "192.0.2.40")]).await;
    assert!(scan.refusal().is_some_and(|text| text.starts_with("3501 ")), "{}", scan.text);
}

#[tokio::test]
async fn reports_leave_out_what_is_not_assigned() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4,192.0.2.40").await;
    let both = [("target_ips", "192.0.2.4,192.0.2.40")];
    let range = server.call("reader", "asset_range_info.php", &both).await;
    assert!(
        range.text.contains("<IP>192.0.2.4</IP>") && !range.text.contains("<IP>192.0.2.40<"),
        "{}",
        range.text
    );
    let all = [("template_id", "2"), ("asset_groups", "All")];
    let report = server.call("scanner", "asset_data_report.php", &all).await;
    assert!(report.text.contains("<IP>192.0.2.4</IP>"), "{}", report.text);
    assert!(!report.text.contains("<IP>192.0.2.40<") && report.text.contains("<END>192.0.2.31</END>"));
    let whole = server.call("manager", "asset_data_report.php", &all).await;
    assert!(whole.text.contains("<IP>192.0.2.40</IP>"), "{}", whole.text);
    for script in ["asset_data_report.php", "asset_range_info.php"] {
        let outside = [("template_id", "2"), ("ips", "192.0.2.40")];
        let outside = if script == "asset_range_info.php" { &both[..1] } else { &outside[..] };
        let outside: Vec<_> =
            outside.iter().map(|(name, value)| (*name, value.replace("192.0.2.4,", ""))).collect();
        let outside: Vec<_> = outside.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refusal = server.call("reader", script, &outside).await.refusal().unwrap_or_default();
        assert!(refusal.starts_with("5803 "), "{script}: {refusal}");
    }
}

#[tokio::test]
async fn templates_are_for_their_owners_and_for_everybody() {
    let server = Server::start().await;
    let own = |title: &str| palisade_app::ChooseTemplate { title: title.to_owned(), ..Default::default() };
    let reader = "reader".parse().unwrap();
    let id = server.app.add_report_template(own("Of the Reader"), Some(&reader)).await.unwrap().to_string();
    for (login, sees) in [("manager", true), ("unit_manager", false), ("scanner", false), ("reader", true)] {
        let list = server.call(login, "report_template_list.php", &[]).await;
        assert_eq!(list.text.contains("Of the Reader"), sees, "{login}");
        assert!(list.text.contains("Technical Report"), "{login}");
        let report = [("template_id", id.as_str()), ("ips", "192.0.2.4")];
        let refusal =
            server.call(login, "asset_data_report.php", &report).await.refusal().unwrap_or_default();
        assert_eq!(refusal.starts_with("5801 "), !sees, "{login}: {refusal}");
    }
    let list = server.call("auditor", "report_template_list.php", &[]).await;
    assert!(
        list.text.contains("Top 20 Report") && !list.text.contains("Technical Report</"),
        "{}",
        list.text
    );
}

#[tokio::test]
async fn domains_are_seen_through_asset_groups() {
    let server = Server::start().await;
    for domain in ["one.example", "two.example"] {
        let add = [("action", "add"), ("domain", domain)];
        server.call("manager", "asset_domain.php", &add).await.assert_success();
    }
    let rest = [("domains", "one.example"), ("user_logins", "reader")];
    group(&server, "manager", "add", &rest).await.assert_success();
    for script in ["asset_domain_list.php", "domain_list.php"] {
        let reader = server.call("reader", script, &[]).await;
        assert!(
            reader.text.contains("one.example") && !reader.text.contains("two.example"),
            "{}",
            reader.text
        );
        let scanner = server.call("scanner", script, &[]).await;
        assert!(!scanner.text.contains("one.example"), "{}", scanner.text);
    }
    let add = [("action", "add"), ("title", "Own"), ("domains", "one.example")];
    let refused = server.call("scanner", "asset_group.php", &add).await.refusal();
    assert!(refused.is_some_and(|text| text.starts_with("5602 Invalid value for 'domains' : one.example.")));
}

/// Makes a group as `login`, or changes it.
async fn group(server: &Server, login: &str, action: &str, rest: &[(&str, &str)]) -> Response {
    let parameters = [&[("action", action), ("title", "Servers")], rest].concat();
    server.call(login, "asset_group.php", &parameters).await
}

#[tokio::test]
async fn asset_groups_give_reach_and_take_it() {
    let server = Server::start().await;
    let outside = ("host_ips", "192.0.2.40-192.0.2.41");
    group(&server, "manager", "add", &[outside]).await.assert_success();
    let hidden = server.call("scanner", "scan.php", &[("asset_groups", "Servers")]).await;
    assert!(hidden.refusal().is_some_and(|text| text.starts_with("5009 ")), "{}", hidden.text);
    group(&server, "manager", "edit", &[("user_logins", "scanner")]).await.assert_success();
    let hosts = server.call("scanner", "asset_ip_list.php", &[]).await;
    assert!(hosts.text.contains("192.0.2.31") && hosts.text.contains("192.0.2.41"), "{}", hosts.text);
    // The Reader, to whom the group is not assigned, still does not see it.
    let others = server.call("reader", "asset_ip_list.php", &[]).await;
    assert!(!others.text.contains("192.0.2.41"), "{}", others.text);

    // Queued before the group is taken away, handed out after.
    let scanner = server.scanner();
    let parameters = [("ip", "192.0.2.4"), ("asset_groups", "Servers"), ("save_report", "yes")];
    let taking = async {
        while server.app.list_running(&server.actor("manager").await).await.unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        group(&server, "manager", "edit", &[("user_logins", "")]).await.assert_success();
        let lease = scanner.lease().await;
        assert_eq!(lease.order.targets.to_string(), "192.0.2.4", "what was taken away is not scanned");
        scanner.deliver(&lease, crate::support::scanner::sample_result([192, 0, 2, 4].into())).await;
        scanner.complete(&lease).await;
    };
    let (response, ()) = tokio::join!(server.call("scanner", "scan.php", &parameters), taking);
    assert!(response.text.contains("<KEY value=\"NBHOST_TOTAL\">1</KEY>"), "{}", response.text);
    let refused = server.call("scanner", "scan.php", &[("ip", "192.0.2.40")]).await;
    assert!(refused.refusal().is_some_and(|text| text.starts_with("3501 ")), "{}", refused.text);
}

#[tokio::test]
async fn asset_groups_are_changed_by_their_owners_and_managers() {
    let server = Server::start().await;
    let refused = |response: &Response, number: &str| {
        assert!(response.refusal().is_some_and(|text| text.starts_with(number)), "{}", response.text);
    };
    refused(&group(&server, "scanner", "add", &[("host_ips", "192.0.2.40")]).await, "5101 ");
    group(&server, "scanner", "add", &[("host_ips", "192.0.2.4")]).await.assert_success();
    refused(&group(&server, "scanner", "edit", &[("add_host_ips", "192.0.2.40")]).await, "5101 ");
    refused(&group(&server, "scanner", "edit", &[("user_logins", "scanner")]).await, "2012 ");
    refused(&group(&server, "unit_manager", "edit", &[("comments", "x")]).await, "5009 ");
    group(&server, "manager", "edit", &[("add_host_ips", "192.0.2.40")]).await.assert_success();
    let scan = server.call("scanner", "scan.php", &[("asset_groups", "Servers")]).await;
    refused(&scan, "3501 ");
    let deleted = server.call("unit_manager", "asset_group_delete.php", &[("title", "Servers")]).await;
    refused(&deleted, "5009 ");
    server.call("scanner", "asset_group_delete.php", &[("title", "Servers")]).await.assert_success();
}

#[tokio::test]
async fn tasks_are_seen_and_changed_as_far_as_the_role_reaches() {
    let server = Server::start().await;
    let add = async |login: &str, target: &str| {
        let parameters = [
            ("add_task", "yes"),
            ("scan_title", login),
            ("active", "yes"),
            ("scan_target", target),
            ("occurrence", "daily"),
            ("frequency_days", "1"),
            ("time_zone", "0"),
            ("start_hour", "2"),
        ];
        server.call(login, "scheduled_scans.php", &parameters).await
    };
    let refused = |response: &Response, number: &str| {
        assert!(response.refusal().is_some_and(|text| text.starts_with(number)), "{}", response.text);
    };
    // In the order of their ids; the first is out of everybody else's reach.
    for (login, target) in [
        ("manager", "192.0.2.40"),
        ("manager", "192.0.2.4"),
        ("unit_manager", "192.0.2.4"),
        ("scanner", "192.0.2.4"),
    ] {
        add(login, target).await.assert_success();
    }
    refused(&add("reader", "192.0.2.4").await, "2012 ");
    refused(&add("auditor", "192.0.2.4").await, "2012 ");
    refused(&add("scanner", "192.0.2.40").await, "3501 ");
    refused(&add("unit_manager", "192.0.2.40").await, "3501 ");

    let seen = async |login: &str| {
        let list = server.call(login, "scheduled_scans.php", &[]).await;
        let ids = list.text.split(" ref=\"").skip(1).filter_map(|rest| rest.split('"').next());
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(seen("manager").await, ["1", "2", "3", "4"]);
    assert_eq!(seen("unit_manager").await, ["2", "3", "4"]);
    assert_eq!(seen("scanner").await, ["4"]);
    assert_eq!(seen("reader").await, ["2", "3", "4"]);

    let change = async |login: &str, action: &str, id: &str| {
        let mut parameters = vec![(action, "yes"), ("task_id", id)];
        parameters.extend((action == "save_task").then_some(("active", "no")));
        server.call(login, "scheduled_scans.php", &parameters).await
    };
    for action in ["save_task", "drop_task"] {
        refused(&change("reader", action, "2").await, "2012 ");
        refused(&change("scanner", action, "2").await, "5501 ");
        refused(&change("unit_manager", action, "1").await, "5501 ");
        change("scanner", action, "4").await.assert_success();
        change("unit_manager", action, "2").await.assert_success();
        change("manager", action, "3").await.assert_success();
    }
    assert_eq!(seen("manager").await, ["1"]);
}

#[tokio::test]
async fn without_a_login_every_call_is_challenged() {
    let server = Server::start().await;
    for row in registry::CALLS {
        let response = server.send(Request::get(&format!("/msp/{}", row.call.script))).await;
        assert_eq!((response.status, response.text.as_str()), (401, "ACCESS DENIED"), "{}", row.call.script);
    }
}
