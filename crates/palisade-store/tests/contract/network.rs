//! Networks.

use palisade_store::{Error, GroupNetwork, Network, NewAssetGroup};

use crate::asset_group::new_group;
use crate::bench::{Bench, at};

async fn networks_have_names_of_their_own_and_are_so_many_at_most(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    let one = store.add_network("one", 2, at(1)).await.unwrap().unwrap();
    assert!(matches!(store.add_network("one", 2, at(1)).await, Err(Error::Conflict)));
    let two = store.add_network("two", 2, at(1)).await.unwrap().unwrap();
    assert!(one >= 1 && two > one, "0 is the one that there is always");
    assert_eq!(store.add_network("three", 2, at(1)).await.unwrap(), None);
    assert!(matches!(store.edit_network(two, "one", at(2)).await, Err(Error::Conflict)));
    assert!(store.edit_network(two, "second", at(2)).await.unwrap());
    assert!(!store.edit_network(99, "x", at(2)).await.unwrap());
    let network = |id, name: &str| Network { id, name: name.to_owned() };
    assert_eq!(store.list_networks().await.unwrap(), [network(one, "one"), network(two, "second")]);
}

async fn groups_are_in_networks(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    store.add_asset_group(&new_group("B", "10.0.0.2")).await.unwrap();
    assert!(store.list_group_networks().await.unwrap().is_empty());
    let new = NewAssetGroup { network_id: 7, ..new_group("A", "10.0.0.1") };
    let group = store.add_asset_group(&new).await.unwrap();
    let expected = [GroupNetwork { asset_group_id: group, network_id: 7 }];
    assert_eq!(store.list_group_networks().await.unwrap(), expected);
}

crate::both!(networks_have_names_of_their_own_and_are_so_many_at_most, groups_are_in_networks);
