//! SNMP: the communities of versions 1 and 2c, the user of version 3.
//!
//! A question is repeated when nothing comes back, because datagrams get lost; agents do not lock
//! anybody out. Communities of a record are alternatives: the first that is answered counts.

use std::time::Duration;

use palisade_model::SignIn;
use palisade_model::fact::{SignInFacts, SignInStatus, SnmpFacts};
use palisade_model::user::Password;
use palisade_probe::sign_in::snmp::{
    SnmpAnswer, SnmpEncryption, SnmpEngine, SnmpKeys, SnmpSigning, SnmpUser, engine,
};
use palisade_probe::snmp::{Operation, SnmpMessage, SnmpVersion, discovery, system_request, take_system};
use tokio::net::UdpSocket;

use super::Attempt;
use crate::pacing::HostPace;
use crate::scan::ScanContext;

const ANSWER_PATIENCE: Duration = Duration::from_secs(2);
const TRIES: usize = 2;
const DATAGRAM_BYTES_MAX: usize = 8 * 1024;
/// Communities of one record that are tried.
const COMMUNITIES_MAX: usize = 10;

/// Asks the host's agent for its description in the record's name.
pub(super) async fn sign_in(
    host: &HostPace,
    context: &ScanContext,
    record: &SignIn,
    attempt: Attempt,
) -> SignInFacts {
    let port: u16 = record.value("port").and_then(|port| port.parse().ok()).unwrap_or(161);
    let version = record.value("version").unwrap_or("v1");
    let attempt = attempt.at(port, version);
    let Some((socket, _permit)) = host.datagram(port).await else {
        return attempt.not_attempted("no socket is to be had");
    };
    let agent = Agent { host, context, socket };
    match version {
        "v3" => agent.version_3(record, attempt).await,
        "v2c" => agent.communities(record, attempt, SnmpVersion::V2c).await,
        _ => agent.communities(record, attempt, SnmpVersion::V1).await,
    }
}

struct Agent<'a> {
    host: &'a HostPace,
    context: &'a ScanContext,
    socket: UdpSocket,
}

impl Agent<'_> {
    /// A positive number that was not used before.
    fn number(&self) -> i32 {
        let mut bytes = [0; 4];
        self.context.ids.fill(&mut bytes);
        i32::from_be_bytes(bytes) & i32::MAX
    }

    /// Sends a question until `read` makes something of an answer.
    async fn ask<T>(&self, question: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        for _ in 0..TRIES {
            self.host.depart().await;
            self.socket.send(question).await.ok()?;
            let reading = async {
                loop {
                    // A closed port says so, and no answer will come.
                    let length = self.socket.recv(&mut buffer).await.ok()?;
                    let answer = buffer.get(..length).and_then(&read);
                    if answer.is_some() {
                        return answer;
                    }
                }
            };
            if let Ok(answer) = tokio::time::timeout(ANSWER_PATIENCE, reading).await {
                return answer;
            }
        }
        None
    }

    async fn communities(&self, record: &SignIn, mut attempt: Attempt, version: SnmpVersion) -> SignInFacts {
        let communities = record.secrets.reveal("community_strings").unwrap_or_default();
        for community in communities.split(',').map(str::trim).take(COMMUNITIES_MAX) {
            let number = self.number();
            let question = system_request(version, community, number);
            let answer = self.ask(&question, |datagram| {
                let message = SnmpMessage::parse(datagram).ok()?;
                let ours = message.answers(number) && message.pdu.operation == Operation::Response;
                ours.then_some(message)
            });
            let Some(answer) = answer.await else { continue };
            let mut found = SnmpFacts::default();
            take_system(&answer, &mut found);
            attempt.facts.version = found.description;
            return if answer.pdu.error_status == 0 {
                attempt.passed("the agent answers")
            } else {
                attempt
                    .end(SignInStatus::InsufficientPrivileges, "the community may not read the system group")
            };
        }
        attempt.failed("no answer: no agent, or one that does not know the communities")
    }

    async fn version_3(&self, record: &SignIn, mut attempt: Attempt) -> SignInFacts {
        let user = match user_of(record) {
            Ok(user) => user,
            Err(reason) => return attempt.not_attempted(reason),
        };
        let number = self.number();
        let found = self.ask(&discovery(number), |datagram| engine(datagram, number).ok()).await;
        let Some(mut engine) = found else {
            return attempt.failed("no answer: no agent, or one without version 3");
        };
        let id = engine.id.clone();
        // A mebibyte is hashed for each password: not on a thread that others wait for.
        let Ok(keys) = tokio::task::spawn_blocking(move || SnmpKeys::new(user, &id)).await else {
            return attempt.failed("the keys could not be made");
        };
        for _ in 0..2 {
            match self.question(&keys, &engine).await {
                None => {
                    return attempt
                        .failed("the agent does not answer the user, or not in a way to be believed");
                }
                Some(SnmpAnswer::OtherTime(now)) => engine = now,
                Some(SnmpAnswer::Refused(reason)) => return attempt.failed(reason),
                Some(SnmpAnswer::Limited) => {
                    let reason = "the user may not read the system's description";
                    return attempt.end(SignInStatus::InsufficientPrivileges, reason);
                }
                Some(SnmpAnswer::Passed(description)) => {
                    attempt.facts.version = description;
                    return attempt.passed("the agent answers");
                }
            }
        }
        attempt.failed("the agent's clock cannot be agreed on")
    }

    async fn question(&self, keys: &SnmpKeys, engine: &SnmpEngine) -> Option<SnmpAnswer> {
        let number = self.number();
        let mut salt = [0; 8];
        self.context.ids.fill(&mut salt);
        let question = keys.request(engine, number, salt);
        self.ask(&question, |datagram| keys.answer(datagram, number).ok()).await
    }
}

fn user_of(record: &SignIn) -> Result<SnmpUser, &'static str> {
    let password = |name: &str| record.secrets.reveal(name).map(|text| Password::new(text.to_owned()));
    let signing = match (record.value("auth_alg"), password("password")) {
        (Some("SHA1"), Some(password)) => Some((SnmpSigning::Sha1, password)),
        (Some(_), Some(password)) => Some((SnmpSigning::Md5, password)),
        _ => None,
    };
    let encryption = match (record.value("priv_alg"), password("encrypt_password")) {
        (Some("AES"), Some(password)) => Some((SnmpEncryption::Aes, password)),
        (Some(_), Some(password)) => Some((SnmpEncryption::Des, password)),
        _ => None,
    };
    Ok(SnmpUser {
        name: record.user_name().to_owned(),
        signing,
        encryption,
        context_engine: bytes_of(record.value("context_engine_id").unwrap_or_default())
            .ok_or("the context engine is not hexadecimal")?,
        context: record.value("context").unwrap_or_default().to_owned(),
    })
}

/// Hexadecimal digits as bytes, with or without `0x` and blanks.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<char> = text.chars().filter(|each| !matches!(each, ' ' | ':')).collect();
    let pairs = digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok());
    if digits.len().is_multiple_of(2) { pairs.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_engines_are_hexadecimal() {
        assert_eq!(bytes_of("0x80:00 1f"), Some(vec![0x80, 0, 0x1f]));
        assert_eq!(bytes_of(""), Some(Vec::new()));
        assert!(bytes_of("8").is_none() && bytes_of("zz").is_none());
    }
}
