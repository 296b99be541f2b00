//! The addresses that users may sign in from.

use palisade_store::RestrictedIps;

use crate::bench::{Bench, ips};

async fn restrictions_are_changed_as_they_are_stored(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    assert_eq!(store.restricted_ips().await.unwrap(), RestrictedIps::default());
    let first = RestrictedIps { enabled: true, ips: ips("10.0.0.1-10.0.0.9,10.1.0.0/24") };
    let made = store.change_restricted_ips(|_| Ok::<_, ()>(first.clone())).await.unwrap();
    assert_eq!(made, Ok(first.clone()));
    assert_eq!(store.restricted_ips().await.unwrap(), first);
    assert_eq!(store.change_restricted_ips(|_| Err("no")).await.unwrap(), Err("no"));
    let less = store.change_restricted_ips(|old| {
        Ok::<_, ()>(RestrictedIps { ips: old.ips.difference(&ips("10.1.0.0/24")), ..old })
    });
    let less = less.await.unwrap().unwrap();
    assert_eq!(less.ips, ips("10.0.0.1-10.0.0.9"));
    assert_eq!(bench.open_again().await.restricted_ips().await.unwrap(), less);
    let none = store.change_restricted_ips(|_| Ok::<_, ()>(RestrictedIps::default())).await.unwrap();
    assert_eq!(store.restricted_ips().await.unwrap(), none.unwrap(), "none is stored as well");
}

crate::both!(restrictions_are_changed_as_they_are_stored);
