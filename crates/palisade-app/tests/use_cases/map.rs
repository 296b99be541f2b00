//! Maps: who may have which made, what they may look at, and their way through a scanner.

use palisade_app::{AddAssetGroup, Error, LaunchMap, LaunchType, ListMapReports};
use palisade_engine::{Hold, MapLink as _, MapProgress, MapStage};
use palisade_model::{Discovery, IpSet, MapHost, MapResult, MapTarget, Role, ScanStatus};

use crate::asset_group::{edit_group, new_group};
use crate::desk::{Desk, ip, ips};
use crate::domain::domain;

pub(crate) fn launch_map(targets: &str) -> LaunchMap {
    LaunchMap {
        targets: MapTarget::list(targets, 10).unwrap(),
        asset_groups: Vec::new(),
        scanners: palisade_app::AskedScanners::default(),
        title: None,
        option: None,
        save_report: true,
        launched_by: LaunchType::Api,
    }
}

fn result(address: &str) -> MapResult {
    let host = MapHost { discoveries: vec![Discovery::Icmp], ..MapHost::new(ip(address)) };
    MapResult { hosts: vec![host], ..MapResult::default() }
}

/// A Manager with two domains, of which the group A has the first.
async fn desk_with_domains() -> (Desk, palisade_app::Actor) {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.app.add_domain(&manager, &domain("one.test"), &ips("192.0.2.0/28")).await.unwrap();
    desk.app.add_domain(&manager, &domain("two.test"), &IpSet::new()).await.unwrap();
    let group = AddAssetGroup { domains: vec![domain("one.test")], ..new_group("A", "10.0.1.0/24") };
    desk.app.add_asset_group(&manager, group).await.unwrap();
    (desk, manager)
}

#[tokio::test]
async fn a_map_goes_from_launch_to_report() {
    let (desk, manager) = desk_with_domains().await;
    let references =
        desk.app.launch_map(&manager, launch_map("one.test,two.test:10.0.9.0/30")).await.unwrap();
    let link = desk.app.link("worker");
    let lease = link.lease_map().await.unwrap().unwrap();
    assert_eq!((&lease.order.map, lease.order.domain.as_str()), (&references[0], "one.test"));
    assert_eq!(lease.order.netblock, ips("192.0.2.0/28"), "the noted one");
    assert_eq!(lease.order.registered, ips("10.0.0.0/16"), "names may lead into the subscription");
    let progress = MapProgress { stage: MapStage::Hosts, work_done: 1, work_total: 4, hosts: 1 };
    assert_eq!(link.renew_map(&lease, progress).await.unwrap(), Hold::Held);
    let view = desk.app.map(&manager, &references[0]).await.unwrap();
    assert_eq!((view.stage, view.hosts, view.status), (Some(MapStage::Hosts), 1, ScanStatus::Running));
    assert_eq!(view.title, "Network map of one.test");
    assert!(matches!(desk.app.delete_map_report(&manager, &references[0]).await, Err(Error::ScanRunning)));
    link.complete_map(&lease, result("192.0.2.3")).await.unwrap();
    let hosts = desk.app.map_hosts(&manager, &references[0], None, 10).await.unwrap();
    assert!(!hosts[0].approved, "not in the subscription");
    assert_eq!(desk.app.list_running_maps(&manager).await.unwrap().len(), 1);
    let second = link.lease_map().await.unwrap().unwrap();
    assert_eq!(second.order.netblock, ips("10.0.9.0/30"), "within the subscription");
    desk.app.cancel_map(&manager, &references[1]).await.unwrap();
    assert_eq!(link.renew_map(&second, progress).await.unwrap(), Hold::Cancelled);
    link.complete_map(&second, MapResult::default()).await.unwrap();
    assert!(matches!(desk.app.cancel_map(&manager, &references[1]).await, Err(Error::ScanEnded)));
    let wanted = ListMapReports { domain: Some(domain("one.test")), last: true };
    let listed = desk.app.list_map_reports(&manager, wanted).await.unwrap();
    assert_eq!(listed.iter().map(|view| &view.map).collect::<Vec<_>>(), [&references[0]]);
    desk.app.delete_map_report(&manager, &references[0]).await.unwrap();
    assert!(matches!(desk.app.map(&manager, &references[0]).await, Err(Error::UnknownScan)));
}

#[tokio::test]
async fn netblocks_stay_within_the_domain_and_the_subscription() {
    let (desk, manager) = desk_with_domains().await;
    let foreign = desk.app.launch_map(&manager, launch_map("one.test:192.0.2.0/27")).await;
    assert!(matches!(foreign, Err(Error::ForeignNetblock { ips: beyond }) if beyond == ips("192.0.2.16/28")));
    let none = desk.app.launch_map(&manager, launch_map("none")).await;
    assert!(matches!(none, Err(Error::NoNetblock)));
    desk.app.add_domain(&manager, &domain("none"), &ips("172.16.0.0/12")).await.unwrap();
    let large = desk.app.launch_map(&manager, launch_map("none")).await;
    assert!(matches!(large, Err(Error::TooLargeNetblock { .. })));
    desk.app.launch_map(&manager, launch_map("none:172.16.0.0/24,10.0.0.1")).await.unwrap();
    // Any domain, but only what the DNS says of it.
    let stranger = desk.app.launch_map(&manager, launch_map("stranger.test")).await.unwrap();
    assert!(desk.app.map(&manager, &stranger[0]).await.unwrap().netblock.is_empty());
    // What is taken away before a scanner takes the map is not looked at.
    desk.app.edit_domain(&manager, &domain("none"), Some(&ips("172.16.0.0/28"))).await.unwrap();
    let lease = desk.app.link("worker").lease_map().await.unwrap().unwrap();
    assert_eq!(lease.order.netblock, ips("10.0.0.1,172.16.0.0/28"));
    let option = LaunchMap { option: Some("X".to_owned()), ..launch_map("one.test") };
    assert!(matches!(desk.app.launch_map(&manager, option).await, Err(Error::UnknownOption { .. })));
}

#[tokio::test]
async fn groups_give_domains_to_scanners_and_take_them() {
    let (desk, manager) = desk_with_domains().await;
    let login = desk.add_user("scanner", Role::Scanner, "10.0.0.0/24").await;
    desk.app.set_user_asset_groups(&login, &["A".to_owned()]).await.unwrap();
    let scanner = desk.actor("scanner").await;
    let two = desk.app.launch_map(&scanner, launch_map("two.test")).await;
    assert!(matches!(two, Err(Error::UnknownDomain { .. })));
    let beyond = desk.app.launch_map(&scanner, launch_map("none:10.0.9.9")).await;
    assert!(matches!(beyond, Err(Error::ForeignNetblock { .. })));
    let groups = LaunchMap { targets: Vec::new(), asset_groups: vec!["A".to_owned()], ..launch_map("x") };
    let own = desk.app.launch_map(&scanner, groups.clone()).await.unwrap();
    let theirs = desk.app.launch_map(&manager, launch_map("two.test")).await.unwrap();
    assert!(matches!(desk.app.map(&scanner, &theirs[0]).await, Err(Error::UnknownScan)));
    let shared = desk.app.launch_map(&manager, launch_map("one.test")).await.unwrap();
    desk.app.map(&scanner, &shared[0]).await.unwrap();
    assert!(matches!(desk.app.cancel_map(&scanner, &shared[0]).await, Err(Error::UnknownScan)));
    let unknown = LaunchMap { asset_groups: vec!["B".to_owned()], ..groups };
    assert!(matches!(
        desk.app.launch_map(&scanner, unknown).await,
        Err(Error::UnknownAssetGroup { title }) if title == "B"
    ));
    // The group is taken away while the map waits: nothing of it is looked at.
    desk.app.set_user_asset_groups(&login, &[]).await.unwrap();
    let lease = desk.app.link("worker").lease_map().await.unwrap().unwrap();
    assert_eq!(lease.order.map, own[0]);
    assert!(lease.order.netblock.is_empty());
    assert_eq!(lease.order.registered, ips("10.0.0.0/24"));
    desk.app.edit_asset_group(&manager, edit_group("A")).await.unwrap();
}

#[tokio::test]
async fn a_new_process_takes_up_the_maps_of_the_last() {
    let (mut desk, manager) = desk_with_domains().await;
    let references = desk.app.launch_map(&manager, launch_map("one.test")).await.unwrap();
    let held = desk.app.link("worker").lease_map().await.unwrap().unwrap();
    desk.restart().await;
    let link = desk.app.link("worker");
    let lease = link.lease_map().await.unwrap().unwrap();
    assert_eq!((&lease.order.map, lease.token == held.token), (&references[0], false));
    link.complete_map(&held, result("192.0.2.9")).await.unwrap();
    assert_eq!(desk.app.map(&manager, &references[0]).await.unwrap().status, ScanStatus::Running);
    link.complete_map(&lease, result("192.0.2.1")).await.unwrap();
    let hosts = desk.app.map_hosts(&manager, &references[0], None, 10).await.unwrap();
    assert_eq!(hosts.iter().map(|host| host.host.address).collect::<Vec<_>>(), [ip("192.0.2.1")]);
}
