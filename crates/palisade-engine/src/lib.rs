//! Looking at hosts: from a [`ScanOrder`] to a stream of facts and findings.
//!
//! The engine never sees the store: it leases slices over a [`Link`] and delivers results over
//! the same. The link is in process for the built-in scanner; a remote appliance will bring
//! another. Every conversation with a host has a deadline and a size limit, everything that
//! leaves the machine passes one rate limiter, and one bad host never holds up another.
//!
//! Where the process may send raw packets, hosts and ports are looked for by stateless sweeps
//! ([`survey`]); where it may not, by connecting. What was done is told with each host.

mod certificate_names;
mod discovery;
mod host;
mod icmp;
mod judge;
pub mod link;
pub mod map;
mod names;
mod oddities;
pub mod order;
mod os;
mod pacing;
mod partial_host;
mod plan;
mod ports;
mod recognition;
mod round_trip;
pub mod scan;
mod service;
mod sheet;
mod sign_in;
mod stream;
pub mod survey;
mod template;
mod trust;
mod udp;
pub mod worker;

pub use link::{Hold, Lease, Link, LinkError, SliceProgress, Stage};
pub use map::MapMaking;
pub use map::link::{MapLease, MapLink, MapOrder, MapProgress, MapStage};
pub use map::worker::MapWorker;
pub use order::ScanOrder;
pub use pacing::Limits;
pub use palisade_packet::Probe;
pub use partial_host::{AskedPorts, PartialHost, PartialPorts};
pub use ports::{standard_tcp_ports, tcp_ports};
pub use scan::{Event, ScanContext, scan_hosts};
pub use survey::{PortSight, Sight, Sighting, SurveyContext, SurveyOrder, raw_packets, survey_hosts};
pub use udp::standard_udp_ports;
pub use worker::{Worker, WorkerOptions};
