//! A sweep: every host asked every question, once, and again where nothing came back.
//!
//! Two threads. The sender walks the keyed order with one cursor for each pass; a later pass follows
//! an earlier one at the distance of the hosts' patience and asks only where there was silence. The
//! receiver reads the ring, lets every frame prove itself, and calls the taker of answers. Between
//! them lies a [`Window`] of bits. Nothing else is remembered of a host.
//!
//! Absent: a verdict on hosts, retries beyond the passes, and an order of importance among ports.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::answer;
use crate::control::{Control, Wish};
use crate::cookie::CookieKey;
use crate::error::Error;
use crate::frame::{Fields, Mac, Sender, Stencil};
use crate::line::{Line, Parts};
use crate::patience::Patience;
use crate::permutation::Permutation;
use crate::probe::{PASSES_MAX, Probe};
use crate::proof::{Judge, Proven, Reply};
use crate::rate::{LOOK_EVERY, Rate, Seen};
use crate::ring::Ring;
use crate::targets::Targets;
use crate::transmit::{BATCH, Transmitter};
use crate::window::{Noted, Window};

/// How long the receiver sleeps at most before it looks whether it is over.
const NAP: Duration = Duration::from_millis(5);
/// How long the sender sleeps while it has nothing to send.
const PAUSE: Duration = Duration::from_micros(500);
/// After the last host's first answer the others are awaited for this long at most.
const GRACE_MAX: Duration = Duration::from_millis(250);
/// Positions looked at before the sender looks at the time again.
const STRIDE: usize = 4_096;

/// When a host, or a host's port, needs no more questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Each probe to each host is a question of its own: ports.
    EveryProbe,
    /// A host that answered one probe has answered: discovery. All probes are sent together.
    AnyAnswer,
}

/// Where frames are sent to.
#[derive(Debug, Clone)]
pub enum Hop {
    /// To the group of all hosts: [`Probe::Neighbour`] alone needs no more.
    Broadcast,
    Gateway(Mac),
    /// Each host's own, in the order of the targets.
    Each(Arc<[Mac]>),
}

/// Who else has a say in how fast packets leave.
pub trait Gate: Send + Sync {
    /// `None` when `packets` may go now (and count as gone), else how long to wait before asking again.
    fn admit(&self, packets: u32) -> Option<Duration>;
}

/// Lets everything go.
#[derive(Debug, Clone, Copy)]
pub struct OpenGate;

impl Gate for OpenGate {
    fn admit(&self, _: u32) -> Option<Duration> {
        None
    }
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    pub targets: Targets,
    /// Distinct. With [`Goal::AnyAnswer`] at most 16.
    pub probes: Vec<Probe>,
    pub goal: Goal,
    /// How often a silent question is asked, 1 to [`PASSES_MAX`].
    pub passes: u8,
    /// Packets a second, at most.
    pub rate_pps: u32,
    pub hop: Hop,
    /// Unpredictable bytes: the cookie's key, and the order's.
    pub seed: [u8; 24],
    /// Everything before this position of the order has been done (see [`Summary::position`]).
    pub start: u64,
}

/// An answer that proved itself and is news.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    /// The host's number among the targets.
    pub number: u64,
    /// The probe's place in the plan.
    pub probe: usize,
    pub proven: Proven,
    /// From a question's departure to now, a few milliseconds too long; of first questions only.
    pub round_trip: Option<Duration>,
}

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Everything before this position of the order is done. A sweep that starts here, with the same
    /// seed, does the rest.
    pub position: u64,
    /// Positions of the order in all.
    pub size: u64,
    pub sent: u64,
    /// Positions that answered.
    pub answered: u64,
    /// Frames that did not prove themselves.
    pub refused: u64,
    /// Answers beyond the first to the same question.
    pub repeated: u64,
    /// Frames that this machine itself lost.
    pub dropped: u64,
    /// From the first question to the end, without the opening of sockets.
    pub elapsed: Duration,
}

/// What both threads share.
struct Shared<'a> {
    plan: &'a Plan,
    order: Permutation,
    probe_count: u64,
    window: Window,
    patience: Patience,
    control: &'a Control,
    over: AtomicBool,
    refused: AtomicU64,
    repeated: AtomicU64,
    dropped: AtomicU64,
    answers_first: AtomicU64,
    answers_repeated: AtomicU64,
}

/// Runs a sweep and returns when it is over; blocks. `take` is called from another thread, with the
/// first answer to each question (and, in discovery, to each probe).
///
/// # Errors
/// Without CAP_NET_RAW, or when the interface fails. What was heard until then was taken.
pub fn run(
    plan: &Plan,
    line: &mut Line,
    gate: &dyn Gate,
    control: &Control,
    take: impl FnMut(&Heard) + Send,
) -> Result<Summary, Error> {
    let sender = line.sender();
    let key = CookieKey::new(std::array::from_fn(|index| plan.seed.get(index).copied().unwrap_or_default()));
    let judge = Judge { key, address: sender.address, port_first: sender.port_first };
    let shared = Shared::new(plan, control);
    let packets = shared.order.size().saturating_mul(shared.probes_each());
    let Parts { ring, transmitter, .. } = line.parts(packets)?;
    let mut sending = Sending::new(&shared, sender, key, transmitter);
    let started = Instant::now();
    let elapsed = std::thread::scope(|scope| {
        let receiver = scope.spawn(|| receive(&shared, judge, ring, take));
        let sent = sending.run(gate);
        let elapsed = started.elapsed();
        shared.over.store(true, Ordering::Release);
        let received = receiver.join().unwrap_or(Ok(()));
        sent.and(received).map(|()| elapsed)
    })?;
    Ok(Summary { elapsed, ..shared.summary() })
}

impl<'a> Shared<'a> {
    fn new(plan: &'a Plan, control: &'a Control) -> Self {
        let probe_count = plan.probes.len() as u64;
        let (size, bits) = match plan.goal {
            Goal::EveryProbe => (plan.targets.count().saturating_mul(probe_count), 1),
            Goal::AnyAnswer if probe_count == 0 => (0, 1),
            Goal::AnyAnswer => (plan.targets.count(), plan.probes.len()),
        };
        let tail = plan.seed.last_chunk::<8>().copied().unwrap_or_default();
        let order = Permutation::new(size, u64::from_le_bytes(tail));
        let start = plan.start.min(order.size());
        control.begin(order.size(), start);
        Self {
            plan,
            probe_count: probe_count.max(1),
            window: Window::new(order.size(), start, bits),
            order,
            patience: Patience::default(),
            control,
            over: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            answers_first: AtomicU64::new(0),
            answers_repeated: AtomicU64::new(0),
        }
    }

    /// Packets for each position.
    fn probes_each(&self) -> u64 {
        if self.plan.goal == Goal::AnyAnswer { self.probe_count } else { 1 }
    }

    /// Host and, for ports, probe at a position.
    fn question(&self, position: u64) -> (u64, usize) {
        let index = self.order.at(position);
        match self.plan.goal {
            Goal::AnyAnswer => (index, 0),
            Goal::EveryProbe => {
                (index / self.probe_count, usize::try_from(index % self.probe_count).unwrap_or_default())
            }
        }
    }

    /// The position at which this host was asked this.
    fn position_of(&self, number: u64, probe: usize) -> u64 {
        match self.plan.goal {
            Goal::AnyAnswer => self.order.position_of(number),
            Goal::EveryProbe => self.order.position_of(number * self.probe_count + probe as u64),
        }
    }

    fn summary(&self) -> Summary {
        Summary {
            position: self.window.tail(),
            size: self.order.size(),
            sent: self.control.sent(),
            answered: self.control.answered(),
            refused: self.refused.load(Ordering::Relaxed),
            repeated: self.repeated.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            elapsed: Duration::ZERO,
        }
    }
}

/// One pass over the order.
#[derive(Debug, Default)]
struct Pass {
    /// The next position.
    cursor: u64,
    /// Where the cursor was, and when; oldest first.
    marks: VecDeque<(u64, Instant)>,
}

impl Pass {
    fn mark(&mut self, now: Instant) {
        match self.marks.back_mut() {
            // Marks of the same moments are one.
            Some((position, at)) if now.duration_since(*at) < Duration::from_millis(1) => {
                *position = self.cursor;
            }
            Some((position, _)) if *position == self.cursor => {}
            _ => self.marks.push_back((self.cursor, now)),
        }
    }

    /// How far everything has had its time.
    fn ripe_until(&mut self, patience: Duration, now: Instant) -> Option<u64> {
        let mut ripe = None;
        while let Some((position, at)) = self.marks.front().copied() {
            if now.duration_since(at) < patience {
                break;
            }
            ripe = Some(position);
            self.marks.pop_front();
        }
        ripe
    }
}

/// The sender's side.
struct Sending<'a> {
    shared: &'a Shared<'a>,
    transmitter: &'a mut Transmitter,
    stencils: Vec<Stencil>,
    key: CookieKey,
    /// The last one sends nothing: it closes what has been waited for.
    passes: Vec<Pass>,
    /// How far each pass may go.
    limits: Vec<u64>,
    rate: Rate,
    looked: Instant,
    counted: Seen,
    /// First questions that have left: all before this position.
    flushed: u64,
    /// When everybody had answered something.
    all_answered: Option<Instant>,
}

impl<'a> Sending<'a> {
    fn new(shared: &'a Shared<'a>, sender: Sender, key: CookieKey, transmitter: &'a mut Transmitter) -> Self {
        let started = Instant::now();
        let plan = shared.plan;
        let start = shared.window.tail();
        let passes = usize::from(plan.passes.clamp(1, PASSES_MAX));
        let stencils = plan.probes.iter().filter_map(|probe| Stencil::new(*probe, sender).ok()).collect();
        let mut limits = vec![start; passes + 1];
        if let Some(first) = limits.first_mut() {
            *first = shared.order.size();
        }
        Self {
            shared,
            transmitter,
            stencils,
            key,
            passes: (0..=passes).map(|_| Pass { cursor: start, marks: VecDeque::new() }).collect(),
            limits,
            rate: Rate::new(plan.rate_pps, started),
            looked: started,
            counted: Seen::default(),
            flushed: start,
            all_answered: None,
        }
    }

    fn run(&mut self, gate: &dyn Gate) -> Result<(), Error> {
        loop {
            match self.shared.control.wish() {
                Wish::Run => {}
                Wish::Pause => {
                    std::thread::sleep(NAP);
                    continue;
                }
                Wish::Cancel => return Ok(()),
            }
            let now = Instant::now();
            self.ripen(now);
            if self.is_done(now) {
                return Ok(());
            }
            self.fill();
            self.look(now);
            if self.transmitter.waiting() == 0 {
                std::thread::sleep(PAUSE);
                continue;
            }
            if !self.admit(gate, now) {
                return Ok(());
            }
            self.shared.control.count_sent(self.transmitter.waiting() as u64);
            let begun = Instant::now();
            // Before they leave: an answer may be back before the call is.
            let before = self.flushed;
            self.shared.patience.mark(before, begun);
            self.transmitter.flush()?;
            let now = Instant::now();
            self.passes.iter_mut().for_each(|pass| pass.mark(now));
            if let Some(first) = self.passes.first() {
                self.flushed = first.cursor;
                self.shared.control.show_first_pass(first.cursor);
            }
        }
    }

    /// Lets each pass follow the one before, as far as that had its time.
    fn ripen(&mut self, now: Instant) {
        let last = self.passes.len().saturating_sub(2);
        for (index, pass) in self.passes.iter_mut().enumerate() {
            let patience = &self.shared.patience;
            let patience = if index == last { patience.at_last() } else { patience.get() };
            if let Some(position) = pass.ripe_until(patience, now)
                && let Some(limit) = self.limits.get_mut(index + 1)
            {
                *limit = position;
            }
        }
        if let (Some(closing), Some(limit)) = (self.passes.last_mut(), self.limits.last()) {
            closing.cursor = *limit;
            self.shared.window.close_until(*limit);
        }
    }

    fn is_done(&mut self, now: Instant) -> bool {
        let size = self.shared.order.size();
        let all_sent = self.flushed >= size;
        if all_sent && self.shared.control.answered() >= size - self.shared.plan.start.min(size) {
            let since = *self.all_answered.get_or_insert(now);
            // A host that has answered one probe may be about to answer the others.
            let grace = match self.shared.plan.goal {
                Goal::AnyAnswer if self.stencils.len() > 1 => self.shared.patience.get().min(GRACE_MAX),
                _ => Duration::ZERO,
            };
            if now.duration_since(since) >= grace {
                self.shared.window.close_until(size);
            }
        }
        self.shared.window.tail() >= size
    }

    /// Fills the batch: repeated questions first, they are few and older.
    fn fill(&mut self) {
        let sending = self.passes.len().saturating_sub(1);
        let batch = self.rate.batch(BATCH);
        let each = usize::try_from(self.shared.probes_each()).unwrap_or(1);
        for index in (0..sending).rev() {
            for _ in 0..STRIDE {
                // The probes of one host stay together.
                if self.transmitter.waiting() + each > BATCH || self.transmitter.waiting() >= batch {
                    return;
                }
                if !self.step(index) {
                    break;
                }
            }
            // Marks must not lag behind where everything answered.
            if self.transmitter.waiting() == 0 && index > 0 {
                let now = Instant::now();
                self.passes.get_mut(index).into_iter().for_each(|pass| pass.mark(now));
            }
        }
    }

    /// Moves a pass by one position. `false` when it may not go further now.
    fn step(&mut self, index: usize) -> bool {
        let window = &self.shared.window;
        let Some(limit) = self.limits.get(index).copied() else { return false };
        let Some(pass) = self.passes.get_mut(index) else { return false };
        let position = pass.cursor;
        if position >= limit || (index == 0 && position >= window.room_until()) {
            return false;
        }
        pass.cursor += 1;
        if index == 0 {
            window.open_next();
        } else if !window.is_silent(position) {
            return true;
        }
        let (number, probe) = self.shared.question(position);
        let pass = u8::try_from(index).unwrap_or_default();
        if self.shared.plan.goal == Goal::AnyAnswer {
            (0..self.stencils.len()).for_each(|probe| self.put(number, probe, pass));
        } else {
            self.put(number, probe, pass);
        }
        true
    }

    fn put(&mut self, number: u64, probe: usize, pass: u8) {
        let plan = self.shared.plan;
        let (Some(stencil), Some(to)) = (self.stencils.get(probe), plan.targets.address(number)) else {
            return;
        };
        let Some(asked) = plan.probes.get(probe) else { return };
        let mac = match &plan.hop {
            Hop::Broadcast => [0xff; 6],
            Hop::Gateway(mac) => *mac,
            Hop::Each(all) => {
                let Some(mac) = usize::try_from(number).ok().and_then(|number| all.get(number)) else {
                    return;
                };
                *mac
            }
        };
        let fields = Fields { mac, to, cookie: self.key.of(to, asked.about(pass)), pass };
        self.transmitter.push(|slot| stencil.write(slot, &fields));
    }

    /// Waits until the batch may go. `false` when the sweep is cancelled meanwhile.
    fn admit(&mut self, gate: &dyn Gate, now: Instant) -> bool {
        let packets = self.transmitter.waiting();
        let mut wait = self.rate.wait(packets, now);
        loop {
            // Short enough for a cancellation to be noticed.
            while wait > Duration::ZERO {
                if self.shared.control.wish() == Wish::Cancel {
                    return false;
                }
                let nap = wait.min(NAP);
                std::thread::sleep(nap);
                wait -= nap;
            }
            match gate.admit(u32::try_from(packets).unwrap_or(u32::MAX)) {
                None => return true,
                Some(longer) => wait = longer.max(Duration::from_micros(100)),
            }
        }
    }

    /// Adapts the rate.
    fn look(&mut self, now: Instant) {
        if now.duration_since(self.looked) < LOOK_EVERY {
            return;
        }
        self.looked = now;
        let shared = self.shared;
        let all = Seen {
            sent: shared.control.sent(),
            first: shared.answers_first.load(Ordering::Relaxed),
            repeated: shared.answers_repeated.load(Ordering::Relaxed),
            dropped: shared.dropped.load(Ordering::Relaxed),
        };
        let before = std::mem::replace(&mut self.counted, all);
        let seen = Seen {
            sent: all.sent - before.sent,
            first: all.first - before.first,
            repeated: all.repeated - before.repeated,
            dropped: all.dropped - before.dropped,
        };
        self.rate.look(seen, now);
    }
}

/// The receiver's side: until the sender is done.
fn receive(
    shared: &Shared<'_>,
    judge: Judge,
    ring: &mut Ring,
    mut take: impl FnMut(&Heard) + Send,
) -> Result<(), Error> {
    let places = Places::new(&shared.plan.probes);
    let mut looked = Instant::now();
    while !shared.over.load(Ordering::Acquire) {
        ring.receive(NAP, |frame| {
            let proven = answer::read(frame).and_then(|answer| judge.prove(&answer));
            match proven.and_then(|proven| hear(shared, &places, &proven)) {
                Some(heard) => take(&heard),
                None => {
                    shared.refused.fetch_add(u64::from(proven.is_none()), Ordering::Relaxed);
                }
            }
        })?;
        if looked.elapsed() >= LOOK_EVERY {
            looked = Instant::now();
            shared.dropped.fetch_add(ring.take_drops(), Ordering::Relaxed);
        }
    }
    shared.dropped.fetch_add(ring.take_drops(), Ordering::Relaxed);
    Ok(())
}

/// Notes an answer; `None` when it is no news.
fn hear(shared: &Shared<'_>, places: &Places, proven: &Proven) -> Option<Heard> {
    let number = shared.plan.targets.number(proven.host)?;
    let probe = places.of(proven.probe)?;
    let position = shared.position_of(number, probe);
    let counts = shared.plan.goal == Goal::EveryProbe || proven.reply.shows_life();
    let noted = if counts { shared.window.note(position, probe) } else { Noted::More };
    match noted {
        Noted::First => {
            shared.control.count_answered();
            let repeated = proven.pass.is_some_and(|pass| pass > 0);
            let counter = if repeated { &shared.answers_repeated } else { &shared.answers_first };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Noted::More => {}
        Noted::Again | Noted::Elsewhere => {
            shared.repeated.fetch_add(1, Ordering::Relaxed);
            return None;
        }
    }
    let round_trip = (proven.pass == Some(0)).then(|| shared.patience.learn(position)).flatten();
    Some(Heard { number, probe, proven: *proven, round_trip })
}

/// Where each probe stands in the plan.
struct Places {
    /// For SYNs, by port; the place and one.
    syn: Box<[u16]>,
    others: Vec<(Probe, usize)>,
}

impl Places {
    fn new(probes: &[Probe]) -> Self {
        let mut places = Self { syn: vec![0; 1 << 16].into(), others: Vec::new() };
        for (place, probe) in probes.iter().enumerate() {
            match (probe, u16::try_from(place + 1)) {
                (Probe::Syn(port), Ok(place)) => {
                    places.syn.get_mut(usize::from(*port)).into_iter().for_each(|entry| *entry = place);
                }
                _ => places.others.push((*probe, place)),
            }
        }
        places
    }

    fn of(&self, probe: Probe) -> Option<usize> {
        let listed = || self.others.iter().find(|(each, _)| *each == probe).map(|(_, place)| *place);
        match probe {
            Probe::Syn(port) => match self.syn.get(usize::from(port)).copied().unwrap_or_default() {
                0 => listed(),
                place => Some(usize::from(place - 1)),
            },
            _ => listed(),
        }
    }
}

/// The hardware addresses of neighbours: ARP, or neighbour solicitation. Blocks.
///
/// # Errors
/// As [`run`].
pub fn neighbours(
    targets: Targets,
    line: &mut Line,
    gate: &dyn Gate,
    control: &Control,
    rate_pps: u32,
    seed: [u8; 24],
) -> Result<Vec<(IpAddr, Mac)>, Error> {
    let plan = Plan {
        targets,
        probes: vec![Probe::Neighbour],
        goal: Goal::EveryProbe,
        passes: 3,
        rate_pps,
        hop: Hop::Broadcast,
        seed,
        start: 0,
    };
    let mut found = Vec::new();
    run(&plan, line, gate, control, |heard| {
        if let Reply::Neighbour(mac) = heard.proven.reply {
            found.push((heard.proven.host, mac));
        }
    })?;
    found.sort_unstable();
    Ok(found)
}
