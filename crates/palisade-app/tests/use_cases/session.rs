//! Sessions of the API.

use palisade_app::{Config, LoginRefused, PasswordsOf, SessionToken};
use palisade_model::Role;

use crate::desk::{Desk, HERE, PASSWORD, password};

#[tokio::test]
async fn a_session_ends_when_it_was_idle_for_too_long() {
    let mut desk = Desk::with(Config { session_idle_s: 600, ..Config::default() }).await;
    desk.add_user("scanner", Role::Scanner, "10.0.0.0/28").await;
    let (token, actor) = desk.app.open_session("scanner", &password(PASSWORD), HERE).await.unwrap();
    assert_eq!((token.reveal().len(), actor.role), (32, Role::Scanner));
    desk.restart().await;
    for _ in 0..3 {
        desk.clock.advance(500);
        let actor = desk.app.session_actor(&token, HERE).await.unwrap();
        assert_eq!(actor.assigned_ips.to_string(), "10.0.0.0-10.0.0.15");
    }
    desk.clock.advance(601);
    let over = desk.app.session_actor(&token, HERE).await;
    assert!(matches!(over, Err(LoginRefused::BadCredentials)), "{over:?}");
}

#[tokio::test]
async fn a_session_ends_with_logout_and_with_another_password() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("scanner", Role::Scanner, "").await;
    let open = async || desk.app.open_session("scanner", &password(PASSWORD), HERE).await.unwrap().0;
    let (one, two) = (open().await, open().await);
    let actor = desk.app.session_actor(&one, HERE).await.unwrap();
    desk.app.close_session(&actor, &one).await.unwrap();
    assert!(desk.app.session_actor(&one, HERE).await.is_err());
    desk.app.session_actor(&two, HERE).await.unwrap();
    let of = PasswordsOf::Logins(vec!["scanner".to_owned()]);
    desk.app.change_passwords(&manager, of, false).await.unwrap();
    assert!(desk.app.session_actor(&two, HERE).await.is_err());
}

#[tokio::test]
async fn a_wrong_password_and_a_made_up_token_open_nothing() {
    let desk = Desk::new().await;
    desk.add_user("scanner", Role::Scanner, "").await;
    let refused = desk.app.open_session("scanner", &password("another password"), HERE).await;
    assert!(matches!(refused, Err(LoginRefused::BadCredentials)), "{refused:?}");
    assert!(SessionToken::read("0123").is_none());
    let token = SessionToken::read(&"0".repeat(32)).unwrap();
    assert!(desk.app.session_actor(&token, HERE).await.is_err());
}
