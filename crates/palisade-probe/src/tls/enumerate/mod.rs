//! Learns everything a TLS service accepts, by asking: which versions, which suites of each, and
//! how it behaves.
//!
//! The driver opens no connection itself. It gives out attempts (bytes to send on a fresh
//! connection) and takes their outcomes; any number of attempts may be under way at once:
//!
//! ```
//! # use palisade_probe::tls::{Enumeration, EnumerationOptions, Outcome};
//! # fn connect_send_and_read(_: &[u8]) -> Outcome { Outcome::Closed }
//! let mut enumeration = Enumeration::new(EnumerationOptions::default());
//! while let Some(attempt) = enumeration.next_attempt() {
//!     let outcome = connect_send_and_read(&attempt.bytes);
//!     enumeration.answer(attempt.id, outcome);
//! }
//! let facts = enumeration.finish();
//! # assert!(facts.versions.is_empty());
//! ```
//!
//! When attempts run in parallel, [`Enumeration::next_attempt`] gives `None` while everything
//! worth asking is under way; [`Enumeration::is_finished`] tells that from the end.
//!
//! How it asks: first one hello as a browser would send it, which settles whether this is TLS at
//! all. Then, for each version, suites are offered in families, each family a chain of its own:
//! the suite the server chose is taken out and the rest is offered again, until it refuses. At the
//! end come single questions: whose order counts, how a fallback or an unknown version is met,
//! which groups there are. A server that never answers a hello of many suites is asked again with
//! few and without extensions.

mod ask;
mod chain;
mod evidence;
mod flaw;
mod follow_up;

use std::collections::{BTreeMap, VecDeque};

use palisade_model::fact::TlsFacts;

use self::ask::{Ask, Question};
use self::chain::{Chain, Reply};
use self::evidence::Evidence;
use self::follow_up::FollowUp;
pub use self::follow_up::PROTOCOLS;
use super::{Alert, Flight, Reaction, Version};

/// No enumeration opens more connections than this.
pub const ATTEMPTS_MAX: u32 = 400;
/// After so many connections without an answer in time the service is left alone.
const TIMEOUTS_MAX: u32 = 24;
/// After so many refused connections the service is left alone.
const REFUSALS_MAX: u32 = 12;
/// One question is asked at most so many times.
const TRIES_MAX: u8 = 2;

/// Where an enumeration may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnumerationDepth {
    /// At the first certificate.
    Handshake,
    /// When all versions and suites are known.
    Suites,
    #[default]
    Everything,
}

/// What is to be asked, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnumerationOptions {
    /// For the server name extension. Addresses and empty names are not sent.
    pub server_name: Option<String>,
    /// Further names the server may have certificates for; those of its own certificate are asked
    /// for anyway.
    pub names: Vec<String>,
    /// Names that the server is known to answer to: all of them are asked for.
    pub virtual_names: Vec<String>,
    /// Unix seconds; certificates are judged by it.
    pub now: i64,
    /// Goes into hellos. No secret is made of it.
    pub random: [u8; 32],
    /// The connections are switched to TLS by the caller; only noted in the facts.
    pub starttls: bool,
    pub depth: EnumerationDepth,
}

/// Names an attempt within its enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(u32);

/// Open a connection, send these bytes, feed what comes back to a [`super::ServerFlight`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub bytes: Vec<u8>,
    /// When the flight is complete, to be sent on the same connection; what comes then goes to a
    /// [`super::ReactionReader`].
    pub follow: Option<Vec<u8>>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Bytes came back, to the proper end of the flight or not.
    Flight(Box<Flight>),
    /// The flight was complete, [`Attempt::follow`] was sent, and this came of it.
    Followed(Box<Flight>, Reaction),
    /// Connected, and closed or reset by the server without a byte.
    Closed,
    /// Connected, and no byte came in time. A flight that stopped in the middle is a `Flight`.
    Timeout,
    /// No connection.
    Refused,
}

/// Whether the service speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Pending,
    Tls,
    NotTls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// One hello as a browser sends it.
    First,
    /// It was not answered: small old hellos.
    Rescue,
    Suites,
    FollowUp,
    Finished,
}

/// The driver. See the module's documentation.
#[derive(Debug, Clone)]
pub struct Enumeration {
    options: EnumerationOptions,
    phase: Phase,
    verdict: Verdict,
    /// A hello of many suites and extensions was understood.
    robust: bool,
    /// It says no by an alert or by closing, so that silence means something went wrong.
    outspoken: bool,
    queue: VecDeque<Ask>,
    under_way: BTreeMap<AttemptId, Ask>,
    chains: Vec<Chain>,
    follow_up: FollowUp,
    evidence: Evidence,
    attempts: u32,
    timeouts: u32,
    refusals: u32,
    /// Questions were left out, because the server would not take part any more.
    cut_short: bool,
}

impl Enumeration {
    #[must_use]
    pub fn new(mut options: EnumerationOptions) -> Self {
        options.server_name = options
            .server_name
            .map(|name| name.trim_end_matches('.').to_owned())
            .filter(|name| is_host_name(name));
        options.names.retain(|name| is_host_name(name));
        options.virtual_names.retain(|name| is_host_name(name));
        Self {
            options,
            phase: Phase::First,
            verdict: Verdict::Pending,
            robust: false,
            outspoken: false,
            queue: VecDeque::from([Ask::new(Question::First)]),
            under_way: BTreeMap::new(),
            chains: Vec::new(),
            follow_up: FollowUp::default(),
            evidence: Evidence::default(),
            attempts: 0,
            timeouts: 0,
            refusals: 0,
            cut_short: false,
        }
    }

    /// The next connection to make. `None` when there is nothing to ask before an answer comes, or
    /// at all.
    pub fn next_attempt(&mut self) -> Option<Attempt> {
        if self.attempts >= ATTEMPTS_MAX {
            self.give_up();
        }
        let ask = self.queue.pop_front()?;
        let id = AttemptId(self.attempts);
        self.attempts += 1;
        let bytes = ask.to_bytes(&self.options, id.0);
        let follow = ask.follow();
        self.under_way.insert(id, ask);
        Some(Attempt { id, bytes, follow })
    }

    /// Takes the outcome of an attempt. An identifier that is not under way is ignored.
    pub fn answer(&mut self, id: AttemptId, outcome: Outcome) {
        let Some(mut ask) = self.under_way.remove(&id) else { return };
        match outcome {
            Outcome::Refused => {
                self.refusals += 1;
                if !self.ask_again(&mut ask, self.refusals < REFUSALS_MAX) {
                    self.take_reply(&ask, &Reply::Silence);
                }
            }
            Outcome::Timeout => {
                self.timeouts += 1;
                let retry = self.timeouts < TIMEOUTS_MAX && self.outspoken && self.is_in_midst(&ask);
                if !self.ask_again(&mut ask, retry) {
                    self.take_reply(&ask, &Reply::Silence);
                }
            }
            Outcome::Closed => self.take_reply(&ask, &Reply::Closed),
            Outcome::Followed(flight, reaction) => {
                if flight.hello.is_some() {
                    self.evidence.take(&ask, &flight);
                }
                let next = self.follow_up.flaws.take(&ask.question, reaction);
                self.queue.extend(next);
            }
            Outcome::Flight(flight) => {
                let reply = Reply::of(flight);
                if let Reply::Hello(flight) | Reply::Ssl2(flight) = &reply {
                    self.evidence.take(&ask, flight);
                }
                self.take_reply(&ask, &reply);
            }
        }
        if self.timeouts >= TIMEOUTS_MAX || self.refusals >= REFUSALS_MAX {
            self.give_up();
        }
        self.advance();
    }

    /// Known after the first answer as a rule, and no later than the fourth.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Nothing is left to ask and nothing is under way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.queue.is_empty() && self.under_way.is_empty()
    }

    /// Some questions were left out, because there were too many, or because the server did not take
    /// part any more: what is missing in the facts means nothing.
    #[must_use]
    pub const fn is_cut_short(&self) -> bool {
        self.cut_short
    }

    /// How many attempts were given out.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How many attempts are given out and not answered.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// The service speaks TLS and no certificate was sent in the clear (TLS 1.3 only): the chain
    /// has to be fetched with a real client and handed to [`Enumeration::add_certificates`].
    #[must_use]
    pub fn needs_certificates(&self) -> bool {
        self.verdict == Verdict::Tls && self.evidence.chains.is_empty() && self.speaks_tls13()
    }

    /// The service speaks TLS 1.3.
    #[must_use]
    pub fn speaks_tls13(&self) -> bool {
        self.evidence.versions.contains(&Version::Tls13)
    }

    /// Adds a chain that was fetched otherwise; DER, the server's own first. It becomes the chain
    /// of the facts unless there is one already.
    pub fn add_certificates(&mut self, chain: &[Vec<u8>]) {
        self.evidence.add_chain(chain);
    }

    /// Every different chain seen, in DER, the first seen first: a server may have one for each
    /// sort of key.
    #[must_use]
    pub fn chains(&self) -> &[Vec<Vec<u8>>] {
        &self.evidence.chains
    }

    /// Everything learnt. May be called at any time, also before the end.
    #[must_use]
    pub fn finish(&self) -> TlsFacts {
        self.evidence.facts(&self.options, &self.chains, &self.follow_up)
    }

    fn give_up(&mut self) {
        self.cut_short |= !self.queue.is_empty();
        self.queue.clear();
    }

    fn ask_again(&mut self, ask: &mut Ask, wanted: bool) -> bool {
        ask.tries = ask.tries.saturating_add(1);
        let again = wanted && ask.tries < TRIES_MAX;
        if again {
            self.queue.push_back(ask.clone());
        }
        again
    }

    /// A chain that was answered before is worth asking again when an answer stays out.
    fn is_in_midst(&self, ask: &Ask) -> bool {
        match &ask.question {
            Question::Suites { chain, .. } => {
                self.chains.get(*chain).is_some_and(|chain| !chain.accepted.is_empty())
            }
            Question::First | Question::Rescue { .. } => false,
            _ => true,
        }
    }

    fn take_reply(&mut self, ask: &Ask, reply: &Reply) {
        if matches!(reply, Reply::Hello(_) | Reply::Ssl2(_) | Reply::Refusal(_)) {
            self.verdict = Verdict::Tls;
        }
        if ask.is_full() && reply.is_understanding() {
            self.robust = true;
        }
        if matches!(reply, Reply::Refusal(_) | Reply::Closed) {
            self.outspoken = true;
        }
        match &ask.question {
            Question::First => self.take_first(ask, reply),
            Question::Rescue { .. } | Question::Ssl2 => {
                if matches!(reply, Reply::Foreign) && self.verdict == Verdict::Pending {
                    self.verdict = Verdict::NotTls;
                    self.queue.clear();
                }
            }
            Question::Suites { chain, .. } => {
                chain::take_reply(&mut self.chains, *chain, reply, self.robust);
                self.queue.extend(chain::next_asks(&mut self.chains));
            }
            question => {
                let next = self.follow_up.take_reply(question, reply);
                self.queue.extend(next);
            }
        }
    }

    fn take_first(&mut self, ask: &Ask, reply: &Reply) {
        match reply {
            Reply::Refusal(alert)
                if alert.description == Alert::UNRECOGNIZED_NAME && self.options.server_name.is_some() =>
            {
                self.options.server_name = None;
                self.queue.push_back(ask.clone());
            }
            Reply::Foreign => self.verdict = Verdict::NotTls,
            Reply::Closed | Reply::Silence => {
                self.phase = Phase::Rescue;
                self.queue.extend(ask::rescue());
            }
            Reply::Hello(_) | Reply::Ssl2(_) | Reply::Refusal(_) => {}
        }
    }

    /// Goes on to the next phase when all of this one is answered.
    fn advance(&mut self) {
        let shows_certificates = !self.evidence.chains.is_empty() || self.needs_certificates();
        if self.options.depth == EnumerationDepth::Handshake && shows_certificates {
            self.queue.clear();
            self.phase = Phase::Finished;
        }
        while self.queue.is_empty() && self.under_way.is_empty() && self.phase != Phase::Finished {
            self.phase = match (self.phase, self.verdict) {
                (Phase::First | Phase::Rescue, Verdict::Tls) => self.start_suites(),
                (Phase::Suites, _) if self.options.depth == EnumerationDepth::Everything => {
                    self.follow_up = FollowUp::new(&self.options, &self.chains, &self.evidence);
                    let asks = self.follow_up.first_asks();
                    self.queue.extend(asks);
                    Phase::FollowUp
                }
                _ => {
                    if self.verdict == Verdict::Pending {
                        self.verdict = Verdict::NotTls;
                    }
                    Phase::Finished
                }
            };
            if self.exhausted() {
                self.give_up();
            }
        }
    }

    fn start_suites(&mut self) -> Phase {
        // Hellos of the rescue are small and bare; if only those were understood, stay with them.
        let bare = self.phase == Phase::Rescue && !self.robust;
        self.chains = chain::all_chains(bare);
        self.queue.extend(chain::next_asks(&mut self.chains));
        if self.phase == Phase::First {
            self.queue.push_back(Ask::new(Question::Ssl2));
        }
        Phase::Suites
    }

    const fn exhausted(&self) -> bool {
        self.attempts >= ATTEMPTS_MAX || self.timeouts >= TIMEOUTS_MAX || self.refusals >= REFUSALS_MAX
    }
}

/// Letters, digits, hyphens, underscores and dots, and not an address.
fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && name.parse::<std::net::IpAddr>().is_err()
}
