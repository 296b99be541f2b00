//! The activity log.

use palisade_app::{ActivityEntry, ReportActivity};
use palisade_model::{Role, Timestamp};

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

#[tokio::test]
async fn a_report_shows_what_is_in_sight() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("scanner", Role::Scanner, "10.0.0.0/24").await;
    desk.add_user("unit", Role::UnitManager, "10.0.0.0/24").await;
    let (scanner, unit) = (desk.actor("scanner").await, desk.actor("unit").await);
    let scan = desk.launch(&scanner, "10.0.0.1").await;
    desk.app.cancel_scan(&manager, &scan).await.unwrap();
    let wanted = |login: Option<&str>| ReportActivity {
        from: Timestamp::UNIX_EPOCH,
        to: desk.now(),
        login: login.map(str::to_owned),
    };
    let actions = async |actor, login| {
        let page = desk.app.report_activity(actor, &wanted(login), None, 100).await.unwrap();
        let shown = |entry: &palisade_app::ReportedActivity| {
            format!("{} {}", entry.activity.login.as_deref().unwrap_or("-"), entry.activity.action)
        };
        page.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        actions(&manager, None).await,
        "- add, manager add, - add, - add, scanner launch, manager cancel"
    );
    assert_eq!(actions(&manager, Some("scanner")).await, "scanner launch");
    assert_eq!(actions(&scanner, None).await, "scanner launch");
    assert_eq!(actions(&scanner, Some("scanner")).await, "scanner launch");
    assert_eq!(actions(&scanner, Some("manager")).await, "");
    assert_eq!(actions(&unit, None).await, "");
    let first = desk.app.report_activity(&manager, &wanted(None), None, 1).await.unwrap();
    let rest = desk.app.report_activity(&manager, &wanted(None), Some(first[0].mark), 100).await.unwrap();
    assert_eq!((first.len(), rest.len()), (1, 5));
}
