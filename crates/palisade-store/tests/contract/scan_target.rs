//! What scans were aimed at.

use palisade_model::ScanStatus;

use crate::bench::{Bench, at, ips, new_scan};

async fn targets_outlive_their_scans(bench: Bench) {
    bench.add_subscription().await;
    let first = bench.launch("10.0.0.1").await;
    let mut later = new_scan("10.0.0.2");
    later.launched_at = at(100);
    bench.store.launch_scan(&later).await.unwrap();
    let scan = bench.store.scan(&first).await.unwrap().unwrap();
    bench.store.cancel_scan(scan.id, at(5)).await.unwrap();
    let scan = bench.store.scan(&first).await.unwrap().unwrap();
    assert_eq!(scan.status, ScanStatus::Canceled);
    assert!(bench.store.delete_scan(&scan).await.unwrap());

    let all = bench.store.list_scan_targets(at(0), at(100), None, 10).await.unwrap();
    assert_eq!(all.iter().map(|one| &one.targets).collect::<Vec<_>>(), [&ips("10.0.0.1"), &ips("10.0.0.2")]);
    assert_eq!((&all[0].scan, all[0].launched_at, &all[0].profile), (&first, at(0), &later.profile));
    let page = bench.store.list_scan_targets(at(0), at(100), None, 1).await.unwrap();
    assert_eq!(page, all[..1]);
    let rest = bench.store.list_scan_targets(at(0), at(100), Some(page[0].id), 10).await.unwrap();
    assert_eq!(rest, all[1..]);
    let early = bench.store.list_scan_targets(at(0), at(99), None, 10).await.unwrap();
    assert_eq!(early, all[..1]);
}

crate::both!(targets_outlive_their_scans);
