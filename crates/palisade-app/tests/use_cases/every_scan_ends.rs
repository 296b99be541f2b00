//! Whatever happens in whatever order, every scan ends, and its figures are right.

use std::collections::BTreeSet;

use palisade_app::{Config, InProcessLink, ListReports};
use palisade_engine::{Hold, Lease, Link as _};
use palisade_model::ScanStatus;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::desk::{Desk, open_targets, progress};

#[derive(Debug, Clone, Copy)]
enum Operation {
    Launch {
        hosts: u8,
    },
    Cancel {
        scan: u8,
    },
    Pause {
        scan: u8,
    },
    Resume {
        scan: u8,
    },
    Lease {
        worker: bool,
    },
    Deliver {
        lease: u8,
    },
    /// The same host again, as after a lost answer.
    DeliverAgain {
        lease: u8,
    },
    Renew {
        lease: u8,
    },
    Complete {
        lease: u8,
    },
    Fail {
        lease: u8,
    },
    /// The scanner falls silent: its leases are forgotten, not given back.
    FallSilent {
        lease: u8,
    },
    Wait {
        seconds: u8,
    },
    Restart,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        2 => (1u8..6).prop_map(|hosts| Operation::Launch { hosts }),
        1 => any::<u8>().prop_map(|scan| Operation::Cancel { scan }),
        2 => any::<u8>().prop_map(|scan| Operation::Pause { scan }),
        2 => any::<u8>().prop_map(|scan| Operation::Resume { scan }),
        6 => any::<bool>().prop_map(|worker| Operation::Lease { worker }),
        10 => any::<u8>().prop_map(|lease| Operation::Deliver { lease }),
        2 => any::<u8>().prop_map(|lease| Operation::DeliverAgain { lease }),
        2 => any::<u8>().prop_map(|lease| Operation::Renew { lease }),
        4 => any::<u8>().prop_map(|lease| Operation::Complete { lease }),
        1 => any::<u8>().prop_map(|lease| Operation::Fail { lease }),
        1 => any::<u8>().prop_map(|lease| Operation::FallSilent { lease }),
        2 => (1u8..40).prop_map(|seconds| Operation::Wait { seconds }),
        1 => Just(Operation::Restart),
    ]
}

/// A lease as its scanner knows it.
struct AtWork {
    worker: usize,
    lease: Lease,
    delivered: usize,
}

fn chosen(at_work: &mut [AtWork], number: u8) -> Option<&mut AtWork> {
    let count = at_work.len();
    at_work.get_mut(usize::from(number).checked_rem(count)?)
}

fn links(desk: &Desk) -> [InProcessLink; 2] {
    [desk.app.link("one"), desk.app.link("two")]
}

/// One random history of `steps` operations, then everybody does their work to the end.
async fn live(seed: u8, steps: usize) {
    let config = Config { slice_hosts: 2, lease_s: 60, ..Config::default() };
    let mut desk = Desk::with(config).await;
    let manager = desk.manager().await;
    let mut workers = links(&desk);
    let mut at_work = Vec::<AtWork>::new();
    let mut scans = Vec::new();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    for _ in 0..steps {
        match operation().new_tree(&mut runner).unwrap().current() {
            Operation::Launch { hosts } => {
                scans.push(desk.launch(&manager, &format!("10.0.0.1-10.0.0.{hosts}")).await);
            }
            Operation::Cancel { scan } => {
                let Some(index) = usize::from(scan).checked_rem(scans.len()) else { continue };
                let _ = desk.app.cancel_scan(&manager, &scans[index]).await;
            }
            Operation::Pause { scan } => {
                let Some(index) = usize::from(scan).checked_rem(scans.len()) else { continue };
                let _ = desk.app.pause_scan(&manager, &scans[index]).await;
            }
            Operation::Resume { scan } => {
                let Some(index) = usize::from(scan).checked_rem(scans.len()) else { continue };
                let _ = desk.app.resume_scan(&manager, &scans[index]).await;
            }
            Operation::Lease { worker } => {
                let worker = usize::from(worker);
                if let Some(lease) = workers[worker].lease().await.unwrap() {
                    at_work.push(AtWork { worker, lease, delivered: 0 });
                }
            }
            Operation::Deliver { lease } => {
                let Some(one) = chosen(&mut at_work, lease) else { continue };
                let Some(address) = open_targets(&one.lease).get(one.delivered).copied() else { continue };
                one.delivered += 1;
                workers[one.worker].deliver(&one.lease, desk.result(address)).await.unwrap();
            }
            Operation::DeliverAgain { lease } => {
                let Some(one) = chosen(&mut at_work, lease) else { continue };
                let Some(last) = one.delivered.checked_sub(1) else { continue };
                let address = open_targets(&one.lease)[last];
                workers[one.worker].deliver(&one.lease, desk.result(address)).await.unwrap();
            }
            Operation::Renew { lease } => {
                let Some(one) = chosen(&mut at_work, lease) else { continue };
                workers[one.worker].renew(&one.lease, progress(1, 2)).await.unwrap();
            }
            Operation::Complete { lease } => {
                let Some(one) = chosen(&mut at_work, lease) else { continue };
                workers[one.worker].complete(&one.lease).await.unwrap();
            }
            Operation::Fail { lease } => {
                let Some(one) = chosen(&mut at_work, lease) else { continue };
                workers[one.worker].fail(&one.lease, "tired".to_owned()).await.unwrap();
            }
            Operation::FallSilent { lease } => {
                let Some(index) = usize::from(lease).checked_rem(at_work.len()) else { continue };
                at_work.remove(index);
            }
            Operation::Wait { seconds } => desk.clock.advance(i64::from(seconds)),
            Operation::Restart => {
                // Both scanners lived in the process; none of them knows its leases any more.
                desk.restart().await;
                workers = links(&desk);
                at_work.clear();
            }
        }
    }
    finish(&desk, &manager, &workers[0]).await;
    check(&desk, &manager, seed, &scans).await;
}

/// What is paused goes on, and a healthy scanner does what is left.
async fn finish(desk: &Desk, manager: &palisade_app::Actor, worker: &InProcessLink) {
    desk.clock.advance(120);
    for view in desk.app.list_running(manager).await.unwrap() {
        if view.status == ScanStatus::Paused {
            desk.app.resume_scan(manager, &view.scan).await.unwrap();
        }
    }
    while let Some(lease) = worker.lease().await.unwrap() {
        for address in open_targets(&lease) {
            assert_eq!(worker.deliver(&lease, desk.result(address)).await.unwrap(), Hold::Held);
        }
        worker.complete(&lease).await.unwrap();
    }
}

async fn check(desk: &Desk, manager: &palisade_app::Actor, seed: u8, scans: &[palisade_model::ScanRef]) {
    assert!(desk.app.list_running(manager).await.unwrap().is_empty(), "seed {seed}: a scan does not end");
    assert_eq!(desk.app.list_reports(manager, ListReports::default()).await.unwrap().len(), scans.len());
    for scan in scans {
        let view = desk.app.scan(manager, scan).await.unwrap();
        let hosts = desk.app.report_hosts(manager, scan, None, 100).await.unwrap();
        let addresses: BTreeSet<_> = hosts.iter().map(|host| host.address).collect();
        assert_eq!(addresses.len(), hosts.len(), "seed {seed}: {scan} has a host twice");
        let findings: usize = hosts.iter().map(|host| host.findings.len()).sum();
        assert_eq!(usize::try_from(view.hosts_done).unwrap(), hosts.len(), "seed {seed}: {scan}");
        assert_eq!(usize::try_from(view.findings).unwrap(), findings, "seed {seed}: {scan}");
        match view.status {
            ScanStatus::Finished => assert_eq!(view.hosts_done, view.hosts_total, "seed {seed}: {scan}"),
            ScanStatus::Canceled | ScanStatus::Error => {}
            other => panic!("seed {seed}: {scan} is {other}"),
        }
    }
}

#[tokio::test]
async fn whatever_happens_every_scan_ends() {
    for seed in 0..24 {
        live(seed, 60).await;
    }
}
