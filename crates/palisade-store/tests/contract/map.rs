//! Maps from launch to report, and whose they are meanwhile.

use palisade_model::{Discovery, MapHost, MapRef, MapResult, OptionProfile, ScanStatus};
use palisade_store::{
    Cancelled, Holding, LaunchType, Map, MapFilter, MapHolding, NewMap, NewMaps, Progress, SLICE_ATTEMPTS_MAX,
};

use crate::bench::{Bench, at, ip, ips, login};

pub(crate) fn new_maps(domains: &[&str]) -> NewMaps {
    let map = |domain: &&str| NewMap {
        title: format!("Büro <{domain}>"),
        domain: domain.parse().unwrap(),
        netblock: ips("10.0.0.0/28"),
    };
    NewMaps {
        maps: domains.iter().map(map).collect(),
        asset_groups: vec!["A".to_owned()],
        launched_at: at(0),
        login: login("quays_ab1"),
        launch_type: LaunchType::Api,
        save_report: true,
        assigned_only: false,
        profile: OptionProfile::initial(),
        running_max: 3,
    }
}

async fn launch(bench: &Bench, domains: &[&str]) -> Vec<MapRef> {
    bench.store.launch_maps(&new_maps(domains)).await.unwrap().unwrap()
}

async fn lease(bench: &Bench, token: &str) -> Option<Map> {
    bench.store.lease_map("worker", token, at(10), at(70)).await.unwrap()
}

async fn status(bench: &Bench, map: &MapRef) -> ScanStatus {
    bench.store.map(map).await.unwrap().unwrap().status
}

fn result(addresses: &[&str]) -> MapResult {
    let host = |address: &&str| MapHost {
        discoveries: vec![Discovery::Icmp, Discovery::Tcp(80)],
        ..MapHost::new(ip(address))
    };
    MapResult {
        hosts: addresses.iter().map(host).collect(),
        name_servers: Vec::new(),
        notes: vec!["not all names were asked for".to_owned()],
    }
}

async fn complete(bench: &Bench, map: &Map, token: &str, result: &MapResult) -> Holding {
    let holding = MapHolding { map_id: map.id, token };
    bench.store.complete_map(holding, result, &ips("10.0.0.1"), at(30)).await.unwrap()
}

async fn maps_of_a_request_run_one_after_another(bench: Bench) {
    let references = launch(&bench, &["a.test", "b.test"]).await;
    let first = lease(&bench, "one").await.unwrap();
    assert_eq!((&first.reference, first.status), (&references[0], ScanStatus::Running));
    assert_eq!(
        (first.title.as_str(), first.asset_groups.as_slice()),
        ("Büro <a.test>", &["A".to_owned()][..])
    );
    assert_eq!((first.started_at, first.scanner.as_deref()), (Some(at(10)), Some("worker")));
    assert_eq!(lease(&bench, "two").await, None, "the second waits for the first");
    let other = launch(&bench, &["c.test"]).await;
    assert_eq!(lease(&bench, "three").await.unwrap().reference, other[0], "another request does not wait");
    assert_eq!(complete(&bench, &first, "one", &result(&["10.0.0.9", "10.0.0.1"])).await, Holding::Held);
    let hosts = bench.store.list_map_hosts(first.id, None, 10).await.unwrap();
    let found: Vec<_> = hosts.iter().map(|host| (host.host.address, host.approved)).collect();
    assert_eq!(found, [(ip("10.0.0.1"), true), (ip("10.0.0.9"), false)]);
    let after = bench.store.list_map_hosts(first.id, Some(ip("10.0.0.1")), 10).await.unwrap();
    assert_eq!(after.len(), 1);
    let ended = bench.store.map(&references[0]).await.unwrap().unwrap();
    assert_eq!(
        (ended.status, ended.ended_at, ended.progress.findings),
        (ScanStatus::Finished, Some(at(30)), 2)
    );
    assert_eq!(ended.notes.len(), 1);
    let second = lease(&bench, "four").await.unwrap();
    assert_eq!(second.reference, references[1]);
    assert_eq!(complete(&bench, &second, "four", &result(&[])).await, Holding::Held);
    assert_eq!(status(&bench, &references[1]).await, ScanStatus::NoHostAlive);
    assert_eq!(complete(&bench, &second, "four", &result(&[])).await, Holding::Lost, "once");
}

async fn a_lease_is_kept_by_renewing_and_lost_with_its_token(bench: Bench) {
    let references = launch(&bench, &["a.test"]).await;
    let map = lease(&bench, "one").await.unwrap();
    let holding = |token| MapHolding { map_id: map.id, token };
    let progress = Progress { stage: Some(1), work_done: 5, work_total: 10, findings: 2 };
    assert_eq!(bench.store.renew_map(holding("one"), progress, at(100)).await.unwrap(), Holding::Held);
    assert_eq!(bench.store.take_back_expired_maps(at(99)).await.unwrap(), 0);
    assert_eq!(bench.store.map(&references[0]).await.unwrap().unwrap().progress, progress);
    assert_eq!(bench.store.take_back_expired_maps(at(100)).await.unwrap(), 1);
    assert_eq!(bench.store.renew_map(holding("one"), progress, at(200)).await.unwrap(), Holding::Lost);
    assert_eq!(complete(&bench, &map, "one", &result(&["10.0.0.1"])).await, Holding::Lost);
    assert_eq!(lease(&bench, "two").await.unwrap().reference, references[0]);
    assert_eq!(bench.store.take_back_maps_from("another", at(20)).await.unwrap(), 0);
    assert_eq!(bench.store.take_back_maps_from("worker", at(20)).await.unwrap(), 1);
    assert_eq!(lease(&bench, "three").await.unwrap().reference, references[0]);
}

async fn a_map_that_never_gets_done_ends_in_an_error(bench: Bench) {
    let references = launch(&bench, &["a.test"]).await;
    for attempt in 0..SLICE_ATTEMPTS_MAX {
        let token = format!("token-{attempt}");
        let map = lease(&bench, &token).await.unwrap();
        let holding = MapHolding { map_id: map.id, token: &token };
        bench.store.fail_map(holding, "a defect", at(20)).await.unwrap();
    }
    assert_eq!(lease(&bench, "more").await, None);
    let ended = bench.store.map(&references[0]).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.reason.as_deref()), (ScanStatus::Error, Some("a defect")));
}

async fn a_cancellation_takes_the_rest_of_the_request_along(bench: Bench) {
    let references = launch(&bench, &["a.test", "b.test", "c.test"]).await;
    let map = lease(&bench, "one").await.unwrap();
    assert_eq!(bench.store.cancel_map(map.id, at(20)).await.unwrap(), Cancelled::Requested);
    assert_eq!(bench.store.cancel_map(map.id, at(21)).await.unwrap(), Cancelled::Requested);
    for reference in &references[1..] {
        assert_eq!(status(&bench, reference).await, ScanStatus::Canceled);
    }
    let holding = MapHolding { map_id: map.id, token: "one" };
    let renewed = bench.store.renew_map(holding, Progress::default(), at(80)).await.unwrap();
    assert_eq!(renewed, Holding::Cancelled);
    assert_eq!(complete(&bench, &map, "one", &result(&["10.0.0.1"])).await, Holding::Cancelled);
    assert_eq!(status(&bench, &references[0]).await, ScanStatus::Canceled);
    assert_eq!(bench.store.list_map_hosts(map.id, None, 10).await.unwrap().len(), 1, "what was found stays");
    assert_eq!(bench.store.cancel_map(map.id, at(40)).await.unwrap(), Cancelled::EndedBefore);
    let queued = launch(&bench, &["d.test"]).await;
    let queued = bench.store.map(&queued[0]).await.unwrap().unwrap();
    assert_eq!(bench.store.cancel_map(queued.id, at(41)).await.unwrap(), Cancelled::AtOnce);
    assert_eq!(lease(&bench, "two").await, None);
}

async fn a_silent_scanner_does_not_hold_up_a_cancellation(bench: Bench) {
    let references = launch(&bench, &["a.test"]).await;
    let map = lease(&bench, "one").await.unwrap();
    bench.store.cancel_map(map.id, at(20)).await.unwrap();
    bench.store.take_back_expired_maps(at(70)).await.unwrap();
    assert_eq!(status(&bench, &references[0]).await, ScanStatus::Canceled);
}

async fn saved_maps_are_listed_and_deleted(bench: Bench) {
    let references = launch(&bench, &["a.test", "b.test"]).await;
    let unsaved = NewMaps { save_report: false, ..new_maps(&["a.test"]) };
    let unsaved = bench.store.launch_maps(&unsaved).await.unwrap().unwrap();
    assert_eq!(bench.store.launch_maps(&new_maps(&["x.test"])).await.unwrap(), None, "too many");
    let listed = async |domain: Option<&str>, before| {
        let filter = MapFilter { domain: domain.map(|text| text.parse().unwrap()), before, limit: 10 };
        let maps = bench.store.list_saved_maps(&filter).await.unwrap();
        maps.into_iter().map(|map| map.reference).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None).await, [references[1].clone(), references[0].clone()]);
    assert_eq!(listed(Some("a.test"), None).await, [references[0].clone()]);
    let second = bench.store.map(&references[1]).await.unwrap().unwrap();
    assert_eq!(listed(None, Some(second.id)).await, [references[0].clone()]);
    assert!(!bench.store.delete_map(second.id).await.unwrap(), "it has not ended");
    bench.store.cancel_map(second.id, at(20)).await.unwrap();
    assert!(bench.store.delete_map(second.id).await.unwrap());
    assert_eq!(bench.store.map(&references[1]).await.unwrap(), None);
    let gone = bench.store.map(&unsaved[0]).await.unwrap().unwrap();
    bench.store.cancel_map(gone.id, at(20)).await.unwrap();
    assert_eq!(bench.store.list_abandoned_maps(at(20), 10).await.unwrap().len(), 0);
    assert_eq!(bench.store.list_abandoned_maps(at(21), 10).await.unwrap().len(), 1);
    assert!(bench.store.list_running_maps().await.unwrap().is_empty());
}

crate::both!(
    maps_of_a_request_run_one_after_another,
    a_lease_is_kept_by_renewing_and_lost_with_its_token,
    a_map_that_never_gets_done_ends_in_an_error,
    a_cancellation_takes_the_rest_of_the_request_along,
    a_silent_scanner_does_not_hold_up_a_cancellation,
    saved_maps_are_listed_and_deleted,
);
