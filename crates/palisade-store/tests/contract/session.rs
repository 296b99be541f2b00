//! Sessions.

use palisade_store::NewSession;

use crate::bench::{Bench, at};
use crate::user::new_user;

async fn user_id(bench: &Bench) -> i64 {
    bench.add_subscription().await;
    bench.store.add_user(&new_user("quays_ab1")).await.unwrap()
}

fn new(digest: &str, user_id: i64, second: i64) -> NewSession {
    let (digest, bound_to) = (digest.to_owned(), "bound".to_owned());
    NewSession { digest, user_id, bound_to, opened_at: at(second) }
}

async fn a_session_ends_when_it_is_closed_or_idle(bench: Bench) {
    let (store, user) = (&bench.store, user_id(&bench).await);
    assert!(store.open_session(&new("one", user, 100), at(0), 9).await.unwrap());
    assert!(store.open_session(&new("two", user, 100), at(0), 9).await.unwrap());
    let session = store.use_session("one", at(100), at(160)).await.unwrap().unwrap();
    assert_eq!((session.user.id, session.bound_to.as_str()), (user, "bound"));
    assert!(store.use_session("one", at(160), at(161)).await.unwrap().is_some(), "it was used since");
    assert!(store.use_session("two", at(160), at(161)).await.unwrap().is_none(), "it was idle");
    assert!(store.use_session("three", at(0), at(161)).await.unwrap().is_none());
    assert!(store.close_session("one").await.unwrap());
    assert!(!store.close_session("one").await.unwrap());
    assert!(store.use_session("one", at(0), at(162)).await.unwrap().is_none());
}

async fn a_user_has_so_many_sessions(bench: Bench) {
    let (store, user) = (&bench.store, user_id(&bench).await);
    assert!(store.open_session(&new("one", user, 1), at(0), 2).await.unwrap());
    assert!(store.open_session(&new("two", user, 2), at(0), 2).await.unwrap());
    assert!(!store.open_session(&new("three", user, 3), at(0), 2).await.unwrap());
    assert!(store.open_session(&new("three", user, 3), at(2), 2).await.unwrap(), "an idle one makes room");
}

crate::both!(a_session_ends_when_it_is_closed_or_idle, a_user_has_so_many_sessions);
