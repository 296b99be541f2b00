//! The history of targets.

use palisade_app::{ListTargetHistory, TitleFilter};
use palisade_model::Role;

use crate::desk::{Desk, ips};

#[tokio::test]
async fn the_history_keeps_to_time_reach_and_profile() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("reader", Role::Reader, "10.0.0.2-10.0.0.3").await;
    let reader = desk.actor("reader").await;
    let start = desk.now();
    let deleted = desk.launch(&manager, "10.0.0.1-10.0.0.2").await;
    desk.app.cancel_scan(&manager, &deleted).await.unwrap();
    desk.app.delete_report(&manager, &deleted).await.unwrap();
    desk.clock.advance(100);
    let kept = desk.launch(&manager, "10.0.0.2,10.0.0.9").await;

    let wanted = ListTargetHistory {
        from: start,
        to: desk.now(),
        ips: ips("10.0.0.1-10.0.0.4,10.9.0.0/24"),
        asset_groups: Vec::new(),
        option_title: None,
    };
    let all = desk.app.list_target_history(&manager, wanted.clone()).await.unwrap();
    assert_eq!((all.targeted, all.not_targeted), (ips("10.0.0.1-10.0.0.2"), ips("10.0.0.3-10.0.0.4")));
    let scans: Vec<_> = all.scans.iter().map(|one| (&one.scan, one.ips.to_string())).collect();
    assert_eq!(scans, [(&deleted, "10.0.0.1-10.0.0.2".to_owned()), (&kept, "10.0.0.2".to_owned())]);
    let theirs = desk.app.list_target_history(&reader, wanted.clone()).await.unwrap();
    assert_eq!((theirs.targeted, theirs.not_targeted), (ips("10.0.0.2"), ips("10.0.0.3")));

    let late = ListTargetHistory { from: desk.now(), ..wanted.clone() };
    let late = desk.app.list_target_history(&manager, late).await.unwrap();
    assert_eq!(late.targeted, ips("10.0.0.2"));
    for (filter, scans) in [
        (TitleFilter::Begin("Initial".to_owned()), 2),
        (TitleFilter::Begin("Options".to_owned()), 0),
        (TitleFilter::Contain("Options".to_owned()), 2),
        (TitleFilter::Match("Initial".to_owned()), 0),
        (TitleFilter::Match("Initial Options".to_owned()), 2),
    ] {
        let filtered = ListTargetHistory { option_title: Some(filter.clone()), ..wanted.clone() };
        let found = desk.app.list_target_history(&manager, filtered).await.unwrap();
        assert_eq!(found.scans.len(), scans, "{filter:?}");
    }
}
