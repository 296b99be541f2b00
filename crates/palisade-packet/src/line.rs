//! What sweeps need of the kernel: source ports, a ring to hear with, a socket to send with.
//!
//! One line serves all sweeps on a way, one after the other. The kernel gives a packet socket its
//! ring, and lets the socket go again, only when every core has looked away for a moment: that is
//! tens of milliseconds, longer than the sweep of a single host. So a line is opened once, and closed
//! on a thread of its own.

use crate::error::Error;
use crate::frame::Sender;
use crate::ring::Ring;
use crate::route::{Interface, Route};
use crate::source_ports::SourcePorts;
use crate::transmit::Transmitter;

/// Room for answers of a small and of a large sweep, in bytes.
const RING_SMALL: usize = 2 << 20;
const RING_LARGE: usize = 16 << 20;
/// Up to this many packets a sweep is small.
const SMALL: u64 = 8_192;

/// Opened for one way; see the module's documentation.
#[derive(Debug)]
pub struct Line {
    /// `None` only while it is being closed.
    open: Option<Parts>,
    sender: Sender,
    interface: u32,
    is_large: bool,
}

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) ring: Ring,
    pub(crate) transmitter: Transmitter,
    /// Held until the sockets are gone.
    _ports: SourcePorts,
}

impl Line {
    /// # Errors
    /// Without CAP_NET_RAW, or when the interface or the kernel has nothing to give.
    pub fn open(route: &Route, interface: &Interface) -> Result<Self, Error> {
        let ports = SourcePorts::reserve(route.source)?;
        let sender = Sender { mac: interface.mac, address: route.source, port_first: ports.first() };
        let ring = Ring::open(interface.index, ports.first(), RING_SMALL)?;
        let transmitter = Transmitter::open(interface.index)?;
        let open = Some(Parts { ring, transmitter, _ports: ports });
        Ok(Self { open, sender, interface: interface.index, is_large: false })
    }

    /// Who sends.
    pub(crate) fn sender(&self) -> Sender {
        self.sender
    }

    /// Both ends, with room for the answers to so many packets. What an earlier sweep has left
    /// unsent is gone.
    pub(crate) fn parts(&mut self, packets: u64) -> Result<&mut Parts, Error> {
        let parts = self.open.as_mut().ok_or(Error::NoSourcePorts)?;
        if packets > SMALL && !self.is_large {
            parts.ring = Ring::open(self.interface, self.sender.port_first, RING_LARGE)?;
            self.is_large = true;
        }
        parts.transmitter.discard();
        Ok(parts)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let parts = self.open.take();
        // Without a thread it is closed here, which only takes longer.
        let _ = std::thread::Builder::new().name("line".to_owned()).spawn(move || drop(parts));
    }
}
