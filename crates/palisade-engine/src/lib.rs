//! Looking at hosts: from a [`ScanOrder`] to a stream of facts and findings.
//!
//! The engine never sees the store: it leases slices over a [`Link`] and delivers results over
//! the same. The link is in process for the built-in scanner; a remote appliance will bring
//! another. Every conversation with a host has a deadline and a size limit, everything that
//! leaves the machine passes one rate limiter, and one bad host never holds up another.

pub mod link;
pub mod order;

pub use link::{Hold, Lease, Link, LinkError, SliceProgress, Stage};
pub use order::ScanOrder;
