//! Who is let in, and what the others are told.

use palisade_model::{Role, UserStatus};

use crate::support::http::Request;
use crate::support::{PASSWORD, Server, assert_valid_answer};

#[tokio::test]
async fn the_challenge_names_the_realm_that_clients_know() {
    let server = Server::start().await;
    let anonymous = server.send(Request::get("/msp/about.php")).await;
    assert_eq!(anonymous.status, 401);
    assert_eq!(anonymous.header("www-authenticate"), Some("Basic realm=\"MSP Front Office\""));
    assert_eq!(anonymous.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(anonymous.text, "ACCESS DENIED");
    let other_scheme = Request::get("/msp/about.php").header("Authorization", "Bearer abc");
    assert_eq!(server.send(other_scheme).await.status, 401);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_look_alike() {
    let server = Server::start().await;
    let wrong = server.send(Request::get("/msp/about.php").login("manager", "wrong")).await;
    let unknown = server.send(Request::get("/msp/about.php").login("nobody", "wrong")).await;
    for response in [&wrong, &unknown] {
        assert_eq!((response.status, response.text.as_str()), (401, "ACCESS DENIED"));
        assert!(response.header("www-authenticate").is_some());
    }
    let entry = server.last_activity().await;
    assert!(entry.refused && entry.login.as_deref() == Some("nobody"), "{entry:?}");
}

#[tokio::test]
async fn guessing_is_throttled_even_with_the_right_password() {
    let server = Server::start().await;
    let mut throttled = None;
    for _ in 0..30 {
        let response = server.send(Request::get("/msp/about.php").login("manager", "wrong")).await;
        assert_eq!((response.status, response.text.as_str()), (401, "ACCESS DENIED"));
        if response.header("retry-after").is_some() {
            throttled = Some(response);
            break;
        }
    }
    let throttled = throttled.expect("throttled within 30 attempts");
    let seconds: u32 = throttled.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0);
    let right = server.send(Request::get("/msp/about.php").login("manager", PASSWORD)).await;
    assert_eq!(right.status, 401, "the right password does not end the throttling");
    server.clock.advance(i64::from(seconds) + 3600);
    let later = server.send(Request::get("/msp/about.php").login("manager", PASSWORD)).await;
    assert_eq!(later.status, 200);
}

#[tokio::test]
async fn account_states_are_told_with_a_login_return() {
    let server = Server::start().await;
    let expires_at = "2026-11-01T00:00:00Z".parse().unwrap();
    server.add_user("expired", Role::Manager, true, Some(expires_at)).await;
    server.add_user("disabled", Role::Manager, true, None).await;
    server.app.set_user_status(&"disabled".parse().unwrap(), UserStatus::Inactive).await.unwrap();
    for (login, refusal) in [("expired", "2001 Account Expired"), ("disabled", "2002 Account Inactive")] {
        let response = server.call(login, "scan_report_list.php", &[]).await;
        assert_eq!((response.status, response.refusal().as_deref()), (200, Some(refusal)));
        assert!(
            response.text.contains(&format!("<API name=\"login\" username=\"{login}\"")),
            "{}",
            response.text
        );
        assert_valid_answer(&response);
    }
}

#[tokio::test]
async fn a_contact_has_no_api_access() {
    let server = Server::start().await;
    let response = server.call("contact", "about.php", &[]).await;
    assert_eq!((response.status, response.text.as_str()), (403, "ACCESS DENIED"));
    assert_eq!(response.header("www-authenticate"), None);
}

#[tokio::test]
async fn the_terms_come_first() {
    let server = Server::start().await;
    server.add_user("newcomer", Role::Manager, false, None).await;
    for row in palisade_api::registry::CALLS.iter().filter(|row| !row.before_eula) {
        let response = server.call("newcomer", row.call.script, &[]).await;
        assert!(response.refusal().is_some_and(|text| text.starts_with("2003 ")), "{}", response.text);
    }
    server.call("newcomer", "acceptEULA.php", &[]).await.assert_success();
    server.call("newcomer", "about.php", &[]).await.assert_success();
}
