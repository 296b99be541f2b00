//! Sending frames in batches: a packet socket, past the queueing disciplines, one call for many.
#![expect(unsafe_code, reason = "sendmmsg and the packet options have no safe wrapper")]

use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, c_void, iovec, mmsghdr, msghdr, sockaddr_ll, socklen_t};

use crate::error::Error;
use crate::frame::FRAME_BYTES_MAX;

/// Frames handed to the kernel in one call.
pub const BATCH: usize = 64;
const FULL_BUFFER_PAUSE: std::time::Duration = std::time::Duration::from_micros(50);

/// A socket that sends on one interface, and room for a batch of frames.
pub struct Transmitter {
    socket: OwnedFd,
    frames: Box<[[u8; FRAME_BYTES_MAX]; BATCH]>,
    lengths: [usize; BATCH],
    filled: usize,
}

impl std::fmt::Debug for Transmitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transmitter").field("filled", &self.filled).finish_non_exhaustive()
    }
}

/// A packet socket that is bound to `interface`; `protocol` 0 receives nothing.
pub(crate) fn packet_socket(interface: u32, protocol: u16) -> Result<OwnedFd, Error> {
    // SAFETY: the call takes no pointers; a valid descriptor is owned from here on.
    let socket = unsafe {
        let raw = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
        if raw < 0 {
            return Err(Error::last("open a packet socket"));
        }
        OwnedFd::from_raw_fd(raw)
    };
    bind(&socket, interface, protocol)?;
    Ok(socket)
}

/// Whether this process may send raw packets. Asked by a socket of another family with the same
/// demands: a packet socket takes the kernel milliseconds to let go of.
///
/// # Errors
/// Without CAP_NET_RAW.
pub fn may_send_raw() -> Result<(), Error> {
    // SAFETY: the call takes no pointers; a valid descriptor is owned, and closed, here.
    unsafe {
        let raw = libc::socket(libc::AF_INET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::IPPROTO_TCP);
        if raw < 0 {
            return Err(Error::last("open a raw socket"));
        }
        drop(OwnedFd::from_raw_fd(raw));
    }
    Ok(())
}

pub(crate) fn bind(socket: &OwnedFd, interface: u32, protocol: u16) -> Result<(), Error> {
    let length = socklen_t::try_from(size_of::<sockaddr_ll>()).unwrap_or_default();
    // SAFETY: all zeros are a valid sockaddr_ll; its address and length are passed together and
    // read during the call only.
    let bound = unsafe {
        let mut address: sockaddr_ll = std::mem::zeroed();
        address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
        address.sll_protocol = protocol.to_be();
        address.sll_ifindex = c_int::try_from(interface).unwrap_or_default();
        libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length)
    };
    if bound == 0 { Ok(()) } else { Err(Error::last("bind a packet socket")) }
}

/// Sets an option whose value is plain data.
pub(crate) fn set<T: Copy>(
    socket: &OwnedFd,
    level: c_int,
    name: c_int,
    value: &T,
    attempt: &'static str,
) -> Result<(), Error> {
    let length = socklen_t::try_from(size_of::<T>()).unwrap_or_default();
    // SAFETY: the value and its length are passed together and read during the call only.
    let done = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, std::ptr::from_ref(value).cast::<c_void>(), length)
    };
    if done == 0 { Ok(()) } else { Err(Error::last(attempt)) }
}

impl Transmitter {
    /// Opens a socket that sends on the interface with this index.
    ///
    /// # Errors
    /// Without CAP_NET_RAW, and when the kernel is short of something.
    pub fn open(interface: u32) -> Result<Self, Error> {
        let socket = packet_socket(interface, 0)?;
        let on: c_int = 1;
        // Without it frames wait in a queue made for fairness, which a scan has no use for.
        set(&socket, libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, &on, "pass the queueing discipline")?;
        let room: c_int = 1 << 20;
        set(&socket, libc::SOL_SOCKET, libc::SO_SNDBUF, &room, "enlarge a send buffer")?;
        Ok(Self { socket, frames: Box::new([[0; FRAME_BYTES_MAX]; BATCH]), lengths: [0; BATCH], filled: 0 })
    }

    /// Frames that wait for [`flush`](Self::flush).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.filled
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.filled >= BATCH
    }

    /// Forgets the frames that wait.
    pub fn discard(&mut self) {
        self.filled = 0;
    }

    /// Lets `write` fill the next slot; it gives the frame's length, 0 for none. Does nothing when
    /// the batch is full.
    pub fn push(&mut self, write: impl FnOnce(&mut [u8]) -> usize) {
        let Some(slot) = self.frames.get_mut(self.filled) else { return };
        let length = write(slot).min(FRAME_BYTES_MAX);
        if length == 0 {
            return;
        }
        if let Some(entry) = self.lengths.get_mut(self.filled) {
            *entry = length;
            self.filled += 1;
        }
    }

    /// Hands all waiting frames to the kernel, and waits while its buffers are full.
    ///
    /// # Errors
    /// When the interface is gone or down.
    pub fn flush(&mut self) -> Result<(), Error> {
        let mut parts: [iovec; BATCH] =
            std::array::from_fn(|_| iovec { iov_base: std::ptr::null_mut(), iov_len: 0 });
        for ((part, frame), length) in parts.iter_mut().zip(self.frames.iter_mut()).zip(self.lengths) {
            *part = iovec { iov_base: frame.as_mut_ptr().cast(), iov_len: length.min(FRAME_BYTES_MAX) };
        }
        // SAFETY: all zeros are a valid message header: no address, no parts, no control data.
        let mut messages: [mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        for (message, part) in messages.iter_mut().zip(parts.iter_mut()) {
            let header: &mut msghdr = &mut message.msg_hdr;
            header.msg_iov = part;
            header.msg_iovlen = 1;
        }
        let mut sent = 0;
        while sent < self.filled {
            let Some(rest) = messages.get_mut(sent..self.filled) else { break };
            let count = u32::try_from(rest.len()).unwrap_or_default();
            // SAFETY: `rest` holds `count` headers, each with one part that points into `frames`;
            // all of them live, and are not moved, until the call returns.
            let done = unsafe { libc::sendmmsg(self.socket.as_raw_fd(), rest.as_mut_ptr(), count, 0) };
            if let Ok(done) = usize::try_from(done) {
                sent += done;
                continue;
            }
            let error = std::io::Error::last_os_error();
            match error.raw_os_error() {
                // Full buffers drain in microseconds.
                Some(libc::ENOBUFS | libc::EAGAIN) => std::thread::sleep(FULL_BUFFER_PAUSE),
                Some(libc::EINTR) => {}
                _ => {
                    self.filled = 0;
                    return Err(Error::from_io("send frames", error));
                }
            }
        }
        self.filled = 0;
        Ok(())
    }
}
