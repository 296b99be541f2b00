//! What to say to a port of which nothing is known but that it is open, and in which order.

use palisade_probe::identify::{self, GenericProbe};

/// A first sending whose answer tells a protocol.
#[derive(Debug, Clone, Copy)]
pub(super) enum FirstWords {
    /// Say nothing: the service may speak first.
    Listen,
    /// The hello of a browser.
    Tls,
    Probe(&'static GenericProbe),
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

/// The first words for one port, in two waves.
#[derive(Debug)]
pub(super) struct Order {
    /// Asked at once. A port number proves nothing, but it says what is worth asking first.
    pub(super) first: Vec<FirstWords>,
    /// Asked when those stayed without an answer.
    pub(super) second: Vec<FirstWords>,
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
    /// The order for a port, plain or inside TLS.
    pub(super) fn of(port: u16, tls: bool) -> Self {
        let likely = identify::likely(port);
        let greeted =
            likely.iter().any(|name| GREETERS.contains(name)) && (tls || !TLS_PORTS.contains(&port));
        let mut first = vec![FirstWords::Listen];
        if !greeted {
            if TLS_PORTS.contains(&port) && !tls {
                first.push(FirstWords::Tls);
            } else {
                first.extend(likely.iter().filter_map(|name| identify::probe(name)).map(FirstWords::Probe));
                // Nearly all that waits to be asked is a web server, and half of those speak TLS.
                if likely == ["http"] && !tls {
                    first.push(FirstWords::Tls);
                }
            }
        }
        let mut second: Vec<FirstWords> = identify::probes().iter().map(FirstWords::Probe).collect();
        if !tls {
            second.insert(1, FirstWords::Tls);
        }
        second.retain(|words| !first.iter().any(|known| known.name() == words.name()));
        let tls_expected = TLS_PORTS.contains(&port) || TLS_WEB_PORTS.contains(&port);
        Self { first, second, greeted, tls_expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[FirstWords]) -> Vec<&'static str> {
        words.iter().map(FirstWords::name).collect()
    }

    #[test]
    fn likely_questions_come_first_and_none_twice() {
        assert_eq!(names(&Order::of(22, false).first), ["listen"]);
        assert_eq!(names(&Order::of(443, false).first), ["listen", "http", "tls"]);
        assert_eq!(names(&Order::of(993, false).first), ["listen", "tls"]);
        assert_eq!(names(&Order::of(993, true).first), ["listen"]);
        assert_eq!(names(&Order::of(6379, false).first), ["listen", "redis"]);
        for port in [22, 80, 993, 6379, 40_000] {
            for tls in [false, true] {
                let order = Order::of(port, tls);
                let mut all = names(&order.first);
                all.extend(names(&order.second));
                let count = all.len();
                all.sort_unstable();
                all.dedup();
                assert_eq!(all.len(), count, "port {port}");
                assert_eq!(all.contains(&"tls"), !tls, "port {port}");
            }
        }
    }
}
