//! Accounts.

use palisade_model::{InterfaceStyle, Login, Role, UserEdit, UserProfile, UserStatus};
use palisade_store::{Error, NewUser};

use crate::bench::{Bench, at, ips, login};

fn profile() -> UserProfile {
    UserProfile {
        external_id: "E-1".to_owned(),
        title: "Dr.".to_owned(),
        phone: "1".to_owned(),
        fax: "2".to_owned(),
        company: "Quays".to_owned(),
        address1: "3".to_owned(),
        address2: "4".to_owned(),
        city: "Łódź".to_owned(),
        country: "Poland".to_owned(),
        state: "5".to_owned(),
        zip_code: "6".to_owned(),
        time_zone: Some("PL".parse().unwrap()),
        interface_style: InterfaceStyle::CoralRed,
    }
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        login: login(name),
        role: Role::Scanner,
        status: UserStatus::PendingActivation,
        first_name: "Ada".to_owned(),
        last_name: "Ötzi".to_owned(),
        email: "ada@example.test".to_owned(),
        profile: profile(),
        password_hash: "hash".to_owned(),
        assigned_ips: ips("10.0.0.0/24"),
        permissions: "purge_hosts,create_option_profiles".parse().unwrap(),
        business_unit: None,
        eula_accepted_at: None,
        created_at: at(0),
        expires_at: Some(at(100)),
        asset_groups: Vec::new(),
    }
}

async fn an_account_comes_back_as_it_was_made(bench: Bench) {
    assert!(!bench.store.has_users().await.unwrap());
    let id = bench.store.add_user(&new_user("quays_ab1")).await.unwrap();
    assert!(bench.store.has_users().await.unwrap());
    let user = bench.store.user(&login("quays_ab1")).await.unwrap().unwrap();
    assert_eq!((user.id, user.role, user.status), (id, Role::Scanner, UserStatus::PendingActivation));
    assert_eq!((user.last_name.as_str(), &user.assigned_ips), ("Ötzi", &ips("10.0.0.0/24")));
    assert_eq!(user.permissions.to_string(), "create_option_profiles,purge_hosts");
    assert_eq!((user.eula_accepted_at, user.created_at, user.expires_at), (None, at(0), Some(at(100))));
    assert_eq!(user.profile, profile());
    assert_eq!(bench.store.user(&login("other")).await.unwrap(), None);
}

async fn a_login_is_given_once(bench: Bench) {
    bench.store.add_user(&new_user("quays_ab1")).await.unwrap();
    let again = bench.store.add_user(&new_user("quays_ab1")).await;
    assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
    assert_eq!(bench.store.list_users().await.unwrap().len(), 1);
}

async fn changes_stay(bench: Bench) {
    let id = bench.store.add_user(&new_user("quays_ab1")).await.unwrap();
    bench.store.accept_eula(id, at(1)).await.unwrap();
    bench.store.accept_eula(id, at(2)).await.unwrap();
    bench.store.set_password_hash(id, "other").await.unwrap();
    bench.store.note_login(id, at(3)).await.unwrap();
    let user = bench.store.user(&login("quays_ab1")).await.unwrap().unwrap();
    assert_eq!((user.status, user.eula_accepted_at), (UserStatus::Active, Some(at(1))));
    assert_eq!((user.password_hash.as_str(), user.last_login_at), ("other", Some(at(3))));
    bench.store.set_user_status(id, UserStatus::Inactive).await.unwrap();
    bench.store.accept_eula(id, at(4)).await.unwrap();
    let user = bench.store.user(&login("quays_ab1")).await.unwrap().unwrap();
    assert_eq!(user.status, UserStatus::Inactive, "accepting the terms switches nobody on");
}

async fn a_status_moves_from_the_one_it_is(bench: Bench) {
    let id = bench.store.add_user(&new_user("quays_ab1")).await.unwrap();
    let (pending, active) = (UserStatus::PendingActivation, UserStatus::Active);
    assert!(!bench.store.move_user_status(id, UserStatus::Inactive, active).await.unwrap());
    assert!(bench.store.move_user_status(id, pending, active).await.unwrap());
    assert!(!bench.store.move_user_status(id, pending, active).await.unwrap());
    let user = bench.store.user(&login("quays_ab1")).await.unwrap().unwrap();
    assert_eq!(user.status, active);
}

async fn what_is_not_there_is_not_changed(bench: Bench) {
    let changed = bench.store.set_user_status(7, UserStatus::Active).await;
    assert!(matches!(changed, Err(Error::RowsAffected { expected: 1, actual: 0 })), "{changed:?}");
}

async fn accounts_are_listed_by_login(bench: Bench) {
    for name in ["quays_cd1", "quays_ab1", "quays_bc1"] {
        bench.store.add_user(&new_user(name)).await.unwrap();
    }
    let users = bench.store.list_users().await.unwrap();
    let logins: Vec<&str> = users.iter().map(|user| Login::as_str(&user.login)).collect();
    assert_eq!(logins, ["quays_ab1", "quays_bc1", "quays_cd1"]);
}

async fn an_edit_changes_what_it_names(bench: Bench) {
    let id = bench.store.add_user(&new_user("quays_ab1")).await.unwrap();
    let other = bench.store.add_user(&new_user("quays_ab2")).await.unwrap();
    bench.store.edit_user(id, &UserEdit::default(), None).await.unwrap();
    let user = bench.store.user(&login("quays_ab1")).await.unwrap().unwrap();
    assert_eq!((user.first_name.as_str(), user.profile), ("Ada", profile()));
    let edit = UserEdit {
        last_name: Some("Brown".to_owned()),
        external_id: Some(String::new()),
        time_zone: Some(None),
        interface_style: Some(InterfaceStyle::NavyBlue),
        ..UserEdit::default()
    };
    bench.store.edit_user(id, &edit, None).await.unwrap();
    let user = bench.store.user(&login("quays_ab1")).await.unwrap().unwrap();
    let expected = UserProfile {
        external_id: String::new(),
        time_zone: None,
        interface_style: InterfaceStyle::NavyBlue,
        ..profile()
    };
    assert_eq!((user.last_name.as_str(), user.email.as_str()), ("Brown", "ada@example.test"));
    assert_eq!(user.profile, expected);
    let untouched = bench.store.user(&login("quays_ab2")).await.unwrap().unwrap();
    assert_eq!((untouched.id, untouched.profile), (other, profile()));
    let nobody = bench.store.edit_user(77, &edit, None).await;
    assert!(matches!(nobody, Err(Error::RowsAffected { expected: 1, actual: 0 })), "{nobody:?}");
}

crate::both!(
    an_edit_changes_what_it_names,
    an_account_comes_back_as_it_was_made,
    a_login_is_given_once,
    changes_stay,
    a_status_moves_from_the_one_it_is,
    what_is_not_there_is_not_changed,
    accounts_are_listed_by_login,
);
