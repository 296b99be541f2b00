//! Numbers of community templates.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::Qid;

use crate::bench::{Bench, at};

fn ids(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The smallest number from 1,000,001 up that is free; none for `never`.
fn next(id: &str, taken: &BTreeSet<Qid>) -> Option<Qid> {
    let free = (1_000_001..1_001_000).filter_map(Qid::new).find(|qid| !taken.contains(qid));
    free.filter(|_| id != "never")
}

async fn number(bench: &Bench, names: &[&str]) -> BTreeMap<String, u32> {
    let numbered = bench.store.number_templates(&ids(names), at(1), next).await.unwrap();
    numbered.into_iter().map(|(id, qid)| (id, qid.number())).collect()
}

async fn a_number_stays_with_its_template(bench: Bench) {
    let first = number(&bench, &["a", "b", "never"]).await;
    assert_eq!(first, BTreeMap::from([("a".to_owned(), 1_000_001), ("b".to_owned(), 1_000_002)]));
    // `a` is gone for a while, and its number is not given to another.
    let second = number(&bench, &["b", "c"]).await;
    assert_eq!(second, BTreeMap::from([("b".to_owned(), 1_000_002), ("c".to_owned(), 1_000_003)]));
    assert_eq!(number(&bench, &["a", "c"]).await["a"], 1_000_001, "it comes back");
    let again = bench.open_again().await;
    let known = again.number_templates(&ids(&["a"]), at(2), |_, _| None).await.unwrap();
    assert_eq!(known["a"], Qid::new(1_000_001).unwrap());
}

async fn two_imports_at_once_agree(bench: Bench) {
    let (one, two) = tokio::join!(number(&bench, &["a", "b", "c"]), number(&bench, &["c", "b", "d"]));
    assert_eq!((one["b"], one["c"]), (two["b"], two["c"]));
    let all: BTreeSet<u32> = one.values().chain(two.values()).copied().collect();
    assert_eq!(all.len(), 4, "{one:?} {two:?}");
}

crate::both!(a_number_stays_with_its_template, two_imports_at_once_agree);
