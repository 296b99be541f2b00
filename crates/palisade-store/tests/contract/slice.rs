//! Slices and their leases.

use std::collections::BTreeMap;

use palisade_model::ScanStatus;
use palisade_store::{Holding, Intake, Progress, SLICE_ATTEMPTS_MAX, SLICE_RESTARTS_MAX};

use crate::bench::{Bench, alive, at, ip, ips};

async fn every_slice_goes_to_exactly_one_of_many_workers(bench: Bench) {
    bench.add_subscription().await;
    bench.launch("10.0.0.0-10.0.0.29").await;
    bench.launch("10.0.1.0-10.0.1.9").await;
    let workers = (0..8).map(|worker| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            // A worker that finds nothing may just have lost a race, so it asks a few times more.
            let mut misses = 0;
            while misses < 3 {
                let token = format!("{worker}-{}", mine.len());
                let name = format!("worker-{worker}");
                match store.lease_slice(&name, &token, at(10), at(70)).await.unwrap() {
                    Some(slice) => mine.push((slice.slice_id, slice.targets.to_string())),
                    None => misses += 1,
                }
            }
            mine
        })
    });
    let mut taken = BTreeMap::<i64, String>::new();
    for worker in workers.collect::<Vec<_>>() {
        for (slice, targets) in worker.await.unwrap() {
            assert_eq!(taken.insert(slice, targets), None, "slice {slice} was handed out twice");
        }
    }
    assert_eq!(taken.len(), 40);
    let mut targets: Vec<String> = taken.into_values().collect();
    targets.dedup();
    assert_eq!(targets.len(), 40);
}

async fn scans_share_the_scanners(bench: Bench) {
    bench.add_subscription().await;
    let big = bench.launch("10.0.0.0-10.0.0.9").await;
    let small = bench.launch("10.0.1.0-10.0.1.1").await;
    let mut order = Vec::new();
    for number in 0..4 {
        order.push(bench.lease("worker", &format!("token-{number}")).await.unwrap().scan.reference);
    }
    assert_eq!(order, [big.clone(), small.clone(), big, small]);
}

async fn an_expired_lease_goes_to_another(bench: Bench) {
    bench.add_subscription().await;
    bench.launch("10.0.0.1").await;
    let first = bench.lease("one", "token-1").await.unwrap();
    assert_eq!(bench.store.take_back_expired(at(69)).await.unwrap(), 0);
    assert_eq!(bench.lease("two", "token-2").await, None);
    assert_eq!(bench.store.take_back_expired(at(70)).await.unwrap(), 1);
    let second = bench.lease("two", "token-2").await.unwrap();
    assert_eq!(second.slice_id, first.slice_id);
    let result = alive("10.0.0.1", Vec::new(), &[]);
    assert_eq!(bench.deliver(&first, "token-1", &result).await, Intake::Lost);
    let holding = bench.store.complete_slice(first.slice_id, "token-1", at(80)).await.unwrap();
    assert_eq!(holding, Holding::Lost);
    let renewed = bench.store.renew_slice(first.slice_id, "token-1", Progress::default(), at(99)).await;
    assert_eq!(renewed.unwrap(), Holding::Lost);
    assert!(matches!(bench.deliver(&second, "token-2", &result).await, Intake::TakenIn { .. }));
}

async fn a_renewed_lease_stays(bench: Bench) {
    bench.add_subscription().await;
    bench.launch("10.0.0.1").await;
    let slice = bench.lease("one", "token").await.unwrap();
    let renewed = bench.store.renew_slice(slice.slice_id, "token", Progress::default(), at(100)).await;
    assert_eq!(renewed.unwrap(), Holding::Held);
    assert_eq!(bench.store.take_back_expired(at(99)).await.unwrap(), 0);
    bench.deliver(&slice, "token", &alive("10.0.0.1", Vec::new(), &[])).await;
    assert_eq!(bench.store.take_back_expired(at(79)).await.unwrap(), 0, "a delivery renews too");
}

async fn the_next_holder_knows_what_was_delivered(bench: Bench) {
    bench.add_subscription().await;
    let mut new = crate::bench::new_scan("10.0.0.1-10.0.0.3");
    new.slices = vec![ips("10.0.0.1-10.0.0.3")];
    bench.store.launch_scan(&new).await.unwrap();
    let slice = bench.lease("one", "token-1").await.unwrap();
    bench.deliver(&slice, "token-1", &alive("10.0.0.2", Vec::new(), &[])).await;
    assert_eq!(bench.store.take_back_from("two", at(30)).await.unwrap(), 0);
    assert_eq!(bench.store.take_back_from("one", at(30)).await.unwrap(), 1);
    let again = bench.lease("one", "token-2").await.unwrap();
    assert_eq!(again.delivered, [ip("10.0.0.2")]);
    let result = alive("10.0.0.2", Vec::new(), &[]);
    let intake = bench.deliver(&again, "token-2", &result).await;
    assert_eq!(intake, Intake::AlreadyTakenIn { holding: Holding::Held });
}

async fn a_slice_with_hosts_missing_is_not_done(bench: Bench) {
    bench.add_subscription().await;
    let mut new = crate::bench::new_scan("10.0.0.1-10.0.0.2");
    new.slices = vec![ips("10.0.0.1-10.0.0.2")];
    bench.store.launch_scan(&new).await.unwrap();
    let slice = bench.lease("one", "token-1").await.unwrap();
    bench.deliver(&slice, "token-1", &alive("10.0.0.1", Vec::new(), &[])).await;
    bench.store.complete_slice(slice.slice_id, "token-1", at(30)).await.unwrap();
    let again = bench.lease("one", "token-2").await.unwrap();
    assert_eq!(again.delivered, [ip("10.0.0.1")]);
}

async fn a_slice_that_never_gets_on_ends_its_scan(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1-10.0.0.2").await;
    let other = bench.lease("healthy", "other").await.unwrap();
    for round in 0..SLICE_ATTEMPTS_MAX {
        let status = bench.store.scan(&scan).await.unwrap().unwrap().status;
        assert_eq!(status, ScanStatus::Running, "after {round} rounds");
        let slice = bench.lease("broken", "token").await.unwrap();
        bench.store.fail_slice(slice.slice_id, "token", "no route", at(30)).await.unwrap();
    }
    let ended = bench.store.scan(&scan).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.ended_at), (ScanStatus::Error, Some(at(30))));
    assert_eq!(ended.reason.as_deref(), Some("no route"));
    let renewed = bench.store.renew_slice(other.slice_id, "other", Progress::default(), at(99)).await;
    assert_eq!(renewed.unwrap(), Holding::Lost, "the rest of the scan stops too");
    assert_eq!(bench.lease("healthy", "more").await, None);
    assert_eq!(bench.store.take_back_expired(at(1000)).await.unwrap(), 1);
    assert_eq!(bench.lease("healthy", "more").await, None);
}

async fn a_delivery_forgives_what_was_before(bench: Bench) {
    bench.add_subscription().await;
    let mut new = crate::bench::new_scan("10.0.0.1-10.0.0.2");
    new.slices = vec![ips("10.0.0.1-10.0.0.2")];
    let palisade_store::Launched::Queued(scan) = bench.store.launch_scan(&new).await.unwrap() else {
        panic!()
    };
    // Completing it with a host missing sends it back once more, after the first delivery.
    for (host, returns) in [(1, SLICE_ATTEMPTS_MAX - 1), (2, SLICE_ATTEMPTS_MAX - 2)] {
        for _ in 0..returns {
            bench.lease("one", "token").await.unwrap();
            assert_eq!(bench.store.take_back_expired(at(1000)).await.unwrap(), 1);
        }
        let slice = bench.lease("one", "token").await.unwrap();
        let result = alive(&format!("10.0.0.{host}"), Vec::new(), &[]);
        bench.deliver(&slice, "token", &result).await;
        bench.store.complete_slice(slice.slice_id, "token", at(30)).await.unwrap();
    }
    assert_eq!(bench.store.scan(&scan).await.unwrap().unwrap().status, ScanStatus::Finished);
}

async fn restarts_are_forgiven_longer_and_not_for_ever(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1").await;
    for _ in 0..SLICE_RESTARTS_MAX {
        let status = bench.store.scan(&scan).await.unwrap().unwrap().status;
        assert!(matches!(status, ScanStatus::Queued | ScanStatus::Running));
        bench.lease("one", "token").await.unwrap();
        assert_eq!(bench.store.take_back_from("one", at(20)).await.unwrap(), 1);
    }
    assert_eq!(bench.store.scan(&scan).await.unwrap().unwrap().status, ScanStatus::Error);
}

async fn what_left_the_subscription_is_not_handed_out(bench: Bench) {
    use sqlx::Executor;
    bench.add_subscription().await;
    let mut new = crate::bench::new_scan("10.0.0.1-10.0.0.4");
    new.slices = vec![ips("10.0.0.1-10.0.0.2"), ips("10.0.0.3-10.0.0.4")];
    let palisade_store::Launched::Queued(scan) = bench.store.launch_scan(&new).await.unwrap() else {
        panic!()
    };
    let mut raw = bench.connect().await;
    // There is no call yet that removes addresses from a subscription; 10.0.0.1 alone stays.
    raw.execute("UPDATE host_range SET first_ip = 167772161, last_ip = 167772161").await.unwrap();
    let slice = bench.lease("one", "token").await.unwrap();
    assert_eq!(slice.targets, ips("10.0.0.1"));
    bench.deliver(&slice, "token", &alive("10.0.0.1", Vec::new(), &[])).await;
    bench.store.complete_slice(slice.slice_id, "token", at(30)).await.unwrap();
    assert_eq!(bench.lease("one", "token").await, None);
    let ended = bench.store.scan(&scan).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.hosts_total, ended.hosts_done), (ScanStatus::Finished, 1, 1));
}

async fn progress_adds_up(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1-10.0.0.4").await;
    let one = bench.lease("one", "token-1").await.unwrap();
    let two = bench.lease("two", "token-2").await.unwrap();
    let id = bench.store.scan(&scan).await.unwrap().unwrap().id;
    let before = bench.store.scan_progress(id).await.unwrap();
    assert_eq!((before.work_done, before.work_total, before.stage), (0, 4_000, None));
    let at_work = Progress { stage: Some(2), work_done: 50, work_total: 200, findings: 3 };
    bench.store.renew_slice(one.slice_id, "token-1", at_work, at(99)).await.unwrap();
    let ahead = Progress { stage: Some(3), work_done: 500, work_total: 1, findings: 1 };
    bench.store.renew_slice(two.slice_id, "token-2", ahead, at(99)).await.unwrap();
    let progress = bench.store.scan_progress(id).await.unwrap();
    assert_eq!(progress, Progress { stage: Some(2), work_done: 1_250, work_total: 4_000, findings: 4 });
    let other = bench.launch("10.0.0.9").await;
    let other = bench.store.scan(&other).await.unwrap().unwrap().id;
    let waiting = Progress { work_total: 1_000, ..Progress::default() };
    let all = bench.store.list_running_progress().await.unwrap();
    assert_eq!(all, [(id, progress), (other, waiting)].into());
    bench.store.cancel_scan(other, at(20)).await.unwrap();
    assert_eq!(bench.store.list_running_progress().await.unwrap(), [(id, progress)].into());
    bench.deliver(&one, "token-1", &alive("10.0.0.1", Vec::new(), &[])).await;
    bench.store.complete_slice(one.slice_id, "token-1", at(30)).await.unwrap();
    let progress = bench.store.scan_progress(id).await.unwrap();
    assert_eq!(progress, Progress { stage: Some(3), work_done: 2_000, work_total: 4_000, findings: 1 });
}

crate::both!(
    every_slice_goes_to_exactly_one_of_many_workers,
    scans_share_the_scanners,
    an_expired_lease_goes_to_another,
    a_renewed_lease_stays,
    the_next_holder_knows_what_was_delivered,
    a_slice_with_hosts_missing_is_not_done,
    a_slice_that_never_gets_on_ends_its_scan,
    a_delivery_forgives_what_was_before,
    restarts_are_forgiven_longer_and_not_for_ever,
    what_left_the_subscription_is_not_handed_out,
    progress_adds_up,
);
