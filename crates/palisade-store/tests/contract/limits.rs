//! The API limits: the window slides, slots are leased, and servers that race let in exactly as
//! many calls as may be.

use palisade_model::Timestamp;
use palisade_store::{CallEntry, CallLimits, Store};
use sqlx::{Executor, Row};

use crate::bench::{Bench, at};

const LIMITS: CallLimits = CallLimits { calls: 3, window_s: 100, concurrent: 0, lease_s: 60 };
const SLOTS: CallLimits = CallLimits { calls: 0, concurrent: 2, ..LIMITS };

async fn enter(store: &Store, limits: CallLimits, second: i64) -> CallEntry {
    store.enter_call("scan.php", "one", limits, at(second)).await.unwrap()
}

/// The slot of a call that was let in.
#[track_caller]
fn slot(entry: CallEntry) -> i64 {
    match entry {
        CallEntry::Entered { slot: Some(slot), .. } => slot,
        other => panic!("{other:?}"),
    }
}

fn counted(calls: u64) -> CallEntry {
    CallEntry::Entered { slot: None, calls, running: 0 }
}

fn blocked_until(waits_for: Timestamp) -> CallEntry {
    CallEntry::TooManyCalls { calls: 3, running: 0, waits_for }
}

async fn stored(bench: &Bench, table: &str) -> i64 {
    let query = format!("SELECT COUNT(*) AS counted FROM {table}");
    let mut raw = bench.connect().await;
    sqlx::query(sqlx::AssertSqlSafe(query)).fetch_one(&mut raw).await.unwrap().get("counted")
}

async fn the_window_slides_call_by_call(bench: Bench) {
    let store = &bench.store;
    for (second, calls) in [(0, 1), (10, 2), (20, 3)] {
        assert_eq!(enter(store, LIMITS, second).await, counted(calls));
    }
    assert_eq!(enter(store, LIMITS, 20).await, blocked_until(at(0)));
    assert_eq!(enter(store, LIMITS, 99).await, blocked_until(at(0)), "refused calls do not count");
    assert_eq!(enter(store, LIMITS, 100).await, counted(3), "the first has left, the others have not");
    assert_eq!(enter(store, LIMITS, 100).await, blocked_until(at(10)));
    assert_eq!(enter(store, LIMITS, 500).await, counted(1));
    assert_eq!(stored(&bench, "api_call").await, 1, "what left the window is not kept");
}

async fn each_function_is_counted_by_itself(bench: Bench) {
    for _ in 0..3 {
        enter(&bench.store, LIMITS, 0).await;
    }
    assert_eq!(enter(&bench.store, LIMITS, 0).await, blocked_until(at(0)));
    let other = bench.store.enter_call("about.php", "one", LIMITS, at(0)).await.unwrap();
    assert_eq!(other, counted(1));
}

async fn a_lowered_limit_waits_for_all_that_are_too_many(bench: Bench) {
    for second in [0, 10, 20] {
        enter(&bench.store, LIMITS, second).await;
    }
    let lower = CallLimits { calls: 1, ..LIMITS };
    assert_eq!(enter(&bench.store, lower, 30).await, blocked_until(at(20)));
}

async fn counts_outlive_the_process(bench: Bench) {
    for _ in 0..3 {
        enter(&bench.store, LIMITS, 0).await;
    }
    bench.store.close().await;
    let again = bench.open_again().await;
    assert_eq!(enter(&again, LIMITS, 50).await, blocked_until(at(0)));
}

async fn what_is_not_limited_is_not_kept(bench: Bench) {
    let free = CallLimits { calls: 0, concurrent: 0, ..LIMITS };
    for _ in 0..10 {
        assert_eq!(enter(&bench.store, free, 0).await, counted(0));
    }
    for table in ["api_call", "api_call_slot", "api_function"] {
        assert_eq!(stored(&bench, table).await, 0, "{table}");
    }
}

async fn a_slot_is_held_until_the_call_leaves(bench: Bench) {
    let store = &bench.store;
    let first = slot(enter(store, SLOTS, 0).await);
    let second = enter(store, SLOTS, 0).await;
    assert!(matches!(second, CallEntry::Entered { running: 2, .. }), "{second:?}");
    assert_eq!(enter(store, SLOTS, 1).await, CallEntry::TooManyRunning { calls: 0, running: 2 });
    store.leave_call(first).await.unwrap();
    let third = slot(enter(store, SLOTS, 1).await);
    assert!(third != first && third != slot(second));
    // Leaving twice takes nobody else's slot.
    store.leave_call(first).await.unwrap();
    assert_eq!(enter(store, SLOTS, 1).await, CallEntry::TooManyRunning { calls: 0, running: 2 });
}

async fn too_many_running_is_said_before_too_many_calls(bench: Bench) {
    let both = CallLimits { calls: 1, concurrent: 1, ..LIMITS };
    slot(enter(&bench.store, both, 0).await);
    assert_eq!(enter(&bench.store, both, 0).await, CallEntry::TooManyRunning { calls: 1, running: 1 });
}

async fn a_dead_servers_slots_expire(bench: Bench) {
    let store = &bench.store;
    let lost = slot(enter(store, SLOTS, 0).await);
    let kept = slot(enter(store, SLOTS, 0).await);
    assert!(store.renew_call(kept, at(45)).await.unwrap());
    let full = CallEntry::TooManyRunning { calls: 0, running: 2 };
    assert_eq!(enter(store, SLOTS, 59).await, full);
    slot(enter(store, SLOTS, 60).await);
    assert_eq!(enter(store, SLOTS, 60).await, full, "the renewed one stands");
    assert!(!store.renew_call(lost, at(60)).await.unwrap(), "what is lost is not had again");
}

async fn a_server_that_starts_again_frees_its_own_slots(bench: Bench) {
    let store = &bench.store;
    slot(enter(store, SLOTS, 0).await);
    slot(store.enter_call("scan.php", "two", SLOTS, at(0)).await.unwrap());
    assert_eq!(store.leave_calls_of("one").await.unwrap(), 1);
    assert_eq!(store.leave_calls_of("one").await.unwrap(), 0);
    let entry = enter(store, SLOTS, 0).await;
    assert!(matches!(entry, CallEntry::Entered { running: 2, .. }), "{entry:?}");
}

/// A clock that was years ahead and then put right.
async fn what_a_wrong_clock_wrote_blocks_nobody(bench: Bench) {
    let both = CallLimits { calls: 1, concurrent: 1, ..LIMITS };
    slot(enter(&bench.store, both, 100_000_000).await);
    slot(enter(&bench.store, both, 0).await);
    // A clock that is a little ahead is another server's, and counts.
    let little = bench.store.enter_call("about.php", "two", both, at(5)).await.unwrap();
    bench.store.leave_call(slot(little)).await.unwrap();
    let blocked = bench.store.enter_call("about.php", "one", both, at(0)).await.unwrap();
    assert_eq!(blocked, CallEntry::TooManyCalls { calls: 1, running: 0, waits_for: at(5) });
}

async fn a_long_history_is_cleaned_up_bit_by_bit(bench: Bench) {
    let mut raw = bench.connect().await;
    for _ in 0..250 {
        let row = "INSERT INTO api_call (function, at) VALUES ('scan.php', 0)";
        raw.execute(row).await.unwrap();
    }
    for (calls, left) in [(1, 151), (2, 52), (3, 3)] {
        assert_eq!(enter(&bench.store, LIMITS, 0).await, counted(calls), "what is left does not count");
        assert_eq!(stored(&bench, "api_call").await, left);
    }
}

/// Two servers on one database, many calls at the same moment.
async fn servers_that_race_let_in_exactly_as_many_as_may_be(bench: Bench) {
    const LET_IN: usize = 7;
    let stores = [bench.open_again().await, bench.open_again().await];
    for (function, limits) in [
        ("asset_ip.php", CallLimits { calls: 7, ..LIMITS }),
        ("scan.php", CallLimits { calls: 0, concurrent: 7, ..LIMITS }),
    ] {
        let attempts: Vec<_> = (0..40)
            .map(|number| {
                let store = stores[number % 2].clone();
                tokio::spawn(async move { store.enter_call(function, "racer", limits, at(0)).await.unwrap() })
            })
            .collect();
        let mut counts = Vec::new();
        for attempt in attempts {
            if let CallEntry::Entered { calls, running, .. } = attempt.await.unwrap() {
                counts.push(calls + running);
            }
        }
        counts.sort_unstable();
        assert_eq!(counts, (1..=LET_IN as u64).collect::<Vec<_>>(), "{function}: each number once");
    }
}

crate::both!(
    the_window_slides_call_by_call,
    each_function_is_counted_by_itself,
    a_lowered_limit_waits_for_all_that_are_too_many,
    counts_outlive_the_process,
    what_is_not_limited_is_not_kept,
    a_slot_is_held_until_the_call_leaves,
    too_many_running_is_said_before_too_many_calls,
    a_dead_servers_slots_expire,
    a_server_that_starts_again_frees_its_own_slots,
    what_a_wrong_clock_wrote_blocks_nobody,
    a_long_history_is_cleaned_up_bit_by_bit,
    servers_that_race_let_in_exactly_as_many_as_may_be,
);
