//! Pausing, resuming and cancelling a sweep, and seeing how far it is, from any thread.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// What is wished of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Run,
    Pause,
    Cancel,
}

/// The handle of a running sweep. A sweep acts on a wish within a few milliseconds.
#[derive(Debug, Default)]
pub struct Control {
    wish: AtomicU8,
    size: AtomicU64,
    first_pass: AtomicU64,
    sent: AtomicU64,
    answered: AtomicU64,
}

impl Control {
    /// A cancelled sweep cannot be resumed.
    pub fn set(&self, wish: Wish) {
        let number = match wish {
            Wish::Run => 0,
            Wish::Pause => 1,
            Wish::Cancel => 2,
        };
        let unless_cancelled = |now| (now != 2).then_some(number);
        // Refused only when it is cancelled already.
        let _ = self.wish.fetch_update(Ordering::AcqRel, Ordering::Acquire, unless_cancelled);
    }

    #[must_use]
    pub fn wish(&self) -> Wish {
        match self.wish.load(Ordering::Acquire) {
            0 => Wish::Run,
            1 => Wish::Pause,
            _ => Wish::Cancel,
        }
    }

    /// Questions asked at least once, and in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.first_pass.load(Ordering::Relaxed), self.size.load(Ordering::Relaxed))
    }

    /// Packets sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Questions answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self, size: u64, start: u64) {
        self.size.store(size, Ordering::Relaxed);
        self.first_pass.store(start, Ordering::Relaxed);
        self.sent.store(0, Ordering::Relaxed);
        self.answered.store(0, Ordering::Relaxed);
    }

    pub(crate) fn show_first_pass(&self, position: u64) {
        self.first_pass.store(position, Ordering::Relaxed);
    }

    pub(crate) fn count_sent(&self, packets: u64) {
        self.sent.fetch_add(packets, Ordering::Relaxed);
    }

    pub(crate) fn count_answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_sweep_stays_cancelled() {
        let control = Control::default();
        control.set(Wish::Pause);
        assert_eq!(control.wish(), Wish::Pause);
        control.set(Wish::Run);
        assert_eq!(control.wish(), Wish::Run);
        control.set(Wish::Cancel);
        control.set(Wish::Run);
        assert_eq!(control.wish(), Wish::Cancel);
    }
}
