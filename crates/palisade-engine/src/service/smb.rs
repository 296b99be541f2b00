//! The connections of an SMB survey: SMB 1, the newest dialect with the null session, and each
//! dialect alone.

use palisade_model::PortFacts;
use palisade_model::fact::SmbFacts;
use palisade_probe::smb::{Dialect, Smb1Conversation, Smb2Conversation, merge};

use super::port::Port;
use crate::stream::End;

/// Adds the SMB facts; whether all connections came to their end.
pub(super) async fn survey(port: &Port<'_>, facts: &mut PortFacts) -> bool {
    let mut newest = Smb2Conversation::new(&Dialect::ALL, true, port.random());
    let mut finished = port.hold(&mut newest).await != End::CutShort;
    let mut found: SmbFacts = newest.finish();
    let mut oldest = Smb1Conversation::new();
    finished &= port.hold(&mut oldest).await != End::CutShort;
    merge(&mut found, oldest.finish());
    for dialect in Dialect::ALL {
        if !found.dialects.iter().any(|known| known == dialect.as_str()) {
            let mut single = Smb2Conversation::new(&[dialect], false, port.random());
            finished &= port.hold(&mut single).await != End::CutShort;
            merge(&mut found, single.finish());
        }
    }
    found.dialects.sort();
    // `NT LM 0.12` is the oldest, whatever its spelling.
    found.dialects.sort_by_key(|dialect| !dialect.starts_with("NT"));
    facts.smb = Some(found);
    finished
}
