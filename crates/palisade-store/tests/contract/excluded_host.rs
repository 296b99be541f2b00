//! Addresses that are excluded from scans.

use palisade_model::Timestamp;
use palisade_store::{ExclusionChange, Store};

use crate::bench::{Bench, at, ips, login};

fn change(second: i64, added: bool, text: &str) -> ExclusionChange {
    let comment = Some("why".to_owned());
    ExclusionChange { at: at(second), login: login("quays_ab1"), added, ips: ips(text), comment }
}

/// Ranges and their ends in seconds.
async fn excluded(store: &Store, second: i64) -> Vec<(String, Option<i64>)> {
    let list = store.list_excluded_hosts(at(second)).await.unwrap();
    list.iter().map(|part| (part.range.to_string(), part.expires_at.map(Timestamp::as_second))).collect()
}

fn part(range: &str, end: Option<i64>) -> (String, Option<i64>) {
    (range.to_owned(), end.map(|second| at(second).as_second()))
}

async fn exclusions_are_cut_renewed_and_end(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    assert!(store.exclude_hosts(&change(1, true, "10.0.0.1-10.0.0.9"), None, 9).await.unwrap());
    assert!(store.exclude_hosts(&change(2, true, "10.0.0.4-10.0.0.5"), Some(at(50)), 9).await.unwrap());
    assert_eq!(
        excluded(store, 3).await,
        [
            part("10.0.0.1-10.0.0.3", None),
            part("10.0.0.4-10.0.0.5", Some(50)),
            part("10.0.0.6-10.0.0.9", None)
        ]
    );
    assert_eq!(excluded(store, 50).await.len(), 2, "at its end an exclusion is over");
    let basis = store.launch_basis(at(3), 9).await.unwrap();
    assert_eq!((basis.subscription, basis.excluded), (ips("10.0.0.0/16"), ips("10.0.0.1-10.0.0.9")));
    assert_eq!(
        store.launch_basis(at(50), 9).await.unwrap().excluded,
        ips("10.0.0.1-10.0.0.3,10.0.0.6-10.0.0.9")
    );
    assert!(!store.exclude_hosts(&change(3, true, "10.0.1.1,10.0.1.3"), None, 4).await.unwrap());
    let removed = store.include_hosts(&change(4, false, "10.0.0.3-10.0.0.4,10.9.9.9")).await.unwrap();
    assert_eq!(removed.to_string(), "10.0.0.3-10.0.0.4");
    assert_eq!(excluded(store, 5).await[..2], [part("10.0.0.1-10.0.0.2", None), part("10.0.0.5", Some(50))]);
    let history = store.list_exclusion_changes(0, i64::MAX, 9).await.unwrap();
    let history: Vec<_> = history.iter().map(|(_, change)| (change.added, change.ips.to_string())).collect();
    let expected = [(false, "10.0.0.3-10.0.0.4"), (true, "10.0.0.4-10.0.0.5"), (true, "10.0.0.1-10.0.0.9")];
    assert_eq!(history, expected.map(|(added, ips)| (added, ips.to_owned())), "what failed is not in it");
}

async fn what_was_not_excluded_leaves_no_trace(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    assert!(store.include_hosts(&change(1, false, "10.0.0.1")).await.unwrap().is_empty());
    assert!(store.list_exclusion_changes(0, i64::MAX, 9).await.unwrap().is_empty());
}

crate::both!(exclusions_are_cut_renewed_and_end, what_was_not_excluded_leaves_no_trace);
