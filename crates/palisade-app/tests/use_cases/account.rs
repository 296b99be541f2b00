//! Accounts, from the command line's side.

use palisade_app::{Error, NewUser};
use palisade_model::{Role, UserStatus};

use crate::desk::{Desk, HERE, new_user, password};

#[tokio::test]
async fn the_first_account_gets_a_login_and_a_password() {
    let desk = Desk::new().await;
    assert!(!desk.app.has_users().await.unwrap());
    let generated = NewUser { password: None, ..new_user() };
    let first = desk.app.add_user(generated.clone()).await.unwrap();
    let second = desk.app.add_user(generated).await.unwrap();
    assert_eq!((first.login.as_str(), second.login.as_str()), ("palis_ab1", "palis_ab2"));
    assert!(first.password.reveal().len() >= 16);
    assert_ne!(first.password.reveal(), second.password.reveal());
    assert!(desk.app.has_users().await.unwrap());
    desk.app.authenticate("palis_ab1", &first.password, HERE).await.unwrap();
    assert_eq!(desk.app.list_users().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_taken_login_and_a_short_password_are_refused() {
    let desk = Desk::new().await;
    desk.add_user("quays_ab1", Role::Reader, "").await;
    let taken = NewUser { login: Some("quays_ab1".parse().unwrap()), ..new_user() };
    assert!(matches!(desk.app.add_user(taken).await, Err(Error::LoginTaken)));
    let short = NewUser { password: Some(password("short")), ..new_user() };
    assert!(matches!(desk.app.add_user(short).await, Err(Error::PasswordLength { min: 8, .. })));
    let control = NewUser { first_name: "a\0b".to_owned(), ..new_user() };
    assert!(matches!(desk.app.add_user(control).await, Err(Error::ControlCharacter { .. })));
}

#[tokio::test]
async fn the_terms_come_before_everything_else() {
    let desk = Desk::new().await;
    let new = NewUser { eula_accepted: false, ..new_user() };
    let login = desk.app.add_user(new).await.unwrap().login;
    assert_eq!(desk.app.list_users().await.unwrap()[0].status, UserStatus::PendingActivation);
    let actor = desk.actor(login.as_str()).await;
    assert!(!actor.eula_accepted);
    assert!(matches!(desk.app.about(&actor), Err(Error::EulaNotAccepted)));
    assert!(matches!(desk.app.list_running(&actor).await, Err(Error::EulaNotAccepted)));
    desk.app.accept_eula(&actor).await.unwrap();
    let actor = desk.actor(login.as_str()).await;
    desk.app.about(&actor).unwrap();
    assert_eq!(desk.app.list_users().await.unwrap()[0].status, UserStatus::Active);
}

#[tokio::test]
async fn an_unknown_user_is_not_changed() {
    let desk = Desk::new().await;
    let login = "nobody".parse().unwrap();
    assert!(matches!(desk.app.set_password(&login, None).await, Err(Error::UnknownUser)));
    let switched = desk.app.set_user_status(&login, UserStatus::Inactive).await;
    assert!(matches!(switched, Err(Error::UnknownUser)));
}
