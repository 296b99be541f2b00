//! Logins: who is let in, and how guessing is slowed down.

use std::net::{IpAddr, Ipv4Addr};

use palisade_app::{Actor, Error, LoginRefused, NewUser, RestrictedIpChange};
use palisade_model::{Role, Timestamp, UserStatus};

use crate::desk::{Desk, HERE, PASSWORD, new_user, password};

/// The refusal of one attempt as a word; `in` when there is none.
async fn attempt(desk: &Desk, login: &str, text: &str, from: IpAddr) -> String {
    match desk.app.authenticate(login, &password(text), from).await {
        Ok(_) => "in".to_owned(),
        Err(LoginRefused::BadCredentials) => "bad".to_owned(),
        Err(LoginRefused::Throttled { retry_after_s }) => format!("wait {retry_after_s}"),
        Err(LoginRefused::Inactive) => "inactive".to_owned(),
        Err(LoginRefused::Expired) => "expired".to_owned(),
        Err(LoginRefused::NoApiAccess) => "no access".to_owned(),
        Err(LoginRefused::RestrictedAddress) => "not from there".to_owned(),
        Err(refused @ (LoginRefused::TooManySessions | LoginRefused::Unavailable(_))) => panic!("{refused}"),
    }
}

#[tokio::test]
async fn only_the_right_password_is_let_in() {
    let desk = Desk::new().await;
    desk.add_user("quays_ab1", Role::Reader, "").await;
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "in");
    assert_eq!(attempt(&desk, "quays_ab1", "wrong", HERE).await, "bad");
    assert_eq!(attempt(&desk, "nobody", PASSWORD, HERE).await, "bad");
    assert_eq!(attempt(&desk, "not a login\0", PASSWORD, HERE).await, "bad");
    assert_eq!(attempt(&desk, "", "", HERE).await, "bad");
    assert_eq!(attempt(&desk, "quays_ab1", &"x".repeat(100_000), HERE).await, "bad");
}

#[tokio::test]
async fn the_state_of_an_account_is_told_to_its_holder_only() {
    let desk = Desk::new().await;
    let login = desk.add_user("quays_ab1", Role::Reader, "").await;
    desk.app.set_user_status(&login, UserStatus::Inactive).await.unwrap();
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "inactive");
    assert_eq!(attempt(&desk, "quays_ab1", "wrong", HERE).await, "bad");

    desk.add_user("quays_co1", Role::Contact, "").await;
    assert_eq!(attempt(&desk, "quays_co1", PASSWORD, HERE).await, "no access");

    let expires_at = Some(Timestamp::from_second(desk.now().as_second() + 100).unwrap());
    let new = NewUser { login: Some("quays_ex1".parse().unwrap()), expires_at, ..new_user() };
    desk.app.add_user(new).await.unwrap();
    assert_eq!(attempt(&desk, "quays_ex1", PASSWORD, HERE).await, "in");
    desk.clock.advance(100);
    assert_eq!(attempt(&desk, "quays_ex1", PASSWORD, HERE).await, "expired", "remembered or not");
}

#[tokio::test]
async fn a_changed_password_counts_at_once() {
    let desk = Desk::new().await;
    let login = desk.add_user("quays_ab1", Role::Reader, "").await;
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "in");
    desk.app.set_password(&login, Some(password("another password"))).await.unwrap();
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "bad", "although it was remembered");
    assert_eq!(attempt(&desk, "quays_ab1", "another password", HERE).await, "in");
    desk.app.set_user_status(&login, UserStatus::Inactive).await.unwrap();
    assert_eq!(attempt(&desk, "quays_ab1", "another password", HERE).await, "inactive");
}

#[tokio::test]
async fn a_remembered_login_is_not_noted_again() {
    let desk = Desk::new().await;
    desk.add_user("quays_ab1", Role::Reader, "").await;
    let last_login = || async { desk.app.list_users().await.unwrap()[0].last_login_at };
    desk.actor("quays_ab1").await;
    let first = last_login().await;
    assert_eq!(first, Some(desk.now()));
    desk.clock.advance(59);
    desk.actor("quays_ab1").await;
    assert_eq!(last_login().await, first, "the password was not checked again within a minute");
    desk.clock.advance(1);
    desk.actor("quays_ab1").await;
    assert_eq!(last_login().await, Some(desk.now()));
}

#[tokio::test]
async fn guessing_at_a_login_is_slowed_down() {
    let desk = Desk::new().await;
    desk.add_user("quays_ab1", Role::Reader, "").await;
    for _ in 0..5 {
        assert_eq!(attempt(&desk, "quays_ab1", "wrong", HERE).await, "bad");
    }
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "wait 1", "the right one waits too");
    desk.clock.advance(1);
    assert_eq!(attempt(&desk, "quays_ab1", "wrong", HERE).await, "bad");
    assert_eq!(attempt(&desk, "quays_ab1", "wrong", HERE).await, "wait 2");
    desk.clock.advance(2);
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "in");
    for _ in 0..5 {
        assert_eq!(attempt(&desk, "quays_ab1", "wrong", HERE).await, "bad", "success forgives");
    }
}

#[tokio::test]
async fn a_source_that_tries_many_logins_is_slowed_down() {
    let desk = Desk::new().await;
    desk.add_user("quays_ab1", Role::Reader, "").await;
    for number in 0..20 {
        assert_eq!(attempt(&desk, &format!("guess{number}"), "wrong", HERE).await, "bad");
    }
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "wait 1");
    let elsewhere = IpAddr::V4(Ipv4Addr::new(10, 1, 1, 1));
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, elsewhere).await, "in");
}

#[tokio::test]
async fn guesses_at_the_same_moment_do_not_slip_through() {
    let desk = Desk::new().await;
    desk.add_user("quays_ab1", Role::Reader, "").await;
    let guesses = (0..30).map(|number| {
        let app = desk.app.clone();
        tokio::spawn(async move {
            app.authenticate("quays_ab1", &password(&format!("guess {number}")), HERE).await
        })
    });
    let mut checked = 0;
    for guess in guesses.collect::<Vec<_>>() {
        checked += u32::from(matches!(guess.await.unwrap(), Err(LoginRefused::BadCredentials)));
    }
    assert!(checked <= 6, "{checked} guesses were checked");
}

#[tokio::test]
async fn refusals_are_in_the_activity_log_without_the_password() {
    let desk = Desk::new().await;
    attempt(&desk, "quays_ab1\n", "very secret guess", HERE).await;
    let log = desk.app.list_activity(10).await.unwrap();
    assert_eq!(log[0].login.as_deref(), Some("quays_ab1\u{fffd}"));
    assert!(log[0].refused);
    assert_eq!((log[0].module.as_str(), log[0].action.as_str()), ("auth", "login"));
    assert!(!format!("{log:?}").contains("very secret guess"));
}

#[tokio::test]
async fn users_sign_in_from_named_addresses_until_the_operator_lifts_that() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("quays_ab1", Role::Reader, "").await;
    let change = async |actor: &Actor, change| desk.app.change_restricted_ips(actor, change).await;
    let near = RestrictedIpChange::Add("127.0.0.0/8".parse().unwrap());
    change(&manager, near).await.unwrap();
    assert!(change(&manager, RestrictedIpChange::Activate).await.unwrap().enabled);
    let elsewhere = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "in");
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, elsewhere).await, "not from there", "remembered or not");
    let out = RestrictedIpChange::Replace("10.0.0.0/8".parse().unwrap());
    assert!(matches!(change(&manager, out.clone()).await, Err(Error::LockedOut { .. })));
    let mut moved = manager.clone();
    moved.from = elsewhere;
    change(&moved, out).await.unwrap();
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "not from there");
    change(&Actor::operator(), RestrictedIpChange::Clear).await.unwrap();
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, HERE).await, "in");
    assert_eq!(attempt(&desk, "quays_ab1", PASSWORD, elsewhere).await, "in");
}
