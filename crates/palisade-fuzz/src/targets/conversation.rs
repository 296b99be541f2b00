//! Conversations over a stream: the service's side is made up.

use palisade_probe::conversation::{Conversation, Step};
use palisade_probe::dns::{QuestionConversation, TransferConversation};
use palisade_probe::ftp::FtpConversation;
use palisade_probe::http::{HttpConversation, Request};
use palisade_probe::imap::ImapConversation;
use palisade_probe::ldap::LdapConversation;
use palisade_probe::memcached::MemcachedConversation;
use palisade_probe::mqtt::MqttConversation;
use palisade_probe::mysql::MysqlConversation;
use palisade_probe::pop3::Pop3Conversation;
use palisade_probe::postgres::PostgresConversation;
use palisade_probe::redis::RedisConversation;
use palisade_probe::rpc::{RpcConversation, RpcQuestion};
use palisade_probe::rsync::{ModuleConversation, RsyncConversation};
use palisade_probe::smb::{Dialect, Smb1Conversation, Smb2Conversation};
use palisade_probe::smtp::{SmtpConversation, SmtpQuestions};
use palisade_probe::ssh;
use palisade_probe::starttls::{StartTls, Upgrade};
use palisade_probe::telnet::TelnetConversation;

use super::answers;
use crate::Target;

/// Nothing of ours is longer than this.
const SENDING_BYTES_MAX: usize = 16 << 10;

pub const TARGETS: &[Target] = &[
    Target { name: "dns-stream", run: dns_stream },
    Target { name: "ftp", run: |input| drop(play(FtpConversation::new(), input).finish()) },
    Target { name: "imap", run: |input| drop(play(ImapConversation::new(), input).finish()) },
    Target { name: "ldap", run: |input| drop(play(LdapConversation::new(), input).finish()) },
    Target { name: "memcached", run: |input| drop(play(MemcachedConversation::new(), input).finish()) },
    Target { name: "mqtt", run: |input| drop(play(MqttConversation::new(), input).finish()) },
    Target { name: "mysql", run: mysql },
    Target { name: "pop3", run: |input| drop(play(Pop3Conversation::new(), input).finish()) },
    Target { name: "postgres", run: postgres },
    Target { name: "redis", run: |input| drop(play(RedisConversation::new(), input).finish()) },
    Target { name: "rpc-stream", run: rpc_stream },
    Target { name: "rsync", run: rsync },
    Target { name: "smb1", run: |input| drop(play(Smb1Conversation::new(), input).finish()) },
    Target { name: "smb2", run: smb2 },
    Target {
        name: "smtp",
        run: |input| drop(play(SmtpConversation::new(SmtpQuestions::default()), input).finish()),
    },
    Target { name: "ssh", run: ssh },
    Target { name: "starttls", run: starttls },
    Target { name: "telnet", run: |input| drop(play(TelnetConversation::new(), input).finish()) },
    Target { name: "web-stream", run: web_stream },
];

/// Holds a conversation in which the service says what the input holds: each answer in two pieces,
/// then whole, and at the end the connection closes.
fn play<C: Conversation>(mut conversation: C, input: &[u8]) -> C {
    assert!(conversation.start().len() <= SENDING_BYTES_MAX, "the first sending is long");
    let answers = answers(input);
    for answer in &answers {
        for length in [answer.len() / 2, answer.len()] {
            let Some(received) = answer.get(..length) else { continue };
            match conversation.receive(received) {
                Step::NeedMore => {}
                Step::Send(bytes) => {
                    assert!(bytes.len() <= SENDING_BYTES_MAX, "a sending is long");
                    break;
                }
                Step::Finish(bytes) => {
                    assert!(bytes.len() <= SENDING_BYTES_MAX, "the good-bye is long");
                    return conversation;
                }
                Step::Done | Step::Failed(_) => return conversation,
            }
        }
    }
    conversation.closed(answers.last().copied().unwrap_or_default());
    conversation
}

fn dns_stream(input: &[u8]) {
    let id = input.get(2..4).map_or(7, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let _ = play(TransferConversation::new("example.test", id), input).finish();
    let question = palisade_probe::dns::version_question(id);
    drop(play(QuestionConversation::new(id, &question), input).finish());
}

fn mysql(input: &[u8]) {
    drop(play(MysqlConversation::new(None), input).finish());
    drop(play(MysqlConversation::new(Some("root")), input).finish());
}

fn postgres(input: &[u8]) {
    drop(play(PostgresConversation::new(false), input).finish());
    drop(play(PostgresConversation::new(true), input).finish());
}

fn rpc_stream(input: &[u8]) {
    let id = input.get(4..8).map_or(7, |bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    drop(play(RpcConversation::new(RpcQuestion::Dump, id), input).finish());
    drop(play(RpcConversation::new(RpcQuestion::Exports(3), id), input).finish());
}

fn rsync(input: &[u8]) {
    drop(play(RsyncConversation::new(), input).finish());
    let _ = play(ModuleConversation::new("files"), input).open();
}

fn smb2(input: &[u8]) {
    const DIALECTS: &[Dialect] = &[Dialect::Smb202, Dialect::Smb21, Dialect::Smb30, Dialect::Smb311];
    drop(play(Smb2Conversation::new(DIALECTS, true, [5; 32]), input).finish());
    drop(play(Smb2Conversation::new(DIALECTS, false, [5; 32]), input).finish());
}

/// Each answer is a connection of its own; how it is cut into pieces makes no difference.
fn ssh(input: &[u8]) {
    let read = |pieces: bool| {
        let mut survey = ssh::Survey::new([9; 16]);
        for answer in answers(input) {
            let Some(mut conversation) = survey.next_conversation() else { break };
            let size = if pieces { 7 } else { answer.len().max(1) };
            for piece in answer.chunks(size) {
                if matches!(conversation.feed(piece), ssh::Step::Done) {
                    break;
                }
            }
            survey.take(conversation);
        }
        survey.finish()
    };
    let facts = read(false);
    assert_eq!(facts, read(true), "pieces make a difference");
    if let Some(facts) = facts {
        let _ = ssh::identify(&facts.banner);
    }
}

fn starttls(input: &[u8]) {
    const ALL: [Upgrade; 7] = [
        Upgrade::Smtp,
        Upgrade::Imap,
        Upgrade::Pop3,
        Upgrade::Ftp,
        Upgrade::Ldap,
        Upgrade::Mysql,
        Upgrade::Postgres,
    ];
    for upgrade in ALL {
        let _ = play(StartTls::new(upgrade), input).accepted();
    }
}

fn web_stream(input: &[u8]) {
    for request in [Request::get("host.test", "/"), Request::options("host.test")] {
        drop(play(HttpConversation::new(request), input).finish());
    }
}
