//! Asset groups, and what is assigned to whom.

use std::collections::BTreeSet;

use palisade_model::asset_group::{BusinessImpact, Environment, EnvironmentLevel};
use palisade_model::host_name::{HostNames, HostNamesEdit};
use palisade_model::{DomainName, IpSet};
use palisade_store::{
    AssetGroup, AssetGroupEdit, Error, GroupDeleted, GroupEdited, GroupTexts, NewAssetGroup,
};

use crate::bench::{Bench, at, ips, login, new_scan};
use crate::user::new_user;

pub(crate) fn new_group(title: &str, addresses: &str) -> NewAssetGroup {
    NewAssetGroup {
        title: title.parse().unwrap(),
        owner: login("quays_ab1"),
        ips: ips(addresses),
        domains: Vec::new(),
        names: HostNames::new(&["www.example.com".to_owned()], &["FILES".to_owned()]),
        business_impact: BusinessImpact::Critical,
        texts: GroupTexts { comments: Some("Büro".to_owned()), ..GroupTexts::default() },
        environment: Environment { integrity: Some(EnvironmentLevel::Low), ..Environment::default() },
        updated_at: at(1),
        users: Vec::new(),
        business_unit: None,
        appliances: Vec::new(),
        default_appliance: None,
        network_id: 0,
    }
}

async fn group(bench: &Bench, id: i64) -> AssetGroup {
    let groups = bench.store.list_asset_groups().await.unwrap();
    groups.into_iter().find(|group| group.id == id).unwrap()
}

async fn a_group_comes_back_as_it_was_made(bench: Bench) {
    let user = bench.store.add_user(&new_user("quays_cd1")).await.unwrap();
    let new = NewAssetGroup { users: vec![user], ..new_group("Web <A>", "10.0.0.1,10.0.0.5-10.0.0.9") };
    let id = bench.store.add_asset_group(&new).await.unwrap();
    let stored = group(&bench, id).await;
    assert_eq!((&stored.title, &stored.owner, &stored.ips), (&new.title, &new.owner, &new.ips));
    assert_eq!((stored.business_impact, stored.environment), (new.business_impact, new.environment));
    assert_eq!(stored.names, new.names);
    assert_eq!((&stored.texts, stored.updated_at), (&new.texts, at(1)));
    assert_eq!(stored.users.iter().map(|user| user.login.as_str()).collect::<Vec<_>>(), ["quays_cd1"]);
    let again = bench.store.add_asset_group(&new).await;
    assert!(matches!(again, Err(Error::Conflict)), "a title is given once: {again:?}");
}

async fn an_edit_changes_what_it_names(bench: Bench) {
    let user = bench.store.add_user(&new_user("quays_cd1")).await.unwrap();
    let new = NewAssetGroup { users: vec![user], ..new_group("A", "10.0.0.1-10.0.0.9") };
    let id = bench.store.add_asset_group(&new).await.unwrap();
    let edit = AssetGroupEdit {
        added_ips: ips("10.0.0.20"),
        removed_ips: ips("10.0.0.1-10.0.0.8"),
        texts: GroupTexts {
            comments: Some(String::new()),
            location: Some("Ulm".to_owned()),
            ..GroupTexts::default()
        },
        environment: Environment { availability: Some(EnvironmentLevel::High), ..Environment::default() },
        names: HostNamesEdit { netbios: Some(BTreeSet::new()), ..HostNamesEdit::default() },
        ..AssetGroupEdit::default()
    };
    assert_eq!(bench.store.edit_asset_group(id, &edit, at(2)).await.unwrap(), GroupEdited::Edited);
    let edited = group(&bench, id).await;
    assert_eq!((edited.names.dns.len(), edited.names.netbios.len()), (1, 0));
    assert_eq!((edited.ips, edited.updated_at), (ips("10.0.0.9,10.0.0.20"), at(2)));
    assert_eq!((edited.texts.comments, edited.texts.location.as_deref()), (None, Some("Ulm")));
    assert_eq!(edited.environment.integrity, Some(EnvironmentLevel::Low));
    assert_eq!(edited.environment.availability, Some(EnvironmentLevel::High));
    assert_eq!((edited.business_impact, edited.users.len()), (BusinessImpact::Critical, 1));
    let edit = AssetGroupEdit {
        title: Some("B".parse().unwrap()),
        ips: Some(ips("10.0.0.3")),
        users: Some(Vec::new()),
        ..AssetGroupEdit::default()
    };
    assert_eq!(bench.store.edit_asset_group(id, &edit, at(3)).await.unwrap(), GroupEdited::Edited);
    let edited = group(&bench, id).await;
    assert_eq!((edited.title.as_str(), edited.ips, edited.users), ("B", ips("10.0.0.3"), vec![]));
    let gone = bench.store.edit_asset_group(id + 1, &edit, at(4)).await.unwrap();
    assert_eq!(gone, GroupEdited::Unknown);
}

async fn two_edits_at_once_both_count(bench: Bench) {
    let id = bench.store.add_asset_group(&new_group("A", "10.0.0.1")).await.unwrap();
    let edit = |added| AssetGroupEdit { added_ips: ips(added), ..AssetGroupEdit::default() };
    let (one, two) = (edit("10.0.0.2"), edit("10.0.0.3"));
    let (first, second) = tokio::join!(
        bench.store.edit_asset_group(id, &one, at(2)),
        bench.store.edit_asset_group(id, &two, at(2))
    );
    assert_eq!((first.unwrap(), second.unwrap()), (GroupEdited::Edited, GroupEdited::Edited));
    assert_eq!(group(&bench, id).await.ips, ips("10.0.0.1-10.0.0.3"));
}

async fn a_taken_title_is_refused_on_edit_too(bench: Bench) {
    bench.store.add_asset_group(&new_group("A", "10.0.0.1")).await.unwrap();
    let id = bench.store.add_asset_group(&new_group("B", "10.0.0.2")).await.unwrap();
    let edit = AssetGroupEdit { title: Some("A".parse().unwrap()), ..AssetGroupEdit::default() };
    let edited = bench.store.edit_asset_group(id, &edit, at(2)).await;
    assert!(matches!(edited, Err(Error::Conflict)), "{edited:?}");
    assert_eq!(group(&bench, id).await.title.as_str(), "B");
}

async fn groups_have_domains(bench: Bench) {
    let domain = |text: &str| text.parse::<DomainName>().unwrap();
    let one = bench.store.add_domain(&domain("one.test"), &IpSet::new(), at(1)).await.unwrap();
    let two = bench.store.add_domain(&domain("two.test"), &ips("10.0.0.0/24"), at(1)).await.unwrap();
    let new = NewAssetGroup { domains: vec![two, one, one], ..new_group("A", "10.0.0.1") };
    let id = bench.store.add_asset_group(&new).await.unwrap();
    assert_eq!(group(&bench, id).await.domains, [domain("one.test"), domain("two.test")]);
    let untouched = AssetGroupEdit::default();
    assert_eq!(bench.store.edit_asset_group(id, &untouched, at(2)).await.unwrap(), GroupEdited::Edited);
    assert_eq!(group(&bench, id).await.domains.len(), 2);
    let edit = AssetGroupEdit { domains: Some(vec![two]), ..AssetGroupEdit::default() };
    assert_eq!(bench.store.edit_asset_group(id, &edit, at(2)).await.unwrap(), GroupEdited::Edited);
    assert_eq!(group(&bench, id).await.domains, [domain("two.test")]);
    let gone = AssetGroupEdit { domains: Some(vec![99]), ..AssetGroupEdit::default() };
    let refused = bench.store.edit_asset_group(id, &gone, at(2)).await;
    assert!(matches!(refused, Err(Error::Conflict)), "{refused:?}");
    assert_eq!(bench.store.delete_asset_group(id, None).await.unwrap(), GroupDeleted::Deleted);
}

async fn a_group_in_use_is_not_deleted(bench: Bench) {
    let id = bench.store.add_asset_group(&new_group("A", "10.0.0.1")).await.unwrap();
    let user = bench.store.add_user(&new_user("quays_cd1")).await.unwrap();
    bench.store.set_user_asset_groups(user, &[id]).await.unwrap();
    let users = vec![login("quays_cd1")];
    assert_eq!(bench.store.delete_asset_group(id, None).await.unwrap(), GroupDeleted::InUse(users));
    bench.store.set_user_asset_groups(user, &[]).await.unwrap();
    assert_eq!(bench.store.delete_asset_group(id, None).await.unwrap(), GroupDeleted::Deleted);
    assert_eq!(bench.store.delete_asset_group(id, None).await.unwrap(), GroupDeleted::Unknown);
    let assigned = bench.store.set_user_asset_groups(user, &[id]).await;
    assert!(matches!(assigned, Err(Error::Conflict)), "{assigned:?}");
}

async fn what_is_assigned_is_the_union(bench: Bench) {
    let one = bench.store.add_asset_group(&new_group("A", "10.0.0.1-10.0.0.5")).await.unwrap();
    let two = bench.store.add_asset_group(&new_group("B", "10.0.0.4-10.0.0.9")).await.unwrap();
    bench.store.add_asset_group(&new_group("C", "10.0.9.9")).await.unwrap();
    let mut new = new_user("quays_cd1");
    new.assigned_ips = ips("10.0.0.0-10.0.0.1,10.0.0.8-10.0.0.255");
    new.asset_groups = vec![one, two, two];
    let user = bench.store.add_user(&new).await.unwrap();
    let stored = bench.store.user(&login("quays_cd1")).await.unwrap().unwrap();
    let reached = bench.store.assigned_addresses(&stored).await.unwrap();
    assert_eq!((user > 0, reached), (true, ips("10.0.0.0-10.0.0.255")), "single addresses count too");
    let mut lost = new_user("quays_cd2");
    lost.asset_groups = vec![one, 99];
    assert!(matches!(bench.store.add_user(&lost).await, Err(Error::Conflict)));
    assert_eq!(bench.store.user(&login("quays_cd2")).await.unwrap(), None, "all of it or nothing");
}

async fn slices_are_handed_out_as_far_as_they_are_assigned(bench: Bench) {
    bench.add_subscription().await;
    let id = bench.store.add_asset_group(&new_group("A", "10.0.7.0/24")).await.unwrap();
    let mut user = new_user("quays_ab1");
    user.assigned_ips = ips("10.0.0.1");
    user.asset_groups = vec![id];
    let user = bench.store.add_user(&user).await.unwrap();
    let mut scan = new_scan("10.0.0.1,10.0.7.1-10.0.7.2");
    scan.slices = vec![ips("10.0.0.1,10.0.7.1-10.0.7.2")];
    scan.assigned_only = true;
    scan.asset_groups = vec!["A".to_owned()];
    bench.store.launch_scan(&scan).await.unwrap();
    bench.store.launch_scan(&scan).await.unwrap();
    let slice = bench.lease("one", "token-1").await.unwrap();
    assert_eq!(slice.targets, ips("10.0.0.1,10.0.7.1-10.0.7.2"));
    assert_eq!((slice.scan.asset_groups, slice.scan.assigned_only), (vec!["A".to_owned()], true));
    bench.store.set_user_asset_groups(user, &[]).await.unwrap();
    let slice = bench.lease("one", "token-2").await.unwrap();
    assert_eq!((slice.targets, slice.scan.hosts_total), (ips("10.0.0.1"), 1), "the group was taken away");
    // Unlimited scans do not ask.
    scan.assigned_only = false;
    bench.store.launch_scan(&scan).await.unwrap();
    assert_eq!(bench.lease("one", "token-3").await.unwrap().targets, scan.targets);
}

crate::both!(
    a_group_comes_back_as_it_was_made,
    an_edit_changes_what_it_names,
    two_edits_at_once_both_count,
    a_taken_title_is_refused_on_edit_too,
    groups_have_domains,
    a_group_in_use_is_not_deleted,
    what_is_assigned_is_the_union,
    slices_are_handed_out_as_far_as_they_are_assigned,
);
