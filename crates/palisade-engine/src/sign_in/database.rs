//! MySQL, MariaDB and PostgreSQL. TLS is used wherever the server offers it; with `ssl_verify` its
//! certificate has to lead to an authority that this machine trusts, or nothing is sent.

use std::time::Duration;

use palisade_model::fact::{SignInFacts, SignInStatus};
use palisade_model::user::Password;
use palisade_model::{HostFacts, SignIn, Transport};
use palisade_probe::mysql::Greeting;
use palisade_probe::postgres;
use palisade_probe::sign_in::mysql::{MysqlGreeting, MysqlSignIn, tls_request};
use palisade_probe::sign_in::postgres::{DatabaseAnswer, PostgresSignIn};
use palisade_probe::sign_in::{Credentials, Verdict};
use palisade_probe::tls;

use super::Attempt;
use crate::pacing::HostPace;
use crate::scan::ScanContext;
use crate::stream::{Received, Stream};
use crate::trust;

const PATIENCE: Duration = Duration::from_secs(8);

/// Signs in to the MySQL or MariaDB server at the record's port.
pub(super) async fn mysql(
    host: &HostPace,
    context: &ScanContext,
    record: &SignIn,
    attempt: Attempt,
    facts: &HostFacts,
) -> SignInFacts {
    let (port, mut attempt) = match open_port(record, attempt, facts) {
        Ok(found) => found,
        Err(none) => return *none,
    };
    let Some(mut stream) = Stream::connect(host, port).await else {
        return attempt.failed("the port does not accept connections any more");
    };
    let until = host.until(PATIENCE * 3);
    let mut greeting = MysqlGreeting::default();
    stream.converse(&mut greeting, PATIENCE, until).await;
    let handshake = match greeting.finish() {
        Some(Greeting::Handshake(handshake)) => handshake,
        Some(Greeting::Error(error)) => {
            return attempt.failed(&format!("{} ({})", error.message, error.code));
        }
        None => return attempt.not_attempted("the service is no MySQL server"),
    };
    let through_tls = handshake.offers_tls();
    if through_tls {
        if !stream.send(&tls_request(), until).await {
            return attempt.failed("the connection broke");
        }
        let Some(secured) = stream.into_tls(host, None, until).await else {
            return attempt.not_attempted("the server offers a TLS that cannot be spoken");
        };
        stream = secured;
    }
    if let Err(reason) = verified(host, context, record, &stream) {
        return attempt.not_attempted(&reason);
    }
    let database = record.value("database").unwrap_or_default().to_owned();
    let mut conversation = MysqlSignIn::new(&handshake, credentials(record), &database, through_tls);
    stream.converse(&mut conversation, PATIENCE, until).await;
    attempt.facts.domain = Some(database);
    ended(attempt, conversation.finish())
}

/// Signs in to the PostgreSQL server at the record's port.
pub(super) async fn postgres(
    host: &HostPace,
    context: &ScanContext,
    record: &SignIn,
    attempt: Attempt,
    facts: &HostFacts,
) -> SignInFacts {
    let (port, mut attempt) = match open_port(record, attempt, facts) {
        Ok(found) => found,
        Err(none) => return *none,
    };
    let Some(mut stream) = Stream::connect(host, port).await else {
        return attempt.failed("the port does not accept connections any more");
    };
    let until = host.until(PATIENCE * 3);
    let mut received = Vec::new();
    let asked = stream.send(&postgres::tls_request(), until).await;
    if !asked || stream.read(&mut received, until).await != Received::Bytes {
        return attempt.failed("the server does not answer");
    }
    let through_tls = match postgres::tls_answer(&received) {
        Ok(Some(true)) => true,
        Ok(Some(false)) => false,
        Ok(None) | Err(_) => return attempt.not_attempted("the service is no PostgreSQL server"),
    };
    if through_tls {
        let Some(secured) = stream.into_tls(host, None, until).await else {
            return attempt.not_attempted("the server offers a TLS that cannot be spoken");
        };
        stream = secured;
    } else if received.first() == Some(&b'E') {
        return attempt.not_attempted("the server is older than TLS");
    }
    if let Err(reason) = verified(host, context, record, &stream) {
        return attempt.not_attempted(&reason);
    }
    let mut nonce = [0; 18];
    context.ids.fill(&mut nonce);
    let database = record.value("pgsql_db_name").unwrap_or("postgres").to_owned();
    let mut conversation = PostgresSignIn::new(credentials(record), &database, through_tls, nonce);
    stream.converse(&mut conversation, PATIENCE, until).await;
    attempt.facts.domain = Some(database);
    ended(attempt, conversation.finish())
}

/// The record's port, if the scan found it open.
fn open_port(
    record: &SignIn,
    attempt: Attempt,
    facts: &HostFacts,
) -> Result<(u16, Attempt), Box<SignInFacts>> {
    let port: u16 = record.value("port").and_then(|port| port.parse().ok()).unwrap_or_default();
    let attempt = attempt.at(port, "");
    let open = facts.ports.iter().any(|each| (each.port, each.transport) == (port, Transport::Tcp));
    if open {
        Ok((port, attempt))
    } else {
        Err(Box::new(attempt.not_attempted(&format!("port {port} is not open, or was not scanned"))))
    }
}

fn credentials(record: &SignIn) -> Credentials {
    let password = record.secrets.reveal("password").unwrap_or_default().to_owned();
    Credentials { user: record.user_name().to_owned(), password: Password::new(password) }
}

/// With `ssl_verify`: whether the certificate is in force, leads to somebody this machine trusts, and
/// is issued to the host or one of the record's `hosts`.
fn verified(host: &HostPace, context: &ScanContext, record: &SignIn, stream: &Stream) -> Result<(), String> {
    if !record.is_on("ssl_verify") {
        return Ok(());
    }
    let chain = stream.certificates();
    let now = context.clock.now().as_second();
    let Some(leaf) = chain.first().map(|first| tls::certificate_facts(first, now)) else {
        return Err("the record wants a certificate, and the server shows none".to_owned());
    };
    if trust::is_trusted(&chain, &leaf) != Some(true) || !(leaf.not_before..=leaf.not_after).contains(&now) {
        return Err("the server's certificate cannot be trusted".to_owned());
    }
    let names: Vec<String> =
        record.value("hosts").unwrap_or_default().split(',').map(str::to_owned).collect();
    if tls::names_match(&leaf, &names, host.address) {
        Ok(())
    } else {
        Err("the server's certificate is issued to none of the record's hosts".to_owned())
    }
}

fn ended(mut attempt: Attempt, answer: DatabaseAnswer) -> SignInFacts {
    let DatabaseAnswer { verdict, method, version } = answer;
    attempt.facts.method = method;
    attempt.facts.version = version;
    match verdict {
        Verdict::Passed => attempt.passed("signed in"),
        Verdict::Refused(reason) => attempt.failed(&reason),
        Verdict::Limited(reason) => attempt.end(SignInStatus::InsufficientPrivileges, &reason),
        Verdict::Unsupported(reason) => attempt.not_attempted(&reason),
        Verdict::Unknown => attempt.failed("the server did not answer to the end"),
    }
}
