//! Option profiles, and what goes by them.

use palisade_model::OptionProfile;
use palisade_model::option_profile::{PortList, ScanPorts, SearchList};
use palisade_store::{Error, ProfileDeleted, ProfileEdited, ProfileUser, StoredProfile};

use crate::bench::{Bench, at, login, new_scan};

fn new_profile(title: &str) -> OptionProfile {
    OptionProfile {
        title: title.to_owned(),
        owner: Some(login("quays_ab1")),
        tcp: ScanPorts { list: PortList::Light, additional: "8080".parse().unwrap() },
        ..OptionProfile::default()
    }
}

async fn stored(bench: &Bench, id: i64) -> StoredProfile {
    let profiles = bench.store.list_option_profiles().await.unwrap();
    profiles.into_iter().find(|profile| profile.id == id).unwrap()
}

async fn add(bench: &Bench, profile: &OptionProfile) -> Result<i64, Error> {
    let profiles = std::slice::from_ref(profile);
    bench.store.add_option_profiles(profiles, at(1)).await.map(|ids| ids[0])
}

fn schedule(id: i64) -> ProfileUser {
    ProfileUser { kind: "schedule".to_owned(), id }
}

async fn profiles_are_seeded_once(bench: Bench) {
    let shipped = [OptionProfile::initial(), new_profile("B")];
    let (one, two) = tokio::join!(
        bench.store.seed_option_profiles(&shipped, at(1)),
        bench.store.seed_option_profiles(&shipped, at(1)),
    );
    assert!(one.unwrap() != two.unwrap(), "one of two servers does it");
    assert!(!bench.store.seed_option_profiles(&shipped, at(2)).await.unwrap());
    let profiles = bench.store.list_option_profiles().await.unwrap();
    let found: Vec<_> = profiles.iter().map(|stored| stored.profile.clone()).collect();
    assert_eq!(found, shipped);
    assert!(profiles.iter().all(|stored| stored.version == 1 && stored.updated_at == at(1)));
}

async fn an_edit_of_an_older_version_changes_nothing(bench: Bench) {
    let id = add(&bench, &new_profile("A")).await.unwrap();
    let again = add(&bench, &new_profile("A")).await;
    assert!(matches!(again, Err(Error::Conflict)), "a title is given once: {again:?}");
    let edited = OptionProfile { scan_dead_hosts: true, ..new_profile("A2") };
    let edit = |version| bench.store.edit_option_profile(id, version, &edited, at(2));
    let (one, two) = tokio::join!(edit(1), edit(1));
    let mut became = [one.unwrap(), two.unwrap()];
    became.sort_by_key(|edited| *edited == ProfileEdited::Changed);
    assert_eq!(became, [ProfileEdited::Edited, ProfileEdited::Changed]);
    let now = stored(&bench, id).await;
    assert_eq!((now.version, now.updated_at, &now.profile), (2, at(2), &edited));
    let gone = bench.store.edit_option_profile(id + 1, 1, &edited, at(3)).await.unwrap();
    assert_eq!(gone, ProfileEdited::Unknown);
    let other = add(&bench, &new_profile("B")).await.unwrap();
    let taken = bench.store.edit_option_profile(other, 1, &edited, at(3)).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
}

async fn there_is_one_default_profile(bench: Bench) {
    let first = add(&bench, &OptionProfile::initial()).await.unwrap();
    let second = add(&bench, &new_profile("B")).await.unwrap();
    let edited = OptionProfile { is_default: true, is_global: true, ..new_profile("B") };
    bench.store.edit_option_profile(second, 1, &edited, at(2)).await.unwrap();
    assert!(!stored(&bench, first).await.profile.is_default);
    assert!(stored(&bench, second).await.profile.is_default);
    assert_eq!(bench.store.delete_option_profile(second).await.unwrap(), ProfileDeleted::Default);
    assert_eq!(bench.store.delete_option_profile(first).await.unwrap(), ProfileDeleted::Deleted);
}

async fn a_profile_in_use_is_not_deleted(bench: Bench) {
    let one = add(&bench, &new_profile("A")).await.unwrap();
    let two = add(&bench, &new_profile("B")).await.unwrap();
    bench.store.note_option_profile_use(&schedule(7), Some(one)).await.unwrap();
    bench.store.note_option_profile_use(&schedule(8), Some(one)).await.unwrap();
    let used = ProfileDeleted::InUse(vec![schedule(7), schedule(8)]);
    assert_eq!(bench.store.delete_option_profile(one).await.unwrap(), used);
    bench.store.note_option_profile_use(&schedule(7), Some(two)).await.unwrap();
    bench.store.note_option_profile_use(&schedule(8), None).await.unwrap();
    assert_eq!(bench.store.delete_option_profile(one).await.unwrap(), ProfileDeleted::Deleted);
    assert_eq!(bench.store.delete_option_profile(one).await.unwrap(), ProfileDeleted::Unknown);
    let lost = bench.store.note_option_profile_use(&schedule(7), Some(one)).await;
    assert!(matches!(lost, Err(Error::Conflict)), "{lost:?}");
}

async fn profiles_come_in_together_or_not_at_all(bench: Bench) {
    let both = [new_profile("A"), new_profile("B")];
    let ids = bench.store.add_option_profiles(&both, at(1)).await.unwrap();
    assert_eq!((stored(&bench, ids[0]).await.profile, stored(&bench, ids[1]).await.profile), both.into());
    let half = bench.store.add_option_profiles(&[new_profile("C"), new_profile("B")], at(2)).await;
    assert!(matches!(half, Err(Error::Conflict)), "{half:?}");
    assert_eq!(bench.store.list_option_profiles().await.unwrap().len(), 2);
    let mut lost = new_profile("D");
    lost.detection.exclude = vec![SearchList { id: Some(77), ..SearchList::default() }];
    let lost = bench.store.add_option_profiles(&[new_profile("C"), lost], at(2)).await;
    assert!(matches!(lost, Err(Error::Conflict)), "{lost:?}");
    assert_eq!(bench.store.list_option_profiles().await.unwrap().len(), 2);
}

async fn a_scan_keeps_the_profile_it_was_launched_with(bench: Bench) {
    let id = add(&bench, &new_profile("A")).await.unwrap();
    let mut scan = new_scan("10.0.0.1");
    scan.profile = stored(&bench, id).await.profile;
    scan.http_header = Some("quays-7".parse().unwrap());
    let palisade_store::Launched::Queued(reference) = bench.store.launch_scan(&scan).await.unwrap() else {
        panic!("the scan is queued");
    };
    let edited = OptionProfile { scan_dead_hosts: true, ..new_profile("B") };
    bench.store.edit_option_profile(id, 1, &edited, at(2)).await.unwrap();
    let kept = bench.store.scan(&reference).await.unwrap().unwrap();
    assert_eq!((kept.profile, kept.http_header), (new_profile("A"), scan.http_header));
}

crate::both!(
    profiles_are_seeded_once,
    an_edit_of_an_older_version_changes_nothing,
    there_is_one_default_profile,
    a_profile_in_use_is_not_deleted,
    profiles_come_in_together_or_not_at_all,
    a_scan_keeps_the_profile_it_was_launched_with,
);
