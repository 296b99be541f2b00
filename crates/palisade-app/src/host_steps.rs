//! Going through very many hosts by address, in steps of which some are read at the same time.
//!
//! Where the steps end is asked first, of many at once, which costs next to nothing: the database
//! need not be through with one step for the next one to begin.

use std::collections::VecDeque;
use std::future::Future;
use std::net::Ipv4Addr;

use palisade_store::Store;
use tokio::task::JoinHandle;

use crate::asset_report::Bounds;
use crate::error::{Error, Result};

/// Steps that are read at the same time, by as many connections.
pub(crate) const READS_AT_ONCE: usize = 3;
/// Steps whose ends are asked for at first, and at a time later: nothing is read before the first are known.
const FIRST_ENDS: u32 = 4;
const ENDS_AT_ONCE: u32 = 64;

/// The steps, each read by `Read` from where it begins (not included) to where it ends. A host that came
/// since the ends were asked for makes its step larger.
pub(crate) struct HostSteps<T, Read> {
    store: Store,
    /// Where the next step begins; `last` is the end of all.
    bounds: Bounds,
    hosts: u32,
    /// Steps whose ends are asked for next.
    ends_asked: u32,
    /// Ends that are known.
    ends: VecDeque<Ipv4Addr>,
    read: Read,
    reading: VecDeque<JoinHandle<Result<T>>>,
}

impl<T, Read, Reading> HostSteps<T, Read>
where
    T: Send + 'static,
    Read: Fn(Option<Ipv4Addr>, Ipv4Addr) -> Reading,
    Reading: Future<Output = Result<T>> + Send + 'static,
{
    /// All hosts within the bounds, `hosts` a step.
    pub(crate) fn new(store: &Store, bounds: Bounds, hosts: u32, read: Read) -> Self {
        Self {
            store: store.clone(),
            bounds,
            hosts,
            ends_asked: FIRST_ENDS,
            ends: VecDeque::new(),
            read,
            reading: VecDeque::with_capacity(READS_AT_ONCE),
        }
    }

    /// What was read of the next step; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<T>> {
        while self.reading.len() < READS_AT_ONCE
            && let Some(end) = self.next_end().await?
        {
            self.reading.push_back(tokio::spawn((self.read)(self.bounds.before, end)));
            self.bounds.before = Some(end);
        }
        match self.reading.pop_front() {
            Some(reading) => reading.await.map_err(Error::TaskEnded)?.map(Some),
            None => Ok(None),
        }
    }

    async fn next_end(&mut self) -> Result<Option<Ipv4Addr>> {
        if self.ends.is_empty() {
            let Bounds { before, last } = self.bounds;
            self.ends = self.store.list_step_ends(before, last, self.hosts, self.ends_asked).await?.into();
            self.ends_asked = ENDS_AT_ONCE;
        }
        Ok(self.ends.pop_front())
    }
}
