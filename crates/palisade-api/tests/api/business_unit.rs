//! Business units and the roles that manage users: who reaches whom, and what changes when a user
//! or a group goes elsewhere.

use palisade_app::{Authority, NewUser};
use palisade_engine::Link as _;
use palisade_model::user::Password;
use palisade_model::{IpSet, Role};

use crate::support::http::Response;
use crate::support::scanner::sample_result;
use crate::support::{ASSIGNED, PASSWORD, Server};

/// The part of the subscription that belongs to the unit, and a part that does not.
const INSIDE: &str = "192.0.2.4";
const OUTSIDE: &str = "192.0.2.40";

/// A server with the unit Harbour, whose group Quay has the first half of the subscription. In it
/// are a Unit Manager, a Scanner with the group, and a Reader without; another group is Hills.
async fn harbour() -> Server {
    let server = Server::start().await;
    for (title, ips) in [("Quay", ASSIGNED), ("Hills", OUTSIDE)] {
        let parameters = [("action", "add"), ("title", title), ("host_ips", ips)];
        server.call("manager", "asset_group.php", &parameters).await.assert_success();
    }
    let by = Authority::CommandLine;
    server.app.add_business_unit(by, "Harbour", &["Quay".to_owned()]).await.unwrap();
    for (login, role, groups) in [
        ("harbour_um", Role::UnitManager, &[][..]),
        ("harbour_sc", Role::Scanner, &["Quay"][..]),
        ("harbour_re", Role::Reader, &[][..]),
    ] {
        let new = NewUser {
            login: Some(login.parse().unwrap()),
            role,
            first_name: "Fiona".to_owned(),
            last_name: "Harbour".to_owned(),
            email: format!("{login}@scans.example"),
            password: Some(Password::new(PASSWORD.to_owned())),
            assigned_ips: IpSet::new(),
            asset_groups: groups.iter().map(|title| (*title).to_owned()).collect(),
            business_unit: Some("Harbour".to_owned()),
            eula_accepted: true,
            expires_at: None,
        };
        server.app.add_user(new).await.unwrap();
    }
    server
}

#[track_caller]
fn assert_refused(response: &Response, text: &str) {
    assert!(response.refusal().is_some_and(|refusal| refusal.starts_with(text)), "{text}\n{}", response.text);
}

/// `user.php?action=add` with everything that is required.
async fn add(server: &Server, by: &str, role: &str, unit: &str, more: &[(&str, &str)]) -> Response {
    let parameters = [
        ("action", "add"),
        ("user_role", role),
        ("business_unit", unit),
        ("first_name", "Ada"),
        ("last_name", "Brown"),
        ("title", "Analyst"),
        ("email", "ada@scans.example"),
        ("address1", "1 Main Street"),
        ("city", "Paris"),
        ("country", "France"),
    ];
    server.call(by, "user.php", &[&parameters, more].concat()).await
}

async fn edit(server: &Server, by: &str, login: &str, more: (&str, &str)) -> Response {
    server.call(by, "user.php", &[("action", "edit"), ("login", login), more]).await
}

#[tokio::test]
async fn a_unit_manager_reaches_the_unit_and_no_more() {
    let server = harbour().await;
    let hosts = server.call("harbour_um", "asset_ip_list.php", &[]).await;
    assert!(hosts.text.contains("192.0.2.31") && !hosts.text.contains(OUTSIDE), "{}", hosts.text);
    let groups = server.call("harbour_um", "group_list.php", &[]).await;
    assert!(groups.text.contains("[Quay]") && !groups.text.contains("Hills"), "{}", groups.text);

    let users = server.call("harbour_um", "user_list.php", &[]).await;
    assert_eq!(users.text.matches("<USER>").count(), 3, "{}", users.text);
    assert_eq!(users.text.matches("<BUSINESS_UNIT><![CDATA[Harbour]]>").count(), 3, "{}", users.text);
    assert_eq!(users.text.matches("<UNIT_MANAGER_POC>1<").count(), 1, "{}", users.text);
    assert_eq!(users.text.matches("<ASSET_GROUP_TITLE><![CDATA[Quay]]>").count(), 2, "{}", users.text);

    edit(&server, "harbour_um", "harbour_re", ("city", "Lyon")).await.assert_success();
    assert_refused(&edit(&server, "harbour_um", "reader", ("city", "Lyon")).await, "5000 ");
    let passwords = [("user_logins", "harbour_re,reader"), ("email", "0")];
    let changed = server.call("harbour_um", "password_change.php", &passwords).await;
    assert_eq!(changed.text.matches("<PASSWORD>").count(), 1, "{}", changed.text);

    let log = [("date_from", "2026-11-22")];
    server.call("reader", "about.php", &[("what", "1")]).await;
    server.call("harbour_sc", "about.php", &[("what", "1")]).await;
    let log = server.call("harbour_um", "action_log_report.php", &log).await;
    assert!(log.text.contains("harbour_sc") && !log.text.contains("[reader]"), "{}", log.text);
    let other = [("date_from", "2026-11-22"), ("user_login", "reader")];
    let other = server.call("harbour_um", "action_log_report.php", &other).await;
    assert!(!other.text.contains("<ACTION_LOG>"), "{}", other.text);
}

#[tokio::test]
async fn users_are_made_where_they_fit() {
    let server = harbour().await;
    let no_mail = ("send_email", "0");
    let groups = |title: &'static str| [no_mail, ("asset_groups", title)];
    add(&server, "manager", "scanner", "Harbour", &groups("Quay")).await.assert_success();
    add(&server, "harbour_um", "reader", "Harbour", &groups(" Quay ,")).await.assert_success();
    add(&server, "harbour_um", "unit_manager", "Harbour", &[no_mail]).await.assert_success();
    let unknown = "5009 Invalid value for 'asset_groups' : Hills.";
    assert_refused(&add(&server, "manager", "scanner", "Harbour", &groups("Hills")).await, unknown);
    assert_refused(&add(&server, "harbour_um", "scanner", "Harbour", &groups("Hills")).await, unknown);
    let no_unit = "5000 Invalid value for 'business_unit'";
    assert_refused(&add(&server, "harbour_um", "scanner", "Unassigned", &[no_mail]).await, no_unit);
    assert_refused(&add(&server, "unit_manager", "scanner", "Harbour", &[no_mail]).await, no_unit);
    assert_refused(&add(&server, "manager", "unit_manager", "Unassigned", &[no_mail]).await, "5902 ");
    for role in ["manager", "auditor", "administrator"] {
        assert_refused(&add(&server, "manager", role, "Harbour", &[no_mail]).await, "5902 ");
        assert_refused(&add(&server, "harbour_um", role, "Harbour", &[no_mail]).await, "5902 ");
        assert_refused(&add(&server, "manager", role, "Unassigned", &groups("Quay")).await, "5901 ");
    }
    let list = server.call("harbour_um", "user_list.php", &[]).await;
    assert_eq!(list.text.matches("<USER>").count(), 6, "{}", list.text);
}

#[tokio::test]
async fn asset_groups_are_replaced_and_taken() {
    let server = harbour().await;
    let reached = async |login: &str| server.call(login, "ip_list.php", &[]).await.text;
    edit(&server, "manager", "harbour_re", ("asset_groups", "Quay")).await.assert_success();
    assert!(reached("harbour_re").await.contains("192.0.2.31"));
    let foreign = edit(&server, "manager", "harbour_re", ("asset_groups", "Quay,Hills")).await;
    assert_refused(&foreign, "5009 Invalid value for 'asset_groups' : Hills.");
    edit(&server, "manager", "harbour_re", ("asset_groups", "")).await.assert_success();
    assert!(!reached("harbour_re").await.contains("192.0.2"));
    assert_refused(&edit(&server, "manager", "harbour_um", ("asset_groups", "Quay")).await, "5901 ");
    assert_refused(&edit(&server, "manager", "manager", ("asset_groups", "")).await, "5901 ");
}

#[tokio::test]
async fn a_unit_managers_group_is_the_units() {
    let server = harbour().await;
    let group = async |by: &str, action: &str, more: &[(&str, &str)]| {
        let parameters = [&[("action", action), ("title", "Cranes")], more].concat();
        server.call(by, "asset_group.php", &parameters).await
    };
    assert_refused(&group("harbour_um", "add", &[("host_ips", OUTSIDE)]).await, "5101 ");
    group("harbour_um", "add", &[("host_ips", INSIDE)]).await.assert_success();
    group("harbour_um", "edit", &[("user_logins", "harbour_re")]).await.assert_success();
    assert_refused(&group("harbour_um", "edit", &[("user_logins", "reader")]).await, "5000 ");
    let seen = server.call("harbour_re", "ip_list.php", &[]).await;
    assert!(seen.text.contains(INSIDE), "{}", seen.text);
    let delete = async |by: &str| server.call(by, "asset_group_delete.php", &[("title", "Cranes")]).await;
    assert_refused(&delete("harbour_um").await, "5303 ");
    group("harbour_um", "edit", &[("user_logins", "")]).await.assert_success();
    assert_refused(
        &delete("manager").await,
        "5908 The asset group Cranes is in use. It is in the business units: Harbour.",
    );
    delete("harbour_um").await.assert_success();
    let quay = server.call("harbour_um", "asset_group.php", &[("action", "edit"), ("title", "Hills")]).await;
    assert_refused(&quay, "5009 ");
}

#[tokio::test]
async fn a_user_moved_to_another_unit_leaves_everything_behind() {
    let server = harbour().await;
    let by = Authority::CommandLine;
    server.app.add_business_unit(by, "Inland", &["Hills".to_owned()]).await.unwrap();
    let login = "harbour_sc".parse().unwrap();
    let parameters = [("ip", INSIDE), ("save_report", "yes")];
    let moving = async {
        while server.app.list_running(&server.actor("manager").await).await.unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let lost = server.app.move_user(by, &login, Some("Inland")).await.unwrap();
        assert_eq!(lost, ["Quay"]);
        let lease = server.app.link("scanner").lease().await.unwrap();
        assert!(lease.is_none(), "the scan goes no further: {lease:?}");
    };
    let (response, ()) = tokio::join!(server.call("harbour_sc", "scan.php", &parameters), moving);
    assert!(!response.text.contains("<IP value"), "{}", response.text);
    let hosts = server.call("harbour_sc", "ip_list.php", &[]).await;
    assert!(!hosts.text.contains("192.0.2."), "{}", hosts.text);
    assert_refused(&edit(&server, "harbour_um", "harbour_sc", ("city", "Lyon")).await, "5000 ");
    // The scan stays theirs, and the unit they left does not lose sight of its hosts.
    let (inside, outside) =
        (server.finished_scan("manager", INSIDE).await, server.finished_scan("manager", OUTSIDE).await);
    let reports = server.call("harbour_um", "scan_report_list.php", &[]).await;
    assert!(reports.text.contains(&inside) && !reports.text.contains(&outside), "{}", reports.text);
}

#[tokio::test]
async fn a_group_that_leaves_the_unit_takes_its_hosts_along() {
    let server = harbour().await;
    let scanner = server.scanner();
    let targets = format!("{INSIDE},192.0.2.5");
    let parameters = [("ip", targets.as_str()), ("save_report", "yes")];
    let by = Authority::CommandLine;
    server
        .call("manager", "asset_group.php", &[("action", "add"), ("title", "Pier"), ("host_ips", INSIDE)])
        .await
        .assert_success();
    let leaving = async {
        while server.app.list_running(&server.actor("manager").await).await.unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        server.app.edit_business_unit(by, "Harbour", None, Some(&["Pier".to_owned()])).await.unwrap();
        let lease = scanner.lease().await;
        assert_eq!(lease.order.targets.to_string(), INSIDE, "Pier has that one address of Quay");
        scanner.deliver(&lease, sample_result([192, 0, 2, 4].into())).await;
        scanner.complete(&lease).await;
    };
    let (response, ()) = tokio::join!(server.call("harbour_sc", "scan.php", &parameters), leaving);
    assert!(response.text.contains("<KEY value=\"NBHOST_TOTAL\">1</KEY>"), "{}", response.text);
    let refused = server.app.delete_business_unit(by, "Harbour").await;
    assert!(matches!(refused, Err(palisade_app::Error::BusinessUnitInUse { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_administrator_manages_users_but_not_the_management() {
    let server = harbour().await;
    server.add_user("second_administrator", Role::Administrator, true, None).await;
    let no_mail = [("send_email", "0")];
    for role in ["manager", "administrator"] {
        let refused = add(&server, "administrator", role, "Unassigned", &no_mail).await;
        assert_refused(&refused, "5903 The user's role does not permit making a ");
    }
    add(&server, "administrator", "unit_manager", "Harbour", &no_mail).await.assert_success();
    let added = add(&server, "administrator", "auditor", "Unassigned", &no_mail).await;
    added.assert_success();
    edit(&server, "administrator", "harbour_um", ("city", "Lyon")).await.assert_success();
    edit(&server, "administrator", "administrator", ("city", "Lyon")).await.assert_success();
    for login in ["manager", "second_administrator"] {
        assert_refused(&edit(&server, "administrator", login, ("city", "Lyon")).await, "5000 ");
        let deactivate = [("action", "deactivate"), ("login", login)];
        assert_refused(&server.call("administrator", "user.php", &deactivate).await, "5000 ");
    }
    let list = server.call("administrator", "user_list.php", &[]).await;
    assert!(!list.text.contains("<USER_ROLE>Manager<") && !list.text.contains("second_"), "{}", list.text);
    assert!(list.text.contains("<USER_LOGIN>administrator<"), "{}", list.text);
    assert!(!list.text.contains("LAST_LOGIN_DATE"), "{}", list.text);
    let all =
        server.call("administrator", "password_change.php", &[("user_logins", "all"), ("email", "0")]).await;
    assert!(!all.text.contains("<USER_LOGIN>manager<") && all.text.contains("<USER_LOGIN>harbour_um<"));

    let group = [("action", "add"), ("title", "Attic"), ("host_ips", OUTSIDE)];
    server.call("administrator", "asset_group.php", &group).await.assert_success();
    let assign = [("action", "edit"), ("title", "Attic"), ("user_logins", "scanner")];
    server.call("administrator", "asset_group.php", &assign).await.assert_success();
    let own = server.call("administrator", "action_log_report.php", &[("date_from", "2026-11-22")]).await;
    assert!(own.text.contains("Attic") && !own.text.contains("Quay"), "{}", own.text);
}

#[tokio::test]
async fn the_last_ones_stay() {
    let server = harbour().await;
    server.add_user("deputy", Role::Manager, true, None).await;
    let off = async |by: &str, login: &str| {
        server.call(by, "user.php", &[("action", "deactivate"), ("login", login)]).await
    };
    assert_refused(&off("manager", "harbour_um").await, "5905 ");
    // The two switch each other off at the same moment: one of them stays.
    let (one, two) = tokio::join!(off("manager", "deputy"), off("deputy", "manager"));
    let refusals = [one.refusal(), two.refusal()];
    assert_eq!(refusals.iter().filter(|refusal| refusal.is_none()).count(), 1, "{refusals:?}");
    let answers = ["5904 ", "2002 "];
    assert!(
        refusals.iter().flatten().all(|text| answers.iter().any(|answer| text.starts_with(answer))),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn two_people_edit_one_user_and_both_edits_stay() {
    let server = harbour().await;
    server.add_user("deputy", Role::Manager, true, None).await;
    let (one, two) = tokio::join!(
        edit(&server, "manager", "harbour_re", ("city", "Lyon")),
        edit(&server, "deputy", "harbour_re", ("phone", "+33 1"))
    );
    one.assert_success();
    two.assert_success();
    let list = server.call("harbour_um", "user_list.php", &[]).await;
    assert!(list.text.contains("[Lyon]") && list.text.contains("[+33 1]"), "{}", list.text);
    let switch = async |by: &str| {
        let parameters = [("action", "deactivate"), ("login", "harbour_re")];
        server.call(by, "user.php", &parameters).await.refusal()
    };
    let (one, two) = tokio::join!(switch("manager"), switch("deputy"));
    let mut refusals = [one, two];
    refusals.sort();
    assert_eq!(refusals[0], None, "one of them did it");
    let second = refusals[1].as_deref().unwrap_or_default();
    assert!(second.starts_with("5201 The user's status is "), "the other is told: {second}");
}
