//! Receiving frames from a ring of memory shared with the kernel (TPACKET_V3): no call a packet, no
//! copy but the kernel's own, and the kernel's filter in front.
#![expect(unsafe_code, reason = "the ring is memory that the kernel writes; mmap and poll come with it")]

use std::mem::{offset_of, size_of};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libc::{c_int, c_void, sock_fprog, tpacket_block_desc, tpacket_hdr_v1, tpacket_req3, tpacket3_hdr};

use crate::error::Error;
use crate::filter;
use crate::transmit::{packet_socket, set};

const BLOCK_BYTES: usize = 1 << 18;
/// A block that is not full is handed over after this time.
const RETIRE_MS: u32 = 2;
const ETH_P_ALL: u16 = 0x0003;
/// Not in libc: do not see what this machine sends (Linux 4.20).
const PACKET_IGNORE_OUTGOING: c_int = 23;

/// Frames that came through the filter on one interface.
#[derive(Debug)]
pub struct Ring {
    socket: OwnedFd,
    memory: NonNull<u8>,
    blocks: usize,
    next: usize,
}

// SAFETY: the memory belongs to this ring alone (and to the kernel); nothing in it is tied to the
// thread that mapped it.
unsafe impl Send for Ring {}

impl Ring {
    /// A ring of about `bytes` (at least two blocks of 256 KiB) for answers to a sweep whose source
    /// ports begin at `port_first`.
    ///
    /// # Errors
    /// Without CAP_NET_RAW, and when the kernel has no memory to share.
    pub fn open(interface: u32, port_first: u16, bytes: usize) -> Result<Self, Error> {
        // Bound last, so that nothing arrives before the filter is there.
        let socket = packet_socket(interface, 0)?;
        let version: c_int = libc::tpacket_versions::TPACKET_V3 as c_int;
        set(&socket, libc::SOL_PACKET, libc::PACKET_VERSION, &version, "set the version of a ring")?;
        attach(&socket, port_first)?;
        let on: c_int = 1;
        // The filter refuses them as well; without this it has to look at each.
        let _ = set(&socket, libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, "ignore what is sent");
        let blocks = (bytes / BLOCK_BYTES).max(2);
        let narrow = |value: usize| u32::try_from(value).unwrap_or_default();
        let request = tpacket_req3 {
            tp_block_size: narrow(BLOCK_BYTES),
            tp_block_nr: narrow(blocks),
            tp_frame_size: 2_048,
            tp_frame_nr: narrow(BLOCK_BYTES / 2_048 * blocks),
            tp_retire_blk_tov: RETIRE_MS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request, "make a receive ring")?;
        let memory = map(&socket, blocks * BLOCK_BYTES)?;
        let ring = Self { socket, memory, blocks, next: 0 };
        crate::transmit::bind(&ring.socket, interface, ETH_P_ALL)?;
        Ok(ring)
    }

    /// Waits at most `patience` and calls `read` with every frame that is there.
    ///
    /// # Errors
    /// When the interface is gone.
    pub fn receive(&mut self, patience: Duration, mut read: impl FnMut(&[u8])) -> Result<(), Error> {
        if !self.is_ready(self.next) {
            self.wait(patience)?;
        }
        // One round at most, so that the caller gets to look at other things too.
        for _ in 0..self.blocks {
            if !self.is_ready(self.next) {
                break;
            }
            self.read_block(self.next, &mut read);
            self.status(self.next).store(libc::TP_STATUS_KERNEL, Ordering::Release);
            self.next = (self.next + 1) % self.blocks;
        }
        Ok(())
    }

    /// Frames lost since the last question because the ring was full.
    #[must_use]
    pub fn take_drops(&self) -> u64 {
        let mut length = libc::socklen_t::try_from(size_of::<libc::tpacket_stats_v3>()).unwrap_or_default();
        // SAFETY: all zeros are valid statistics; the kernel writes at most `length` bytes into them.
        let stats = unsafe {
            let mut stats: libc::tpacket_stats_v3 = std::mem::zeroed();
            let done = libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut stats).cast::<c_void>(),
                &raw mut length,
            );
            if done == 0 { stats } else { std::mem::zeroed() }
        };
        u64::from(stats.tp_drops)
    }

    fn wait(&self, patience: Duration) -> Result<(), Error> {
        let timeout = c_int::try_from(patience.as_millis()).unwrap_or(c_int::MAX);
        let mut poll =
            libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN | libc::POLLERR, revents: 0 };
        // SAFETY: one pollfd, alive during the call.
        let ready = unsafe { libc::poll(&raw mut poll, 1, timeout) };
        if ready < 0 {
            let error = std::io::Error::last_os_error();
            if error.kind() != std::io::ErrorKind::Interrupted {
                return Err(Error::from_io("wait for frames", error));
            }
        }
        if poll.revents & libc::POLLERR != 0 {
            return Err(Error::from_io("receive frames", std::io::ErrorKind::NetworkDown.into()));
        }
        Ok(())
    }

    /// The word by which the kernel and we pass a block to each other.
    fn status(&self, block: usize) -> &AtomicU32 {
        let offset = offset_of!(tpacket_block_desc, hdr) + offset_of!(tpacket_hdr_v1, block_status);
        // SAFETY: `block` is below the number of blocks, so the word lies within the mapping and is
        // aligned; it is shared with the kernel and therefore only touched atomically.
        unsafe { AtomicU32::from_ptr(self.memory.as_ptr().add(block * BLOCK_BYTES + offset).cast()) }
    }

    fn is_ready(&self, block: usize) -> bool {
        self.status(block).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    fn read_block(&self, block: usize, read: &mut impl FnMut(&[u8])) {
        // SAFETY: the block is within the mapping and ours until its status is given back, which
        // happens after this function.
        let bytes =
            unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(block * BLOCK_BYTES), BLOCK_BYTES) };
        let header = offset_of!(tpacket_block_desc, hdr);
        let count = word(bytes, header + offset_of!(tpacket_hdr_v1, num_pkts));
        let mut at = word(bytes, header + offset_of!(tpacket_hdr_v1, offset_to_first_pkt));
        for _ in 0..count {
            let length = word(bytes, at + offset_of!(tpacket3_hdr, tp_snaplen));
            let start = at + half(bytes, at + offset_of!(tpacket3_hdr, tp_mac));
            if let Some(frame) = bytes.get(start..start + length) {
                read(frame);
            }
            match word(bytes, at + offset_of!(tpacket3_hdr, tp_next_offset)) {
                0 => break,
                step => at += step,
            }
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped, and nothing refers to it any more.
        unsafe {
            libc::munmap(self.memory.as_ptr().cast(), self.blocks * BLOCK_BYTES);
        }
    }
}

/// A number of the kernel's in its own byte order; 0 beyond the end.
fn word(bytes: &[u8], at: usize) -> usize {
    let word = bytes.get(at..at.saturating_add(4)).and_then(|bytes| bytes.try_into().ok());
    usize::try_from(word.map_or(0, u32::from_ne_bytes)).unwrap_or_default()
}

fn half(bytes: &[u8], at: usize) -> usize {
    let half = bytes.get(at..at.saturating_add(2)).and_then(|bytes| bytes.try_into().ok());
    usize::from(half.map_or(0, u16::from_ne_bytes))
}

fn attach(socket: &OwnedFd, port_first: u16) -> Result<(), Error> {
    let mut program = filter::program(port_first);
    let whole =
        sock_fprog { len: u16::try_from(program.len()).unwrap_or_default(), filter: program.as_mut_ptr() };
    // The kernel copies the program during the call.
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &whole, "attach a filter")
}

fn map(socket: &OwnedFd, bytes: usize) -> Result<NonNull<u8>, Error> {
    // SAFETY: a new mapping at an address of the kernel's choice; the result is checked.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            socket.as_raw_fd(),
            0,
        )
    };
    if memory == libc::MAP_FAILED {
        return Err(Error::last("map a receive ring"));
    }
    NonNull::new(memory.cast()).ok_or_else(|| Error::last("map a receive ring"))
}
