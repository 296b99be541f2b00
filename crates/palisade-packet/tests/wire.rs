//! Sweeps over a real wire: two namespaces, a cable, and at its other end hosts that behave as badly as
//! hosts do. Needs root, for namespaces.
//!
//! Each test runs itself again inside its own namespaces, once as the network and once as the scanner.
//! The network is a program that reads frames and answers for addresses that nobody has.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail on what it built, and says what it left out"
)]

mod network;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use network::{Behaviour, host};
use palisade_model::IpSet;
use palisade_packet::sweep::{self, neighbours};
use palisade_packet::{
    Control, Goal, Heard, Hop, Line, OpenGate, Plan, Probe, Proven, Reply, Routing, Summary, Targets, Way,
    Wish,
};

const SEED: [u8; 24] = [5; 24];

/// The way to `targets`, and their hardware addresses.
fn way(targets: &IpSet) -> (Way, Hop) {
    let (mut ways, rest) = Routing::open().unwrap().ways(targets).unwrap();
    assert!(rest.is_empty(), "no way to {rest}");
    let way = ways.remove(0);
    let ask = || {
        let mut line = Line::open(&way.route, &way.interface).unwrap();
        neighbours(Targets::from(targets), &mut line, &OpenGate, &Control::default(), 10_000, SEED).unwrap()
    };
    // The hosts start at the same time as this side.
    let found =
        (0..30).map(|_| ask()).find(|found| found.len() as u64 == targets.count()).unwrap_or_default();
    let macs: Vec<_> = found.iter().map(|(_, mac)| *mac).collect();
    assert_eq!(macs.len() as u64, targets.count(), "hosts without a hardware address");
    (way, Hop::Each(macs.into()))
}

fn plan(targets: &IpSet, hop: Hop, probes: Vec<Probe>, goal: Goal) -> Plan {
    Plan {
        targets: Targets::from(targets),
        probes,
        goal,
        passes: 3,
        rate_pps: 20_000,
        hop,
        seed: SEED,
        start: 0,
    }
}

/// Asks every port of one host.
fn ports(behaviour: Behaviour, ports: impl Iterator<Item = u16>) -> (Vec<Heard>, Summary) {
    let targets = IpSet::from(host(behaviour));
    let (way, hop) = way(&targets);
    let plan = plan(&targets, hop, ports.map(Probe::Syn).collect(), Goal::EveryProbe);
    run(&plan, &way, &Control::default())
}

fn run(plan: &Plan, way: &Way, control: &Control) -> (Vec<Heard>, Summary) {
    let mut heard = Vec::new();
    let mut line = Line::open(&way.route, &way.interface).unwrap();
    let summary = sweep::run(plan, &mut line, &OpenGate, control, |one| heard.push(*one)).unwrap();
    (heard, summary)
}

fn open(heard: &[Heard]) -> Vec<u16> {
    let mut open: Vec<u16> = heard
        .iter()
        .filter(|heard| matches!(heard.proven.reply, Reply::Open(_)))
        .filter_map(|heard| heard.proven.probe.port())
        .collect();
    open.sort_unstable();
    open
}

#[test]
fn open_and_closed_ports_are_told_apart() {
    network::inside("open_and_closed_ports_are_told_apart", || {
        let (heard, summary) = ports(Behaviour::Ordinary, 1..=2_000);
        assert_eq!(open(&heard), network::OPEN);
        assert_eq!((heard.len(), summary.answered, summary.position), (2_000, 2_000, 2_000));
    });
}

#[test]
fn what_is_lost_is_asked_again() {
    network::inside("what_is_lost_is_asked_again", || {
        let (heard, summary) = ports(Behaviour::LosesTheFirst, 1..=500);
        assert_eq!((heard.len(), summary.answered), (500, 500));
        assert!(heard.iter().all(|heard| heard.proven.pass > Some(0)));
        assert!(summary.sent >= 1_000);
    });
}

#[test]
fn silence_is_asked_three_times_and_no_more() {
    network::inside("silence_is_asked_three_times_and_no_more", || {
        let (heard, summary) = ports(Behaviour::Filtered, 1..=1_000);
        assert_eq!(open(&heard), network::OPEN);
        assert_eq!(heard.len(), network::OPEN.len());
        let silent = 1_000 - network::OPEN.len() as u64;
        // A slow machine may ask the open ones again, too.
        assert!((silent * 3..=3_000).contains(&summary.sent), "{summary:?}");
    });
}

#[test]
fn a_storm_of_resets_counts_once() {
    network::inside("a_storm_of_resets_counts_once", || {
        let (heard, summary) = ports(Behaviour::ResetStorm, 1..=100);
        assert_eq!((heard.len(), summary.answered), (100, 100));
        assert!(summary.repeated > 1_000, "{summary:?}");
    });
}

#[test]
fn answers_from_others_and_forged_ones_are_refused() {
    network::inside("answers_from_others_and_forged_ones_are_refused", || {
        for behaviour in [Behaviour::WrongAddress, Behaviour::WrongCookie] {
            let (heard, summary) = ports(behaviour, 1..=50);
            assert!(heard.is_empty(), "{heard:?}");
            assert!(summary.refused + summary.repeated >= 50, "{summary:?}");
        }
    });
}

#[test]
fn a_proxy_accepts_everywhere_with_a_closed_window() {
    network::inside("a_proxy_accepts_everywhere_with_a_closed_window", || {
        let (heard, _) = ports(Behaviour::SynProxy, (1..=300).chain([40_001, 40_002]));
        assert_eq!(open(&heard).len(), 302);
        assert!(
            heard.iter().all(|heard| matches!(heard.proven.reply, Reply::Open(stack) if stack.window == 0))
        );
    });
}

#[test]
fn several_machines_at_one_address_introduce_themselves_differently() {
    network::inside("several_machines_at_one_address_introduce_themselves_differently", || {
        let (heard, _) = ports(Behaviour::LoadBalancer, network::OPEN.into_iter());
        let mut stacks: Vec<u64> = heard
            .iter()
            .filter_map(|heard| match heard.proven.reply {
                Reply::Open(stack) => Some(stack.options),
                _ => None,
            })
            .collect();
        stacks.sort_unstable();
        stacks.dedup();
        assert_eq!(stacks.len(), 2, "{stacks:?}");
    });
}

#[test]
fn errors_of_a_router_are_no_sign_of_life() {
    network::inside("errors_of_a_router_are_no_sign_of_life", || {
        let (heard, _) = ports(Behaviour::RouterSaysNo, 1..=20);
        assert_eq!(heard.len(), 20);
        assert!(heard.iter().all(|heard| !heard.proven.reply.shows_life()), "{heard:?}");
    });
}

#[test]
fn discovery_takes_any_answer_and_all_of_them() {
    network::inside("discovery_takes_any_answer_and_all_of_them", || {
        let alive = [Behaviour::Ordinary, Behaviour::Filtered, Behaviour::OnlyIcmp];
        let targets: IpSet = alive
            .iter()
            .chain(&[Behaviour::WrongAddress])
            .map(|behaviour| {
                palisade_model::ip_set::IpRange::new(host(*behaviour), host(*behaviour)).unwrap()
            })
            .collect();
        let (way, hop) = way(&targets);
        let probes = vec![Probe::Echo, Probe::Timestamp, Probe::Mask, Probe::Syn(80), Probe::Ack(80)];
        let (heard, summary) = run(&plan(&targets, hop, probes, Goal::AnyAnswer), &way, &Control::default());
        let mut by_host = BTreeMap::<IpAddr, Vec<Probe>>::new();
        for Heard { proven: Proven { host, probe, .. }, .. } in heard {
            by_host.entry(host).or_default().push(probe);
        }
        for probes in by_host.values_mut() {
            probes.sort_unstable();
        }
        let expected = |behaviour, probes: &[Probe]| (IpAddr::V4(host(behaviour)), probes.to_vec());
        let all = [Probe::Echo, Probe::Timestamp, Probe::Mask, Probe::Syn(80), Probe::Ack(80)];
        assert_eq!(
            by_host,
            BTreeMap::from([
                expected(Behaviour::Ordinary, &all),
                expected(Behaviour::Filtered, &[Probe::Syn(80)]),
                expected(Behaviour::OnlyIcmp, &all[..3]),
            ])
        );
        assert_eq!(summary.answered, 3);
    });
}

#[test]
fn a_sweep_pauses_resumes_and_stops_at_once() {
    network::inside("a_sweep_pauses_resumes_and_stops_at_once", || {
        let targets = IpSet::from(host(Behaviour::Ordinary));
        let (way, hop) = way(&targets);
        let mut plan = plan(&targets, hop, (1..=60_000).map(Probe::Syn).collect(), Goal::EveryProbe);
        plan.rate_pps = 2_000;
        let control = Arc::new(Control::default());
        let heard = Arc::new(AtomicU64::new(0));
        let sweeping = std::thread::spawn({
            let (control, heard, plan, way) =
                (Arc::clone(&control), Arc::clone(&heard), plan.clone(), way.clone());
            move || {
                let mut line = Line::open(&way.route, &way.interface).unwrap();
                sweep::run(&plan, &mut line, &OpenGate, &control, |_| {
                    heard.fetch_add(1, Ordering::Relaxed);
                })
                .unwrap()
            }
        });
        let wait_for = |more_than: u64| {
            for _ in 0..3_000 {
                if heard.load(Ordering::Relaxed) > more_than {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            panic!("no answers beyond {more_than}");
        };
        wait_for(50);
        control.set(Wish::Pause);
        std::thread::sleep(Duration::from_millis(500));
        let paused = control.sent();
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(control.sent(), paused, "nothing leaves during a pause");
        control.set(Wish::Run);
        wait_for(heard.load(Ordering::Relaxed) + 50);
        control.set(Wish::Cancel);
        let summary = sweeping.join().unwrap();
        assert!(summary.position < summary.size && summary.sent < 60_000, "{summary:?}");

        // Whoever takes it up at that position does the rest, and nothing of what is done.
        let cut = 59_000;
        plan.start = cut;
        plan.rate_pps = 5_000;
        let (heard, summary) = run(&plan, &way, &Control::default());
        assert_eq!((heard.len() as u64, summary.position), (60_000 - cut, 60_000));
    });
}

#[test]
fn the_kernel_is_asked_which_way_to_go() {
    network::inside("the_kernel_is_asked_which_way_to_go", || {
        let routing = Routing::open().unwrap();
        let behind: Ipv4Addr = "203.0.113.9".parse().unwrap();
        let route = routing.route(behind.into()).unwrap();
        assert_eq!(route.gateway, Some(IpAddr::V4(host(Behaviour::Ordinary))));
        assert_eq!(route.source, IpAddr::V4(network::SCANNER));
        let set: IpSet =
            format!("203.0.113.0/24,{},{}", host(Behaviour::Ordinary), network::SCANNER).parse().unwrap();
        let (ways, rest) = routing.ways(&set).unwrap();
        assert_eq!(ways.len(), 2);
        assert_eq!(rest, IpSet::from(network::SCANNER), "this machine is reached otherwise");
    });
}
