//! The sweep by itself, for `bench/`: everything between a question and a proven answer, without the
//! rest of the scanner.
//!
//! `sweep SET PORTS` asks every port of every address, as fast as the machine can.
#![expect(clippy::print_stdout, reason = "a benchmark's figures go to standard output")]

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use palisade_model::{IpSet, PortSet};
use palisade_packet::sweep::{self, neighbours};
use palisade_packet::{Control, Goal, Hop, Line, OpenGate, Plan, Probe, Reply, Routing, Targets};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let set: IpSet = arguments.next().ok_or("a set of addresses is missing")?.parse()?;
    let ports: PortSet = arguments.next().ok_or("ports are missing")?.parse()?;
    let (ways, _) = Routing::open()?.ways(&set)?;
    let way = ways.first().ok_or("there is no way to the addresses")?;
    let control = Control::default();
    let next = match way.route.gateway {
        Some(IpAddr::V4(gateway)) => IpSet::from(gateway),
        Some(IpAddr::V6(_)) => return Err("the gateway has no IPv4 address".into()),
        None => way.set.clone(),
    };
    let mut line = Line::open(&way.route, &way.interface)?;
    let found = neighbours(Targets::from(&next), &mut line, &OpenGate, &control, 50_000, [7; 24])?;
    let hop = match way.route.gateway {
        Some(_) => Hop::Gateway(found.first().ok_or("the gateway does not answer")?.1),
        None => Hop::Each(found.iter().map(|(_, mac)| *mac).collect()),
    };
    let plan = Plan {
        targets: Targets::from(&way.set),
        probes: ports.iter().map(Probe::Syn).collect(),
        goal: Goal::EveryProbe,
        passes: 3,
        rate_pps: 2_000_000,
        hop,
        seed: [9; 24],
        start: 0,
    };
    let (open, closed) = (AtomicU64::new(0), AtomicU64::new(0));
    let summary = sweep::run(&plan, &mut line, &OpenGate, &control, |heard| {
        match heard.proven.reply {
            Reply::Open(_) => open.fetch_add(1, Ordering::Relaxed),
            Reply::Closed => closed.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    })?;
    let seconds = summary.elapsed.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = summary.answered as f64 / seconds;
    println!(
        "asked {} sent {} answered {} open {} closed {} dropped {} seconds {seconds:.4} rate {rate:.0}",
        summary.size,
        summary.sent,
        summary.answered,
        open.load(Ordering::Relaxed),
        closed.load(Ordering::Relaxed),
        summary.dropped,
    );
    Ok(())
}
