//! ONC RPC (RFC 5531): what the port mapper has registered, and what the mount service exports.

mod message;
mod program;

use palisade_model::fact::{NfsExport, RpcFacts, RpcProgram, printable};

pub use message::{call, framed, reply_content, unframed};
pub use program::{MOUNT, NFS, PORT_MAPPER, program_name};

use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};

const PROGRAMS_MAX: usize = 512;
const EXPORTS_MAX: usize = 256;
const GROUPS_MAX: usize = 256;
const PROCEDURE_DUMP: u32 = 4;
const PROCEDURE_EXPORT: u32 = 5;

/// Asks the port mapper (version 2) for everything it has registered.
#[must_use]
pub fn dump_call(id: u32) -> Vec<u8> {
    call(id, PORT_MAPPER, 2, PROCEDURE_DUMP)
}

/// Asks the mount service for its exports. Versions 1 to 3 answer alike.
#[must_use]
pub fn export_call(id: u32, version: u32) -> Vec<u8> {
    call(id, MOUNT, version, PROCEDURE_EXPORT)
}

/// Asks any program whether it is there.
#[must_use]
pub fn null_call(id: u32, program: u32, version: u32) -> Vec<u8> {
    call(id, program, version, 0)
}

/// Reads the answer to [`dump_call`].
pub fn parse_dump(message: &[u8], id: u32) -> Result<Vec<RpcProgram>, Malformed> {
    let mut reader = reply_content(message, id)?;
    let mut programs = Vec::new();
    while reader.u32()? == 1 {
        if programs.len() >= PROGRAMS_MAX {
            return Err(Malformed::TooLong);
        }
        let program = reader.u32()?;
        let version = reader.u32()?;
        let transport = match reader.u32()? {
            6 => "tcp",
            17 => "udp",
            _ => "",
        };
        let port = u16::try_from(reader.u32()?).map_err(|_| Malformed::Value)?;
        if transport.is_empty() {
            continue;
        }
        let name = program_name(program).unwrap_or_default().to_owned();
        programs.push(RpcProgram { program, name, version, transport: transport.to_owned(), port });
    }
    programs.sort_by(|a, b| (a.program, a.version, &a.transport).cmp(&(b.program, b.version, &b.transport)));
    Ok(programs)
}

/// Reads the answer to [`export_call`].
pub fn parse_exports(message: &[u8], id: u32) -> Result<Vec<NfsExport>, Malformed> {
    let mut reader = reply_content(message, id)?;
    let mut exports = Vec::new();
    while reader.u32()? == 1 {
        if exports.len() >= EXPORTS_MAX {
            return Err(Malformed::TooLong);
        }
        let directory = text(&mut reader)?;
        let mut groups = Vec::new();
        while reader.u32()? == 1 {
            if groups.len() >= GROUPS_MAX {
                return Err(Malformed::TooLong);
            }
            groups.push(text(&mut reader)?);
        }
        let everybody = |group: &String| matches!(group.as_str(), "*" | "0.0.0.0/0" | "(everyone)");
        let world = groups.is_empty() || groups.iter().any(everybody);
        exports.push(NfsExport { directory, groups, world });
    }
    Ok(exports)
}

/// A counted string, filled up to a multiple of four bytes.
fn text(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    let length = reader.u32()? as usize;
    if length > 1024 {
        return Err(Malformed::TooLong);
    }
    let content = printable(reader.take(length)?, 1024);
    reader.take(length.next_multiple_of(4) - length)?;
    Ok(content)
}

/// What is asked over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpcQuestion {
    /// Of the port mapper.
    Dump,
    /// Of the mount service of this version.
    Exports(u32),
}

/// Asks one question over TCP.
#[derive(Debug, Clone)]
pub struct RpcConversation {
    question: RpcQuestion,
    id: u32,
    facts: RpcFacts,
}

impl RpcConversation {
    #[must_use]
    pub fn new(question: RpcQuestion, id: u32) -> Self {
        Self { question, id, facts: RpcFacts::default() }
    }

    /// Only what was asked for is in it.
    #[must_use]
    pub fn finish(self) -> RpcFacts {
        self.facts
    }

    fn look_at(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some(message) = unframed(received)? else { return Ok(Step::NeedMore) };
        match self.question {
            RpcQuestion::Dump => self.facts.programs = parse_dump(&message, self.id)?,
            RpcQuestion::Exports(_) => self.facts.exports = parse_exports(&message, self.id)?,
        }
        Ok(Step::Done)
    }
}

impl Conversation for RpcConversation {
    fn start(&mut self) -> Vec<u8> {
        framed(&match self.question {
            RpcQuestion::Dump => dump_call(self.id),
            RpcQuestion::Exports(version) => export_call(self.id, version),
        })
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.look_at(received).unwrap_or_else(Step::Failed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn a_dump_over_tcp() {
        let reply = words(&[
            9, 1, 0, 0, 0, 0, // accepted
            1, 100_005, 3, 6, 20_048, // mountd
            1, 100_000, 4, 6, 111, //
            1, 100_000, 2, 17, 111, //
            0,
        ]);
        for slowly in [false, true] {
            let mut conversation = RpcConversation::new(RpcQuestion::Dump, 9);
            assert_eq!(play(&mut conversation, &[&framed(&reply)], slowly).1, Step::Done);
            let programs = conversation.finish().programs;
            let seen: Vec<_> = programs.iter().map(|entry| (entry.name.as_str(), entry.port)).collect();
            assert_eq!(seen, [("portmapper", 111), ("portmapper", 111), ("mountd", 20_048)]);
        }
        for short in 0..reply.len() {
            assert!(parse_dump(&reply[..short], 9).is_err());
        }
        assert_eq!(parse_dump(&reply, 8), Err(Malformed::OtherProtocol));
    }

    #[test]
    fn exports_to_the_world() {
        let mut reply = words(&[3, 1, 0, 0, 0, 0, 1, 5]);
        reply.extend_from_slice(b"/home\0\0\0");
        reply.extend(words(&[1, 1]));
        reply.extend_from_slice(b"*\0\0\0");
        reply.extend(words(&[0, 1, 4]));
        reply.extend_from_slice(b"/srv");
        reply.extend(words(&[1, 11]));
        reply.extend_from_slice(b"10.0.0.0/24\0");
        reply.extend(words(&[0, 0]));
        let exports = parse_exports(&reply, 3).unwrap();
        assert_eq!((exports[0].directory.as_str(), exports[0].world), ("/home", true));
        assert_eq!(
            (exports[1].groups.as_slice(), exports[1].world),
            (&["10.0.0.0/24".to_owned()][..], false)
        );
        for short in 0..reply.len() {
            assert!(parse_exports(&reply[..short], 3).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let reply = [words(&[9, 1, 0, 0, 0, 0, 1]), bytes].concat();
            let _ = parse_exports(&reply, 9);
            survive(RpcConversation::new(RpcQuestion::Dump, 9), &[framed(&reply), reply]);
        }
    }
}
