//! The domains of the subscription.

use palisade_model::{DomainName, IpSet};
use palisade_store::Error;

use crate::bench::{Bench, at, ips};

async fn domains_are_kept_once_and_by_name(bench: Bench) {
    let domain = |text: &str| text.parse::<DomainName>().unwrap();
    let second = bench.store.add_domain(&domain("b.test"), &ips("10.0.0.0/8"), at(1)).await.unwrap();
    let first = bench.store.add_domain(&domain("a.test"), &IpSet::new(), at(2)).await.unwrap();
    let again = bench.store.add_domain(&domain("B.test."), &IpSet::new(), at(3)).await;
    assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
    assert!(bench.store.edit_domain(&domain("a.test"), &ips("10.0.0.1"), at(4)).await.unwrap());
    assert!(!bench.store.edit_domain(&domain("c.test"), &ips("10.0.0.1"), at(4)).await.unwrap());
    let listed = bench.store.list_domains().await.unwrap();
    let listed: Vec<_> =
        listed.iter().map(|one| (one.id, one.name.as_str(), one.netblock.clone(), one.updated_at)).collect();
    assert_eq!(
        listed,
        [(first, "a.test", ips("10.0.0.1"), at(4)), (second, "b.test", ips("10.0.0.0/8"), at(1))]
    );
}

crate::both!(domains_are_kept_once_and_by_name);
