//! Asset groups: who sees and changes which, and what they do to reach.

use palisade_app::{AddAssetGroup, EditAssetGroup, Error, GroupApplianceEdit, GroupTexts, LaunchScan};
use palisade_engine::Link as _;
use palisade_model::asset_group::Environment;
use palisade_model::host_name::{HostNames, HostNamesEdit};
use palisade_model::{IpSet, Role, ScanStatus};

use crate::desk::{Desk, ip, ips, launch};

pub(crate) fn new_group(title: &str, addresses: &str) -> AddAssetGroup {
    AddAssetGroup {
        title: title.parse().unwrap(),
        ips: ips(addresses),
        domains: Vec::new(),
        names: HostNames::default(),
        business_impact: None,
        texts: GroupTexts::default(),
        environment: Environment::default(),
        users: None,
        appliances: Vec::new(),
        default_appliance: None,
        network_id: 0,
    }
}

pub(crate) fn edit_group(title: &str) -> EditAssetGroup {
    EditAssetGroup {
        title: title.parse().unwrap(),
        new_title: None,
        ips: None,
        added_ips: IpSet::new(),
        removed_ips: IpSet::new(),
        added_domains: Vec::new(),
        removed_domains: Vec::new(),
        domains: None,
        names: HostNamesEdit::default(),
        business_impact: None,
        texts: GroupTexts::default(),
        environment: Environment::default(),
        users: None,
        appliances: GroupApplianceEdit::default(),
    }
}

fn titles(given: &[&str]) -> Vec<String> {
    given.iter().map(|title| (*title).to_owned()).collect()
}

#[tokio::test]
async fn reach_is_the_union_of_what_is_assigned() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.app.add_asset_group(&manager, new_group("A", "10.0.1.0/24")).await.unwrap();
    desk.app.add_asset_group(&manager, new_group("B", "10.0.2.0/24")).await.unwrap();
    let login = desk.add_user("scanner", Role::Scanner, "10.0.0.1").await;
    desk.app.set_user_asset_groups(&login, &titles(&["A", "B"])).await.unwrap();
    let scanner = desk.actor("scanner").await;
    assert_eq!(scanner.assigned_ips, ips("10.0.0.1,10.0.1.0-10.0.2.255"));
    let chosen = desk.app.asset_group_ips(&scanner, &titles(&["ALL"])).await.unwrap();
    assert_eq!(chosen, scanner.assigned_ips);
    let users = desk.app.list_users().await.unwrap();
    assert_eq!(users[1].asset_groups, ["A", "B"]);
    desk.app.set_user_asset_groups(&login, &[]).await.unwrap();
    assert_eq!(desk.actor("scanner").await.assigned_ips, ips("10.0.0.1"));
    let unknown = desk.app.set_user_asset_groups(&login, &titles(&["A", "C"])).await;
    assert!(matches!(unknown, Err(Error::UnknownAssetGroup { title }) if title == "C"));
}

#[tokio::test]
async fn a_scan_of_groups_is_a_scan_of_their_addresses() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.app.add_asset_group(&manager, new_group("A", "10.0.1.1-10.0.1.3")).await.unwrap();
    let asked = LaunchScan {
        asset_groups: titles(&["A"]),
        excluded: ips("10.0.1.2"),
        target_text: "10.0.0.9".to_owned(),
        ..launch("10.0.0.9")
    };
    let scan = desk.app.launch_scan(&manager, asked.clone()).await.unwrap();
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.targets, view.asset_groups), (ips("10.0.0.9,10.0.1.1,10.0.1.3"), titles(&["A"])));
    assert_eq!(view.target_text, "10.0.0.9,10.0.1.1-10.0.1.3");
    let unknown = LaunchScan { asset_groups: titles(&["A", "B"]), ..asked };
    let refused = desk.app.launch_scan(&manager, unknown).await;
    assert!(matches!(refused, Err(Error::UnknownAssetGroup { title }) if title == "B"));
}

#[tokio::test]
async fn a_scanner_who_loses_a_group_does_not_scan_it_any_more() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.app.add_asset_group(&manager, new_group("A", "10.0.1.0/24")).await.unwrap();
    let login = desk.add_user("scanner", Role::Scanner, "").await;
    desk.app.set_user_asset_groups(&login, &titles(&["A"])).await.unwrap();
    let scanner = desk.actor("scanner").await;
    // Two slices of two hosts.
    let scan = desk.launch(&scanner, "10.0.1.1-10.0.1.4").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    desk.app.set_user_asset_groups(&login, &[]).await.unwrap();
    for address in ["10.0.1.1", "10.0.1.2"] {
        link.deliver(&lease, desk.result(ip(address))).await.unwrap();
    }
    link.complete(&lease).await.unwrap();
    assert!(link.lease().await.unwrap().is_none(), "the second slice is not handed out");
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.hosts_total, view.hosts_done), (ScanStatus::Finished, 2, 2));
}

#[tokio::test]
async fn what_cannot_be_in_a_group_changes_nothing() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let app = &desk.app;
    app.add_asset_group(&manager, new_group("A", "10.0.1.1")).await.unwrap();
    let before = app.list_asset_groups(&manager, None).await.unwrap();
    let foreign = app.add_asset_group(&manager, new_group("B", "10.0.0.1,10.1.0.1")).await;
    assert!(matches!(foreign, Err(Error::NotInSubscription { ips: beyond }) if beyond == ips("10.1.0.1")));
    let taken = app.add_asset_group(&manager, new_group("A", "10.0.1.1")).await;
    assert!(matches!(taken, Err(Error::AssetGroupTaken { .. })), "{taken:?}");
    let all = app.add_asset_group(&manager, new_group("ALL", "10.0.1.1")).await;
    assert!(matches!(all, Err(Error::EverythingGroup)), "{all:?}");
    let renamed = EditAssetGroup { new_title: Some("all".parse().unwrap()), ..edit_group("A") };
    let all = app.edit_asset_group(&manager, renamed).await;
    assert!(matches!(all, Err(Error::EverythingGroup)), "{all:?}");
    let users = EditAssetGroup { users: Some(titles(&["manager"])), ..edit_group("A") };
    let manages = app.edit_asset_group(&manager, users).await;
    assert!(matches!(manages, Err(Error::NotAssignable { .. })), "{manages:?}");
    let texts = GroupTexts { division: Some("x".repeat(256)), ..GroupTexts::default() };
    let long = app.edit_asset_group(&manager, EditAssetGroup { texts, ..edit_group("A") }).await;
    assert!(matches!(long, Err(Error::TooLong { field: "division", .. })), "{long:?}");
    let all = app.delete_asset_group(&manager, &"All".parse().unwrap()).await;
    assert!(matches!(all, Err(Error::EverythingGroup)), "{all:?}");
    assert_eq!(app.list_asset_groups(&manager, None).await.unwrap(), before);
}
