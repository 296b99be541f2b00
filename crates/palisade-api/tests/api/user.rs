//! Users made, edited, switched and given new passwords through the API.

use palisade_model::Role;

use crate::support::http::Request;
use crate::support::{PASSWORD, Server};

/// `user.php?action=add` with everything that is required.
pub(crate) const NEW_USER: [(&str, &str); 10] = [
    ("action", "add"),
    ("user_role", "scanner"),
    ("business_unit", "Unassigned"),
    ("first_name", "Ada"),
    ("last_name", "Brown"),
    ("title", "Analyst"),
    ("email", "ada@scans.example"),
    ("address1", "1 Main Street"),
    ("city", "Paris"),
    ("country", "France"),
];

/// [`NEW_USER`] with some parameters replaced, added, or (`None`) left out.
fn new_user<'a>(changes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let changed = |name: &str| changes.iter().any(|(other, _)| *other == name);
    let mut pairs: Vec<(&str, &str)> = NEW_USER.into_iter().filter(|(name, _)| !changed(name)).collect();
    pairs.extend(changes.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    pairs
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(part, _)| part)
}

#[tokio::test]
async fn returned_credentials_log_in_and_mailed_ones_too() {
    let server = Server::start().await;
    let answered = new_user(&[("send_email", Some("0"))]);
    let response = server.call("manager", "user.php", &answered).await;
    let login = between(&response.text, "<USER_LOGIN>", "</").to_owned();
    assert_eq!(login, "palis_ab1");
    log_in(&server, &login, between(&response.text, "<PASSWORD>", "</")).await;
    assert!(server.mails().is_empty());

    let mailed = server.call("manager", "user.php", &NEW_USER).await;
    assert!(!mailed.text.contains("PASSWORD"), "{}", mailed.text);
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("\r\nTo: ada@scans.example\r\n"), "{}", mails[0]);
    assert_eq!(between(&mails[0], "Login: ", "\r"), "palis_ab2");
    log_in(&server, "palis_ab2", between(&mails[0], "Password: ", "\r")).await;
}

/// The first login of a new user: nothing goes before the terms are accepted.
async fn log_in(server: &Server, login: &str, password: &str) {
    let call = async |script: &str| server.send(Request::post(script, &[]).login(login, password)).await;
    let early = call("about.php").await;
    assert!(early.refusal().is_some_and(|text| text.starts_with("2003 ")), "{}", early.text);
    call("acceptEULA.php").await.assert_success();
    call("about.php").await.assert_success();
}

#[tokio::test]
async fn each_action_takes_its_own_parameters() {
    let server = Server::start().await;
    let edit = |more: (&'static str, &'static str)| vec![("action", "edit"), ("login", "reader"), more];
    let cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (new_user(&[("city", None)]), "5002 Missing required parameter 'city'."),
        (new_user(&[("title", Some(" "))]), "5002 Missing required parameter 'title'."),
        (new_user(&[("country", Some("Canada"))]), "5002 Missing required parameter 'state'."),
        (new_user(&[("login", Some("x"))]), "5007 Parameter 'login' "),
        (
            new_user(&[("business_unit", Some("Harbour"))]),
            "5000 Invalid value for 'business_unit' : Harbour.",
        ),
        (new_user(&[("asset_groups", Some("Servers"))]), "5009 Invalid value for 'asset_groups' : Servers."),
        (new_user(&[("email", Some("ada@x\r\nBcc: b@y"))]), "5000 Invalid value for 'email' : "),
        (new_user(&[("time_zone_code", Some("XX"))]), "5000 Invalid value for 'time_zone_code' : XX."),
        (
            new_user(&[("user_role", Some("contact")), ("send_email", Some("0"))]),
            "5007 Parameter 'send_email' ",
        ),
        (vec![("action", "edit"), ("city", "Lyon")], "5002 Missing required parameter 'login'."),
        (edit(("user_role", "manager")), "5007 Parameter 'user_role' "),
        (edit(("business_unit", "Unassigned")), "5007 Parameter 'business_unit' "),
        (edit(("send_email", "1")), "5007 Parameter 'send_email' "),
        (edit(("first_name", "")), "5000 Invalid value for 'first_name' : "),
        (edit(("email", "nobody")), "5000 Invalid value for 'email' : nobody."),
        (vec![("action", "activate"), ("login", "reader"), ("city", "Lyon")], "5007 Parameter 'city' "),
    ];
    let users = server.call("manager", "user_list.php", &[]).await.text;
    for (parameters, expected) in cases {
        let response = server.call("manager", "user.php", &parameters).await;
        let refusal = response.refusal().unwrap_or_default();
        assert!(refusal.starts_with(expected), "{parameters:?}\n{expected}\n{}", response.text);
    }
    assert_eq!(server.call("manager", "user_list.php", &[]).await.text, users);
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_user_is_switched_only_from_the_other_status_and_by_another() {
    let server = Server::start().await;
    server.add_user("newcomer", Role::Scanner, false, None).await;
    let switch = async |action: &str, login: &str| {
        let parameters = [("action", action), ("login", login)];
        server.call("manager", "user.php", &parameters).await.refusal().unwrap_or_default()
    };
    assert!(switch("activate", "reader").await.starts_with("5201 "));
    assert_eq!(switch("deactivate", "reader").await, "");
    let refused = server.call("reader", "about.php", &[]).await;
    assert!(refused.refusal().is_some_and(|text| text.starts_with("2002 ")), "{}", refused.text);
    assert!(switch("deactivate", "reader").await.starts_with("5201 "));
    assert_eq!(switch("activate", "reader").await, "");
    server.call("reader", "about.php", &[]).await.assert_success();
    assert!(switch("activate", "newcomer").await.starts_with("5201 "));
    assert!(switch("deactivate", "newcomer").await.starts_with("5201 "));
    assert!(switch("deactivate", "manager").await.starts_with("5202 "));
}

#[tokio::test]
async fn edits_are_seen_and_empty_texts_remove() {
    let server = Server::start().await;
    let edit = async |more: &[(&str, &str)]| {
        let parameters = [&[("action", "edit"), ("login", "reader")], more].concat();
        server.call("manager", "user.php", &parameters).await.assert_success();
        server.call("manager", "user_list.php", &[("external_id_assigned", "1")]).await.text
    };
    let given = [("external_id", "E-1"), ("time_zone_code", "FR"), ("ui_interface_style", "navy_blue")];
    let seen = edit(&given).await;
    assert!(seen.contains("[E-1]") && seen.contains("[FR]") && seen.contains("navy_blue"), "{seen}");
    let seen = edit(&[("time_zone_code", "")]).await;
    assert!(seen.contains("[Auto]") && seen.contains("[E-1]"), "{seen}");
    assert!(!edit(&[("external_id", "")]).await.contains("<USER>"));
}

#[tokio::test]
async fn a_unit_manager_reaches_only_themselves() {
    let server = Server::start().await;
    let refusal = async |script: &str, parameters: &[(&str, &str)]| {
        server.call("unit_manager", script, parameters).await.refusal().unwrap_or_default()
    };
    assert!(refusal("user.php", &NEW_USER).await.starts_with("5000 Invalid value for 'business_unit'"));
    let other = [("action", "edit"), ("login", "manager"), ("city", "Lyon")];
    assert!(refusal("user.php", &other).await.starts_with("5000 Invalid value for 'login'"));
    let own = [("action", "edit"), ("login", "unit_manager"), ("city", "Lyon")];
    assert_eq!(refusal("user.php", &own).await, "");
    let logins = [("user_logins", "manager"), ("email", "0")];
    assert!(refusal("password_change.php", &logins).await.starts_with("5204 "));
    server.call("manager", "about.php", &[]).await.assert_success();
}

#[tokio::test]
async fn new_passwords_replace_the_old_ones() {
    let server = Server::start().await;
    server.add_user("newcomer", Role::Scanner, false, None).await;
    let all = [("user_logins", "all"), ("email", "0")];
    let response = server.call("manager", "password_change.php", &all).await;
    assert!(!response.text.contains("<USER_LOGIN>manager<") && !response.text.contains("contact"));
    let (_, rest) = response.text.split_once("<USER_LOGIN>reader<").unwrap();
    let password = between(rest, "<PASSWORD>", "</");
    let about = async |password: &str| {
        server.send(Request::post("about.php", &[]).login("reader", password)).await.status
    };
    assert_eq!((about(PASSWORD).await, about(password).await), (401, 200));
    let list = server.call("manager", "user_list.php", &[]).await.text;
    assert!(!list.contains("Pending Activation"), "{list}");

    let mailed = server.call("manager", "password_change.php", &[("user_logins", "reader")]).await;
    assert!(!mailed.text.contains("PASSWORD>"), "{}", mailed.text);
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(about(between(&mails[0], "Password: ", "\r")).await, 200);
}
