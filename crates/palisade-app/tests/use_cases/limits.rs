//! The API limits, with a clock that moves only when told.

use palisade_app::{Config, LimitReached, Limits, Slot};

use crate::desk::Desk;

async fn desk(rate_limit_calls: u32, concurrency_limit: u32) -> Desk {
    let limits = Limits { rate_limit_calls, rate_limit_window_s: 60, concurrency_limit };
    Desk::with(Config { limits, ..Config::default() }).await
}

async fn begin(desk: &Desk) -> Result<Slot, LimitReached> {
    desk.app.begin_call("scan.php").await.unwrap().entry
}

#[tokio::test]
async fn a_call_more_than_may_be_waits_for_the_window() {
    let mut desk = desk(2, 0).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let status = desk.app.begin_call("scan.php").await.unwrap().status;
        seen.push((status.remaining, status.to_wait_s));
        desk.clock.advance(20);
    }
    assert_eq!(seen, [(Some(1), 0), (Some(0), 0), (Some(0), 20)]);
    desk.clock.advance(-1);
    desk.restart().await;
    assert_eq!(begin(&desk).await.unwrap_err(), LimitReached::Rate, "counts outlive a restart");
    desk.clock.advance(1);
    begin(&desk).await.unwrap().release().await;
}

#[tokio::test]
async fn a_running_call_holds_its_slot_until_it_is_released() {
    let desk = desk(0, 1).await;
    let slot = begin(&desk).await.unwrap();
    let full = LimitReached::Concurrency { to_finish: 1 };
    assert_eq!(begin(&desk).await.unwrap_err(), full);
    assert!(desk.app.begin_call("about.php").await.unwrap().entry.is_ok(), "another function is free");
    slot.release().await;
    begin(&desk).await.unwrap().release().await;
    // Whoever goes away without a word frees it too, a moment later.
    drop(begin(&desk).await.unwrap());
    for _ in 0..500 {
        if let Ok(slot) = begin(&desk).await {
            return slot.release().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("a dropped slot is not given back");
}

#[tokio::test]
async fn the_slot_of_a_server_that_fell_silent_is_lost() {
    let desk = desk(0, 1).await;
    // Nobody gives this one back.
    std::mem::forget(begin(&desk).await.unwrap());
    desk.clock.advance(59);
    assert!(begin(&desk).await.is_err());
    desk.clock.advance(1);
    begin(&desk).await.unwrap().release().await;
}

#[tokio::test]
async fn a_server_that_starts_again_ends_its_former_calls() {
    let mut desk = desk(0, 1).await;
    std::mem::forget(begin(&desk).await.unwrap());
    desk.restart().await;
    assert!(begin(&desk).await.is_err());
    assert_eq!(desk.app.end_former_calls().await.unwrap(), 1);
    begin(&desk).await.unwrap().release().await;
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let desk = desk(0, 0).await;
    let mut slots = Vec::new();
    for _ in 0..20 {
        let admission = desk.app.begin_call("scan.php").await.unwrap();
        assert_eq!((admission.status.remaining, admission.status.running), (None, 0));
        slots.push(admission.entry.unwrap());
    }
}
