//! Whole hosts with their detections, in pages and batches.

use palisade_model::{DetectionStatus, Transport};
use palisade_store::{BATCH_DETECTIONS, BesideOpen, DetectionBatch, DetectionsOf, Ignoring};

use crate::bench::{Bench, alive, at, finding, ip, ips, login, qid};

const OPEN: BesideOpen = BesideOpen { fixed: false, ignored: false };
const FIXED: BesideOpen = BesideOpen { fixed: true, ignored: false };
const IGNORED: BesideOpen = BesideOpen { fixed: false, ignored: true };
const ALL: BesideOpen = BesideOpen { fixed: true, ignored: true };

/// The keys of a batch, as far as numbers tell them.
fn keys(batch: &DetectionBatch) -> Vec<(u32, u16)> {
    let key = |entry: &palisade_store::BatchedDetection| {
        (entry.key.qid.number(), entry.key.port.map_or(0, |(port, _)| port))
    };
    batch.entries().iter().map(key).collect()
}

async fn hosts_come_with_their_detections(bench: Bench) {
    bench.add_subscription().await;
    let result = "1 2 3 \u{1f}ä\n]]> 'x' ".to_owned();
    let odd = palisade_model::Finding { result, table: true, ..finding(7, Some(443)) };
    let result = alive("10.0.0.1", vec![finding(5, None), odd.clone()], &[5, 7]);
    bench.scan_host(&result, 20).await;
    bench.scan_host(&alive("10.0.0.1", vec![odd.clone()], &[5, 7]), 40).await;
    bench.scan_host(&alive("10.0.0.3", Vec::new(), &[]), 60).await;
    let hosts = bench.store.list_reported_hosts(None, ip("10.0.0.255"), 10, FIXED).await.unwrap();
    assert_eq!(hosts.iter().map(|host| host.ip).collect::<Vec<_>>(), [ip("10.0.0.1"), ip("10.0.0.3")]);
    let batch = &hosts[0].detections;
    assert_eq!((keys(batch), batch.next()), (vec![(5, 0), (7, 443)], None));
    let (fixed, found) = (&batch.entries()[0], &batch.entries()[1]);
    assert_eq!((fixed.status, fixed.last_fixed_at), (DetectionStatus::Fixed, Some(at(40))));
    assert_eq!((found.status, found.last_fixed_at, found.times_found), (DetectionStatus::Active, None, 2));
    assert_eq!((found.first_found_at, found.last_found_at, found.tls), (at(20), at(40), true));
    assert_eq!((batch.result(found), found.result_is_table), (odd.result.as_str(), true));
    assert_eq!((batch.result(fixed), fixed.result_is_table), ("evidence of 5", false));
    assert!(hosts[1].detections.entries().is_empty());
    let open = bench.store.list_reported_hosts(None, ip("10.0.0.255"), 10, OPEN).await.unwrap();
    assert_eq!(keys(&open[0].detections), [(7, 443)]);
    let batch = async |beside| {
        bench.store.list_detections_after(hosts[0].id, None, beside).await.unwrap().unpack().unwrap()
    };
    let (open, all) = (batch(OPEN).await, batch(FIXED).await);
    assert_eq!((keys(&open), keys(&all)), (vec![(7, 443)], vec![(5, 0), (7, 443)]));

    let page =
        bench.store.list_reported_hosts(Some(ip("10.0.0.1")), ip("10.0.0.2"), 10, FIXED).await.unwrap();
    assert!(page.is_empty(), "neither what was read nor what is beyond");
    let weights = async |since, beside| {
        let found = bench.store.list_host_weights(None, ip("10.0.0.255"), since, beside, 1).await.unwrap();
        assert_eq!(found.len(), 1);
        let mut statuses: Vec<_> = found[0].2.iter().map(|one| (one.qid.number(), one.status)).collect();
        statuses.sort_by_key(|(number, _)| *number);
        statuses
    };
    let (fixed, active) = ((5, DetectionStatus::Fixed), (7, DetectionStatus::Active));
    assert_eq!(weights(None, FIXED).await, [fixed, active]);
    assert_eq!(weights(None, OPEN).await, [active]);
    assert_eq!(weights(Some(at(40)), FIXED).await, [active], "the fixed one was last found before");
    let latest = bench.store.list_latest_findings(ip("10.0.0.0"), ip("10.0.0.9")).await.unwrap();
    let latest: Vec<_> = latest.iter().map(|(ip, findings, at)| (*ip, findings.len(), *at)).collect();
    assert_eq!(latest, [(ip("10.0.0.1"), 1, at(40)), (ip("10.0.0.3"), 0, at(60))]);
}

/// Ignores detections of these QIDs on a host.
async fn ignore(bench: &Bench, host: &str, numbers: &[u32]) {
    let qids = numbers.iter().map(|number| qid(*number)).collect();
    let wanted = DetectionsOf { qids, ips: ips(host), dns_contains: None, netbios_contains: None };
    let comment = "Accepted".to_owned();
    let ignoring = Ignoring { actor: login("quays_ab1"), comment, reopen_at: None, deadline_days: 7 };
    bench.store.ignore_detections(&wanted, &ignoring, 10, at(50)).await.unwrap();
}

async fn what_is_ignored_comes_when_it_is_wanted(bench: Bench) {
    bench.add_subscription().await;
    let tested = [3, 5, 7, 9];
    let kept = [finding(3, None), finding(7, Some(443))];
    let others = [finding(5, None), finding(9, None)];
    bench.scan_host(&alive("10.0.0.1", [&kept[..], &others].concat(), &tested), 20).await;
    ignore(&bench, "10.0.0.1", &[3, 5]).await;
    // Of each kind one: 3 ignored, 5 ignored and fixed, 7 open, 9 fixed.
    bench.scan_host(&alive("10.0.0.1", kept.to_vec(), &tested), 60).await;
    let (last, (three, five), (seven, nine)) =
        (ip("10.0.0.9"), ((3, true), (5, true)), ((7, false), (9, false)));
    for (beside, expected) in [
        (OPEN, vec![seven]),
        (FIXED, vec![seven, nine]),
        (IGNORED, vec![three, seven]),
        (ALL, vec![three, five, seven, nine]),
    ] {
        let told = |batch: &DetectionBatch| -> Vec<_> {
            batch.entries().iter().map(|one| (one.key.qid.number(), one.ignored)).collect()
        };
        let host = bench.store.list_reported_hosts(None, last, 10, beside).await.unwrap().remove(0);
        assert_eq!(told(&host.detections), expected, "{beside:?}");
        let packed = bench.store.list_detections_after(host.id, None, beside).await.unwrap();
        let batch = packed.unpack().unwrap();
        assert_eq!(told(&batch), expected, "{beside:?}");
        for entry in batch.entries() {
            let fixed = matches!(entry.key.qid.number(), 5 | 9);
            assert_eq!(
                (entry.status == DetectionStatus::Fixed, entry.last_fixed_at.is_some()),
                (fixed, fixed)
            );
            assert_eq!((entry.tls, entry.times_found), (entry.key.port.is_some(), if fixed { 1 } else { 2 }));
            assert_eq!(batch.result(entry), format!("evidence of {}", entry.key.qid));
        }
        let weights = bench.store.list_host_weights(None, last, None, beside, 1).await.unwrap().remove(0).2;
        let mut weights: Vec<_> =
            weights.iter().map(|one| ((one.qid.number(), one.ignored), one.status)).collect();
        weights.sort_by_key(|(key, _)| *key);
        let statuses = batch.entries().iter().map(|one| one.status);
        assert_eq!(weights, expected.into_iter().zip(statuses).collect::<Vec<_>>(), "{beside:?}");
    }
}

async fn what_is_open_is_counted(bench: Bench) {
    bench.add_subscription().await;
    assert_eq!(bench.store.host_id_bounds().await.unwrap(), None);
    let findings = [finding(5, None), finding(7, Some(443)), finding(7, Some(8443)), finding(9, None)];
    for (last, asked) in [(1, &findings[..]), (2, &findings[..2]), (3, &[]), (4, &findings[1..])] {
        let host = format!("10.0.0.{last}");
        bench.scan_host(&alive(&host, asked.to_vec(), &[5, 7, 9]), 20).await;
    }
    bench.scan_host(&alive("10.0.0.1", findings[1..].to_vec(), &[5, 7, 9]), 40).await;
    let (first, last) = bench.store.host_id_bounds().await.unwrap().unwrap();
    let count = async |ids, ips: (&str, &str), severities: &[(u32, u8)]| {
        let severities: Vec<_> = severities.iter().map(|(number, level)| (qid(*number), *level)).collect();
        let mut counts = bench.store.count_open(ids, (ip(ips.0), ip(ips.1)), &severities).await.unwrap();
        counts.sort_by_key(|host| host.ip);
        let counts = counts.into_iter().map(|host| (host.ip.octets()[3], host.detections, host.severities));
        counts.collect::<Vec<_>>()
    };
    let (all, wanted) = (("0.0.0.0", "255.255.255.255"), [(5, 3), (7, 5), (1_000, 1)]);
    let expected = [(1, 2, 10), (2, 2, 8), (3, 0, 0), (4, 2, 10)];
    assert_eq!(count((first, last), all, &wanted).await, expected, "fixed ones and other QIDs do not count");
    assert_eq!(count((first + 1, first + 2), all, &wanted).await, expected[1..3]);
    assert_eq!(count((first, last), ("10.0.0.2", "10.0.0.3"), &wanted).await, expected[1..3]);
    assert_eq!(count((first, first), all, &[]).await, [(1, 0, 0)]);
    assert!(count((last + 1, last + 9), all, &wanted).await.is_empty());
}

async fn steps_end_at_hosts(bench: Bench) {
    bench.add_subscription().await;
    for last in [7, 3, 1, 9, 5] {
        bench.scan_host(&alive(&format!("10.0.0.{last}"), Vec::new(), &[]), 20).await;
    }
    let ends = async |after: Option<&str>, last: &str, hosts, steps| {
        bench.store.list_step_ends(after.map(ip), ip(last), hosts, steps).await.unwrap()
    };
    assert_eq!(ends(None, "10.0.0.255", 2, 9).await, [ip("10.0.0.3"), ip("10.0.0.7"), ip("10.0.0.9")]);
    assert_eq!(ends(None, "10.0.0.255", 2, 2).await, [ip("10.0.0.3"), ip("10.0.0.7")]);
    assert_eq!(ends(Some("10.0.0.3"), "10.0.0.8", 2, 2).await, [ip("10.0.0.7")]);
    assert!(ends(Some("10.0.0.9"), "10.0.0.255", 2, 2).await.is_empty());
}

async fn services_are_told_by_port(bench: Bench) {
    bench.add_subscription().await;
    let mut result = alive("10.0.0.1", Vec::new(), &[]);
    let web = palisade_model::PortFacts {
        service: "http over ssl".to_owned(),
        ..palisade_model::PortFacts::new(80, Transport::Tcp)
    };
    result.facts.ports = vec![web, palisade_model::PortFacts::new(53, Transport::Udp)];
    bench.scan_host(&result, 20).await;
    let hosts = bench.store.list_reported_hosts(None, ip("10.0.0.255"), 10, FIXED).await.unwrap();
    let mut services = hosts[0].services.clone();
    services.sort_by_key(|(port, ..)| *port);
    let told: Vec<_> =
        services.iter().map(|(port, transport, name)| (*port, *transport, name.as_str())).collect();
    assert_eq!(told[1], (80, Transport::Tcp, "http over ssl"));
    assert_eq!((told[0].0, told[0].1), (53, Transport::Udp));
}

async fn a_host_with_very_many_comes_in_batches(bench: Bench) {
    bench.add_subscription().await;
    let ports = u16::try_from(BATCH_DETECTIONS).unwrap() + 3;
    let findings = (1..=ports).map(|port| finding(9, Some(port))).chain([finding(3, None)]);
    bench.scan_host(&alive("10.0.0.1", findings.collect(), &[]), 20).await;
    let host = bench.store.list_reported_hosts(None, ip("10.0.0.1"), 10, OPEN).await.unwrap().remove(0);
    let mut all = keys(&host.detections);
    assert_eq!(all.len(), BATCH_DETECTIONS);
    let mut next = host.detections.next();
    while let Some(after) = next {
        let packed = bench.store.list_detections_after(host.id, Some(after), OPEN).await.unwrap();
        next = packed.next();
        let batch = packed.unpack().unwrap();
        assert_eq!(batch.next(), next, "known without taking it apart");
        all.extend(keys(&batch));
    }
    let expected: Vec<(u32, u16)> = [(3, 0)].into_iter().chain((1..=ports).map(|port| (9, port))).collect();
    assert_eq!(all, expected);

    let counted = bench.store.count_open_detections(ip("10.0.0.1")).await.unwrap();
    let counted: Vec<_> = counted.iter().map(|(id, qid, count)| (*id, qid.number(), *count)).collect();
    assert_eq!(counted, [(host.id, 3, 1), (host.id, 9, u64::from(ports))]);
    let first = bench.store.list_detections_of(host.id, crate::bench::qid(9), None).await.unwrap();
    let rest = bench.store.list_detections_of(host.id, crate::bench::qid(9), first.next()).await.unwrap();
    assert_eq!((first.next().map(|key| key.qid.number()), rest.next()), (Some(9), None));
    let (first, rest) = (first.unpack().unwrap(), rest.unpack().unwrap());
    assert_eq!([keys(&first), keys(&rest)].concat(), expected[1..]);
    let whole = bench.store.list_detections_of(host.id, crate::bench::qid(3), None).await.unwrap();
    assert_eq!(keys(&whole.unpack().unwrap()), [(3, 0)], "a finding of the host itself is none of a port");
}

async fn hosts_are_searched_by_what_is_on_them(bench: Bench) {
    bench.add_subscription().await;
    let mut named = alive("10.0.0.1", vec![finding(5, None), finding(7, Some(443))], &[5, 7]);
    named.facts.name = Some("büro 1.corp.test".to_owned());
    named.facts.ports = vec![palisade_model::PortFacts::new(443, Transport::Tcp)];
    bench.scan_host(&named, 20).await;
    bench.scan_host(&alive("10.0.0.2", vec![finding(5, None)], &[5]), 40).await;
    bench.scan_host(&alive("10.0.0.2", Vec::new(), &[5]), 60).await;
    bench.scan_host(&alive("10.0.0.3", vec![finding(5, None)], &[5]), 80).await;
    let search = async |after: Option<&str>, number: Option<u32>, port, limit| {
        let (after, qid) = (after.map(ip), number.map(crate::bench::qid));
        let packed = bench.store.search_hosts(after, ip("10.0.0.255"), qid, port, limit).await.unwrap();
        let (count, last) = (packed.count(), packed.last());
        let hosts = packed.unpack().unwrap();
        assert_eq!((hosts.len() as u64, hosts.last().map(|host| host.ip)), (count, last));
        hosts
    };
    let all = search(None, None, None, 10).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].dns_name.as_deref(), Some("büro 1.corp.test"));
    assert_eq!((all[1].dns_name.as_deref(), all[1].os.as_deref()), (None, None));
    assert_eq!((all[1].first_scan_at, all[1].last_scan_at), (at(40), at(60)));
    let addresses = |hosts: Vec<palisade_store::SearchedHost>| {
        hosts.into_iter().map(|host| host.ip.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(addresses(search(None, Some(5), None, 10).await), ["10.0.0.1", "10.0.0.3"]);
    assert_eq!(addresses(search(None, Some(5), Some(443), 10).await), ["10.0.0.1"]);
    assert_eq!(addresses(search(Some("10.0.0.1"), None, None, 1).await), ["10.0.0.2"]);
    assert!(search(Some("10.0.0.3"), None, None, 10).await.is_empty());
}

crate::both!(
    hosts_are_searched_by_what_is_on_them,
    hosts_come_with_their_detections,
    services_are_told_by_port,
    what_is_ignored_comes_when_it_is_wanted,
    what_is_open_is_counted,
    steps_end_at_hosts,
    a_host_with_very_many_comes_in_batches,
);
