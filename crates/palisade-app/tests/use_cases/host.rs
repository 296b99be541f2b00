//! The hosts of the subscription.

use palisade_app::{AddHosts, EditHosts, Error, ListHosts, TrackingMethod};
use palisade_engine::Link as _;
use palisade_model::Role;

use crate::desk::{Desk, ip, ips};

#[tokio::test]
async fn hosts_are_listed_with_and_without_results() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let hosts = EditHosts {
        ips: ips("10.0.0.1-10.0.0.3"),
        tracking: Some(TrackingMethod::Dns),
        owner: Some("manager".to_owned()),
        comment: Some("front door".to_owned()),
        ..EditHosts::default()
    };
    desk.app.edit_hosts(&manager, hosts).await.unwrap();
    desk.launch(&manager, "10.0.0.1").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    link.deliver(&lease, desk.result(ip("10.0.0.1"))).await.unwrap();

    let short = desk.app.list_hosts(&manager, ListHosts::default()).await.unwrap();
    assert_eq!((short.ips, short.results, short.no_results), (ips("10.0.0.0/16"), None, None));

    let wanted = ListHosts { results: true, no_results: true };
    let full = desk.app.list_hosts(&manager, wanted).await.unwrap();
    let results = full.results.unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!((results[0].ip, results[0].tracking), (ip("10.0.0.1"), TrackingMethod::Dns));
    assert_eq!(results[0].owner.as_ref().unwrap().first_name, "Ada");
    assert_eq!(results[0].comment.as_deref(), Some("front door"));
    assert_eq!(results[0].last_scan_at, desk.now());
    let no_results = full.no_results.unwrap();
    assert_eq!(no_results[0], (TrackingMethod::Ip, ips("10.0.0.0,10.0.0.4-10.0.255.255")));
    assert_eq!(no_results[1], (TrackingMethod::Dns, ips("10.0.0.2-10.0.0.3")));
}

#[tokio::test]
async fn what_cannot_be_added_or_edited_changes_nothing() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let beyond = EditHosts { ips: ips("10.0.255.255-10.1.0.1"), ..EditHosts::default() };
    match desk.app.edit_hosts(&manager, beyond).await {
        Err(Error::NotInSubscription { ips: beyond }) => assert_eq!(beyond, ips("10.1.0.0-10.1.0.1")),
        other => panic!("{other:?}"),
    }
    let nobody = AddHosts { ips: ips("10.9.0.1"), owner: Some("no body".to_owned()), ..AddHosts::default() };
    assert!(matches!(desk.app.add_hosts(&manager, nobody).await, Err(Error::UnknownOwner { .. })));
    let long = AddHosts { ips: ips("10.9.0.1"), comment: Some("x".repeat(1_025)), ..AddHosts::default() };
    assert!(matches!(desk.app.add_hosts(&manager, long).await, Err(Error::TooLong { max: 1_024, .. })));
    assert!(matches!(desk.app.add_hosts(&manager, AddHosts::default()).await, Err(Error::NoTargets)));
    let hosts = desk.app.list_hosts(&manager, ListHosts::default()).await.unwrap();
    assert_eq!(hosts.ips, ips("10.0.0.0/16"));
}

#[tokio::test]
async fn a_unit_manager_edits_only_their_unit() {
    let desk = Desk::new().await;
    desk.manager().await;
    desk.add_user("unit", Role::UnitManager, "10.0.0.0/24").await;
    let unit = desk.actor("unit").await;
    let own = EditHosts { ips: ips("10.0.0.7"), comment: Some("a".to_owned()), ..EditHosts::default() };
    assert_eq!(desk.app.edit_hosts(&unit, own).await.unwrap(), ips("10.0.0.7"));
    let other = EditHosts { ips: ips("10.0.1.7"), ..EditHosts::default() };
    let edited = desk.app.edit_hosts(&unit, other).await;
    assert!(matches!(edited, Err(Error::NotInSubscription { .. })), "{edited:?}");
}
