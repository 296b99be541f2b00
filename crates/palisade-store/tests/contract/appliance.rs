//! Scanner appliances and their groups.

use palisade_model::appliance::{StaticRoute, Vlan};
use palisade_store::{
    Appliance, AssetGroupEdit, Error, GroupApplianceEdit, GroupEdited, NewAssetGroup, Replacing,
};

use crate::asset_group::new_group;
use crate::bench::{Bench, at, login};

fn new_appliance(name: &str) -> Appliance {
    Appliance {
        id: 0,
        uuid: format!("uuid of {name}"),
        name: name.parse().unwrap(),
        sealed_code: "sealed".to_owned(),
        network_id: 0,
        polling_interval_s: 180,
        comments: String::new(),
        vlans: Vec::new(),
        routes: Vec::new(),
        created_at: at(1),
        created_by: login("quays_ab1"),
    }
}

async fn add(bench: &Bench, name: &str, group: Option<i64>) -> i64 {
    bench.store.add_appliance(&new_appliance(name), group, 9).await.unwrap().unwrap()
}

/// Group, appliance and whether it is the default one.
async fn members(bench: &Bench) -> Vec<(i64, i64, bool)> {
    let members = bench.store.list_group_appliances().await.unwrap();
    members.iter().map(|member| (member.asset_group_id, member.appliance_id, member.is_default)).collect()
}

/// Changes the appliances of a group.
async fn edit(bench: &Bench, group: i64, appliances: GroupApplianceEdit) -> Result<GroupEdited, Error> {
    let edit = AssetGroupEdit { appliances, ..AssetGroupEdit::default() };
    bench.store.edit_asset_group(group, &edit, at(2)).await
}

async fn appliances_come_change_and_go(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    let one = add(&bench, "one", None).await;
    let again = Appliance { uuid: "another".to_owned(), ..new_appliance("one") };
    assert!(matches!(store.add_appliance(&again, None, 9).await, Err(Error::Conflict)));
    let two = add(&bench, "two", None).await;
    assert_eq!(store.add_appliance(&new_appliance("three"), None, 2).await.unwrap(), None);
    let change = |old: Appliance| Appliance {
        comments: "by the door".to_owned(),
        network_id: 7,
        polling_interval_s: 60,
        vlans: Vlan::list("7|10.0.0.2|255.255.255.0|quay").unwrap(),
        routes: StaticRoute::list("10.9.0.0|255.255.0.0|10.0.0.1|far").unwrap(),
        ..old
    };
    assert!(store.edit_appliance(one, change).await.unwrap());
    let taken = store.edit_appliance(one, |old| Appliance { name: "two".parse().unwrap(), ..old }).await;
    assert!(matches!(taken, Err(Error::Conflict)));
    assert!(!store.edit_appliance(99, |old| old).await.unwrap());
    let expected = change(Appliance { id: one, ..new_appliance("one") });
    let listed = store.list_appliances().await.unwrap();
    assert_eq!(listed, [expected, Appliance { id: two, ..new_appliance("two") }]);
    assert!(store.delete_appliance(two).await.unwrap() && !store.delete_appliance(two).await.unwrap());
    assert!(add(&bench, "three", None).await > two, "ids are never given again");
}

async fn groups_have_appliances_of_which_one_is_the_default(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    let group = store.add_asset_group(&new_group("A", "10.0.0.1")).await.unwrap();
    let one = add(&bench, "one", Some(group)).await;
    let two = add(&bench, "two", None).await;
    assert_eq!(members(&bench).await, [(group, one, false)]);
    let change = GroupApplianceEdit::default;
    let joined = GroupApplianceEdit { added: vec![two, two], default: Some(two), ..change() };
    assert_eq!(edit(&bench, group, joined).await.unwrap(), GroupEdited::Edited);
    assert_eq!(members(&bench).await, [(group, one, false), (group, two, true)]);
    let alone = GroupApplianceEdit { all: Some(vec![two]), ..change() };
    assert_eq!(edit(&bench, group, alone).await.unwrap(), GroupEdited::Edited);
    assert_eq!(members(&bench).await, [(group, two, true)], "what stays keeps being the default");
    // What is refused changes nothing, of the group itself neither.
    let removed = GroupApplianceEdit { removed: vec![two], default: Some(two), ..change() };
    let renamed = Some("Pier".parse().unwrap());
    let both = AssetGroupEdit { title: renamed, appliances: removed, ..AssetGroupEdit::default() };
    assert_eq!(store.edit_asset_group(group, &both, at(9)).await.unwrap(), GroupEdited::NotOfGroup);
    assert_eq!(members(&bench).await, [(group, two, true)]);
    let stored = store.list_asset_groups().await.unwrap().remove(0);
    assert_eq!((stored.title.as_str(), stored.updated_at), ("A", at(2)));
    let gone = GroupApplianceEdit { added: vec![99], ..change() };
    assert!(matches!(edit(&bench, group, gone).await, Err(Error::Conflict)));
    let gone = NewAssetGroup { appliances: vec![one, 99], ..new_group("B", "10.0.0.2") };
    assert!(matches!(store.add_asset_group(&gone).await, Err(Error::Conflict)));
    assert_eq!(store.list_asset_groups().await.unwrap().len(), 1);
    assert!(store.delete_appliance(two).await.unwrap());
    assert!(members(&bench).await.is_empty());
    let joined = GroupApplianceEdit { added: vec![one], ..change() };
    assert_eq!(edit(&bench, group, joined).await.unwrap(), GroupEdited::Edited);
    store.delete_asset_group(group, None).await.unwrap();
    assert!(members(&bench).await.is_empty(), "a group takes its appliances along");
    let two = add(&bench, "two", None).await;
    let appliances = vec![one, two];
    let new = NewAssetGroup { appliances, default_appliance: Some(two), ..new_group("C", "10.0.0.3") };
    let group = store.add_asset_group(&new).await.unwrap();
    assert_eq!(members(&bench).await, [(group, one, false), (group, two, true)]);
}

async fn an_appliance_takes_the_place_of_another(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    let first = store.add_asset_group(&new_group("A", "10.0.0.1")).await.unwrap();
    let second = store.add_asset_group(&new_group("B", "10.0.0.2")).await.unwrap();
    let (old, new) = (add(&bench, "old", Some(first)).await, add(&bench, "new", Some(second)).await);
    let default = GroupApplianceEdit { default: Some(old), ..GroupApplianceEdit::default() };
    assert_eq!(edit(&bench, first, default).await.unwrap(), GroupEdited::Edited);
    store.edit_appliance(old, |old| Appliance { comments: "settings".to_owned(), ..old }).await.unwrap();
    let replacing = Replacing { old, new, copies_settings: true, leaves_groups: true };
    assert!(store.replace_appliance(replacing).await.unwrap());
    assert_eq!(members(&bench).await, [(first, new, true)]);
    let listed = store.list_appliances().await.unwrap();
    assert_eq!((listed[1].name.as_str(), listed[1].comments.as_str()), ("new", "settings"));
    assert!(!store.replace_appliance(Replacing { old: 99, ..replacing }).await.unwrap());
    // Back again, with neither.
    let join = GroupApplianceEdit { added: vec![old], ..GroupApplianceEdit::default() };
    assert_eq!(edit(&bench, second, join).await.unwrap(), GroupEdited::Edited);
    store.edit_appliance(old, |old| Appliance { comments: String::new(), ..old }).await.unwrap();
    let back = Replacing { old: new, new: old, copies_settings: false, leaves_groups: false };
    assert!(store.replace_appliance(back).await.unwrap());
    assert_eq!(members(&bench).await, [(first, old, true), (second, old, false)]);
    assert_eq!(store.list_appliances().await.unwrap()[0].comments, "");
}

crate::both!(
    appliances_come_change_and_go,
    groups_have_appliances_of_which_one_is_the_default,
    an_appliance_takes_the_place_of_another,
);
