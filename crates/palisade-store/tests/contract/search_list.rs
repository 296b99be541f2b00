//! Search lists.

use palisade_model::option_profile::SearchList as ProfileList;
use palisade_model::{OptionProfile, SearchCriteria, SearchListContent};
use palisade_store::{
    Error, PROFILE_USER_KIND, ProfileDeleted, ProfileEdited, SearchList, SearchListDeleted, SearchListUse,
};

use crate::bench::{Bench, at, login, qid};

fn list(title: &str) -> SearchList {
    SearchList {
        id: 0,
        title: title.to_owned(),
        owner: login("quays_ab1"),
        is_global: false,
        content: SearchListContent::Static([qid(6), qid(900_001)].into()),
        comments: Some("why".to_owned()),
        created_at: at(1),
        modified_at: at(2),
        modified_by: login("quays_ab2"),
    }
}

async fn lists_come_back_as_they_were_made(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    let one = store.add_search_list(&list("One")).await.unwrap();
    let criteria =
        SearchCriteria { title: Some("TLS".to_owned()), confirmed: vec![4, 5], ..Default::default() };
    let dynamic = SearchList { content: SearchListContent::Dynamic(Box::new(criteria)), ..list("Two") };
    let two = store.add_search_list(&dynamic).await.unwrap();
    assert!(matches!(store.add_search_list(&list("One")).await, Err(Error::Conflict)));
    let expected = [SearchList { id: one, ..list("One") }, SearchList { id: two, ..dynamic }];
    assert_eq!(store.list_search_lists().await.unwrap(), expected);
    let change = |old: SearchList| SearchList { title: "Three".to_owned(), is_global: true, ..old };
    assert!(store.edit_search_list(one, change).await.unwrap());
    let taken = store.edit_search_list(two, |old| SearchList { title: "Three".to_owned(), ..old }).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
    let now = store.list_search_lists().await.unwrap();
    assert_eq!((now[0].title.as_str(), now[0].is_global, now[1].title.as_str()), ("Three", true, "Two"));
    assert_eq!(store.delete_search_list(one).await.unwrap(), SearchListDeleted::Deleted);
    assert_eq!(store.delete_search_list(one).await.unwrap(), SearchListDeleted::Unknown);
    assert!(!store.edit_search_list(one, |old| old).await.unwrap());
}

fn profile(title: &str, lists: &[i64]) -> OptionProfile {
    let mut profile = OptionProfile { title: title.to_owned(), ..OptionProfile::default() };
    let list = |id: &i64| ProfileList { id: Some(*id), ..ProfileList::default() };
    profile.detection.exclude = lists.iter().map(list).collect();
    profile
}

async fn a_list_that_something_goes_by_is_not_deleted(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    let one = store.add_search_list(&list("One")).await.unwrap();
    let two = store.add_search_list(&list("Two")).await.unwrap();
    let ids = store.add_option_profiles(&[profile("A", &[one, two]), profile("B", &[two])], at(3)).await;
    let (a, b) = (ids.as_ref().unwrap()[0], ids.as_ref().unwrap()[1]);
    let by = |list, id| SearchListUse { list, kind: PROFILE_USER_KIND.to_owned(), id };
    assert_eq!(store.list_search_list_uses().await.unwrap(), [by(one, a), by(two, a), by(two, b)]);
    assert_eq!(store.delete_search_list(one).await.unwrap(), SearchListDeleted::InUse(vec![by(one, a)]));
    let edited = store.edit_option_profile(a, 1, &profile("A", &[two]), at(4)).await.unwrap();
    assert_eq!(edited, ProfileEdited::Edited);
    assert_eq!(store.delete_search_list(one).await.unwrap(), SearchListDeleted::Deleted);
    let late = store.edit_option_profile(a, 2, &profile("A", &[one]), at(5)).await;
    assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
    for id in [a, b] {
        assert_eq!(store.delete_option_profile(id).await.unwrap(), ProfileDeleted::Deleted);
    }
    assert_eq!(store.delete_search_list(two).await.unwrap(), SearchListDeleted::Deleted);
    assert_eq!(store.list_search_list_uses().await.unwrap(), []);
}

async fn two_people_change_a_list_at_the_same_moment(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    let id = store.add_search_list(&list("One")).await.unwrap();
    let with = |number: u32| {
        move |old: SearchList| {
            let SearchListContent::Static(mut qids) = old.content else { panic!("counted out") };
            qids.insert(qid(number));
            SearchList { content: SearchListContent::Static(qids), ..old }
        }
    };
    let edits = (1..=8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.edit_search_list(id, with(1_000 + number)).await.unwrap() })
    });
    for edit in edits.collect::<Vec<_>>() {
        assert!(edit.await.unwrap());
    }
    let lists = store.list_search_lists().await.unwrap();
    let SearchListContent::Static(qids) = &lists[0].content else { panic!("counted out") };
    let expected = [6, 900_001].into_iter().chain(1_001..=1_008).map(qid).collect();
    assert_eq!(*qids, expected, "nobody's change is lost");
}

async fn a_list_is_used_and_deleted_at_the_same_moment(bench: Bench) {
    let store = &bench.store;
    bench.add_subscription().await;
    for round in 0..10 {
        let id = store.add_search_list(&list("One")).await.unwrap();
        let title = format!("Profile {round}");
        let profiles = [profile(&title, &[id])];
        let (used, deleted) =
            tokio::join!(store.add_option_profiles(&profiles, at(3)), store.delete_search_list(id));
        match (used, deleted.unwrap()) {
            (Ok(_), SearchListDeleted::InUse(uses)) => {
                assert_eq!(uses.len(), 1);
                store.edit_search_list(id, |old| SearchList { title: title.clone(), ..old }).await.unwrap();
            }
            (Err(Error::Conflict), SearchListDeleted::Deleted) => {}
            other => panic!("{other:?}"),
        }
    }
}

crate::both!(
    lists_come_back_as_they_were_made,
    a_list_that_something_goes_by_is_not_deleted,
    two_people_change_a_list_at_the_same_moment,
    a_list_is_used_and_deleted_at_the_same_moment,
);
