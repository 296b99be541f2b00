//! Hosts by id with their detections, and purging them.

use palisade_model::fact::{SignInFacts, SignInStatus};
use palisade_model::{DetectionStatus, IpSet};
use palisade_store::{BATCH_DETECTIONS, Between, DetectionQuery, HostQuery, ListedDetections};

use crate::bench::{Bench, alive, at, finding, ip, ips, login, qid};

fn everywhere() -> HostQuery {
    HostQuery { ips: ips("10.0.0.0/16"), ..HostQuery::default() }
}

fn everything() -> DetectionQuery {
    DetectionQuery {
        statuses: DetectionStatus::ALL.to_vec(),
        with_results: true,
        include_ignored: true,
        ..DetectionQuery::default()
    }
}

fn from(second: i64) -> Between {
    Between { from: Some(at(second)), before: None }
}

fn before(second: i64) -> Between {
    Between { from: None, before: Some(at(second)) }
}

/// The QIDs and ports of a batch.
fn keys(batch: &ListedDetections) -> Vec<(u32, u16)> {
    let port = |entry: &palisade_store::ListedDetection| entry.key.port.map_or(0, |(port, _)| port);
    batch.entries().iter().map(|entry| (entry.key.qid.number(), port(entry))).collect()
}

async fn hosts_come_by_id(bench: Bench) {
    bench.add_subscription().await;
    let mut named = alive("10.0.0.9", Vec::new(), &[]);
    named.facts.name = Some("büro 1.corp.test".to_owned());
    (named.facts.started_at, named.facts.ended_at) = (at(3).as_second(), at(15).as_second());
    let passed = SignInFacts { status: SignInStatus::Passed, ..SignInFacts::default() };
    named.facts.sign_ins = vec![passed];
    bench.scan_host(&named, 20).await;
    bench.scan_host(&alive("10.0.0.1", Vec::new(), &[]), 40).await;
    bench.scan_host(&alive("10.0.0.5", Vec::new(), &[]), 60).await;
    let list = async |query: &HostQuery, after, limit| {
        let page = bench.store.list_hosts_by_id(query, after, limit).await.unwrap();
        page.into_iter().map(|host| (host.id, host.ip.to_string())).collect::<Vec<_>>()
    };
    let addresses = |hosts: Vec<(i64, String)>| hosts.into_iter().map(|(_, ip)| ip).collect::<Vec<_>>();
    let all = list(&everywhere(), 0, 10).await;
    assert!(all.is_sorted() && all.len() == 3, "{all:?}");
    assert_eq!(addresses(list(&everywhere(), all[0].0, 1).await), ["10.0.0.1"]);
    let first = bench.store.list_hosts_by_id(&everywhere(), 0, 1).await.unwrap().remove(0);
    assert_eq!((first.dns_name.as_deref(), first.os), (Some("büro 1.corp.test"), None));
    assert_eq!((first.last_scan_at, first.scan_ended_at, first.scan_duration_s), (at(20), at(15), Some(12)));
    assert_eq!((first.auth_scan_ended_at, first.auth_scan_duration_s), (Some(at(15)), Some(12)));

    let ids = Some(vec![(all[0].0, all[0].0), (all[2].0, all[2].0 + 7)]);
    let query = HostQuery { ids, ..everywhere() };
    assert_eq!(addresses(list(&query, 0, 10).await), ["10.0.0.9", "10.0.0.5"]);
    assert!(query.has(all[0].0, ip("10.0.0.9")) && !query.has(all[1].0, ip("10.0.0.1")));
    let few =
        HostQuery { ips: ips("10.0.0.1,10.0.0.9"), ids: Some(vec![(0, all[1].0)]), ..HostQuery::default() };
    assert_eq!(addresses(list(&few, 0, 10).await), ["10.0.0.9", "10.0.0.1"], "not by their addresses");
    assert_eq!(addresses(list(&few, 0, 1).await), ["10.0.0.9"]);
    assert_eq!(addresses(list(&few, all[0].0, 10).await), ["10.0.0.1"]);
    let query = HostQuery { ips: ips("10.0.0.1,10.0.0.5"), processed: before(50), ..HostQuery::default() };
    assert_eq!(addresses(list(&query, 0, 10).await), ["10.0.0.1"]);
    let query = HostQuery { scan_ended: before(20), ..everywhere() };
    assert_eq!(addresses(list(&query, 0, 10).await), ["10.0.0.9"]);
    let query = HostQuery { auth_scan_ended: before(20), ..everywhere() };
    assert_eq!(addresses(list(&query, 0, 10).await), ["10.0.0.9"], "the others never let a scan in");
    let query = HostQuery { auth_scan_ended: from(16), ..everywhere() };
    assert!(list(&query, 0, 10).await.is_empty());
    let query = HostQuery { processed: from(60).and(before(61)), ..everywhere() };
    assert_eq!(addresses(list(&query, 0, 10).await), ["10.0.0.5"]);
    let odd: IpSet = (0..200).map(|n| format!("10.0.{n}.1")).collect::<Vec<_>>().join(",").parse().unwrap();
    let query = HostQuery { ips: odd, ..HostQuery::default() };
    assert!(query.has(1, ip("10.0.199.1")) && !query.has(1, ip("10.0.7.2")));
    assert_eq!(list(&query, 0, 10).await.len(), 3, "the bounds; the rest is the caller's");
    assert!(list(&HostQuery::default(), 0, 10).await.is_empty());
}

async fn detections_tell_their_history(bench: Bench) {
    bench.add_subscription().await;
    let result = "1 2 3 \u{1f}ä\n]]> 'x' ".to_owned();
    let odd = palisade_model::Finding { result, table: true, ..finding(7, Some(443)) };
    let found = alive("10.0.0.1", vec![odd.clone(), finding(5, None)], &[5, 7]);
    let gone = alive("10.0.0.1", vec![finding(5, None)], &[5, 7]);
    for (second, result) in [(20, &found), (30, &gone), (40, &found), (50, &gone), (60, &found)] {
        bench.scan_host(result, second).await;
    }
    bench.scan_host(&gone, 70).await;
    bench.scan_host(&gone, 80).await;
    bench.scan_host(&alive("10.0.0.2", Vec::new(), &[]), 90).await;
    let hosts = bench.store.list_hosts_by_id(&everywhere(), 0, 10).await.unwrap();
    let ids: Vec<i64> = hosts.iter().map(|host| host.id).collect();
    let list = async |query: DetectionQuery| {
        let mut listed = bench.store.list_detections_of_hosts(&ids, &query).await.unwrap();
        assert!(listed.len() < 2, "the other host has none");
        listed.pop().map(|(id, batch)| {
            assert_eq!(id, ids[0]);
            batch
        })
    };
    let batch = list(everything()).await.unwrap();
    assert_eq!((keys(&batch), batch.next()), (vec![(5, 0), (7, 443)], None));
    let [five, seven] = batch.entries() else { panic!("{batch:?}") };
    assert_eq!((five.status, five.tls, five.ignored), (DetectionStatus::Active, false, false));
    assert_eq!((five.last_fixed_at, five.reopened, five.updated_at), (None, None, at(80)));
    assert_eq!((seven.status, seven.tls, seven.times_found), (DetectionStatus::Fixed, true, 3));
    assert_eq!((seven.first_found_at, seven.last_found_at), (at(20), at(60)));
    assert_eq!((seven.last_fixed_at, seven.last_tested_at), (Some(at(70)), at(80)));
    assert_eq!(seven.updated_at, at(70), "that it is still fixed changes nothing");
    let reopened = seven.reopened.unwrap();
    assert_eq!((reopened.times, reopened.first_at, reopened.last_at), (2, at(40), at(60)));
    assert_eq!((batch.result(seven), batch.result(five)), (odd.result.as_str(), "evidence of 5"));

    // Hosts are chosen by the same words: the host is, as long as anything of it is listed.
    let only = async |query: DetectionQuery| {
        let having = HostQuery { having: Some(query.clone()), ..everywhere() };
        let chosen = bench.store.list_hosts_by_id(&having, 0, 10).await.unwrap();
        let listed = list(query).await.map(|batch| keys(&batch)).unwrap_or_default();
        let chosen: Vec<i64> = chosen.iter().map(|host| host.id).collect();
        assert_eq!(chosen, if listed.is_empty() { Vec::new() } else { vec![ids[0]] }, "{having:?}");
        listed
    };
    let open = DetectionStatus::ALL.into_iter().filter(|status| *status != DetectionStatus::Fixed).collect();
    assert_eq!(only(DetectionQuery { statuses: open, ..everything() }).await, [(5, 0)]);
    let statuses = vec![DetectionStatus::Fixed, DetectionStatus::New];
    assert_eq!(only(DetectionQuery { statuses, ..everything() }).await, [(7, 443)]);
    assert!(only(DetectionQuery { statuses: Vec::new(), ..everything() }).await.is_empty());
    assert_eq!(only(DetectionQuery { qids: Some(vec![qid(7)]), ..everything() }).await, [(7, 443)]);
    assert!(only(DetectionQuery { qids: Some(Vec::new()), ..everything() }).await.is_empty());
    assert_eq!(only(DetectionQuery { updated: from(71), ..everything() }).await, [(5, 0)]);
    assert_eq!(only(DetectionQuery { updated: before(71), ..everything() }).await, [(7, 443)]);
    assert_eq!(only(DetectionQuery { tested: from(80), ..everything() }).await.len(), 2);
    assert!(only(DetectionQuery { tested: before(80), ..everything() }).await.is_empty());
    let bare = list(DetectionQuery { with_results: false, ..everything() }).await.unwrap();
    assert_eq!(bare.entries().iter().map(|entry| bare.result(entry)).collect::<String>(), "");
}

async fn a_host_with_very_many_comes_in_batches(bench: Bench) {
    bench.add_subscription().await;
    let ports = u16::try_from(BATCH_DETECTIONS).unwrap() + 3;
    let findings = (1..=ports).map(|port| finding(9, Some(port))).chain([finding(3, None)]);
    bench.scan_host(&alive("10.0.0.1", findings.collect(), &[]), 20).await;
    let id = bench.store.list_hosts_by_id(&everywhere(), 0, 1).await.unwrap()[0].id;
    let query = everything();
    let (_, mut batch) = bench.store.list_detections_of_hosts(&[id], &query).await.unwrap().remove(0);
    let mut all = keys(&batch);
    while let Some(after) = batch.next() {
        batch = bench.store.list_more_detections(id, &query, after).await.unwrap();
        all.extend(keys(&batch));
    }
    let expected: Vec<(u32, u16)> = [(3, 0)].into_iter().chain((1..=ports).map(|port| (9, port))).collect();
    assert_eq!(all, expected);
}

async fn a_purged_host_is_gone_at_once_and_begins_anew(bench: Bench) {
    bench.add_subscription().await;
    let found =
        alive("10.0.0.1", vec![finding(5, None), finding(7, Some(443)), finding(1_005, None)], &[5, 7]);
    bench.scan_host(&found, 20).await;
    bench.scan_host(&alive("10.0.0.2", vec![finding(5, None)], &[5]), 30).await;
    let hosts = bench.store.list_hosts_by_id(&everywhere(), 0, 10).await.unwrap();
    let (gone, stays) = (hosts[0].id, hosts[1].id);
    let latest = async || bench.store.list_latest_findings_of(&[ip("10.0.0.1")]).await.unwrap();
    assert_eq!(latest().await.len(), 1);

    let queued = bench.store.queue_purge(&[gone, stays + 100], &login("quays_ab1"), at(40)).await.unwrap();
    assert_eq!(queued, [gone]);
    let listed = async || bench.store.list_hosts_by_id(&everywhere(), 0, 10).await.unwrap();
    assert_eq!(listed().await.iter().map(|host| host.id).collect::<Vec<_>>(), [stays]);
    assert!(bench.store.host(ip("10.0.0.1")).await.unwrap().is_none());
    assert!(bench.store.list_detections(ip("10.0.0.1")).await.unwrap().is_empty());
    assert!(bench.store.latest_result(ip("10.0.0.1")).await.unwrap().is_none());
    assert!(latest().await.is_empty(), "what a saved report has is no longer the host's");
    let again = bench.store.queue_purge(&[gone], &login("quays_ab1"), at(41)).await.unwrap();
    assert!(again.is_empty(), "it is on its way already");
    assert_eq!(bench.store.count_purging().await.unwrap(), 1);

    // Found again before anything was deleted: another host, with a history of its own.
    bench.scan_host(&found, 50).await;
    let hosts = listed().await;
    assert_eq!(hosts.len(), 2);
    assert!(hosts[1].id > stays && hosts[1].ip == ip("10.0.0.1"), "{hosts:?}");
    let other = bench.open_again().await;
    while other.purge_some().await.unwrap() {}
    assert_eq!(bench.store.list_detections(ip("10.0.0.1")).await.unwrap().len(), 2);
    assert_eq!(bench.store.list_detections(ip("10.0.0.2")).await.unwrap().len(), 1);
    let statuses: Vec<_> = bench.store.list_detections(ip("10.0.0.1")).await.unwrap();
    assert!(statuses.iter().all(|detection| detection.status == DetectionStatus::New));
    assert_eq!((left(&bench, gone).await, bench.store.count_purging().await.unwrap()), (0, 0));
}

/// Rows of a host, whatever they are.
async fn left(bench: &Bench, id: i64) -> i64 {
    let mut connection = bench.connect().await;
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM host WHERE id = $1) + (SELECT COUNT(*) FROM detection WHERE host_id = $1)
              + (SELECT COUNT(*) FROM host_port WHERE host_id = $1)
              + (SELECT COUNT(*) FROM ticket WHERE host_id = $1) AS rest",
    )
    .bind(id)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    sqlx::Row::get(&row, "rest")
}

async fn a_large_host_is_purged_in_steps(bench: Bench) {
    bench.add_subscription().await;
    let findings: Vec<_> = (1..=12_000).map(|port| finding(9, Some(port))).collect();
    bench.scan_host(&alive("10.0.0.1", findings, &[]), 20).await;
    for last in 2..60 {
        bench.scan_host(&alive(&format!("10.0.0.{last}"), vec![finding(5, None)], &[5]), 30).await;
    }
    let hosts = bench.store.list_hosts_by_id(&everywhere(), 0, 100).await.unwrap();
    let ids: Vec<i64> = hosts.iter().map(|host| host.id).collect();
    let queued = bench.store.queue_purge(&ids, &login("quays_ab1"), at(40)).await.unwrap();
    assert_eq!(queued, ids);
    let mut steps = 0;
    while bench.store.purge_some().await.unwrap() {
        steps += 1;
        assert!(steps < 20, "it gets on");
    }
    assert!(steps > 3, "no step holds the others up for long: {steps}");
    for id in ids {
        assert_eq!(left(&bench, id).await, 0);
    }
}

crate::both!(
    hosts_come_by_id,
    detections_tell_their_history,
    a_host_with_very_many_comes_in_batches,
    a_purged_host_is_gone_at_once_and_begins_anew,
    a_large_host_is_purged_in_steps,
);
