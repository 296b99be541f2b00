//! The services whose facts come from one conversation or a few: mail, files, databases, caches.

use std::time::Duration;

use palisade_model::fact::{DnsFacts, RpcFacts};
use palisade_model::{PortFacts, Transport};
use palisade_probe::conversation::{Conversation, Step};
use palisade_probe::dns;
use palisade_probe::ftp::FtpConversation;
use palisade_probe::identify::catalogue::{self, Details, Protocol};
use palisade_probe::imap::ImapConversation;
use palisade_probe::ldap::LdapConversation;
use palisade_probe::memcached::MemcachedConversation;
use palisade_probe::mqtt::MqttConversation;
use palisade_probe::mysql::MysqlConversation;
use palisade_probe::pop3::Pop3Conversation;
use palisade_probe::postgres::{self, PostgresConversation};
use palisade_probe::redis::RedisConversation;
use palisade_probe::rpc::{self, RpcConversation, RpcQuestion};
use palisade_probe::rsync::{ModuleConversation, RsyncConversation};
use palisade_probe::smtp::{SmtpConversation, SmtpQuestions};
use palisade_probe::telnet::TelnetConversation;

use super::port::Port;
use super::product;
use crate::stream::End;

/// A telnet server is listened to for so long; it never says that it has finished.
const TELNET_PATIENCE: Duration = Duration::from_millis(1_500);
/// For the one question of a service that was recognised by something else.
const QUESTION_PATIENCE: Duration = Duration::from_millis(1_500);
/// Users tried on a database without a password.
const DATABASE_USERS: [&str; 4] = ["root", "mysql", "admin", "test"];
/// Modules of an rsync daemon that are opened.
const MODULES_MAX: usize = 8;

/// Adds to `facts` what the service named in them says; whether it was heard to the end. `asked`:
/// the question it was recognised by.
pub(super) async fn survey(port: &Port<'_>, facts: &mut PortFacts, asked: &str) -> bool {
    macro_rules! one_conversation {
        ($field:ident, $conversation:expr) => {{
            let mut conversation = $conversation;
            let end = port.hold(&mut conversation).await;
            if end != End::Refused {
                facts.$field = Some(conversation.finish());
            }
            end != End::CutShort
        }};
    }
    match facts.service.as_str() {
        "ftp" => one_conversation!(ftp, FtpConversation::new()),
        "smtp" => one_conversation!(smtp, SmtpConversation::new(SmtpQuestions::default())),
        "imap" => one_conversation!(imap, ImapConversation::new()),
        "pop3" => one_conversation!(pop3, Pop3Conversation::new()),
        "redis" => one_conversation!(redis, RedisConversation::new()),
        "memcached" => one_conversation!(memcached, MemcachedConversation::new()),
        "mqtt" => one_conversation!(mqtt, MqttConversation::new()),
        "ldap" => one_conversation!(ldap, LdapConversation::new()),
        "telnet" => {
            let mut conversation = TelnetConversation::new();
            port.hold_patiently(&mut conversation, TELNET_PATIENCE).await;
            let found = conversation.finish();
            if facts.banner.is_none() && !found.greeting.is_empty() {
                facts.banner = Some(found.greeting.clone());
            }
            facts.telnet = Some(found);
            true
        }
        "mysql" => mysql(port, facts).await,
        "postgresql" => postgresql(port, facts).await,
        "rsync" => rsync(port, facts).await,
        "rpc" => port_mapper(port, facts).await,
        "dns" => name_server(port, facts).await,
        other if other != asked => own_question(port, facts).await,
        _ => true,
    }
}

/// Asks a service of the catalogue that gave itself away otherwise the question made for it.
async fn own_question(port: &Port<'_>, facts: &mut PortFacts) -> bool {
    let Some(protocol) = catalogue::protocol(&facts.service, Transport::Tcp) else { return true };
    let Some(question) = protocol.question() else { return true };
    let mut conversation = OneQuestion { question, protocol, details: None };
    let end = port.hold_patiently(&mut conversation, QUESTION_PATIENCE).await;
    if let Some(details) = conversation.details {
        super::take_details(facts, details);
    }
    end != End::CutShort
}

struct OneQuestion {
    question: Vec<u8>,
    protocol: &'static Protocol,
    details: Option<Details>,
}

impl Conversation for OneQuestion {
    fn start(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.question)
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.details = self.protocol.read(received);
        if self.details.is_some() { Step::Done } else { Step::NeedMore }
    }
}

async fn mysql(port: &Port<'_>, facts: &mut PortFacts) -> bool {
    let mut greeting = MysqlConversation::new(None);
    let mut finished = port.hold(&mut greeting).await != End::CutShort;
    let mut found = greeting.finish();
    if !found.refused && !found.version.is_empty() {
        for user in DATABASE_USERS.into_iter().take(port.host.plan().guesses.tries(DATABASE_USERS.len())) {
            let mut login = MysqlConversation::new(Some(user));
            finished &= port.hold(&mut login).await != End::CutShort;
            found.empty_password_users.extend(login.finish().empty_password_users);
        }
    }
    facts.mysql = Some(found);
    finished
}

/// Asks for TLS and reads the one byte of the answer.
#[derive(Default)]
struct TlsQuestion(Option<bool>);

impl Conversation for TlsQuestion {
    fn start(&mut self) -> Vec<u8> {
        postgres::tls_request()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        match postgres::tls_answer(received) {
            Ok(None) => Step::NeedMore,
            Ok(Some(answer)) => {
                self.0 = Some(answer);
                Step::Done
            }
            Err(reason) => Step::Failed(reason),
        }
    }
}

async fn postgresql(port: &Port<'_>, facts: &mut PortFacts) -> bool {
    let mut question = TlsQuestion::default();
    let asked = port.hold(&mut question).await;
    let mut conversation = PostgresConversation::new(question.0.unwrap_or(false));
    let end = port.hold(&mut conversation).await;
    facts.postgres = Some(conversation.finish());
    asked != End::CutShort && end != End::CutShort
}

async fn rsync(port: &Port<'_>, facts: &mut PortFacts) -> bool {
    let mut list = RsyncConversation::new();
    let mut finished = port.hold(&mut list).await != End::CutShort;
    let mut found = list.finish();
    for module in found.modules.iter().take(MODULES_MAX) {
        let mut conversation = ModuleConversation::new(module);
        finished &= port.hold(&mut conversation).await != End::CutShort;
        if conversation.open() == Some(true) {
            found.open_modules.push(module.clone());
        }
    }
    facts.rsync = Some(found);
    finished
}

async fn port_mapper(port: &Port<'_>, facts: &mut PortFacts) -> bool {
    let id = u32::from_be_bytes(port.random());
    let mut dump = RpcConversation::new(RpcQuestion::Dump, id);
    let end = port.hold(&mut dump).await;
    if end == End::Refused {
        // A program of its own, and no port mapper.
        return true;
    }
    let mut finished = end != End::CutShort;
    let mut found: RpcFacts = dump.finish();
    let mount = found.programs.iter().find(|each| each.program == rpc::MOUNT && each.transport == "tcp");
    if let Some(mount) = mount {
        let there = Port { number: mount.port, ..*port };
        let mut exports = RpcConversation::new(RpcQuestion::Exports(mount.version), id.wrapping_add(1));
        finished &= there.hold(&mut exports).await != End::CutShort;
        found.exports = exports.finish().exports;
    }
    facts.rpc = Some(found);
    finished
}

async fn name_server(port: &Port<'_>, facts: &mut PortFacts) -> bool {
    let id = u16::from_be_bytes(port.random());
    let mut version = dns::QuestionConversation::new(id, &dns::version_question(id));
    let mut recursion = dns::QuestionConversation::new(id, &dns::recursion_question(id));
    let ends = tokio::join!(port.hold(&mut version), port.hold(&mut recursion));
    let version = version.finish();
    if version.as_ref().is_some_and(dns::is_bind) {
        facts.product = Some(product::bind());
    }
    facts.dns = Some(DnsFacts {
        version: version.as_ref().and_then(dns::version),
        recursion: recursion.finish().as_ref().map(dns::resolves_for_strangers),
        ..DnsFacts::default()
    });
    ends.0 != End::CutShort && ends.1 != End::CutShort
}

/// The names a name server has for the address it stands on.
pub(super) async fn own_names(port: &Port<'_>) -> Vec<String> {
    let id = u16::from_be_bytes(port.random());
    let mut question = dns::QuestionConversation::new(id, &dns::pointer_question(id, port.host.address));
    port.hold(&mut question).await;
    let records = question.finish().map(|answer| answer.records).unwrap_or_default();
    let names = records.into_iter().filter_map(|record| match record.data {
        dns::RecordData::Name(name) => Some(name.to_string().trim_end_matches('.').to_ascii_lowercase()),
        _ => None,
    });
    names.take(4).collect()
}

/// Asks a name server for whole zones.
pub(super) async fn transfer_zones(port: &Port<'_>, zones: &[String], facts: &mut DnsFacts) {
    for zone in zones {
        let id = u16::from_be_bytes(port.random());
        let mut conversation = dns::TransferConversation::new(zone, id);
        port.hold(&mut conversation).await;
        let (transferred, records) = conversation.finish();
        if transferred == Some(true) {
            facts.transferred_zones.push(zone.clone());
            facts.transferred_records = facts.transferred_records.max(records);
        }
    }
}
