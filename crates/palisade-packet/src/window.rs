//! What has been answered, for the part of the order that is under way.
//!
//! A ring of bits: a few for each position (one a probe that was sent there). It slides along with
//! the sweep, so its size follows from how much is under way and not from how much there is to do.
//! The sender opens positions and closes them; the receiver notes answers in between.

use std::sync::atomic::{AtomicU64, Ordering};

/// Positions under way, at most.
const POSITIONS_MAX: u64 = 1 << 22;
/// Bits of a word.
const WORD: u64 = 64;

/// What an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// The first for its position.
    First,
    /// The position had answered, but to another probe.
    More,
    /// Seen before.
    Again,
    /// Nothing is under way there, or not any more.
    Elsewhere,
}

#[derive(Debug)]
pub(crate) struct Window {
    words: Box<[AtomicU64]>,
    /// Bits for each position, a power of two up to 64.
    stride: u64,
    positions: u64,
    /// Closed below, open from here on...
    tail: AtomicU64,
    /// ... to here.
    head: AtomicU64,
}

impl Window {
    /// A window over an order of `size` positions, beginning at `start`; `probes` are sent to each.
    pub(crate) fn new(size: u64, start: u64, probes: usize) -> Self {
        let stride = (probes.clamp(1, 64) as u64).next_power_of_two();
        // A word's worth more than is ever open: positions of one word do not share it with others.
        let wished = size.saturating_sub(start).min(POSITIONS_MAX) + WORD;
        let positions = wished.next_power_of_two().min(POSITIONS_MAX);
        let words = positions * stride / WORD;
        Self {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            stride,
            positions,
            tail: AtomicU64::new(start),
            head: AtomicU64::new(start),
        }
    }

    fn word(&self, position: u64) -> Option<(&AtomicU64, u64)> {
        let bit = (position % self.positions) * self.stride;
        Some((self.words.get(usize::try_from(bit / WORD).ok()?)?, bit % WORD))
    }

    fn mask(&self, shift: u64) -> u64 {
        (u64::MAX >> (WORD - self.stride)) << shift
    }

    /// The last position (exclusive) that may be opened while `tail` stands where it is.
    pub(crate) fn room_until(&self) -> u64 {
        self.tail.load(Ordering::Relaxed) + self.positions - WORD
    }

    /// Opens the next position; it has no answers.
    pub(crate) fn open_next(&self) {
        let position = self.head.load(Ordering::Relaxed);
        if let Some((word, shift)) = self.word(position) {
            word.fetch_and(!self.mask(shift), Ordering::Relaxed);
        }
        self.head.store(position + 1, Ordering::Release);
    }

    /// Closes all positions below.
    pub(crate) fn close_until(&self, position: u64) {
        self.tail.store(position, Ordering::Relaxed);
    }

    pub(crate) fn tail(&self) -> u64 {
        self.tail.load(Ordering::Relaxed)
    }

    pub(crate) fn is_silent(&self, position: u64) -> bool {
        self.word(position).is_none_or(|(word, shift)| word.load(Ordering::Relaxed) & self.mask(shift) == 0)
    }

    /// Notes that `probe` was answered at `position`.
    pub(crate) fn note(&self, position: u64, probe: usize) -> Noted {
        if position < self.tail.load(Ordering::Relaxed) || position >= self.head.load(Ordering::Acquire) {
            return Noted::Elsewhere;
        }
        let Some((word, shift)) = self.word(position) else { return Noted::Elsewhere };
        let bit = 1_u64 << (shift + (probe as u64).min(self.stride - 1));
        let before = word.fetch_or(bit, Ordering::Relaxed);
        if before & bit != 0 {
            Noted::Again
        } else if before & self.mask(shift) == 0 {
            Noted::First
        } else {
            Noted::More
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_count_once_and_only_while_they_are_awaited() {
        let window = Window::new(1_000, 0, 3);
        assert!(window.room_until() >= 1_000, "a short order is open as a whole");
        assert_eq!(window.note(0, 0), Noted::Elsewhere, "nothing was sent yet");
        window.open_next();
        window.open_next();
        assert!(window.is_silent(0));
        assert_eq!(window.note(0, 1), Noted::First);
        assert_eq!(window.note(0, 1), Noted::Again);
        assert_eq!(window.note(0, 2), Noted::More);
        assert!(!window.is_silent(0) && window.is_silent(1));
        window.close_until(1);
        assert_eq!(window.note(0, 0), Noted::Elsewhere, "too late");
    }

    #[test]
    fn a_long_order_slides_through_a_small_window() {
        let window = Window::new(u64::MAX / 2, 5, 1);
        let mut position = 5;
        for _ in 0..3 {
            while position < window.room_until() {
                window.open_next();
                assert!(window.is_silent(position));
                assert_eq!(window.note(position, 0), Noted::First);
                position += 1;
            }
            window.close_until(position);
        }
        assert!(position > 3 * (POSITIONS_MAX - WORD));
        assert!(window.words.len() as u64 * 8 <= POSITIONS_MAX / 8);
    }
}
