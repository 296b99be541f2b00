//! What a service says of itself with one answer, for the many protocols that have no facts of
//! their own kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::printable;

/// Characters kept of each text.
const CHARACTERS_MAX: usize = 200;
/// Values kept; a service that lists more is not believed to say anything new.
const VALUES_MAX: usize = 32;

/// One answer of a service, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProtocolFacts {
    /// Version of the protocol (not of the product), as the service writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A stranger was let in, or shown what is inside, without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Everything else it said, by lower-case name: `host`, `realm`, `cluster`, ... Printable, at
    /// most 200 characters each.
    pub values: BTreeMap<String, String>,
}

impl ProtocolFacts {
    /// Notes one thing said; an empty text says nothing.
    pub fn note(&mut self, name: &str, said: &[u8]) {
        let text = printable(said, CHARACTERS_MAX).trim().to_owned();
        if !text.is_empty() && (self.values.len() < VALUES_MAX || self.values.contains_key(name)) {
            self.values.insert(name.to_owned(), text);
        }
    }

    /// The service told nothing beyond that it is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_printable_short_and_bounded() {
        let mut facts = ProtocolFacts::default();
        facts.note("host", b" ");
        assert!(facts.is_empty());
        facts.note("host", &[b'x'; 500]);
        facts.note("colour", b"\x1b[31mred");
        assert_eq!(facts.values["host"].len(), CHARACTERS_MAX);
        assert_eq!(facts.values["colour"], "\u{fffd}[31mred");
        for number in 0..100 {
            facts.note(&number.to_string(), b"more");
        }
        assert_eq!(facts.values.len(), VALUES_MAX);
    }
}
