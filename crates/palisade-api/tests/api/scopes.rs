//! How far each call reaches: every call with every role that may call it, once within the role's
//! scope and once out of it. A Unit Manager, a Scanner and a Reader of a business unit are tried,
//! and an Auditor, who is out of everything as long as no host is in policy compliance.

use std::time::Duration;

use palisade_api::registry;
use palisade_app::ChooseTemplate;
use palisade_model::Role;
use palisade_model::report_template::HostTemplate;

use crate::business_unit::{INSIDE, OUTSIDE, harbour};
use crate::permissions::{Expected, MATRIX};
use crate::support::http::{self, Request, Response};
use crate::support::{PASSWORD, Server};

type Parameters = &'static [(&'static str, &'static str)];

/// What shows the scope of a call. `SCAN` and `GROUP` stand for a scan and a group of the caller's
/// own, or of the Manager's where the role makes none; `FOREIGN` for a scan out of scope; `MAP_INSIDE`
/// and `MAP_OUTSIDE` for the Manager's maps within the scope and out of it.
#[derive(Debug, Clone, Copy)]
enum Reach {
    /// Nothing in the answer belongs to anybody.
    Everybody,
    /// The answer has the one text and not the other. `CALLER` stands for the caller's login.
    Shows { parameters: Parameters, inside: &'static str, outside: &'static str },
    /// The one request is not refused for its object, the other is, with this number.
    Takes { inside: Parameters, outside: Parameters, number: &'static str },
}

use Reach::{Everybody, Shows, Takes};

const SCAN: Reach = Takes { inside: &[("ref", "SCAN")], outside: &[("ref", "FOREIGN")], number: "3502 " };
const MAP: Reach = Takes {
    inside: &[("domain", "quay.example"), ("save_report", "yes")],
    outside: &[("domain", "hills.example"), ("save_report", "yes")],
    number: "5602 ",
};
const REPORTS: Reach = Shows { parameters: &[], inside: "\"SCAN\"", outside: "\"FOREIGN\"" };
const HOSTS: Reach = Shows { parameters: &[], inside: "192.0.2.31", outside: "192.0.2.63" };
const DOMAINS: Reach = Shows { parameters: &[], inside: "quay.example", outside: "hills.example" };
const GROUPS: Reach = Shows { parameters: &[], inside: "[Quay]", outside: "[Hills]" };

/// By name, written by hand like the matrix of roles.
const REACHES: &[(&str, Reach)] = &[
    ("about.php", Everybody),
    ("acceptEULA.php", Everybody),
    (
        "action_log_report.php",
        Shows {
            parameters: &[("date_from", "2026-11-22")],
            inside: "<USER_LOGIN>CALLER<",
            outside: "<USER_LOGIN>reader<",
        },
    ),
    (
        "asset_data_report.php",
        Shows {
            parameters: &[("template_id", "2"), ("asset_groups", "All")],
            inside: "<IP>192.0.2.4<",
            outside: "<IP>192.0.2.40<",
        },
    ),
    // For Managers only, who reach every domain.
    (
        "asset_domain.php",
        Takes {
            inside: &[("action", "edit"), ("domain", "quay.example"), ("netblock", "")],
            outside: &[("action", "edit"), ("domain", "hills.example"), ("netblock", "")],
            number: "5602 ",
        },
    ),
    ("asset_domain_list.php", DOMAINS),
    (
        "asset_group.php",
        Takes {
            inside: &[("action", "edit"), ("title", "GROUP"), ("comments", "x")],
            outside: &[("action", "edit"), ("title", "Hills"), ("comments", "x")],
            number: "5009 ",
        },
    ),
    (
        "asset_group_delete.php",
        Takes { inside: &[("title", "GROUP")], outside: &[("title", "Hills")], number: "5009 " },
    ),
    ("asset_group_list.php", GROUPS),
    (
        "asset_ip.php",
        Takes {
            inside: &[("action", "edit"), ("host_ips", INSIDE), ("comment", "x")],
            outside: &[("action", "edit"), ("host_ips", OUTSIDE), ("comment", "x")],
            number: "5101 ",
        },
    ),
    ("asset_ip_list.php", HOSTS),
    (
        "asset_range_info.php",
        Shows {
            parameters: &[("target_asset_groups", "All")],
            inside: "<IP>192.0.2.4<",
            outside: "<IP>192.0.2.40<",
        },
    ),
    (
        "asset_search.php",
        Shows { parameters: &[("target_asset_groups", "All")], inside: INSIDE, outside: OUTSIDE },
    ),
    ("domain_list.php", DOMAINS),
    (
        "get_host_info.php",
        Takes {
            inside: &[("host_ip", INSIDE), ("general_info", "1")],
            outside: &[("host_ip", OUTSIDE), ("general_info", "1")],
            number: "5103 ",
        },
    ),
    (
        "get_tickets.php",
        Shows {
            parameters: &[("since", "2026-01-01T00:00:00Z"), ("state", "OPEN")],
            inside: INSIDE,
            outside: OUTSIDE,
        },
    ),
    ("group_list.php", GROUPS),
    (
        "ignore_vuln.php",
        Takes {
            inside: &[("qids", "900001"), ("ips", INSIDE), ("comments", "x")],
            outside: &[("qids", "900001"), ("ips", OUTSIDE), ("comments", "x")],
            number: "5101 ",
        },
    ),
    ("ip_list.php", HOSTS),
    ("iscanner_list.php", Everybody),
    ("knowledgebase_download.php", Everybody),
    ("map-2.php", MAP),
    ("map.php", MAP),
    (
        "map_report.php",
        Takes { inside: &[("ref", "MAP_INSIDE")], outside: &[("ref", "MAP_OUTSIDE")], number: "3502 " },
    ),
    ("map_report_list.php", Shows { parameters: &[], inside: "\"MAP_INSIDE\"", outside: "\"MAP_OUTSIDE\"" }),
    (
        "password_change.php",
        Takes {
            inside: &[("user_logins", "harbour_re"), ("email", "0")],
            outside: &[("user_logins", "reader"), ("email", "0")],
            number: "5204 ",
        },
    ),
    (
        "report_template_list.php",
        Shows { parameters: &[], inside: "Technical Report", outside: "Of the Manager alone" },
    ),
    ("scan.php", Takes { inside: &[("ip", INSIDE)], outside: &[("ip", OUTSIDE)], number: "3501 " }),
    ("scan_cancel.php", SCAN),
    ("scan_options.php", Everybody),
    ("scan_report.php", SCAN),
    ("scan_report_delete.php", SCAN),
    ("scan_report_list.php", REPORTS),
    ("scan_reports_list.php", REPORTS),
    ("scan_running_list.php", Shows { parameters: &[], inside: "[192.0.2.5]", outside: "[192.0.2.41]" }),
    (
        "scan_target_history.php",
        Shows {
            parameters: &[("date_from", "2026-11-22"), ("asset_groups", "All"), ("ip_targeted_list", "1")],
            inside: INSIDE,
            outside: OUTSIDE,
        },
    ),
    (
        "scheduled_scans.php",
        Shows { parameters: &[], inside: "[Task of CALLER]", outside: "[Task out of scope]" },
    ),
    // For Managers only, who reach every ticket.
    (
        "ticket_delete.php",
        Takes { inside: &[("ticket_numbers", "8")], outside: &[("ticket_numbers", "1")], number: "2012 " },
    ),
    // What is out of scope is left out, not refused.
    (
        "ticket_edit.php",
        Shows {
            parameters: &[("since_ticket_number", "1"), ("add_comment", "x")],
            inside: "<TICKET_NUMBER>5<",
            outside: "<TICKET_NUMBER>1<",
        },
    ),
    (
        "ticket_list.php",
        Shows { parameters: &[("since_ticket_number", "1")], inside: INSIDE, outside: OUTSIDE },
    ),
    ("ticket_list_deleted.php", Everybody),
    ("time_zone_code_list.php", Everybody),
    (
        "user.php",
        Takes {
            inside: &[("action", "edit"), ("login", "harbour_re"), ("city", "Lyon")],
            outside: &[("action", "edit"), ("login", "reader"), ("city", "Lyon")],
            number: "5000 ",
        },
    ),
    ("user_list.php", Shows { parameters: &[], inside: ">harbour_re<", outside: ">reader<" }),
];

#[test]
fn every_call_tells_how_far_it_reaches() {
    let listed: Vec<&str> = REACHES.iter().map(|(script, _)| *script).collect();
    let registered: Vec<&str> = registry::CALLS.iter().map(|row| row.call.script).collect();
    assert_eq!(listed, registered);
}

/// The server of the business unit, with scans in it and out of it that are finished and queued.
async fn world() -> (Server, Foreign) {
    let server = harbour().await;
    let group = [("action", "edit"), ("login", "harbour_re"), ("asset_groups", "Quay")];
    server.call("manager", "user.php", &group).await.assert_success();
    server.ticket_everything().await;
    let scan = server.finished_scan("manager", OUTSIDE).await;
    server.finished_scan("manager", INSIDE).await;
    let map_inside = server.finished_map("manager", &format!("none:{INSIDE}")).await;
    let map_outside = server.finished_map("manager", &format!("none:{OUTSIDE}")).await;
    for (group, domain) in [("Quay", "quay.example"), ("Hills", "hills.example")] {
        let parameters = [("action", "add"), ("domain", domain)];
        server.call("manager", "asset_domain.php", &parameters).await.assert_success();
        let parameters = [("action", "edit"), ("title", group), ("domains", domain)];
        server.call("manager", "asset_group.php", &parameters).await.assert_success();
    }
    let content = HostTemplate::default();
    let title = "Of the Manager alone".to_owned();
    let choice = ChooseTemplate { title, content, ..ChooseTemplate::default() };
    server.app.add_report_template(choice, Some(&"manager".parse().unwrap())).await.unwrap();
    schedule(&server, "manager", "Task out of scope", OUTSIDE).await;
    for login in ["harbour_um", "harbour_sc", "harbour_re", "auditor", "reader"] {
        server.call(login, "about.php", &[("no_such_parameter", "1")]).await;
    }
    (server, Foreign { scan, map_inside, map_outside })
}

/// What the Manager has made.
#[derive(Clone)]
struct Foreign {
    /// Out of scope.
    scan: String,
    map_inside: String,
    map_outside: String,
}

/// A task that scans the address every night.
async fn schedule(server: &Server, login: &str, title: &str, target: &str) {
    let parameters = [
        ("add_task", "yes"),
        ("scan_title", title),
        ("active", "yes"),
        ("scan_target", target),
        ("occurrence", "daily"),
        ("frequency_days", "1"),
        ("time_zone", "0"),
        ("start_hour", "2"),
    ];
    server.call(login, "scheduled_scans.php", &parameters).await.assert_success();
}

/// Scans that are queued, one within the unit and one out of it.
async fn queue_scans(server: &Server) {
    for target in ["192.0.2.5", "192.0.2.41"] {
        let request = Request::post("scan.php", &[("ip", target), ("save_report", "yes")]);
        let request = request.login("manager", PASSWORD);
        tokio::spawn(http::send(server.address, request));
    }
    let manager = server.actor("manager").await;
    while server.app.list_running(&manager).await.unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What stands for the words of the table when `login` calls.
struct Names {
    login: &'static str,
    scan: String,
    group: String,
    foreign: Foreign,
}

impl Names {
    async fn make(server: &Server, login: &'static str, role: Role, foreign: &Foreign) -> Self {
        let makes = matches!(role, Role::UnitManager | Role::Scanner);
        let maker = if makes { login } else { "manager" };
        let group = format!("Of {login}");
        let parameters = [("action", "add"), ("title", group.as_str()), ("host_ips", INSIDE)];
        server.call(maker, "asset_group.php", &parameters).await.assert_success();
        schedule(server, maker, &format!("Task of {login}"), INSIDE).await;
        let scan = [("ip", INSIDE), ("save_report", "yes")];
        let scan = while_scanning(server, server.call(maker, "scan.php", &scan)).await.scan_ref();
        Self { login, scan, group, foreign: foreign.clone() }
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("CALLER", self.login).replace("SCAN", &self.scan);
        let text = text.replace("GROUP", &self.group).replace("FOREIGN", &self.foreign.scan);
        text.replace("MAP_INSIDE", &self.foreign.map_inside).replace("MAP_OUTSIDE", &self.foreign.map_outside)
    }

    async fn call(&self, server: &Server, script: &str, parameters: Parameters) -> Response {
        let filled: Vec<(&str, String)> =
            parameters.iter().map(|(name, value)| (*name, self.fill(value))).collect();
        let pairs: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
        while_scanning(server, server.call(self.login, script, &pairs)).await
    }
}

/// The answer to a call that may need a scanner; whatever is queued is scanned and mapped meanwhile.
pub(crate) async fn while_scanning(server: &Server, call: impl Future<Output = Response>) -> Response {
    let scanner = server.scanner();
    tokio::select! {
        response = call => response,
        () = async { loop { scanner.finish_scan().await } } => unreachable!("the scanner goes on"),
        () = async { loop { scanner.finish_map().await } } => unreachable!("the scanner goes on"),
    }
}

/// What is wrong about a call by a user of the role, if anything is.
async fn fault(server: &Server, names: &Names, role: Role, script: &str, reach: Reach) -> Option<String> {
    let out_of_everything = role == Role::Auditor;
    match reach {
        Everybody => None,
        Shows { parameters, inside, outside } => {
            let shown = server.call(names.login, script, parameters).await.text;
            let (inside, outside) = (names.fill(inside), names.fill(outside));
            let seen = (shown.contains(&inside) || out_of_everything, shown.contains(&outside));
            (seen != (true, false)).then(|| format!("{inside}, {outside}: {seen:?} in\n{shown}"))
        }
        Takes { inside, outside, number } => {
            let refused = names.call(server, script, outside).await.refusal().unwrap_or_default();
            if !refused.starts_with(number) {
                return Some(format!("{outside:?} was not refused with {number}: {refused}"));
            }
            let taken = names.call(server, script, inside).await.refusal().unwrap_or_default();
            let scoped = taken.starts_with(number) || taken.starts_with("2012 ");
            (scoped != out_of_everything).then(|| format!("{inside:?} was refused: {taken}"))
        }
    }
}

#[tokio::test]
async fn every_call_reaches_as_far_as_the_role_and_no_further() {
    let (server, foreign) = world().await;
    // The Unit Manager last, for they give the Reader a new password.
    let users = [
        ("harbour_sc", Role::Scanner),
        ("harbour_re", Role::Reader),
        ("auditor", Role::Auditor),
        ("harbour_um", Role::UnitManager),
    ];
    let mut wrong = Vec::new();
    for (login, role) in users {
        let names = Names::make(&server, login, role, &foreign).await;
        // Everything is shown before anything is taken away.
        let (shows, takes): (Vec<_>, Vec<_>) =
            REACHES.iter().zip(MATRIX).partition(|((_, reach), _)| matches!(reach, Shows { .. }));
        for ((script, reach), (_, met)) in shows.into_iter().chain(takes) {
            let column = Role::ALL.iter().position(|other| *other == role).unwrap();
            if met[column] != Expected::Allowed {
                continue;
            }
            if *script == "scan_running_list.php" {
                queue_scans(&server).await;
            }
            if let Some(fault) = fault(&server, &names, role, script, *reach).await {
                wrong.push(format!("{script} as {role}: {fault}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_manager_reaches_everything() {
    let (server, foreign) = world().await;
    let names = Names::make(&server, "manager", Role::Manager, &foreign).await;
    queue_scans(&server).await;
    let mut wrong = Vec::new();
    // Everything is shown before anything is taken away.
    for (script, reach) in REACHES {
        if let Shows { parameters, outside, .. } = *reach {
            let shown = server.call("manager", script, parameters).await.text;
            if !shown.contains(&names.fill(outside)) {
                wrong.push(format!("{script}: {outside} in\n{shown}"));
            }
        }
    }
    for (script, reach) in REACHES {
        if let Takes { outside, number, .. } = *reach {
            let refused = names.call(&server, script, outside).await.refusal().unwrap_or_default();
            if refused.starts_with(number) || refused.starts_with("2012 ") {
                wrong.push(format!("{script} {outside:?}: {refused}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
