//! A reader that ends with an error where a file or a record of it is larger than it may be.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// How much may still come; shared between the reader and whoever sees where records end.
#[derive(Debug, Clone)]
pub(crate) struct Allowance {
    whole: Rc<Cell<u64>>,
    record: Rc<Cell<u64>>,
    record_max: u64,
}

/// What the reader's error holds.
#[derive(Debug, thiserror::Error)]
#[error("more than {0}")]
pub(crate) struct Beyond(pub(crate) &'static str);

impl Allowance {
    pub(crate) fn new(whole_max: u64, record_max: u64) -> Self {
        Self { whole: Rc::new(Cell::new(whole_max)), record: Rc::new(Cell::new(record_max)), record_max }
    }

    /// A record has ended.
    pub(crate) fn next_record(&self) {
        self.record.set(self.record_max);
    }

    fn take(&self, length: u64) -> io::Result<()> {
        for (left, what) in [(&self.whole, "bytes in all"), (&self.record, "bytes in a record")] {
            let rest = left.get().checked_sub(length).ok_or_else(|| io::Error::other(Beyond(what)))?;
            left.set(rest);
        }
        Ok(())
    }
}

/// Counts what is read against an allowance.
#[derive(Debug)]
pub(crate) struct Bounded<R> {
    reader: R,
    allowance: Allowance,
}

impl<R: Read> Bounded<R> {
    pub(crate) fn new(reader: R, allowance: Allowance) -> Self {
        Self { reader, allowance }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.allowance.take(length as u64)?;
        Ok(length)
    }
}

/// What went over the limit, if that is what an error is about.
pub(crate) fn beyond(error: &io::Error) -> Option<&'static str> {
    error.get_ref()?.downcast_ref::<Beyond>().map(|beyond| beyond.0)
}
