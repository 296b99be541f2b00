//! Addresses of the subscription and their attributes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use palisade_model::{IpRange, IpSet};
use palisade_store::{AttributeEdit, HostAttributes, HostRange, Store, TrackingMethod};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::bench::{Bench, ips, login};

fn comment(text: &str) -> HostAttributes {
    HostAttributes { comment: Some(text.to_owned()), ..HostAttributes::default() }
}

/// The intervals as `first-last comment`, for comparing.
async fn shown(store: &Store) -> Vec<String> {
    let text = |part: HostRange| format!("{} {}", part.range, part.attributes.comment.unwrap_or_default());
    store.list_host_ranges().await.unwrap().into_iter().map(text).collect()
}

async fn only_new_addresses_are_added(bench: Bench) {
    let store = &bench.store;
    assert_eq!(store.add_host_ranges(&ips("10.0.0.5"), &comment("a")).await.unwrap(), ips("10.0.0.5"));
    let added = store.add_host_ranges(&ips("10.0.0.4-10.0.0.6"), &comment("b")).await.unwrap();
    assert_eq!(added, ips("10.0.0.4,10.0.0.6"));
    assert_eq!(shown(store).await, ["10.0.0.4 b", "10.0.0.5 a", "10.0.0.6 b"]);
    assert_eq!(store.subscription_ips().await.unwrap(), ips("10.0.0.4-10.0.0.6"));
}

async fn an_edit_cuts_and_joins_intervals(bench: Bench) {
    let store = &bench.store;
    store.add_host_ranges(&ips("10.0.0.0/24"), &comment("a")).await.unwrap();
    let edit = AttributeEdit { comment: Some(Some("b".to_owned())), ..AttributeEdit::default() };
    let edited = store.edit_host_ranges(&ips("10.0.0.10-10.0.1.9"), &edit).await.unwrap();
    assert_eq!(edited, ips("10.0.0.10-10.0.0.255"));
    assert_eq!(shown(store).await, ["10.0.0.0-10.0.0.9 a", "10.0.0.10-10.0.0.255 b"]);
    let back = AttributeEdit { comment: Some(Some("a".to_owned())), ..AttributeEdit::default() };
    store.edit_host_ranges(&ips("10.0.0.0/24"), &back).await.unwrap();
    assert_eq!(shown(store).await, ["10.0.0.0-10.0.0.255 a"]);
}

async fn attributes_come_back_and_can_be_removed(bench: Bench) {
    let store = &bench.store;
    let attributes = HostAttributes {
        tracking: TrackingMethod::Dns,
        owner: Some(login("quays_ab1")),
        comment: Some("ä".to_owned()),
        ud: [Some("1".to_owned()), None, Some("3".to_owned())],
    };
    store.add_host_ranges(&ips("10.0.0.1"), &attributes).await.unwrap();
    assert_eq!(store.list_host_ranges().await.unwrap()[0].attributes, attributes);
    let edit = AttributeEdit {
        tracking: None,
        owner: Some(None),
        comment: None,
        ud: [None, Some(Some("2".to_owned())), Some(None)],
    };
    store.edit_host_ranges(&ips("10.0.0.1"), &edit).await.unwrap();
    let expected =
        HostAttributes { owner: None, ud: [Some("1".to_owned()), Some("2".to_owned()), None], ..attributes };
    assert_eq!(store.list_host_ranges().await.unwrap()[0].attributes, expected);
}

/// Random additions and edits, against a map of single addresses.
async fn intervals_agree_with_single_addresses(bench: Bench) {
    let operation = (any::<bool>(), 0u32..60, 1u32..20, 0u8..3);
    let mut runner = TestRunner::deterministic();
    let mut naive = BTreeMap::<Ipv4Addr, String>::new();
    for _ in 0..60 {
        let (add, first, length, text) = operation.new_tree(&mut runner).unwrap().current();
        let first = 0x0a00_0000 + first;
        let set: IpSet = IpRange::new(first.into(), (first + length - 1).into()).into_iter().collect();
        let text = format!("c{text}");
        if add {
            bench.store.add_host_ranges(&set, &comment(&text)).await.unwrap();
            for address in set.iter() {
                naive.entry(address).or_insert_with(|| text.clone());
            }
        } else {
            let edit = AttributeEdit { comment: Some(Some(text.clone())), ..AttributeEdit::default() };
            bench.store.edit_host_ranges(&set, &edit).await.unwrap();
            for address in set.iter() {
                naive.entry(address).and_modify(|old| old.clone_from(&text));
            }
        }
        let ranges = bench.store.list_host_ranges().await.unwrap();
        let single: BTreeMap<Ipv4Addr, String> = ranges
            .iter()
            .flat_map(|part| {
                let set: IpSet = [part.range].into_iter().collect();
                let text = part.attributes.comment.clone().unwrap();
                set.iter().map(|address| (address, text.clone())).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(single, naive);
        let joinable = ranges.windows(2).any(|pair| {
            u32::from(pair[0].range.last()) + 1 == u32::from(pair[1].range.first())
                && pair[0].attributes == pair[1].attributes
        });
        assert!(!joinable, "equal neighbours are one interval: {ranges:?}");
    }
}

crate::both!(
    only_new_addresses_are_added,
    an_edit_cuts_and_joins_intervals,
    attributes_come_back_and_can_be_removed,
    intervals_agree_with_single_addresses,
);
