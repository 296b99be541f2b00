//! Signing in to a host with the records of the order.
//!
//! Each record is tried once on each host, at one port, so that no account is locked; what it came
//! to stands in the host's facts (`HostFacts::sign_ins`) and nothing secret with it. A technology is
//! tried only where the option profile has it on; the server has left the other records out of the
//! order already, and is not relied on.

mod database;
mod http;
mod inside;
mod snmp;
mod unix;
mod unix_keys;
mod windows;

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use palisade_model::fact::{SignInFacts, SignInStatus, printable};
use palisade_model::option_profile::AuthenticationKind;
use palisade_model::{HostFacts, RecordKind, SignIn, Transport};

use crate::order::ScanOrder;
use crate::pacing::HostPace;
use crate::scan::ScanContext;
use crate::sheet::Sheet;

/// Longest one record may take on one host.
const RECORD_BUDGET: Duration = Duration::from_mins(1);
/// Records tried on one host.
const RECORDS_MAX: usize = 64;
const DETAIL_CHARACTERS_MAX: usize = 300;

/// What signing in came to, in the making.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    facts: SignInFacts,
}

impl Attempt {
    fn of(record: &SignIn) -> Self {
        let facts = SignInFacts {
            technology: record.kind.word.to_owned(),
            title: record.kind.title.to_owned(),
            record: Some(record.record_id),
            user: printable(record.user_name().as_bytes(), 255),
            ..SignInFacts::default()
        };
        Self { facts }
    }

    fn at(mut self, port: u16, method: &str) -> Self {
        self.facts.port = Some(port);
        method.clone_into(&mut self.facts.method);
        self
    }

    fn end(mut self, status: SignInStatus, detail: &str) -> SignInFacts {
        self.facts.status = status;
        self.facts.detail = printable(detail.as_bytes(), DETAIL_CHARACTERS_MAX);
        self.facts
    }

    fn passed(self, detail: &str) -> SignInFacts {
        self.end(SignInStatus::Passed, detail)
    }

    fn failed(self, detail: &str) -> SignInFacts {
        self.end(SignInStatus::Failed, detail)
    }

    fn not_attempted(self, detail: &str) -> SignInFacts {
        self.end(SignInStatus::NotAttempted, detail)
    }
}

/// Signs in with every record for the host, one after the other.
pub(crate) async fn all(host: &HostPace, sheet: &Arc<Sheet>, context: &ScanContext, order: &ScanOrder) {
    let allowed = &order.profile.authentication;
    if allowed.is_empty() || !host.plan().needs.signs_in() {
        return;
    }
    let on = |record: &&SignIn| record.kind.switch.is_none_or(|switch| allowed.contains(&switch));
    let mine = order
        .sign_ins
        .iter()
        .filter(|record| matches!(host.address, IpAddr::V4(address) if record.ips.contains(address)))
        .filter(on);
    let mine: Vec<&SignIn> = mine.take(RECORDS_MAX).collect();
    for record in &mine {
        let attempt = Attempt::of(record);
        let started = attempt.clone();
        let trying = one(host, sheet, context, record, attempt);
        let facts = tokio::time::timeout_at(host.until(RECORD_BUDGET), trying).await.unwrap_or_else(|_| {
            let mut facts = started.failed("the time was up before the sign-in was over");
            facts.timed_out = true;
            facts
        });
        // That a realm is elsewhere is nothing to report on each host.
        if !(record.names_a_web_place() && facts.status == SignInStatus::NotAttempted) {
            sheet.lock().facts.sign_ins.push(facts);
        }
    }
    let mut known = sheet.lock();
    let without: Vec<SignInFacts> = allowed
        .iter()
        .filter(|kind| mine.iter().all(|record| record.kind.switch != Some(**kind)))
        .filter_map(|kind| without_record(*kind, &known.facts))
        .collect();
    known.facts.sign_ins.extend(without);
}

async fn one(
    host: &HostPace,
    sheet: &Arc<Sheet>,
    context: &ScanContext,
    record: &SignIn,
    attempt: Attempt,
) -> SignInFacts {
    if let Some(reason) = &record.unusable {
        return attempt.not_attempted(reason);
    }
    let facts = sheet.snapshot().facts;
    match record.kind.word {
        "unix" => unix::sign_in(host, sheet, record, attempt, &facts).await,
        "windows" => windows::sign_in(host, context, record, attempt, &facts).await,
        "snmp" => snmp::sign_in(host, context, record, attempt).await,
        "mysql" | "mariadb" => database::mysql(host, context, record, attempt, &facts).await,
        "postgresql" => database::postgres(host, context, record, attempt, &facts).await,
        "http" => http::sign_in(host, context, record, attempt, &facts).await,
        _ => attempt.not_attempted("the scanner does not sign in to this yet"),
    }
}

/// Says of a technology that the profile has on, and that the host has, that no record names it.
fn without_record(kind: AuthenticationKind, facts: &HostFacts) -> Option<SignInFacts> {
    let record = RecordKind::all().find(|record| record.switch == Some(kind) && record.signs_in)?;
    let services: &[&str] = match kind {
        AuthenticationKind::Unix => &["ssh"],
        AuthenticationKind::Windows => &["smb"],
        AuthenticationKind::Snmp => &["snmp"],
        AuthenticationKind::Mysql => &["mysql"],
        AuthenticationKind::Postgresql => &["postgresql"],
        // Which web servers want somebody to sign in is known to people only.
        _ => return None,
    };
    let port = facts.ports.iter().find(|port| services.contains(&port.service.as_str()))?;
    Some(SignInFacts {
        technology: record.word.to_owned(),
        title: record.title.to_owned(),
        port: Some(port.port),
        detail: "no authentication record names this host".to_owned(),
        ..SignInFacts::default()
    })
}

/// The port to sign in at: of the open TCP ports with this service the first that is `wanted`, else
/// the first of all.
fn port_with(facts: &HostFacts, service: &str, wanted: &[u16]) -> Option<u16> {
    let open = || {
        let tcp = facts.ports.iter().filter(|port| port.transport == Transport::Tcp);
        tcp.filter(|port| port.service == service).map(|port| port.port)
    };
    wanted.iter().copied().find(|wanted| open().any(|port| port == *wanted)).or_else(|| open().next())
}

/// Ends with `late` when the answer does not come in time.
async fn in_time<T>(budget: Duration, late: T, asking: impl Future<Output = T>) -> T {
    tokio::time::timeout(budget, asking).await.unwrap_or(late)
}
