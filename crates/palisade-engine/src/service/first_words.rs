//! What to say to a port of which nothing is known but that it is open, and in which order.
//!
//! Everything said costs the host a connection, so there is a budget of them, and the order is
//! what pays: first listening and what the port number makes likely, then the tongues in which
//! nearly everything gives itself away, then binary protocols. Of those a port that has swallowed
//! everything in silence is asked the few that are silent to text, and a port that hung up on us
//! those that hang up. A scan for few QIDs leaves out binary protocols that none of them is about;
//! the others are asked all the same, because what answers them is nothing else.

use palisade_kb::Needs;
use palisade_probe::identify::{self, GenericProbe};
use palisade_probe::starttls::Upgrade;

/// Connections for finding out what a port is that reacts to nothing, in all.
pub(super) const SILENT_CONNECTIONS_MAX: usize = 8;
/// The same for one that reacts, and is not understood.
pub(super) const REACTING_CONNECTIONS_MAX: usize = 28;
/// Kept back of the silent ports' budget for a last look of another kind.
const LAST_LOOKS: usize = 1;
/// Questions asked because of the port number.
const LIKELY_MAX: usize = 3;
/// Binary questions asked at the same time.
pub(super) const PARALLEL: usize = 6;

/// A first sending whose answer tells a protocol.
#[derive(Debug, Clone, Copy)]
pub(super) enum FirstWords {
    /// Say nothing: the service may speak first.
    Listen,
    /// The hello of a browser.
    Tls,
    Probe(GenericProbe),
}

impl FirstWords {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Tls => "tls",
            Self::Probe(probe) => probe.name,
        }
    }
}

/// The first words for one port, in waves.
#[derive(Debug)]
pub(super) struct Order {
    /// At once. A port number proves nothing, but it says what is worth asking first.
    pub(super) likely: Vec<FirstWords>,
    /// When those stayed without an answer.
    pub(super) general: Vec<FirstWords>,
    /// Then, where nothing reacted.
    pub(super) quiet: Vec<FirstWords>,
    /// Then, where something did.
    pub(super) picky: Vec<FirstWords>,
    /// The service on this port greets as a rule, so that a slow one deserves time.
    pub(super) greeted: bool,
    /// TLS is at home on this port, so that it deserves a hello of its own when nothing answered.
    pub(super) tls_expected: bool,
}

/// Services that speak first; anything we say would only be logged.
const GREETERS: [&str; 14] = [
    "ftp", "ssh", "telnet", "smtp", "pop3", "imap", "rsync", "mysql", "vnc", "nntp", "irc", "daytime",
    "chargen", "time",
];
/// Ports where TLS starts at once as a rule, beside those of the web.
const TLS_PORTS: [u16; 13] = [465, 563, 636, 853, 990, 992, 993, 994, 995, 3_269, 5_061, 6_697, 8_883];

/// Ports of the web that speak TLS as a rule.
const TLS_WEB_PORTS: [u16; 4] = [443, 4_443, 8_443, 9_443];

impl Order {
    /// The order for a port, plain or inside TLS, as far as it is of use for the needs.
    pub(super) fn of(port: u16, tls: bool, needs: &Needs) -> Self {
        let names = identify::likely(port);
        let greeted = names.iter().any(|name| GREETERS.contains(name)) && (tls || !TLS_PORTS.contains(&port));
        let mut order = Self {
            likely: vec![FirstWords::Listen],
            general: Vec::new(),
            quiet: Vec::new(),
            picky: Vec::new(),
            greeted,
            tls_expected: TLS_PORTS.contains(&port) || TLS_WEB_PORTS.contains(&port),
        };
        if identify::prints(port) {
            return order;
        }
        if TLS_PORTS.contains(&port) && !tls {
            order.likely.push(FirstWords::Tls);
        } else if !greeted {
            let questions = names.iter().filter_map(|name| identify::probe(name));
            order.likely.extend(questions.take(LIKELY_MAX).map(FirstWords::Probe));
            // Nearly all that waits to be asked is a web server, and half of those speak TLS.
            if names.contains(&"http") && !tls {
                order.likely.push(FirstWords::Tls);
            }
        }
        let switches = |name: &str| !tls && needs.tls() && Upgrade::of_service(name).is_some();
        let waits = |name: &&str| *name != "ssh" && (needs.looks_for(name) || switches(name));
        if !GREETERS.iter().any(waits) {
            order.ask_once();
        }
        let mut asked: Vec<&str> = order.likely.iter().map(FirstWords::name).collect();
        let mut general: Vec<FirstWords> =
            ["http", "line"].into_iter().filter_map(identify::probe).map(FirstWords::Probe).collect();
        if !tls {
            general.insert(1, FirstWords::Tls);
        }
        general.retain(|words| !asked.contains(&words.name()));
        asked.extend(general.iter().map(FirstWords::name));
        let left = |all: usize| all.saturating_sub(asked.len());
        let new = |probe: &GenericProbe| {
            !asked.contains(&probe.name) && (needs.looks_for(probe.name) || switches(probe.name))
        };
        let quiet = identify::for_quiet().filter(new).take(left(SILENT_CONNECTIONS_MAX - LAST_LOOKS));
        order.quiet = quiet.map(FirstWords::Probe).collect();
        let picky = identify::for_picky().filter(new).take(left(REACTING_CONNECTIONS_MAX));
        order.picky = picky.map(FirstWords::Probe).collect();
        order.general = general;
        order
    }

    /// Asks without listening beside it, where no greeting matters but that of an SSH server, which
    /// greets whoever asks it something: one connection instead of two or three. What TLS is at home on
    /// is asked for that alone; the rest has its turn when it is in vain.
    fn ask_once(&mut self) {
        let is_hello = |words: &FirstWords| matches!(words, FirstWords::Tls);
        if self.tls_expected && self.likely.iter().any(is_hello) {
            self.likely.retain(is_hello);
        } else if self.likely.len() > 1 {
            self.likely.retain(|words| !matches!(words, FirstWords::Listen));
        }
    }
}

#[cfg(test)]
mod tests {
    use palisade_kb::KnowledgeBase;
    use palisade_model::Qid;
    use palisade_model::option_profile::QidSelection;

    use super::*;

    fn names(words: &[FirstWords]) -> Vec<&'static str> {
        words.iter().map(FirstWords::name).collect()
    }

    fn order(port: u16, tls: bool) -> Order {
        Order::of(port, tls, &Needs::everything())
    }

    fn order_for(qid: u32, port: u16) -> Order {
        let kb = KnowledgeBase::embedded().unwrap();
        let only = Some(Qid::new(qid).into_iter().collect());
        Order::of(port, false, &kb.needs(&QidSelection { only, ..QidSelection::default() }))
    }

    #[test]
    fn binary_questions_are_asked_where_they_matter() {
        // An SSH banner: whatever answers in text is no SSH server, the rest cannot be one.
        let banner = order_for(38_050, 4_711);
        assert_eq!(names(&banner.likely), ["http", "tls"]);
        assert_eq!(names(&banner.general), ["line"]);
        assert!(banner.quiet.is_empty() && banner.picky.is_empty());
        // The certificates of a PostgreSQL server on a port of its own are behind its request for TLS.
        let certificates = order_for(38_167, 4_711);
        assert_eq!(names(&certificates.picky), ["postgresql", "ldap"]);
    }

    #[test]
    fn what_no_greeting_matters_for_costs_one_connection() {
        assert_eq!(names(&order_for(38_050, 22).likely), ["listen"]);
        assert_eq!(names(&order_for(86_000, 6_379).likely), ["redis"]);
        let secure = order_for(86_000, 443);
        assert_eq!(names(&secure.likely), ["tls"]);
        assert_eq!(names(&secure.general), ["http", "line"]);
        // Mail servers greet, and may switch to the TLS that is looked for.
        assert_eq!(names(&order_for(38_167, 4_711).likely), ["listen", "http", "tls"]);
    }

    #[test]
    fn likely_questions_come_first_and_none_twice() {
        assert_eq!(names(&order(22, false).likely), ["listen"]);
        assert_eq!(names(&order(443, false).likely), ["listen", "http", "tls"]);
        assert_eq!(names(&order(993, false).likely), ["listen", "tls"]);
        assert_eq!(names(&order(993, true).likely), ["listen"]);
        assert_eq!(names(&order(6379, false).likely), ["listen", "redis"]);
        assert_eq!(names(&order(502, false).likely), ["listen", "modbus"]);
    }

    #[test]
    fn every_port_stays_within_its_budget() {
        for port in 1..=u16::MAX {
            for tls in [false, true] {
                let order = order(port, tls);
                let common = [names(&order.likely), names(&order.general)].concat();
                for (more, most) in [
                    (names(&order.quiet), SILENT_CONNECTIONS_MAX - LAST_LOOKS),
                    (names(&order.picky), REACTING_CONNECTIONS_MAX),
                ] {
                    let mut all = [common.clone(), more].concat();
                    assert!(all.len() <= most, "port {port}: {all:?}");
                    let count = all.len();
                    all.sort_unstable();
                    all.dedup();
                    assert_eq!(all.len(), count, "port {port} is asked something twice");
                    assert!(!tls || !all.contains(&"tls"), "port {port}");
                }
            }
        }
    }

    #[test]
    fn a_printer_is_left_alone() {
        let order = order(9100, false);
        assert_eq!(names(&order.likely), ["listen"]);
        assert!(order.general.is_empty() && order.quiet.is_empty() && order.picky.is_empty());
    }
}
