//! Golden answers: one or more of every call, in full. The clock and the random source are
//! injected, so nothing is filtered. Every answer is validated against its document type.

use palisade_model::UserEdit;

use crate::support::scanner::silent;
use crate::support::{Server, assert_valid_answer};
use crate::user::NEW_USER;

/// Compares an answer with its golden file, and validates it.
macro_rules! golden {
    ($name:literal, $response:expr) => {
        let response: $crate::support::http::Response = $response;
        $crate::support::assert_valid_answer(&response);
        assert_eq!(response.header("content-type"), Some("application/xml"));
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, response.text);
        });
    };
}
pub(crate) use golden;

#[tokio::test]
async fn about() {
    let server = Server::start().await;
    golden!("about", server.call("reader", "about.php", &[]).await);
    golden!("about-refused", server.call("reader", "about.php", &[("what", "1")]).await);
}

#[tokio::test]
async fn accept_eula() {
    let server = Server::start().await;
    server.add_user("newcomer", palisade_model::Role::Scanner, false, None).await;
    golden!("acceptEULA-pending", server.call("newcomer", "about.php", &[]).await);
    golden!("acceptEULA", server.call("newcomer", "acceptEULA.php", &[]).await);
    server.call("newcomer", "about.php", &[]).await.assert_success();
}

#[tokio::test]
async fn asset_domain() {
    let server = Server::start().await;
    let call = async |script, parameters: &[(&str, &str)]| server.call("manager", script, parameters).await;
    golden!("asset_domain_list-empty", call("asset_domain_list.php", &[]).await);
    let add = [("action", "add"), ("domain", "Example.com"), ("netblock", "198.51.100.1-198.51.100.9")];
    golden!("asset_domain", call("asset_domain.php", &add).await);
    golden!("asset_domain-taken", call("asset_domain.php", &add).await);
    let none = [("action", "add"), ("domain", "none")];
    golden!("asset_domain-no-netblock", call("asset_domain.php", &none).await);
    let none = [&none[..], &[("netblock", "10.0.0.0/8"), ("network_id", "0")]].concat();
    call("asset_domain.php", &none).await.assert_success();
    let bare = [("action", "add"), ("domain", "a.example")];
    call("asset_domain.php", &bare).await.assert_success();
    let edit = [("action", "edit"), ("domain", "example.com"), ("netblock", "192.0.2.0/28,192.0.2.40")];
    golden!("asset_domain-edit", call("asset_domain.php", &edit).await);
    let unknown = [("action", "edit"), ("domain", "b.example"), ("netblock", "")];
    golden!("asset_domain-unknown", call("asset_domain.php", &unknown).await);
    golden!("asset_domain_list", call("asset_domain_list.php", &[]).await);
    golden!("asset_domain_list-refused", call("asset_domain_list.php", &[("domain", "a.example")]).await);
    golden!("domain_list", call("domain_list.php", &[]).await);
    golden!("domain_list-nothing", server.call("scanner", "domain_list.php", &[]).await);
}

/// A group of the fixture's addresses, assigned to the Scanner.
const GROUP: [(&str, &str); 13] = [
    ("action", "add"),
    ("title", "Web <servers>"),
    ("host_ips", "192.0.2.4-192.0.2.5,192.0.2.40"),
    ("business_impact", "critical"),
    ("comments", "Reached from the Internet"),
    ("division", "Sales"),
    ("function", "Shop"),
    ("location", "Room 101"),
    ("cvss_enviro_cdp", "low-medium"),
    ("cvss_enviro_td", "none"),
    ("cvss_enviro_cr", "high"),
    ("cvss_enviro_ir", "medium"),
    ("cvss_enviro_ar", "low"),
];

#[tokio::test]
async fn asset_group() {
    let server = Server::start().await;
    for (domain, netblock) in [("corp.example", "192.0.2.0/28,192.0.2.40"), ("x.example", "")] {
        let add = [("action", "add"), ("domain", domain), ("netblock", netblock)];
        server.call("manager", "asset_domain.php", &add).await.assert_success();
    }
    let call =
        async |parameters: &[(&str, &str)]| server.call("manager", "asset_group.php", parameters).await;
    golden!("asset_group", call(&GROUP).await);
    golden!("asset_group-taken", call(&GROUP).await);
    let edit = [
        ("action", "edit"),
        ("title", "Web <servers>"),
        ("new_title", "Web"),
        ("add_host_ips", "192.0.2.7"),
        ("remove_host_ips", "192.0.2.40"),
        ("domains", "x.example, corp.example"),
        ("user_logins", "scanner, reader"),
        ("comments", "Behind the <proxy>"),
    ];
    golden!("asset_group-edit", call(&edit).await);
    golden!("asset_group-unknown", call(&edit).await);
    golden!("asset_group-all", call(&[("action", "add"), ("title", "All")]).await);
    let foreign = [("action", "add"), ("title", "X"), ("host_ips", "192.0.2.1,203.0.113.1")];
    golden!("asset_group-not-subscribed", call(&foreign).await);
    let manager = [("action", "edit"), ("title", "Web"), ("user_logins", "unit_manager")];
    golden!("asset_group-not-assignable", call(&manager).await);

    let list = async |login: &str| server.call(login, "asset_group_list.php", &[]).await;
    golden!("asset_group_list", list("manager").await);
    golden!("asset_group_list-scanner", list("scanner").await);
    golden!("asset_group_list-compliance", list("auditor").await);
    let one = async |title: &str| server.call("manager", "asset_group_list.php", &[("title", title)]).await;
    golden!("asset_group_list-one", one("Web").await);
    golden!("asset_group_list-none", one("Nothing").await);
    golden!("asset_group_list-refused", one("a,b").await);
    golden!("group_list", server.call("manager", "group_list.php", &[]).await);
    golden!("group_list-unassigned", server.call("unit_manager", "group_list.php", &[]).await);
    golden!("group_list-refused", server.call("manager", "group_list.php", &[("title", "Web")]).await);
}

#[tokio::test]
async fn asset_group_delete() {
    let server = Server::start().await;
    server.call("manager", "asset_group.php", &GROUP).await.assert_success();
    let edit = async |users: &str| {
        let parameters = [("action", "edit"), ("title", "Web <servers>"), ("user_logins", users)];
        server.call("manager", "asset_group.php", &parameters).await.assert_success();
    };
    let delete =
        async |title: &str| server.call("manager", "asset_group_delete.php", &[("title", title)]).await;
    edit("scanner,reader").await;
    golden!("asset_group_delete-in-use", delete("Web <servers>").await);
    edit("").await;
    golden!("asset_group_delete", delete("Web <servers>").await);
    golden!("asset_group_delete-unknown", delete("Web <servers>").await);
    golden!("asset_group_delete-all", delete("all").await);
}

#[tokio::test]
async fn scan_of_asset_groups() {
    let server = Server::start().await;
    server.call("manager", "asset_group.php", &GROUP).await.assert_success();
    let scanner = server.scanner();
    let parameters =
        [("ip", "192.0.2.9"), ("asset_groups", "Web <servers>"), ("exclude_ip_per_scan", "192.0.2.5")];
    let saved = [&parameters[..], &[("save_report", "yes"), ("scan_title", "Groups")]].concat();
    let watched = server.call("manager", "scan.php", &saved);
    let meanwhile = async {
        let lease = scanner.lease().await;
        golden!("scan_running_list-asset_groups", server.call("manager", "scan_running_list.php", &[]).await);
        for address in lease.order.targets.iter() {
            scanner.deliver(&lease, silent(address)).await;
        }
        scanner.complete(&lease).await;
    };
    let (response, ()) = tokio::join!(watched, meanwhile);
    golden!("scan-asset_groups", response);
    golden!("scan_report_list-asset_groups", server.call("manager", "scan_report_list.php", &[]).await);
    let unknown = [("asset_groups", "Mail, Web <servers>")];
    golden!("scan-unknown-group", server.call("manager", "scan.php", &unknown).await);
}

#[tokio::test]
async fn action_log_report() {
    let server = Server::start().await;
    server.call("scanner", "about.php", &[("what", "<1>")]).await;
    server.clock.advance(3600);
    let scan = server.finished_scan("scanner", "192.0.2.4").await;
    server.call("manager", "scan_report_delete.php", &[("ref", &scan)]).await.assert_success();
    let call = async |login: &str, parameters: &[(&str, &str)]| {
        server.call(login, "action_log_report.php", parameters).await
    };
    golden!("action_log_report", call("manager", &[("date_from", "2026-11-22")]).await);
    let own = [("date_from", "2026-11-22T08:30:00"), ("date_to", "2026-12-01"), ("user_login", "scanner")];
    golden!("action_log_report-own", call("scanner", &own).await);
    golden!("action_log_report-none", call("reader", &own).await);
    let reversed = [("date_from", "2026-11-22"), ("date_to", "2026-11-21")];
    golden!("action_log_report-refused", call("manager", &reversed).await);
}

#[tokio::test]
async fn simple_lists() {
    let server = Server::start().await;
    golden!("ip_list", server.call("manager", "ip_list.php", &[]).await);
    golden!("ip_list-compliance", server.call("auditor", "ip_list.php", &[]).await);
    golden!("ip_list-refused", server.call("manager", "ip_list.php", &[("what", "1")]).await);
    golden!("iscanner_list", server.call("manager", "iscanner_list.php", &[]).await);
    golden!("iscanner_list-refused", server.call("reader", "iscanner_list.php", &[]).await);
    server.finished_scan("manager", "192.0.2.4").await;
    golden!("scan_reports_list", server.call("manager", "scan_reports_list.php", &[]).await);
    let refused = [("last", "1")];
    golden!("scan_reports_list-refused", server.call("manager", "scan_reports_list.php", &refused).await);
}

#[tokio::test]
async fn scan_target_history() {
    let server = Server::start().await;
    let reference = server.finished_scan("manager", "192.0.2.4-192.0.2.5").await;
    server.call("manager", "scan_report_delete.php", &[("ref", &reference)]).await.assert_success();
    server.clock.advance(3600);
    server.finished_scan("manager", "192.0.2.5,192.0.2.7").await;
    let call = async |parameters: &[(&str, &str)]| {
        server.call("manager", "scan_target_history.php", parameters).await
    };
    let (from, ips) = (("date_from", "2026-11-22"), ("ips", "192.0.2.4-192.0.2.9"));
    let (targeted, not_targeted) = (("ip_targeted_list", "1"), ("ip_not_targeted_list", "1"));
    golden!("scan_target_history", call(&[from, ips, targeted, not_targeted]).await);
    let detailed = [
        from,
        ("date_to", "2026-11-22T23:59:59Z"),
        ("asset_groups", "All"),
        targeted,
        not_targeted,
        ("detailed_history", "1"),
        ("option_profile_title", "begin:Initial"),
    ];
    golden!("scan_target_history-detailed", call(&detailed).await);
    golden!("scan_target_history-no-list", call(&[from, ips, ("ip_targeted_list", "0")]).await);
    let unknown = [from, ("asset_groups", "Servers"), targeted];
    golden!("scan_target_history-unknown-group", call(&unknown).await);
}

#[tokio::test]
async fn asset_ip() {
    let server = Server::start().await;
    let add = [("action", "add"), ("host_ips", "198.51.100.1-198.51.100.9"), ("comment", "Mail <relays>")];
    golden!("asset_ip", server.call("manager", "asset_ip.php", &add).await);
    let edit = [("action", "edit"), ("host_ips", "198.51.100.1"), ("owner", "manager"), ("ud1", "Room 101")];
    golden!("asset_ip-edit", server.call("manager", "asset_ip.php", &edit).await);
    let bad = [("action", "add"), ("host_ips", "foo")];
    golden!("asset_ip-refused", server.call("manager", "asset_ip.php", &bad).await);
    let unknown = [("action", "edit"), ("host_ips", "203.0.113.1")];
    golden!("asset_ip-unknown", server.call("manager", "asset_ip.php", &unknown).await);
}

#[tokio::test]
async fn asset_ip_list() {
    let server = Server::start().await;
    golden!("asset_ip_list", server.call("manager", "asset_ip_list.php", &[]).await);
    server.finished_scan("manager", "192.0.2.4-192.0.2.5").await;
    let edit =
        [("action", "edit"), ("host_ips", "192.0.2.4"), ("owner", "manager"), ("comment", "The <gateway>")];
    server.call("manager", "asset_ip.php", &edit).await.assert_success();
    let detailed = [("detailed_results", "1"), ("detailed_no_results", "1")];
    golden!("asset_ip_list-detailed", server.call("manager", "asset_ip_list.php", &detailed).await);
    golden!("asset_ip_list-compliance", server.call("auditor", "asset_ip_list.php", &detailed).await);
    let refused = [("detailed_results", "yes")];
    golden!("asset_ip_list-refused", server.call("manager", "asset_ip_list.php", &refused).await);
}

#[tokio::test]
async fn asset_search() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4-192.0.2.7").await;
    server.finished_scan("manager", "192.0.2.40").await;
    let call =
        async |parameters: &[(&str, &str)]| server.call("reader", "asset_search.php", parameters).await;
    golden!("asset_search", call(&[("target_asset_groups", "all"), ("vuln_port", "80")]).await);
    let vulnerable = [
        ("target_ips", "192.0.2.5-192.0.2.63"),
        ("vuln_qid", "900005"),
        ("vuln_results", "contain:not sent"),
        ("last_scan", "within:1"),
        ("tracking_method", "ip"),
    ];
    golden!("asset_search-vulnerable", call(&vulnerable).await);
    let nothing = [("target_ips", "192.0.2.0/26"), ("dns", "begin:www"), ("host_os", "match:CP/M")];
    golden!("asset_search-nothing", call(&nothing).await);
    let dns = [("target_ips", "192.0.2.4"), ("dns", "www")];
    golden!("asset_search-refused", call(&dns).await);
    let group = call(&[("target_asset_groups", "Servers")]).await.refusal();
    let expected =
        "5009 Invalid value for 'target_asset_groups' : Servers. No such asset group in the user account.";
    assert_eq!(group.as_deref(), Some(expected));
    let servers = [
        ("action", "add"),
        ("title", "Servers"),
        ("host_ips", "192.0.2.5-192.0.2.6"),
        ("user_logins", "reader"),
    ];
    server.call("manager", "asset_group.php", &servers).await.assert_success();
    let ordered = [
        ("target_asset_groups", "Servers"),
        ("target_ips", "192.0.2.4"),
        ("orderby", "dns"),
        ("sortorder", "desc"),
    ];
    golden!("asset_search-ordered", call(&ordered).await);
    let days = call(&[("target_ips", "192.0.2.4"), ("last_scan", "within:-1")]).await.refusal();
    assert!(days.is_some_and(|text| text.starts_with("5000 Invalid value for 'last_scan' : within:-1.")));
}

#[tokio::test]
async fn get_host_info() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4").await;
    server.finished_scan_of_changes(&[[192, 0, 2, 4]], "A shell answers.").await;
    let edit =
        [("action", "edit"), ("host_ips", "192.0.2.4"), ("owner", "manager"), ("comment", "The <gateway>")];
    server.call("manager", "asset_ip.php", &edit).await.assert_success();

    let call =
        async |parameters: &[(&str, &str)]| server.call("reader", "get_host_info.php", parameters).await;
    let everything =
        [("host_ip", "192.0.2.4"), ("general_info", "1"), ("vuln_details", "1"), ("ticket_details", "1")];
    let gateways = [
        ("action", "add"),
        ("title", "Gateways"),
        ("host_ips", "192.0.2.4"),
        ("user_logins", "reader,scanner"),
    ];
    server.call("manager", "asset_group.php", &gateways).await.assert_success();
    golden!("get_host_info", call(&everything).await);
    let worst = [
        ("host_dns", "HOST-4.scans.example"),
        ("vuln_details", "1"),
        ("vuln_severity", "5"),
        ("potential_vuln_severity", "4,5"),
        ("ig_severity", "1"),
    ];
    golden!("get_host_info-worst", call(&worst).await);
    golden!("get_host_info-unscanned", call(&[("host_ip", "192.0.2.5"), ("general_info", "1")]).await);
    let by_netbios = call(&[("host_netbios", "host4"), ("general_info", "0")]).await;
    assert!(by_netbios.text.contains("<IP>192.0.2.4</IP>"), "{}", by_netbios.text);

    golden!("get_host_info-beyond", call(&[("host_ip", "192.0.2.40"), ("general_info", "1")]).await);
    let refused = async |parameters: &[(&str, &str)]| call(parameters).await.refusal().unwrap_or_default();
    let two = refused(&[("host_ip", "192.0.2.4,192.0.2.5"), ("general_info", "1")]).await;
    assert_eq!(two, "5000 Invalid value for 'host_ip' : 192.0.2.4,192.0.2.5. Expecting one address.");
    let level = refused(&[("host_ip", "192.0.2.4"), ("vuln_details", "1"), ("ig_severity", "6")]).await;
    assert_eq!(level, "5000 Invalid value for 'ig_severity' : 6. Expecting severities from 1 to 5.");
    let nobody = refused(&[("host_dns", ""), ("general_info", "1")]).await;
    assert_eq!(nobody, "5103 There is no such host in the user account.");
}

#[tokio::test]
async fn knowledgebase_download() {
    let server = Server::start().await;
    let call = async |parameters: &[(&str, &str)]| {
        server.call("reader", "knowledgebase_download.php", parameters).await
    };
    golden!("knowledgebase_download", call(&[]).await);
    let flags = [("vuln_id", "900001"), ("show_pci_flag", "1"), ("show_disabled_flag", "1")];
    golden!("knowledgebase_download-flags", call(&flags).await);
    golden!("knowledgebase_download-patchable", call(&[("is_patchable", "1")]).await);
    let nothing = [("is_patchable", "1"), ("vuln_id", "900001"), ("show_cvss_submetrics", "1")];
    golden!("knowledgebase_download-nothing", call(&nothing).await);
    golden!("knowledgebase_download-unknown", call(&[("vuln_id", "4294967295")]).await);
}

#[tokio::test]
async fn scan() {
    let server = Server::start().await;
    let scanner = server.scanner();
    let parameters =
        [("ip", "192.0.2.12-192.0.2.13,192.0.2.20"), ("save_report", "yes"), ("scan_title", "A <title>")];
    let (response, ()) = tokio::join!(server.call("manager", "scan.php", &parameters), scanner.finish_scan());
    golden!("scan", response.clone());
    let saved = server.call("manager", "scan_report.php", &[("ref", &response.scan_ref())]).await;
    golden!("scan_report", saved);
}

#[tokio::test]
async fn scan_that_finds_nobody() {
    let server = Server::start().await;
    let scanner = server.scanner();
    let parameters = [("ip", "192.0.2.13")];
    let (response, ()) =
        tokio::join!(server.call("scanner", "scan.php", &parameters), scanner.find_nothing());
    golden!("scan-nobody", response);
}

#[tokio::test]
async fn scan_that_is_refused() {
    let server = Server::start().await;
    let call = async |parameters: &[(&str, &str)]| server.call("manager", "scan.php", parameters).await;
    golden!("scan-bad-ip", call(&[("ip", "foo")]).await);
    golden!("scan-not-subscribed", call(&[("ip", "203.0.113.1,192.0.2.1")]).await);
    golden!("scan-bad-option", call(&[("ip", "192.0.2.1"), ("option", "X")]).await);
    golden!("scan-bad-scanner", call(&[("ip", "192.0.2.1"), ("iscanner_name", "X")]).await);
}

#[tokio::test]
async fn scan_report_of_nothing() {
    let server = Server::start().await;
    let unknown = [("ref", "scan/1400000000.10001")];
    golden!("scan_report-unknown", server.call("manager", "scan_report.php", &unknown).await);
}

#[tokio::test]
async fn scan_report_list() {
    let server = Server::start().await;
    golden!("scan_report_list-empty", server.call("manager", "scan_report_list.php", &[]).await);
    server.finished_scan("scanner", "192.0.2.4").await;
    server.clock.advance(3600);
    server.finished_scan("manager", "192.0.2.4, 192.0.2.6-192.0.2.7").await;
    golden!("scan_report_list", server.call("manager", "scan_report_list.php", &[]).await);
    let last = [("last", "yes"), ("target", "192.0.2.4"), ("since_datetime", "2026-11-22")];
    golden!("scan_report_list-last", server.call("manager", "scan_report_list.php", &last).await);
    let refused = [("since_datetime", "yesterday")];
    golden!("scan_report_list-refused", server.call("manager", "scan_report_list.php", &refused).await);
}

#[tokio::test]
async fn scan_report_delete() {
    let server = Server::start().await;
    let reference = server.finished_scan("manager", "192.0.2.4").await;
    let parameters = [("ref", reference.as_str())];
    golden!("scan_report_delete", server.call("manager", "scan_report_delete.php", &parameters).await);
    golden!("scan_report_delete-again", server.call("manager", "scan_report_delete.php", &parameters).await);
    let gone = server.call("manager", "scan_report.php", &parameters).await;
    assert_eq!(
        gone.refusal(),
        Some(format!("3502 Invalid value for 'ref' : {reference}. No such scan or report."))
    );
}

#[tokio::test]
async fn scan_running_list_and_cancel() {
    let server = Server::start().await;
    golden!("scan_running_list-none", server.call("manager", "scan_running_list.php", &[]).await);
    let scanner = server.scanner();
    let parameters = [("ip", "192.0.2.4-192.0.2.5"), ("save_report", "yes"), ("scan_title", "Running")];
    let watched = server.call("manager", "scan.php", &parameters);
    let meanwhile = async {
        let lease = scanner.lease().await;
        scanner.renew(&lease, 30).await;
        golden!("scan_running_list", server.call("manager", "scan_running_list.php", &[]).await);
        let reference = lease.order.scan.to_string();
        let parameters = [("ref", reference.as_str())];
        let unfinished = server.call("manager", "scan_report.php", &parameters).await;
        golden!("scan_report-unfinished", unfinished);
        golden!("scan_cancel", server.call("manager", "scan_cancel.php", &parameters).await);
        scanner.complete(&lease).await;
        parameters[0].1.to_owned()
    };
    let (response, reference) = tokio::join!(watched, meanwhile);
    golden!("scan-canceled", response);
    let parameters = [("ref", reference.as_str())];
    golden!("scan_cancel-ended", server.call("manager", "scan_cancel.php", &parameters).await);
}

/// A task on one host and an asset group, with everything that a task may have.
const TASK: [(&str, &str); 18] = [
    ("add_task", "yes"),
    ("type", "scan"),
    ("scan_title", "Nightly <all>"),
    ("active", "yes"),
    ("scan_target", "192.0.2.1-192.0.2.9"),
    ("asset_groups", "Web <servers>"),
    ("exclude_ip_per_scan", "192.0.2.9"),
    ("option", "Full TCP Scan"),
    ("scanners_in_ag", "1"),
    ("occurrence", "weekly"),
    ("frequency_weeks", "2"),
    ("weekdays", "Sunday,Wednesday"),
    ("time_zone_code", "US-CA"),
    ("observe_dst", "yes"),
    ("start_date", "03/01/2027"),
    ("start_hour", "0"),
    ("end_after", "48"),
    ("recurrence", "99"),
];

/// The few things that every task has, with some more.
fn task<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let task = [
        ("add_task", "yes"),
        ("scan_title", "Task"),
        ("active", "yes"),
        ("scan_target", "192.0.2.4"),
        ("start_hour", "23"),
    ];
    [&task[..], more].concat()
}

#[tokio::test]
async fn scheduled_scans() {
    let server = Server::start().await;
    let call =
        async |parameters: &[(&str, &str)]| server.call("manager", "scheduled_scans.php", parameters).await;
    golden!("scheduled_scans-none", call(&[]).await);
    server.call("manager", "asset_group.php", &GROUP).await.assert_success();
    golden!("scheduled_scans-add", call(&TASK).await);
    let monthly = [("occurrence", "monthly"), ("frequency_months", "3")];
    let last_sunday =
        [("day_of_week", "0"), ("week_of_month", "last"), ("time_zone", "-5"), ("default_scanner", "1")];
    let last_sunday = task(&[&monthly[..], &last_sunday, &[("asset_groups", "All")]].concat());
    golden!("scheduled_scans-add-weekday", call(&last_sunday).await);
    let last_day = [("day_of_month", "31"), ("time_zone_code", "IN"), ("start_minute", "59")];
    let last_day = task(&[&monthly[..], &last_day].concat());
    golden!("scheduled_scans-add-day", call(&last_day).await);
    let daily = [("occurrence", "daily"), ("frequency_days", "365"), ("time_zone", "0")];
    golden!("scheduled_scans-add-daily", call(&task(&daily)).await);

    golden!("scheduled_scans-save", call(&[("save_task", "yes"), ("task_id", "2"), ("active", "no")]).await);
    golden!("scheduled_scans", call(&[]).await);
    golden!("scheduled_scans-inactive", call(&[("active", "no"), ("type", "all")]).await);
    golden!("scheduled_scans-no-maps", call(&[("type", "map")]).await);
    let group = [("title", "Web <servers>")];
    golden!("scheduled_scans-group", server.call("manager", "asset_group_delete.php", &group).await);
    golden!("scheduled_scans-drop", call(&[("drop_task", "yes"), ("task_id", "1")]).await);
    golden!("scheduled_scans-unknown", call(&[("drop_task", "yes"), ("task_id", "1")]).await);
    server.call("manager", "asset_group_delete.php", &group).await.assert_success();
}

#[tokio::test]
async fn scheduled_scans_of_maps() {
    let server = Server::start().await;
    let call =
        async |parameters: &[(&str, &str)]| server.call("manager", "scheduled_scans.php", parameters).await;
    for domain in ["a.example", "b.example"] {
        let add = [("action", "add"), ("domain", domain)];
        server.call("manager", "asset_domain.php", &add).await.assert_success();
    }
    let group = [&GROUP[..], &[("domains", "a.example")]].concat();
    server.call("manager", "asset_group.php", &group).await.assert_success();
    let map = |target| {
        [
            ("add_task", "yes"),
            ("type", "map"),
            ("scan_title", "Nightly <map>"),
            ("active", "yes"),
            ("scan_target", target),
            ("occurrence", "daily"),
            ("frequency_days", "1"),
            ("time_zone", "0"),
            ("start_hour", "2"),
        ]
    };
    golden!("scheduled_scans-map", call(&map("b.example,none:192.0.2.1-192.0.2.9;192.0.2.40")).await);
    let groups = [&map("b.example")[..], &[("asset_groups", "Web <servers>"), ("default_scanner", "1")]];
    golden!("scheduled_scans-map-group", call(&groups.concat()).await);
    golden!("scheduled_scans-map-foreign", call(&map("none:10.9.9.9")).await);
    let scan = task(&[("occurrence", "daily"), ("frequency_days", "1"), ("time_zone", "0")]);
    call(&scan).await.assert_success();
    assert_eq!(call(&[]).await.text.matches("<SCAN ").count(), 1, "scans only");
    golden!("scheduled_scans-maps", call(&[("type", "map")]).await);
    assert_eq!(call(&[("type", "all")]).await.text.matches("<SCAN ").count(), 3);

    // A day later the maps are on their way, and their reports are listed like any others.
    server.clock.advance(86_400);
    server.app.run_scheduler(|_| std::future::ready(false)).await;
    golden!("scheduled_scans-map-reports", server.call("manager", "map_report_list.php", &[]).await);
}

#[tokio::test]
async fn scheduled_scans_that_are_refused() {
    let server = Server::start().await;
    let refused = async |more: &[(&str, &str)], expected: &str| {
        let daily = [("occurrence", "daily"), ("frequency_days", "1")];
        let response =
            server.call("manager", "scheduled_scans.php", &task(&[&daily[..], more].concat())).await;
        assert_valid_answer(&response);
        assert_eq!(response.refusal().as_deref(), Some(expected), "{}", response.text);
    };
    let utc = ("time_zone", "0");
    refused(
        &[("time_zone_code", "XX")],
        "5000 Invalid value for 'time_zone_code' : XX. No such time zone; see time_zone_code_list.php.",
    )
    .await;
    refused(
        &[("time_zone_code", "JP"), ("observe_dst", "yes")],
        "5000 Invalid value for 'observe_dst' : yes. The time zone has no daylight saving time.",
    )
    .await;
    refused(
        &[utc, ("option", "No such profile")],
        "19001 Invalid value for 'option' : No such profile. Invalid option profile name No such profile, \
         expecting one of (Initial Options, 2008 SANS20 Options, Full TCP Scan, Payment Card Industry (PCI) \
         Options, Qualys Top 20 Options)",
    )
    .await;
    refused(
        &[utc, ("asset_groups", "Nobody")],
        "5009 Invalid value for 'asset_groups' : Nobody. No such asset group in the user account.",
    )
    .await;
    refused(
        &[utc, ("exclude_ip_per_scan", "192.0.2.4")],
        "3505 Cannot launch scan. No targets are left after the exclusions.",
    )
    .await;
    refused(
        &[utc, ("runtime_http_header", "a\r\nb: c")],
        "5000 Invalid value for 'runtime_http_header' : a&#13;\nb: c. \
         Expecting printable ASCII characters without line breaks.",
    )
    .await;
    refused(
        &[utc, ("type", "map")],
        "5000 Invalid value for 'scan_target' : 192.0.2.4. Invalid domain, expecting a name such as example.com, \
         or none.",
    )
    .await;
    for scan_only in ["exclude_ip_per_scan", "runtime_http_header"] {
        refused(
            &[utc, ("type", "map"), (scan_only, "192.0.2.9")],
            &format!("5007 Parameter '{scan_only}' can only be used together with 'type=scan'."),
        )
        .await;
    }
    refused(
        &[utc, ("type", "map"), ("asset_groups", "All"), ("scanners_in_ag", "1")],
        "5007 Parameter 'scanners_in_ag' can only be used together with 'type=scan'.",
    )
    .await;
    refused(&[utc, ("type", "all")], "5000 Invalid value for 'type' : all. Expecting one of (scan, map).")
        .await;
    refused(
        &[utc, ("task_id", "1")],
        "5007 Parameter 'task_id' can only be used together with 'drop_task=yes'.",
    )
    .await;
    let list = server.call("manager", "scheduled_scans.php", &[("task_id", "1")]).await;
    golden!("scheduled_scans-refused", list);
}

#[tokio::test]
async fn time_zone_code_list() {
    let server = Server::start().await;
    let list = server.call("reader", "time_zone_code_list.php", &[]).await;
    let alias = server.call("reader", "time_zone_code.php", &[]).await;
    assert_eq!(alias.text, list.text);
    golden!("time_zone_code_list", list);
    let refused = [("what", "1")];
    golden!("time_zone_code_list-refused", server.call("reader", "time_zone_code_list.php", &refused).await);
}

#[tokio::test]
async fn user_list() {
    let server = Server::start().await;
    let reader = server.store.user(&"reader".parse().unwrap()).await.unwrap().unwrap();
    let edit = UserEdit {
        external_id: Some("E-100 <a>".to_owned()),
        city: Some("Łódź".to_owned()),
        country: Some("Poland".to_owned()),
        time_zone: Some("PL".parse().ok()),
        ..UserEdit::default()
    };
    let group =
        [("action", "add"), ("title", "Web <A>"), ("host_ips", "192.0.2.4"), ("user_logins", "reader")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    server.store.edit_user(reader.id, &edit, None).await.unwrap();
    let call =
        async |login, parameters: &[(&str, &str)]| server.call(login, "user_list.php", parameters).await;
    golden!("user_list", call("manager", &[("external_id_contains", "")]).await);
    let one = [("external_id_contains", "E-1"), ("show_access_permissions", "1")];
    golden!("user_list-one", call("manager", &one).await);
    golden!("user_list-none", call("manager", &[("external_id_contains", "e-1")]).await);
    golden!("user_list-unit", call("unit_manager", &[("external_id_assigned", "0")]).await);
    golden!("user_list-refused", call("scanner", &[]).await);
}

#[tokio::test]
async fn user() {
    let server = Server::start().await;
    let call = async |parameters: &[(&str, &str)]| server.call("manager", "user.php", parameters).await;
    golden!("user-mailed", call(&NEW_USER).await);
    let answered = [&NEW_USER[..], &[("send_email", "0")]].concat();
    golden!("user", call(&answered).await);
    let edit = [("action", "edit"), ("login", "palis_ab1"), ("external_id", "E-1"), ("city", "Lyon")];
    golden!("user-edit", call(&edit).await);
    golden!("user-deactivate", call(&[("action", "deactivate"), ("login", "reader")]).await);
    golden!("user-activate", call(&[("action", "activate"), ("login", "reader")]).await);
    golden!("user-refused", call(&[("action", "edit"), ("login", "nobody")]).await);
}

#[tokio::test]
async fn password_change() {
    let server = Server::start().await;
    let call =
        async |parameters: &[(&str, &str)]| server.call("manager", "password_change.php", parameters).await;
    golden!("password_change", call(&[("user_logins", "reader,scanner"), ("email", "0")]).await);
    let some = [("user_logins", "reader, contact, nobody"), ("send_email", "1")];
    golden!("password_change-some", call(&some).await);
    golden!("password_change-failed", call(&[("user_logins", "nobody")]).await);
    golden!("password_change-refused", call(&[("user_logins", "reader"), ("email", "no")]).await);
}

#[tokio::test]
async fn scan_options() {
    let server = Server::start().await;
    let call = async |login: &str, parameters: &[(&str, &str)]| {
        server.call(login, "scan_options.php", parameters).await
    };
    golden!("scan_options", call("manager", &[]).await);
    let edit = [("ports", "21,22,8000-8888"), ("scandeadhosts", "yes"), ("loadbalancer", "yes")];
    golden!("scan_options-refused", call("unit_manager", &edit).await);
    golden!("scan_options-edit", call("manager", &edit).await);
    golden!("scan_options-reader", call("reader", &[]).await);
    golden!("scan_options-full", call("manager", &[("ports", "full")]).await);
    golden!("scan_options-default", call("manager", &[("ports", "default"), ("loadbalancer", "no")]).await);
    golden!("scan_options-bad-ports", call("manager", &[("ports", "22,99999")]).await);
}

#[tokio::test]
async fn scan_refused_parameters() {
    let server = Server::start().await;
    let call = async |extra: &[(&str, &str)]| {
        let parameters = [&[("ip", "192.0.2.7")], extra].concat();
        server.call("manager", "scan.php", &parameters).await
    };
    golden!("scan-header-injection", call(&[("runtime_http_header", "a\r\nHost: b")]).await);
    golden!("scan-network", call(&[("ip_network_id", "7")]).await);
    golden!("scan-two-scanners", call(&[("iscanner_name", "External"), ("default_scanner", "1")]).await);
    golden!("scan-scanner-without-groups", call(&[("scanners_in_ag", "1")]).await);
    golden!("scan-unknown-qids", call(&[("specific_vulns", "4000000000")]).await);
}
