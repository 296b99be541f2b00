//! The activity log.

use palisade_app::ActivityEntry;

use crate::desk::{Desk, HERE};

#[tokio::test]
async fn what_was_done_is_written_down() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1").await;
    desk.app.cancel_scan(&manager, &scan).await.unwrap();
    desk.app.delete_report(&manager, &scan).await.unwrap();
    let log = desk.app.list_activity(100).await.unwrap();
    let actions: Vec<_> = log.iter().map(|entry| format!("{} {}", entry.module, entry.action)).collect();
    assert_eq!(actions, ["report delete", "scan cancel", "scan launch", "host add", "user add"]);
    assert_eq!((log[2].details.as_str(), log[2].login.as_deref()), (scan.as_str(), Some("manager")));
    assert!(log.iter().all(|entry| !entry.refused && entry.at == desk.now()));
}

#[tokio::test]
async fn texts_are_bounded_and_harmless() {
    let desk = Desk::new().await;
    let entry = ActivityEntry {
        login: Some("x".repeat(1_000)),
        from: HERE,
        module: "scan".to_owned(),
        action: "launch".to_owned(),
        details: format!("\u{1b}[31m\0{}", "y".repeat(10_000)),
        refused: true,
    };
    desk.app.record(entry).await.unwrap();
    let log = desk.app.list_activity(1).await.unwrap();
    assert_eq!(log[0].login.as_ref().unwrap().len(), 64);
    assert_eq!(log[0].details.chars().count(), 1_000);
    assert!(log[0].details.starts_with("\u{fffd}[31m\u{fffd}yyy"));
}
