//! Search lists.

use palisade_model::{SearchCriteria, SearchListContent};
use palisade_store::{Error, SearchList};

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
    assert!(store.delete_search_list(one).await.unwrap());
    assert!(!store.delete_search_list(one).await.unwrap());
    assert!(!store.edit_search_list(one, |old| old).await.unwrap());
}

crate::both!(lists_come_back_as_they_were_made);
