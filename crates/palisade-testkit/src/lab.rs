//! The lab of `lab/`: real services in network namespaces, for as long as a [`Lab`] lives.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::process::Command;

use serde::Deserialize;

use crate::tools;

/// A running lab; dropping it, also while panicking, takes it down.
#[derive(Debug)]
pub struct Lab {
    name: String,
    seed: Option<u64>,
}

/// A host of the lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabHost {
    pub address: Ipv4Addr,
    /// The registered name.
    pub name: String,
    /// Set up well, not badly.
    pub hardened: bool,
}

/// What a scanner ought to say about a port of the lab.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    pub host: Ipv4Addr,
    pub name: String,
    pub port: u16,
    /// `tcp` or `udp`.
    pub transport: String,
    /// The protocol that answers there.
    pub service: String,
    /// QIDs of the planted weaknesses.
    pub expect: Vec<u32>,
}

/// What a scanner must not say about a port, because it was not planted there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restraint {
    pub host: Ipv4Addr,
    pub name: String,
    pub port: u16,
    /// `tcp` or `udp`.
    pub transport: String,
    /// QIDs.
    pub absent: Vec<u32>,
}

/// A rule for a whole host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub host: Ipv4Addr,
    pub name: String,
    /// Nothing above this severity is to be reported.
    pub severity_max: u8,
}

/// Everything known about the lab beforehand.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    pub expectations: Vec<Expectation>,
    pub restraints: Vec<Restraint>,
    pub rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TruthLine {
    Rule(Rule),
    Expectation(Expectation),
    Restraint(Restraint),
}

impl Lab {
    /// Starts a lab of this process's own, with all hosts or those named.
    ///
    /// # Panics
    /// Without root, and when a daemon does not start; the message says which.
    #[must_use]
    pub fn up(hosts: &[&str]) -> Self {
        Self::start(None, hosts)
    }

    /// Starts a lab whose hosts, ports and weaknesses are drawn from a seed.
    ///
    /// # Panics
    /// Without root, and when a daemon does not start; the message says which.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        Self::start(Some(seed), &[])
    }

    fn start(seed: Option<u64>, hosts: &[&str]) -> Self {
        assert!(tools::is_root(), "the lab needs root: `./test lab` asks sudo for it");
        let lab = Self { name: format!("palisade-{}", std::process::id()), seed };
        let mut command = lab.script(&["up"]);
        if !hosts.is_empty() {
            command.env("PALISADE_LAB_HOSTS", hosts.join(" "));
        }
        let _ = tools::output(&mut command);
        lab
    }

    /// The hosts that can be in a lab, in the order of their addresses.
    ///
    /// # Panics
    /// When the lab's list cannot be read.
    #[must_use]
    pub fn hosts(&self) -> Vec<LabHost> {
        tools::output(&mut self.script(&["hosts"]))
            .lines()
            .map(|line| {
                let mut words = line.split_whitespace();
                let mut word = || words.next().expect("a host has address, name and flavour");
                LabHost {
                    address: word().parse().expect("the first word is an address"),
                    name: word().to_owned(),
                    hardened: word() == "new",
                }
            })
            .collect()
    }

    /// What a scanner ought to find.
    ///
    /// # Panics
    /// When a line of it cannot be read.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        for line in tools::output(&mut self.script(&["truth"])).lines() {
            match serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{error} in the lab's truth: {line}"))
            {
                TruthLine::Rule(rule) => truth.rules.push(rule),
                TruthLine::Expectation(expectation) => truth.expectations.push(expectation),
                TruthLine::Restraint(restraint) => truth.restraints.push(restraint),
            }
        }
        truth
    }

    /// A command that runs on the lab's scanner, from where every host can be reached.
    #[must_use]
    pub fn on_scanner(&self, program: impl AsRef<OsStr>) -> Command {
        on_scanner(self.script(&["exec", "scanner"]), program)
    }

    fn script(&self, arguments: &[&str]) -> Command {
        let mut command = script("lab/lab.sh", &self.name, arguments);
        if let Some(seed) = self.seed {
            command.env("PALISADE_LAB_SEED", seed.to_string());
        }
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        take_down(self.script(&["down"]));
    }
}

/// The network of `lab/routed.sh`: two routers in a row, and a name server behind them.
#[derive(Debug)]
pub struct RoutedLab {
    name: String,
}

impl RoutedLab {
    /// Starts a network of this process's own.
    ///
    /// # Panics
    /// Without root, and when the name server does not start.
    #[must_use]
    pub fn up() -> Self {
        assert!(tools::is_root(), "the lab needs root: `./test lab` asks sudo for it");
        let lab = Self { name: format!("palisade-routed-{}", std::process::id()) };
        let _ = tools::output(&mut lab.script(&["up"]));
        lab
    }

    /// A command that runs on the scanner.
    #[must_use]
    pub fn on_scanner(&self, program: impl AsRef<OsStr>) -> Command {
        on_scanner(self.script(&["exec", "scanner"]), program)
    }

    fn script(&self, arguments: &[&str]) -> Command {
        script("lab/routed.sh", &self.name, arguments)
    }
}

impl Drop for RoutedLab {
    fn drop(&mut self) {
        take_down(self.script(&["down"]));
    }
}

/// A script of the repository, for the lab of this name.
fn script(path: &str, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(tools::repository().join(path));
    command.args(arguments).env("PALISADE_LAB", name);
    command
}

fn on_scanner(mut command: Command, program: impl AsRef<OsStr>) -> Command {
    command.arg(program);
    command
}

fn take_down(mut command: Command) {
    let output = tools::run(&mut command);
    // A second panic would hide the first.
    if !std::thread::panicking() {
        assert!(output.status.success(), "the lab did not come down: {}", tools::told(&command, &output));
    }
}
