//! The history of detections.

use std::collections::BTreeMap;

use palisade_model::{DetectionStatus, HostResult, PortSet, Timestamp, Transport};
use palisade_store::{Detection, DetectionCounts, DetectionKey, Holding, Intake};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::bench::{Bench, alive, at, dead, finding, ip, qid};

const HOST: &str = "10.0.0.1";

async fn only_detection(bench: &Bench) -> Detection {
    let mut detections = bench.store.list_detections(ip(HOST)).await.unwrap();
    assert_eq!(detections.len(), 1, "{detections:?}");
    detections.remove(0)
}

async fn a_detection_is_new_active_fixed_and_reopened(bench: Bench) {
    bench.add_subscription().await;
    let found = alive(HOST, vec![finding(7, Some(443))], &[7]);
    let gone = alive(HOST, Vec::new(), &[7]);

    let counts = DetectionCounts { appeared: 1, ..DetectionCounts::default() };
    assert_eq!(bench.scan_host(&found, 100).await, Intake::TakenIn { counts, holding: Holding::Held });
    let detection = only_detection(&bench).await;
    assert_eq!(detection.key, DetectionKey { qid: qid(7), port: Some((443, Transport::Tcp)) });
    assert_eq!((detection.status, detection.times_found), (DetectionStatus::New, 1));
    assert!(detection.tls);
    assert_eq!(detection.result, "evidence of 7");

    bench.scan_host(&found, 200).await;
    let detection = only_detection(&bench).await;
    assert_eq!((detection.status, detection.times_found), (DetectionStatus::Active, 2));
    assert_eq!((detection.first_found_at, detection.last_found_at), (at(100), at(200)));

    bench.scan_host(&gone, 300).await;
    bench.scan_host(&gone, 400).await;
    let detection = only_detection(&bench).await;
    assert_eq!((detection.status, detection.times_found), (DetectionStatus::Fixed, 2));
    assert_eq!((detection.last_fixed_at, detection.last_tested_at), (Some(at(300)), at(400)));
    assert_eq!(detection.last_found_at, at(200));

    let counts = DetectionCounts { reopened: 1, ..DetectionCounts::default() };
    assert_eq!(bench.scan_host(&found, 500).await, Intake::TakenIn { counts, holding: Holding::Held });
    let detection = only_detection(&bench).await;
    assert_eq!((detection.status, detection.times_found), (DetectionStatus::ReOpened, 3));
    assert_eq!((detection.first_found_at, detection.last_fixed_at), (at(100), Some(at(300))));
}

async fn what_was_not_looked_at_closes_nothing(bench: Bench) {
    bench.add_subscription().await;
    bench.scan_host(&alive(HOST, vec![finding(7, Some(443))], &[7]), 100).await;
    let before = only_detection(&bench).await;

    let check_did_not_run = alive(HOST, Vec::new(), &[8]);
    let mut port_not_scanned = alive(HOST, Vec::new(), &[7]);
    port_not_scanned.tcp_ports = PortSet::from_iter([80]);
    let mut udp_only = alive(HOST, Vec::new(), &[7]);
    udp_only.tcp_ports = PortSet::default();
    udp_only.udp_ports = PortSet::from_iter([443]);
    let mut timed_out = alive(HOST, Vec::new(), &[7]);
    timed_out.facts.timed_out = true;
    let mut unreachable = dead(HOST);
    unreachable.tested = vec![qid(7)];
    let silent = [check_did_not_run, port_not_scanned, udp_only, timed_out, unreachable];
    for (number, result) in (0_i64..).zip(&silent) {
        bench.scan_host(result, 200 + number).await;
        assert_eq!(only_detection(&bench).await, before, "after result {number}");
    }
    bench.scan_host(&alive(HOST, Vec::new(), &[7]), 300).await;
    assert_eq!(only_detection(&bench).await.status, DetectionStatus::Fixed);
}

async fn information_enters_no_history(bench: Bench) {
    bench.add_subscription().await;
    bench.scan_host(&alive(HOST, vec![finding(1_000, None), finding(7, None)], &[7, 1_000]), 100).await;
    assert_eq!(only_detection(&bench).await.key, DetectionKey { qid: qid(7), port: None });
}

async fn ports_and_hosts_are_told_apart(bench: Bench) {
    bench.add_subscription().await;
    let two = vec![finding(7, Some(22)), finding(7, Some(443)), finding(7, Some(443)), finding(7, None)];
    bench.scan_host(&alive(HOST, two, &[7]), 100).await;
    bench.scan_host(&alive("10.0.0.2", vec![finding(7, Some(22))], &[7]), 100).await;
    bench.scan_host(&alive(HOST, vec![finding(7, Some(443))], &[7]), 200).await;
    let detections = bench.store.list_detections(ip(HOST)).await.unwrap();
    let shown: Vec<_> = detections
        .iter()
        .map(|one| (one.key.port.map(|(port, _)| port), one.status, one.times_found))
        .collect();
    assert_eq!(
        shown,
        [
            (None, DetectionStatus::Fixed, 1),
            (Some(22), DetectionStatus::Fixed, 1),
            (Some(443), DetectionStatus::Active, 2)
        ]
    );
    let other = bench.store.list_detections(ip("10.0.0.2")).await.unwrap();
    assert_eq!(other[0].status, DetectionStatus::New, "the other host's history is its own");
}

/// One scan of a random history: which of three QIDs were found on which of two ports, which
/// checks ran, which ports were seen, and whether the host answered.
fn one_scan() -> impl Strategy<Value = (Vec<bool>, Vec<bool>, Vec<bool>, bool)> {
    let bits = |count| proptest::collection::vec(any::<bool>(), count);
    (bits(6), bits(3), bits(2), prop::bool::weighted(0.8))
}

/// What is remembered of a detection by a history that is told from its beginning each time.
#[derive(Debug, PartialEq)]
struct Naive {
    status: DetectionStatus,
    times_found: u64,
    first: Timestamp,
    last: Timestamp,
}

/// The status by its definition: over all scans that said something, in order.
fn naive(history: &[(Timestamp, Option<bool>)]) -> Option<Naive> {
    let said: Vec<(Timestamp, bool)> =
        history.iter().filter_map(|(when, found)| Some((*when, (*found)?))).collect();
    let founds: Vec<Timestamp> = said.iter().filter(|(_, found)| *found).map(|(when, _)| *when).collect();
    let (first, last) = (*founds.first()?, *founds.last()?);
    let since: Vec<bool> =
        said.iter().skip_while(|(when, _)| *when < first).map(|(_, found)| *found).collect();
    let in_a_row = since.iter().rev().take_while(|found| **found).count();
    let status = match (in_a_row, in_a_row == since.len()) {
        (0, _) => DetectionStatus::Fixed,
        (1, true) => DetectionStatus::New,
        (1, false) => DetectionStatus::ReOpened,
        _ => DetectionStatus::Active,
    };
    Some(Naive { status, times_found: founds.len().try_into().unwrap(), first, last })
}

async fn history_agrees_with_its_definition(bench: Bench) {
    const PORTS: [u16; 2] = [22, 443];
    bench.add_subscription().await;
    let mut runner = TestRunner::deterministic();
    for host in 1..=4 {
        let address = format!("10.0.1.{host}");
        let mut histories = BTreeMap::<(u32, u16), Vec<(Timestamp, Option<bool>)>>::new();
        for round in 1..=8_i64 {
            let (found, ran, seen, answered) = one_scan().new_tree(&mut runner).unwrap().current();
            let second = round * 100;
            let mut result: HostResult =
                if answered { alive(&address, Vec::new(), &[]) } else { dead(&address) };
            result.tcp_ports =
                PORTS.iter().zip(&seen).filter(|(_, seen)| **seen).map(|(port, _)| *port).collect();
            result.tested =
                (1..=3).zip(&ran).filter(|(_, ran)| **ran).map(|(number, _)| qid(number)).collect();
            for number in 1..=3_u32 {
                for (port_index, port) in PORTS.iter().enumerate() {
                    let index = usize::try_from(number - 1).unwrap();
                    let possible = answered && ran[index] && seen[port_index];
                    let here = possible && found[index * 2 + port_index];
                    if here {
                        result.findings.push(finding(number, Some(*port)));
                    }
                    let said = possible.then_some(here);
                    histories.entry((number, *port)).or_default().push((at(second), said));
                }
            }
            bench.scan_host(&result, second).await;

            let detections = bench.store.list_detections(ip(&address)).await.unwrap();
            let stored: BTreeMap<(u32, u16), Naive> = detections
                .into_iter()
                .map(|one| {
                    let (port, _) = one.key.port.unwrap();
                    let naive = Naive {
                        status: one.status,
                        times_found: one.times_found,
                        first: one.first_found_at,
                        last: one.last_found_at,
                    };
                    ((one.key.qid.number(), port), naive)
                })
                .collect();
            let expected: BTreeMap<(u32, u16), Naive> =
                histories.iter().filter_map(|(key, history)| Some((*key, naive(history)?))).collect();
            assert_eq!(stored, expected, "host {address}, after scan {round}");
        }
    }
}

crate::both!(
    a_detection_is_new_active_fixed_and_reopened,
    what_was_not_looked_at_closes_nothing,
    information_enters_no_history,
    ports_and_hosts_are_told_apart,
    history_agrees_with_its_definition,
);
