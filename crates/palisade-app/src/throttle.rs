//! Slowing down those who guess: after some failures, waiting times that double.
//!
//! Counted for each login and for each source, in memory: a restart forgives. The tables are
//! bounded; when one is full, the entry that was quiet for longest makes room.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use palisade_model::Timestamp;

/// Failures of one login, or from one source, that have no consequence.
const LOGIN_FREE: u32 = 5;
const SOURCE_FREE: u32 = 20;
/// Longest waits. Short for a login, because strangers can cause it to its owner.
const LOGIN_WAIT_S_MAX: i64 = 60;
const SOURCE_WAIT_S_MAX: i64 = 900;
/// Failures are forgotten after this long without another.
const MEMORY_S: i64 = 1_800;
/// Entries of each table.
const ENTRIES_MAX: usize = 10_000;

/// Who failed how often.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    logins: HashMap<String, Failures>,
    sources: HashMap<IpAddr, Failures>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_at: Timestamp,
}

impl Throttle {
    /// Seconds to wait before the next attempt; 0 when it may be now.
    pub(crate) fn wait_s(&self, login: &str, from: IpAddr, now: Timestamp) -> u32 {
        let login = self.logins.get(login).map_or(0, |one| one.wait_s(LOGIN_FREE, LOGIN_WAIT_S_MAX, now));
        let source = self.sources.get(&from).map_or(0, |one| one.wait_s(SOURCE_FREE, SOURCE_WAIT_S_MAX, now));
        u32::try_from(login.max(source)).unwrap_or(0)
    }

    pub(crate) fn note_failure(&mut self, login: &str, from: IpAddr, now: Timestamp) {
        note(&mut self.logins, login.to_owned(), now);
        note(&mut self.sources, from, now);
    }

    /// The login's owner was here. The source keeps its failures: one good account does not
    /// excuse guessing at others.
    pub(crate) fn note_success(&mut self, login: &str) {
        self.logins.remove(login);
    }
}

impl Failures {
    fn wait_s(self, free: u32, wait_s_max: i64, now: Timestamp) -> i64 {
        let passed_s = now.as_second() - self.last_at.as_second();
        // A clock that was set back must not lengthen a wait: the next failure renews it.
        if self.count < free || !(0..MEMORY_S).contains(&passed_s) {
            return 0;
        }
        let doublings = (self.count - free).min(30);
        ((1_i64 << doublings).min(wait_s_max) - passed_s).max(0)
    }
}

fn note<K: Hash + Eq + Clone>(table: &mut HashMap<K, Failures>, key: K, now: Timestamp) {
    if table.len() >= ENTRIES_MAX && !table.contains_key(&key) {
        table.retain(|_, one| now.as_second() - one.last_at.as_second() < MEMORY_S);
        if table.len() >= ENTRIES_MAX {
            let quietest = table.iter().min_by_key(|(_, one)| one.last_at).map(|(key, _)| key.clone());
            quietest.map(|key| table.remove(&key));
        }
    }
    let one = table.entry(key).or_insert(Failures { count: 0, last_at: now });
    if now.as_second() - one.last_at.as_second() >= MEMORY_S {
        one.count = 0;
    }
    *one = Failures { count: one.count.saturating_add(1), last_at: now };
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn waits_double_and_end() {
        let mut throttle = Throttle::default();
        let waits: Vec<u32> = (0..13)
            .map(|_| {
                throttle.note_failure("quays_ab1", HERE, at(0));
                throttle.wait_s("quays_ab1", HERE, at(0))
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(throttle.wait_s("quays_ab1", HERE, at(45)), 15);
        assert_eq!(throttle.wait_s("quays_ab1", HERE, at(60)), 0);
        assert_eq!(throttle.wait_s("quays_cd2", HERE, at(0)), 0, "another login is free");
    }

    #[test]
    fn a_source_that_tries_many_logins_waits() {
        let mut throttle = Throttle::default();
        for number in 0..25 {
            throttle.note_failure(&format!("user{number}"), HERE, at(0));
        }
        assert_eq!(throttle.wait_s("another", HERE, at(0)), 32);
        assert_eq!(throttle.wait_s("another", IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), at(0)), 0);
    }

    #[test]
    fn failures_are_forgotten_in_time_and_by_success() {
        let mut throttle = Throttle::default();
        for _ in 0..6 {
            throttle.note_failure("quays_ab1", HERE, at(0));
        }
        assert_eq!(throttle.wait_s("quays_ab1", HERE, at(MEMORY_S)), 0);
        throttle.note_success("quays_ab1");
        assert_eq!(throttle.wait_s("quays_ab1", HERE, at(0)), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut throttle = Throttle::default();
        for _ in 0..20 {
            throttle.note_failure("quays_ab1", HERE, at(100_000));
        }
        assert_eq!(throttle.wait_s("quays_ab1", HERE, at(10)), 0);
        throttle.note_failure("quays_ab1", HERE, at(10));
        assert_eq!(throttle.wait_s("quays_ab1", HERE, at(10)), 60);
    }

    #[test]
    fn the_tables_are_bounded() {
        let mut throttle = Throttle::default();
        for number in 0..ENTRIES_MAX + 50 {
            throttle.note_failure(&number.to_string(), HERE, at(i64::try_from(number / 10).unwrap()));
        }
        assert_eq!(throttle.logins.len(), ENTRIES_MAX);
    }
}
