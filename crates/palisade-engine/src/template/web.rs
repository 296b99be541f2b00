//! Requests of templates to one web server: those that change nothing one after the other on a few
//! connections, the others each on one of its own, and those that several templates share sent once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use palisade_model::{IdSource, ScanHeader, Timestamp};
use palisade_probe::http::Response;
use palisade_template::Numbered;
use palisade_template::run::{HttpAnswer, HttpRequest, Target, opening_requests};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::pacing::HostPace;
use crate::stream::{Received, Stream};

/// How long a server may take for one answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a body that are looked at.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Bytes of shared answers that are kept for one server at the same time.
const SHARED_BYTES_MAX: usize = 32 << 20;
/// Templates that are looked through before others get their turn.
const YIELD_EVERY: usize = 50;
/// Room for the head of an answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Requests without an answer, one after the other, after which a server is left alone.
const FAILURES_MAX: u32 = 10;

type Answer = Option<Arc<HttpAnswer>>;

/// A web server and the answers that are shared.
#[derive(Debug)]
pub(super) struct Web {
    host: Arc<HostPace>,
    target: Target,
    until: Instant,
    turns: Arc<Semaphore>,
    failures: AtomicU32,
    shared: Mutex<SharedAnswers>,
    /// Connections that may take another request, each with its room among those of the host.
    idle: Mutex<Vec<(Stream, OwnedSemaphorePermit)>>,
    idle_room: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct SharedAnswers {
    /// By the bytes of the request.
    answers: HashMap<Vec<u8>, Shared>,
    bytes: usize,
}

#[derive(Debug)]
struct Shared {
    /// Templates that have not asked yet.
    uses_left: usize,
    answer: Arc<OnceCell<Answer>>,
}

impl Web {
    /// `turns`: requests of all servers of the host at the same time; `idle_room`: their connections
    /// that wait.
    pub(super) fn new(
        host: Arc<HostPace>,
        target: Target,
        until: Instant,
        turns: Arc<Semaphore>,
        idle_room: Arc<Semaphore>,
    ) -> Self {
        Self {
            host,
            target,
            until,
            turns,
            failures: AtomicU32::new(0),
            shared: Mutex::default(),
            idle: Mutex::default(),
            idle_room,
        }
    }

    fn shared(&self) -> MutexGuard<'_, SharedAnswers> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Stream, OwnedSemaphorePermit)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bytes_of(&self, request: &HttpRequest) -> Vec<u8> {
        let header = self.host.plan().header.as_ref();
        request.to_bytes(&self.target.authority(), header.map(|value| (ScanHeader::NAME, value.as_str())))
    }

    /// Finds out which requests several of the templates have in common; gives the templates in an
    /// order that keeps those together.
    pub(super) async fn share<'t>(
        &self,
        templates: &[&'t Numbered],
        now: Timestamp,
        ids: &dyn IdSource,
    ) -> Vec<&'t Numbered> {
        let mut uses: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut order = Vec::with_capacity(templates.len());
        for (place, numbered) in templates.iter().enumerate() {
            if place % YIELD_EVERY == YIELD_EVERY - 1 {
                tokio::task::yield_now().await;
            }
            let requests = opening_requests(&numbered.template, &self.target, now, ids);
            let mut first = Vec::new();
            for request in &requests {
                let bytes = self.bytes_of(request);
                if first.is_empty() {
                    first.clone_from(&bytes);
                }
                *uses.entry(bytes).or_default() += 1;
            }
            order.push((first, *numbered));
        }
        order.sort_by(|(one, _), (other, _)| one.cmp(other));
        let several = uses.into_iter().filter(|(_, uses)| *uses > 1);
        self.shared().answers = several
            .map(|(bytes, uses)| (bytes, Shared { uses_left: uses, answer: Arc::new(OnceCell::new()) }))
            .collect();
        order.into_iter().map(|(_, numbered)| numbered).collect()
    }

    /// The answer to a request of a template.
    pub(super) async fn ask(&self, request: &HttpRequest) -> Answer {
        let bytes = self.bytes_of(request);
        let cell = if request.shared { self.take_share(&bytes) } else { None };
        let safe = request.is_safe();
        let Some(cell) = cell else { return self.send(&bytes, safe).await };
        let answer = cell.get_or_init(|| self.send_and_count(&bytes, safe)).await.clone();
        self.give_back(&bytes, answer.as_ref());
        answer
    }

    fn take_share(&self, bytes: &[u8]) -> Option<Arc<OnceCell<Answer>>> {
        self.shared().answers.get(bytes).map(|shared| Arc::clone(&shared.answer))
    }

    async fn send_and_count(&self, bytes: &[u8], safe: bool) -> Answer {
        let answer = self.send(bytes, safe).await;
        self.shared().bytes += answer.as_ref().map_or(0, |answer| answer.size());
        answer
    }

    /// Forgets an answer that nobody is going to ask for any more, or for which there is no room.
    fn give_back(&self, bytes: &[u8], answer: Option<&Arc<HttpAnswer>>) {
        let mut shared = self.shared();
        let full = shared.bytes > SHARED_BYTES_MAX;
        let Some(entry) = shared.answers.get_mut(bytes) else { return };
        entry.uses_left = entry.uses_left.saturating_sub(1);
        if entry.uses_left == 0 || full {
            shared.answers.remove(bytes);
            shared.bytes = shared.bytes.saturating_sub(answer.map_or(0, |answer| answer.size()));
        }
    }

    /// `safe`: the request changes nothing, so that it may be sent twice.
    async fn send(&self, bytes: &[u8], safe: bool) -> Answer {
        let _turn = self.turns.acquire().await.ok()?;
        // A server that stopped answering, perhaps because of us, is left in peace.
        if self.failures.load(Ordering::Relaxed) >= FAILURES_MAX || Instant::now() >= self.until {
            return None;
        }
        let answer = self.exchange(bytes, safe).await;
        match &answer {
            Some(_) => self.failures.store(0, Ordering::Relaxed),
            None => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        answer.map(Arc::new)
    }

    async fn exchange(&self, bytes: &[u8], safe: bool) -> Option<HttpAnswer> {
        let until = (Instant::now() + ANSWER_PATIENCE).min(self.until);
        // Servers close connections that wait when they please: then there is no answer on it.
        let waiting = if safe { self.idle().pop() } else { None };
        if let Some((stream, _)) = waiting
            && let Some(answer) = self.exchange_on(stream, bytes, safe, until).await
        {
            return Some(answer);
        }
        let stream = self.open(until).await?;
        self.exchange_on(stream, bytes, safe, until).await
    }

    async fn exchange_on(
        &self,
        mut stream: Stream,
        bytes: &[u8],
        safe: bool,
        until: Instant,
    ) -> Option<HttpAnswer> {
        let started = Instant::now();
        if !stream.send(bytes, until).await {
            return None;
        }
        let method =
            bytes.split(|byte| *byte == b' ').next().map(String::from_utf8_lossy).unwrap_or_default();
        let mut received = Vec::new();
        let response = loop {
            let ended = match stream.read(&mut received, until).await {
                Received::Bytes => false,
                // What came is looked at, as long as it has a head.
                Received::Closed | Received::TimeUp | Received::TooMuch => true,
            };
            match Response::parse_up_to(&received, &method, ended, BODY_BYTES_MAX) {
                Ok(Some(response)) => break response,
                Ok(None) if !ended => {}
                Ok(None) | Err(_) => return None,
            }
        };
        let head = head_of(&received, response.status);
        if safe
            && response.reusable
            && is_all(&received, head, &response.body)
            && stream.may_deliver(BODY_BYTES_MAX + HEAD_BYTES_MAX)
            && let Ok(room) = Arc::clone(&self.idle_room).try_acquire_owned()
        {
            self.idle().push((stream, room));
        }
        let headers: Vec<(String, String)> =
            response.headers.into_iter().map(|header| (header.name, header.value)).collect();
        Some(HttpAnswer::new(response.status, head, &headers, &response.body, started.elapsed()))
    }

    /// A connection; without the host's name where the server refuses to be called so.
    async fn open(&self, until: Instant) -> Option<Stream> {
        let stream = Stream::connect(&self.host, self.target.port).await?;
        if !self.target.tls {
            return Some(stream);
        }
        let name = self.target.name.as_deref();
        match stream.into_tls(&self.host, name, until).await {
            None if name.is_some() => {
                Stream::connect(&self.host, self.target.port).await?.into_tls(&self.host, None, until).await
            }
            stream => stream,
        }
    }
}

/// Nothing came behind the answer that would be taken for the beginning of the next one.
fn is_all(received: &[u8], head: &[u8], body: &[u8]) -> bool {
    received.len() == head.len() + body.len() || received.ends_with(b"\r\n0\r\n\r\n")
}

/// The head of the final answer, with its empty line.
fn head_of(received: &[u8], status: u16) -> &[u8] {
    let mut rest = received;
    loop {
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4);
        let end = end.or_else(|| rest.windows(2).position(|window| window == b"\n\n").map(|end| end + 2));
        let (head, after) = rest.split_at(end.unwrap_or(rest.len()));
        // 100 and 103 announce the real answer.
        let announces = head.get(9..10) == Some(b"1") && status >= 200;
        if !announces || after.is_empty() {
            return head;
        }
        rest = after;
    }
}
