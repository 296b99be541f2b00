//! Tickets and ignored vulnerabilities: golden answers, who may, and what becomes of them.

use palisade_model::{HostResult, Role};

use crate::golden::golden;
use crate::support::http::Response;
use crate::support::scanner::sample_result;
use crate::support::{Server, assert_valid_answer};

/// Every filter of the calls about tickets; they choose one ticket.
const EVERY_FILTER: [(&str, &str); 20] = [
    ("ticket_numbers", "1-100,200"),
    ("since_ticket_number", "1"),
    ("until_ticket_number", "90"),
    ("ticket_assignee", "manager"),
    ("ips", "192.0.2.0-192.0.2.9"),
    ("asset_groups", "All"),
    ("dns_contains", "SCANS.example"),
    ("netbios_contains", "host"),
    ("host_id", "1"),
    ("overdue", "0"),
    ("invalid", "0"),
    ("states", "OPEN,RESOLVED"),
    ("modified_since_datetime", "2026-11-01"),
    ("unmodified_since_datetime", "2026-12-31T23:59:59Z"),
    ("vuln_severities", "4,5"),
    ("potential_vuln_severities", "5"),
    ("qids", "900001,900002"),
    ("vuln_title_contains", "KEY EXCHANGE"),
    ("vuln_details_contains", "is weak"),
    ("vendor_ref_contains", "advisory"),
];

/// Scans one host, with the results that `change` makes of the sample.
async fn rescan(server: &Server, target: &str, change: impl FnOnce(&mut HostResult)) {
    let scanner = server.scanner();
    let parameters = [("ip", target), ("save_report", "yes")];
    let scanning = async {
        let lease = scanner.lease().await;
        let mut result = sample_result(target.parse().unwrap());
        result.tcp_ports = [80, 443, 8443].into_iter().collect();
        change(&mut result);
        scanner.deliver(&lease, result).await;
        scanner.complete(&lease).await;
    };
    tokio::join!(server.call("manager", "scan.php", &parameters), scanning);
}

/// A result without the finding of this QID on this port.
fn without(qid: u32, port: u16) -> impl FnOnce(&mut HostResult) {
    move |result| result.findings.retain(|one| (one.qid.number(), one.port) != (qid, Some(port)))
}

/// A server with a policy and the tickets of one host: 1 to 4.
async fn with_tickets() -> Server {
    let server = Server::start().await;
    server.ticket_everything().await;
    server.finished_scan("manager", "192.0.2.4").await;
    server.clock.advance(3600);
    server
}

async fn numbers(server: &Server, login: &str, filters: &[(&str, &str)]) -> Vec<u64> {
    let answer = server.call(login, "ticket_list.php", filters).await;
    answer.assert_success();
    let part = |text: &str| text.split_once("</NUMBER>").and_then(|(number, _)| number.parse().ok());
    answer.text.split("<NUMBER>").skip(1).filter_map(part).collect()
}

/// The part of a long answer around its first and its last ticket.
fn shortened(mut response: Response) -> Response {
    let text = &response.text;
    let (head, rest) = text.split_once("</TICKET>").unwrap();
    let (_, tail) = rest.rsplit_once("</TICKET>").unwrap();
    response.text = format!("{head}</TICKET>{tail}");
    response
}

#[tokio::test]
async fn ticket_list() {
    let server = with_tickets().await;
    let list = async |filters: &[(&str, &str)]| server.call("manager", "ticket_list.php", filters).await;
    let shown = [("show_vuln_details", "1"), ("show_host_id", "1")];
    golden!("ticket_list", list(&[&EVERY_FILTER[..], &shown].concat()).await);
    golden!("ticket_list-none", list(&[("states", "CLOSED")]).await);
    golden!("ticket_list-refused", list(&[("show_vuln_details", "1")]).await);
    golden!("ticket_list-unknown-group", list(&[("asset_groups", "Servers")]).await);

    // A life: resolved and not true, fixed and found again, given to somebody else, ignored.
    let edit = async |more: &[(&str, &str)]| {
        server.call("manager", "ticket_edit.php", more).await.assert_success();
    };
    edit(&[("ticket_numbers", "1-2"), ("change_state", "RESOLVED"), ("add_comment", "Done <all>")]).await;
    rescan(&server, "192.0.2.4", without(900_005, 8443)).await;
    server.clock.advance(3600);
    rescan(&server, "192.0.2.4", without(900_005, 443)).await;
    edit(&[("ticket_numbers", "1"), ("change_assignee", "scanner")]).await;
    edit(&[("ticket_numbers", "2"), ("change_state", "IGNORED"), ("reopen_ignored_days", "30")]).await;
    golden!("ticket_list-histories", list(&[("since_ticket_number", "1")]).await);

    let old = [("since", "2026-11-22T08:00:00Z"), ("vuln_details", "1")];
    golden!("get_tickets", server.call("reader", "get_tickets.php", &old).await);
    let named = [("ticket_numbers", "1,2,7"), ("state", "OPEN")];
    golden!("get_tickets-named", server.call("reader", "get_tickets.php", &named).await);
    let many = server.call("reader", "get_tickets.php", &[("ticket_numbers", "1-1001")]).await;
    golden!("get_tickets-refused", many);

    let details = [("host_ip", "192.0.2.4"), ("ticket_details", "1")];
    golden!("get_host_info-tickets", server.call("reader", "get_host_info.php", &details).await);
    edit(&[("ticket_numbers", "4"), ("change_state", "IGNORED")]).await;
    rescan(&server, "192.0.2.4", without(900_001, 443)).await;
    edit(&[("ticket_numbers", "3"), ("change_state", "RESOLVED")]).await;
    golden!("get_host_info-ticket-states", server.call("reader", "get_host_info.php", &details).await);
}

#[tokio::test]
async fn ticket_edit() {
    let server = with_tickets().await;
    let edit = async |login: &str, more: &[(&str, &str)]| server.call(login, "ticket_edit.php", more).await;
    let everything = [
        &EVERY_FILTER[..],
        &[
            ("change_assignee", "unit_manager"),
            ("change_state", "IGNORED"),
            ("add_comment", "Accepted until <spring>"),
            ("reopen_ignored_days", "90"),
        ],
    ];
    golden!("ticket_edit", edit("manager", &everything.concat()).await);
    let resolve = [("since_ticket_number", "1"), ("change_state", "RESOLVED")];
    golden!("ticket_edit-skipped", edit("manager", &resolve).await);
    golden!("ticket_edit-again", edit("unit_manager", &resolve).await);
    let refused = [("ticket_numbers", "1"), ("change_assignee", "contact")];
    golden!("ticket_edit-refused", edit("manager", &refused).await);
    golden!("ticket_edit-none", edit("manager", &[("ticket_numbers", "77"), ("add_comment", "x")]).await);
    let nothing = edit("manager", &[("ticket_numbers", "1")]).await.refusal().unwrap_or_default();
    assert!(nothing.starts_with("5006 One of the parameters (change_assignee,"), "{nothing}");
    // Of tickets that are not ignored, none comes back by itself.
    let later = edit("manager", &[("ticket_numbers", "2"), ("reopen_ignored_days", "5")]).await;
    assert!(later.text.contains("The ticket is not ignored."), "{}", later.text);
}

#[tokio::test]
async fn ticket_delete() {
    let server = with_tickets().await;
    golden!("ticket_delete", server.call("manager", "ticket_delete.php", &EVERY_FILTER).await);
    golden!("ticket_delete-refused", server.call("unit_manager", "ticket_delete.php", &EVERY_FILTER).await);
    golden!("ticket_delete-none", server.call("manager", "ticket_delete.php", &[("host_id", "77")]).await);
    assert_eq!(numbers(&server, "manager", &[("since_ticket_number", "1")]).await, [2, 3, 4]);
    let deleted = [
        ("ticket_numbers", "1-10"),
        ("since_ticket_number", "1"),
        ("until_ticket_number", "9"),
        ("deleted_since_datetime", "2026-11-22"),
        ("deleted_before_datetime", "2026-11-22T09:00:01Z"),
    ];
    let list =
        async |filters: &[(&str, &str)]| server.call("manager", "ticket_list_deleted.php", filters).await;
    golden!("ticket_list_deleted", list(&deleted).await);
    golden!("ticket_list_deleted-none", list(&[("deleted_before_datetime", "2026-11-22T09:00:00Z")]).await);
    golden!("ticket_list_deleted-refused", list(&[("ticket_numbers", "x")]).await);
    // A deleted ticket does not come back; what it was about gets another one.
    rescan(&server, "192.0.2.4", |_| {}).await;
    assert_eq!(numbers(&server, "manager", &[("since_ticket_number", "1")]).await, [2, 3, 4, 5]);
}

#[tokio::test]
async fn ignore_vuln() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let call = async |login: &str, parameters: &[(&str, &str)]| {
        let comments = [("comments", "Behind the <proxy>")];
        server.call(login, "ignore_vuln.php", &[parameters, &comments].concat()).await
    };
    let host = ("ips", "192.0.2.4");
    golden!(
        "ignore_vuln",
        call("manager", &[("qids", "900005,900001"), host, ("reopen_ignored_days", "30")]).await
    );
    golden!("ignore_vuln-again", call("manager", &[("qids", "900005"), ("dns_contains", "HOST-4")]).await);
    let restore = [("action", "restore"), ("qids", "900005"), ("netbios_contains", "host")];
    golden!("ignore_vuln-restore", call("manager", &restore).await);
    golden!("ignore_vuln-refused", call("manager", &[("qids", "900003"), host]).await);
    golden!("ignore_vuln-beyond", call("unit_manager", &[("qids", "900001"), ("ips", "192.0.2.40")]).await);

    // Not shown any more, and not among the risks; the report of the scan is what it was.
    let shown = [("host_ip", "192.0.2.4"), ("vuln_details", "1")];
    let host_info = server.call("reader", "get_host_info.php", &shown).await;
    assert!(!host_info.text.contains("900001") && host_info.text.contains("900005"), "{}", host_info.text);
    assert!(host_info.text.contains("<SECURITY_RISK>3<"), "{}", host_info.text);
    // Thirty days later it is back.
    server.clock.advance(30 * 86_400);
    let host_info = server.call("reader", "get_host_info.php", &shown).await;
    assert!(host_info.text.contains("900001"), "{}", host_info.text);
    assert_eq!(numbers(&server, "manager", &[("states", "OPEN")]).await, [1, 2, 3]);

    let refusal =
        async |parameters: &[(&str, &str)]| call("manager", parameters).await.refusal().unwrap_or_default();
    let restore = [("action", "restore"), ("qids", "900005"), host, ("reopen_ignored_days", "30")];
    assert!(refusal(&restore).await.starts_with("5007 Parameter 'reopen_ignored_days' can only be used"));
    let past = [("qids", "900005"), host, ("reopen_ignored_date", "2026-11-22")];
    assert_eq!(
        refusal(&past).await,
        "5000 Invalid value for 'reopen_ignored_date' : 2026-11-22. The day has passed."
    );
    let long = vec!["192.0.2.4"; 60].join(",");
    assert!(refusal(&[("qids", "900005"), ("ips", &long)]).await.contains("longer than 512 characters"));
    let nowhere = call("manager", &[("qids", "123456"), host]).await;
    assert!(nowhere.text.contains("status=\"WARNING\" number=\"0\""), "{}", nowhere.text);
}

#[tokio::test]
async fn everybody_sees_their_own_tickets_and_those_of_their_hosts() {
    let server = Server::start().await;
    server.ticket_everything().await;
    server.finished_scan("manager", "192.0.2.5").await;
    server.finished_scan("manager", "192.0.2.41").await;
    let all = [("since_ticket_number", "1")];
    assert_eq!(numbers(&server, "manager", &all).await, [1, 2, 3, 4, 5, 6, 7, 8]);
    for login in ["unit_manager", "scanner", "reader"] {
        assert_eq!(numbers(&server, login, &all).await, [1, 2, 3, 4], "{login}");
    }
    let edit = async |login: &str, more: &[(&str, &str)]| server.call(login, "ticket_edit.php", more).await;
    // The Scanner does not have the host: skipped. The Manager has every host.
    let beyond = edit("manager", &[("ticket_numbers", "4-5"), ("change_assignee", "scanner")]).await;
    assert!(
        beyond.text.contains("<CHANGES count=\"1\">")
            && beyond.text.contains("The user does not have the host.")
    );
    assert_eq!(numbers(&server, "scanner", &[("ticket_assignee", "scanner")]).await, [4]);
    // Out of the Unit Manager's reach: left out, not refused.
    let foreign = edit("unit_manager", &[("ticket_numbers", "4-5"), ("add_comment", "x")]).await;
    assert!(foreign.text.contains("<TICKET_NUMBER>4<") && !foreign.text.contains("<TICKET_NUMBER>5<"));
    let foreign = [("qids", "900001"), ("asset_groups", "All"), ("comments", "x")];
    let ignored = server.call("unit_manager", "ignore_vuln.php", &foreign).await;
    assert!(ignored.text.contains("number=\"1\"") && ignored.text.contains("192.0.2.5"), "{}", ignored.text);
    // Whoever loses the account cannot work on tickets any more.
    assert_eq!(numbers(&server, "manager", &[("invalid", "1")]).await, [0; 0]);
    let login = "scanner".parse().unwrap();
    server.app.set_user_status(&login, palisade_model::UserStatus::Inactive).await.unwrap();
    assert_eq!(numbers(&server, "manager", &[("invalid", "1")]).await, [4]);
}

#[tokio::test]
async fn filters_choose() {
    let server = with_tickets().await;
    let check = async |name: &str, value: &str, expected: &[u64]| {
        assert_eq!(numbers(&server, "manager", &[(name, value)]).await, expected, "{name}={value}");
    };
    let of_qid = async |qid: &str| numbers(&server, "manager", &[("qids", qid)]).await;
    let potential = of_qid("900002").await;
    check("potential_vuln_severities", "3", &potential).await;
    check("potential_vuln_severities", "4,5", &[]).await;
    check("vuln_severities", "3", &[]).await;
    check("vuln_severities", "2,4", &[of_qid("900001").await, of_qid("900005").await].concat()).await;
    check("vuln_title_contains", "outdated PRODUCT", &potential).await;
    check("vuln_details_contains", "sample\t1.0", &potential).await;
    check("dns_contains", "nowhere", &[]).await;
    check("asset_groups", "All", &[1, 2, 3, 4]).await;
    check("ips", "192.0.2.5", &[]).await;
    check("host_id", "77", &[]).await;
    check("overdue", "1", &[]).await;
    check("modified_since_datetime", "2026-11-22T08:30:00Z", &[]).await;
    check("unmodified_since_datetime", "2026-11-22T08:30:00Z", &[1, 2, 3, 4]).await;
    check("ticket_assignee", "nobody at all", &[]).await;
    server.clock.advance(10 * 86_400);
    check("overdue", "1", &[1, 2, 3, 4]).await;
    check("overdue", "0", &[]).await;
}

#[tokio::test]
async fn a_thousand_tickets_at_a_time() {
    let server = Server::start().await;
    server.ticket_everything().await;
    let add = [("action", "add"), ("host_ips", "10.0.0.0-10.0.1.255")];
    server.call("manager", "asset_ip.php", &add).await.assert_success();
    let scanner = server.scanner();
    // Hosts whose addresses end in 13 do not answer: 252 do, with four vulnerabilities each.
    let parameters = [("ip", "10.0.0.0-10.0.0.252"), ("save_report", "yes")];
    let scanning = async {
        for _ in 0..16 {
            scanner.finish_scan().await;
        }
    };
    tokio::join!(server.call("manager", "scan.php", &parameters), scanning);
    let list = async |since: &str| {
        server.call("manager", "ticket_list.php", &[("since_ticket_number", since)]).await
    };
    let first = list("1").await;
    assert_valid_answer(&first);
    assert_eq!(first.text.matches("<TICKET>").count(), 1_000);
    golden!("ticket_list-truncated", shortened(first));
    let rest = list("1000").await;
    let found = numbers(&server, "manager", &[("since_ticket_number", "1000")]).await;
    assert_eq!(found, (1_000..=1_008).collect::<Vec<u64>>(), "the last one is sent once more");
    assert!(!rest.text.contains("<TRUNCATION"));
    let export = server.call("manager", "get_tickets.php", &[("since", "2026-11-22")]).await;
    assert_valid_answer(&export);
    assert_eq!(export.text.matches("<TICKET>").count(), 1_008, "the export is not cut");
    let all = [("since_ticket_number", "1")];
    let gone = server.call("manager", "ticket_delete.php", &all).await;
    assert!(gone.text.contains("<CHANGES count=\"1008\">"));
    let deleted = server.call("manager", "ticket_list_deleted.php", &all).await;
    assert_valid_answer(&deleted);
    assert_eq!(deleted.text.matches("<TICKET>").count(), 1_000);
    golden!("ticket_list_deleted-truncated", shortened(deleted));
}

#[tokio::test]
async fn two_people_edit_one_ticket_at_once() {
    let server = with_tickets().await;
    let assign = [("ticket_numbers", "1-4"), ("change_assignee", "scanner")];
    let ignore = [("ticket_numbers", "1-4"), ("change_state", "IGNORED")];
    let (first, second) = tokio::join!(
        server.call("manager", "ticket_edit.php", &assign),
        server.call("unit_manager", "ticket_edit.php", &ignore)
    );
    for answer in [first, second] {
        assert!(answer.text.contains("<CHANGES count=\"4\">"), "{}", answer.text);
    }
    let both = [("ticket_assignee", "scanner"), ("states", "IGNORED")];
    assert_eq!(numbers(&server, "manager", &both).await, [1, 2, 3, 4]);
    // Both want the same: one does it, the other is told.
    let open = [("ticket_numbers", "1-4"), ("change_state", "OPEN")];
    let (first, second) = tokio::join!(
        server.call("manager", "ticket_edit.php", &open),
        server.call("unit_manager", "ticket_edit.php", &open)
    );
    let told = "The ticket is in this state already.";
    let counts = [first, second].map(|answer| answer.text.matches(told).count());
    assert_eq!(counts.iter().sum::<usize>(), 4);
}

#[tokio::test]
async fn policies_decide_in_their_order() {
    use palisade_app::PolicyView;
    use palisade_model::remediation::VulnerabilitySelection;
    use palisade_model::{Assignee, IpSet, PolicyAction};

    let server = Server::start().await;
    server.add_user("newcomer", Role::Scanner, true, None).await;
    let group = [("action", "add"), ("title", "Web"), ("host_ips", "192.0.2.4")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    let owner = [("action", "edit"), ("host_ips", "192.0.2.4"), ("owner", "unit_manager")];
    server.call("manager", "asset_ip.php", &owner).await.assert_success();
    let policy = |title: &str, severity: u8, groups: &[&str], action| PolicyView {
        title: title.to_owned(),
        ips: IpSet::new(),
        asset_groups: groups.iter().map(|title| (*title).to_owned()).collect(),
        vulnerabilities: VulnerabilitySelection {
            severities: [severity.try_into().unwrap()].into(),
            ..VulnerabilitySelection::default()
        },
        action,
    };
    let ticket = |assignee| PolicyAction::CreateTicket { assignee, deadline_days: 2 };
    let user = Assignee::User("newcomer".parse().unwrap());
    server.app.add_policy(policy("Severe", 4, &["Web"], ticket(Assignee::AssetOwner))).await.unwrap();
    server.app.add_policy(policy("Other severe", 4, &[], ticket(user))).await.unwrap();
    server.app.add_policy(policy("Minor", 2, &[], PolicyAction::Ignore)).await.unwrap();
    server.app.add_policy(policy("Never", 3, &[], PolicyAction::NoTicket)).await.unwrap();
    server.ticket_everything().await;
    server.finished_scan("scanner", "192.0.2.4-192.0.2.5").await;
    let check = async |filters: &[(&str, &str)], expected: usize| {
        assert_eq!(numbers(&server, "manager", filters).await.len(), expected, "{filters:?}");
    };
    check(&[("ticket_assignee", "unit_manager")], 1).await;
    check(&[("ticket_assignee", "newcomer"), ("ips", "192.0.2.5")], 1).await;
    check(&[("states", "IGNORED"), ("qids", "900005")], 4).await;
    check(&[("qids", "900002")], 0).await;
    // The group was renamed: the policy still means it.
    let rename = [("action", "edit"), ("title", "Web"), ("new_title", "Shop")];
    server.call("manager", "asset_group.php", &rename).await.assert_success();
    assert_eq!(server.app.list_policies().await.unwrap()[0].asset_groups, ["Shop"]);
}
