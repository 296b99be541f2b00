//! The yardstick of `bench/`: one frame after another over the same sockets, and a count of what comes
//! back. No order, no cookie to check, nothing remembered: what the machine can do and no more.
//!
//! `bare_loop SET PORT` sends one SYN to each address of the set and waits a second for stragglers.
#![expect(clippy::print_stdout, reason = "a benchmark's figures go to standard output")]

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use palisade_model::IpSet;
use palisade_packet::frame::{Fields, Sender, Stencil};
use palisade_packet::ring::Ring;
use palisade_packet::source_ports::SourcePorts;
use palisade_packet::sweep::neighbours;
use palisade_packet::transmit::Transmitter;
use palisade_packet::{Control, Line, OpenGate, Probe, Routing, Targets};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let set: IpSet = arguments.next().ok_or("a set of addresses is missing")?.parse()?;
    let port: u16 = arguments.next().ok_or("a port is missing")?.parse()?;
    let (ways, _) = Routing::open()?.ways(&set)?;
    let way = ways.first().ok_or("there is no way to the addresses")?;
    let gateway = way.route.gateway.ok_or("the addresses are not behind a gateway")?;
    let IpAddr::V4(gateway) = gateway else { return Err("the gateway has no IPv4 address".into()) };
    let targets = Targets::from(&IpSet::from(gateway));
    let control = Control::default();
    let mut line = Line::open(&way.route, &way.interface)?;
    let found = neighbours(targets, &mut line, &OpenGate, &control, 1_000, [7; 24])?;
    let (_, mac) = *found.first().ok_or("the gateway does not answer")?;

    let ports = SourcePorts::reserve(way.route.source)?;
    let sender = Sender { mac: way.interface.mac, address: way.route.source, port_first: ports.first() };
    let stencil = Stencil::new(Probe::Syn(port), sender)?;
    let mut ring = Ring::open(way.interface.index, ports.first(), 16 << 20)?;
    let mut transmitter = Transmitter::open(way.interface.index)?;
    let (over, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let mut count = 0;
                if ring.receive(Duration::from_millis(5), |_| count += 1).is_err() {
                    break;
                }
                answers.fetch_add(count, Ordering::Relaxed);
            }
        });
        for address in set.iter() {
            transmitter
                .push(|slot| stencil.write(slot, &Fields { mac, to: address.into(), cookie: 0, pass: 0 }));
            if transmitter.is_full() && transmitter.flush().is_err() {
                break;
            }
        }
        let _ = transmitter.flush();
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut end = Instant::now();
        let mut seen = 0;
        while Instant::now() < deadline && answers.load(Ordering::Relaxed) < set.count() {
            let now = answers.load(Ordering::Relaxed);
            if now > seen {
                (seen, end) = (now, Instant::now());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        let all = answers.load(Ordering::Relaxed);
        let end = if all >= set.count() { Instant::now() } else { end };
        over.store(true, Ordering::Relaxed);
        let seconds = end.duration_since(started).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = all as f64 / seconds;
        println!("asked {} answered {all} seconds {seconds:.4} rate {rate:.0}", set.count());
    });
    Ok(())
}
