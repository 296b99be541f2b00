//! The names that web servers are asked by.

use std::net::Ipv4Addr;

use palisade_model::{VirtualHost, VirtualName};

use crate::bench::Bench;

const IP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 4);

fn names(names: &[&str]) -> Vec<VirtualName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

async fn set(bench: &Bench, network_id: i64, port: u16, wanted: &[&str]) -> bool {
    let wanted = names(wanted);
    let changed = bench.store.change_virtual_host(network_id, IP, port, 3, |_| Ok::<_, ()>(wanted)).await;
    changed.unwrap().unwrap()
}

async fn virtual_hosts_come_and_go_and_are_so_many_at_most(bench: Bench) {
    bench.add_subscription().await;
    assert!(set(&bench, 0, 443, &["a.example.test", "b.example.test"]).await);
    assert!(set(&bench, 0, 80, &["a.example.test"]).await);
    assert!(set(&bench, 7, 80, &["c.example.test"]).await, "another network has hosts of its own");
    let host = |network_id, port, names_of: &[&str]| VirtualHost {
        network_id,
        ip: IP,
        port,
        names: names(names_of),
    };
    let expected = [
        host(0, 80, &["a.example.test"]),
        host(0, 443, &["a.example.test", "b.example.test"]),
        host(7, 80, &["c.example.test"]),
    ];
    assert_eq!(bench.store.list_virtual_hosts().await.unwrap(), expected);
    assert!(!set(&bench, 0, 81, &["a.example.test"]).await, "three at most");
    assert!(set(&bench, 0, 80, &["d.example.test"]).await, "one that is there changes");
    assert!(set(&bench, 7, 80, &[]).await);
    let expected = [host(0, 80, &["d.example.test"]), host(0, 443, &["a.example.test", "b.example.test"])];
    assert_eq!(bench.store.list_virtual_hosts().await.unwrap(), expected);
}

async fn what_a_change_refuses_stays_as_it_is(bench: Bench) {
    bench.add_subscription().await;
    assert!(set(&bench, 0, 80, &["a.example.test"]).await);
    let refused = bench.store.change_virtual_host(0, IP, 80, 3, |old| {
        assert_eq!(old, names(&["a.example.test"]));
        Err("no")
    });
    assert_eq!(refused.await.unwrap(), Err("no"));
    assert_eq!(bench.store.list_virtual_hosts().await.unwrap().len(), 1);
}

crate::both!(virtual_hosts_come_and_go_and_are_so_many_at_most, what_a_change_refuses_stays_as_it_is);
