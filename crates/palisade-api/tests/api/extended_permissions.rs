//! What users may do beyond their role, once a permission is granted: within their part of the
//! subscription, and not out of it.

use crate::business_unit::{INSIDE, OUTSIDE, harbour};
use crate::support::Server;
use crate::support::http::Response;

/// Addresses that nobody has yet.
const NEW: &str = "198.51.100.1-198.51.100.3";

async fn grant(server: &Server, login: &str, permissions: &str) {
    let login = login.parse().unwrap();
    server.app.set_permissions(&login, &permissions.parse().unwrap()).await.unwrap();
}

#[track_caller]
fn assert_refused(response: &Response, with: &str) {
    let refusal = response.refusal().unwrap_or_default();
    assert!(refusal.starts_with(with), "{with}\n{}", response.text);
}

async fn add(server: &Server, login: &str, ips: &str, group: Option<&str>) -> Response {
    let mut parameters = vec![("ips", ips), ("enable_vm", "1")];
    parameters.extend(group.map(|title| ("ag_title", title)));
    server.operation(login, "asset/ip", "add", &parameters).await
}

#[tokio::test]
async fn a_unit_manager_adds_hosts_to_a_group_of_the_unit() {
    let server = harbour().await;
    assert_refused(&add(&server, "harbour_um", NEW, Some("Quay")).await, "2012 ");
    grant(&server, "harbour_um", "add_assets").await;
    assert_refused(
        &add(&server, "harbour_um", NEW, None).await,
        "1903 Missing required parameter(s): ag_title",
    );
    assert_refused(&add(&server, "harbour_um", NEW, Some("Hills")).await, "1905 ");
    add(&server, "harbour_um", NEW, Some("Quay")).await.assert_success();
    for login in ["harbour_um", "harbour_sc"] {
        let seen = server.operation(login, "asset/ip", "list", &[("ips", NEW)]).await;
        assert!(seen.text.contains("<IP_RANGE>198.51.100.1-198.51.100.3<"), "{login}: {}", seen.text);
    }
    // Nobody else says where addresses go.
    let named = add(&server, "manager", "198.51.100.9", Some("Quay")).await;
    assert_refused(&named, "1901 Unrecognized parameter(s): ag_title");
}

#[tokio::test]
async fn a_unit_manager_cannot_take_hosts_of_others() {
    let server = harbour().await;
    grant(&server, "harbour_um", "add_assets").await;
    let mixed = format!("{OUTSIDE},198.51.100.7");
    let answer = add(&server, "harbour_um", &mixed, Some("Quay")).await;
    assert_refused(&answer, "1905 ");
    assert!(answer.text.contains(OUTSIDE) && !answer.text.contains("198.51.100.7"), "{}", answer.text);
    let seen = server.operation("manager", "asset/ip", "list", &[("ips", "198.51.100.7")]).await;
    assert!(!seen.text.contains("198.51.100.7"), "half of it was added: {}", seen.text);
    // What the unit has already may be named again.
    add(&server, "harbour_um", &format!("{INSIDE},198.51.100.7"), Some("Quay")).await.assert_success();
}

#[tokio::test]
async fn the_first_version_puts_what_is_new_into_the_first_group() {
    let server = harbour().await;
    let hosts = [("action", "add"), ("host_ips", NEW)];
    let domain = [("action", "add"), ("domain", "quay.example"), ("netblock", NEW)];
    for (script, parameters) in [("asset_ip.php", &hosts[..]), ("asset_domain.php", &domain[..])] {
        assert_refused(&server.call("harbour_um", script, parameters).await, "2012 ");
    }
    grant(&server, "harbour_um", "add_assets").await;
    for (script, parameters) in [("asset_ip.php", &hosts[..]), ("asset_domain.php", &domain[..])] {
        server.call("harbour_um", script, parameters).await.assert_success();
    }
    let hosts = server.call("harbour_um", "asset_ip_list.php", &[]).await.text;
    assert!(hosts.contains("198.51.100.1"), "{hosts}");
    let domains = server.call("harbour_um", "asset_domain_list.php", &[]).await.text;
    assert!(domains.contains("quay.example"), "{domains}");
    // A unit without groups has no place for them.
    let unit = palisade_app::Authority::CommandLine;
    server.app.edit_business_unit(unit, "Harbour", None, Some(&[])).await.unwrap();
    assert_refused(
        &server.call("harbour_um", "asset_ip.php", &[("action", "add"), ("host_ips", "198.51.100.9")]).await,
        "5909 ",
    );
}

#[tokio::test]
async fn hosts_are_purged_within_the_users_part_of_the_subscription() {
    for login in ["harbour_um", "harbour_sc"] {
        let server = harbour().await;
        server.finished_scan("manager", &format!("{INSIDE},{OUTSIDE}")).await;
        let all = format!("{INSIDE},{OUTSIDE}");
        let purge = async || server.operation(login, "asset/host", "purge", &[("ips", &all)]).await;
        assert_refused(&purge().await, "2012 ");
        grant(&server, login, "purge_hosts").await;
        let purged = purge().await;
        assert_eq!(purged.text.matches("<ID>").count(), 1, "{login}: {}", purged.text);
        let left = server.operation("manager", "asset/host", "list", &[]).await.text;
        assert!(left.contains(OUTSIDE) && !left.contains(&format!("<IP>{INSIDE}<")), "{login}: {left}");
    }
}

#[tokio::test]
async fn a_unit_manager_deletes_tickets_of_the_unit() {
    let server = harbour().await;
    server.ticket_everything().await;
    server.finished_scan("manager", &format!("{INSIDE},{OUTSIDE}")).await;
    let every = [("since_ticket_number", "1")];
    assert_refused(&server.call("harbour_um", "ticket_delete.php", &every).await, "2012 ");
    grant(&server, "harbour_um", "edit_remediation_policy").await;
    let deleted = server.call("harbour_um", "ticket_delete.php", &every).await;
    assert!(deleted.refusal().is_none(), "{}", deleted.text);
    let left = server.call("manager", "ticket_list.php", &[("states", "OPEN")]).await.text;
    assert!(left.contains(OUTSIDE) && !left.contains(&format!("<IP>{INSIDE}<")), "{left}");
    // Deleted ones are for Managers alone.
    assert_refused(&server.call("harbour_um", "ticket_list_deleted.php", &every).await, "2012 ");
}

#[tokio::test]
async fn what_is_taken_away_is_refused_again_and_listed() {
    let server = harbour().await;
    let record =
        [("title", "Office"), ("ips", INSIDE), ("username", "scan"), ("password", "a secret of ours")];
    grant(&server, "harbour_um", "").await;
    assert_refused(&server.operation("harbour_um", "auth/unix", "create", &record).await, "2012 ");
    grant(&server, "harbour_um", "edit_auth_records,purge_hosts").await;
    server.operation("harbour_um", "auth/unix", "create", &record).await.assert_success();
    let users = server.call("manager", "user_list.php", &[]).await.text;
    let user = users.split("<USER>").find(|user| user.contains("harbour_um")).unwrap();
    for (name, value) in [
        ("CREATE_OPTION_PROFILES", 0),
        ("PURGE_INFO", 1),
        ("ADD_ASSETS", 0),
        ("EDIT_REMEDIATION_POLICY", 0),
        ("EDIT_AUTH_RECORDS", 1),
    ] {
        assert!(user.contains(&format!("<{name}>{value}</{name}>")), "{name}: {user}");
    }
}
