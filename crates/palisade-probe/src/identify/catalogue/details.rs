//! What a protocol's reader makes of an answer, and the few ways in which texts are taken apart.

use std::borrow::Cow;

use palisade_model::fact::{Product, ProtocolFacts, printable};

use crate::identify::cpe;

/// No reader looks at more of a text than this.
const TEXT_BYTES_MAX: usize = 4096;

/// What an answer told beyond its protocol.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    pub product: Option<Product>,
    pub facts: ProtocolFacts,
}

impl Details {
    /// The protocol was recognised, nothing else was said.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Vendor, name and `part:vendor:product` of the CPE name (empty: there is none).
    pub(super) fn of_product(vendor: &str, name: &str, cpe_name: &str, version: Option<&str>) -> Self {
        let version = version
            .map(|version| printable(version.trim().as_bytes(), 60))
            .map(|version| version.trim_end_matches(['.', ',', ';']).to_owned())
            .filter(|version| !version.is_empty());
        let product = Product {
            vendor: vendor.to_owned(),
            name: name.to_owned(),
            cpe: (!cpe_name.is_empty()).then(|| cpe(cpe_name, version.as_deref())),
            version,
        };
        Self { product: Some(product), facts: ProtocolFacts::default() }
    }

    pub(super) fn version(mut self, version: &str) -> Self {
        let version = printable(version.trim().as_bytes(), 60);
        self.facts.version = (!version.is_empty()).then_some(version);
        self
    }

    pub(super) fn value(mut self, name: &str, said: impl AsRef<[u8]>) -> Self {
        self.facts.note(name, said.as_ref());
        self
    }

    pub(super) fn maybe(self, name: &str, said: Option<impl AsRef<[u8]>>) -> Self {
        match said {
            Some(said) => self.value(name, said),
            None => self,
        }
    }

    pub(super) fn open(mut self, open: bool) -> Self {
        self.facts.open = Some(open);
        self
    }
}

/// The beginning of an answer as text.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes))
}

/// The first line, once its end is there.
pub(super) fn first_line(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let end = bytes.iter().take(TEXT_BYTES_MAX).position(|byte| *byte == b'\n')?;
    Some(String::from_utf8_lossy(bytes.get(..end)?.trim_ascii_end()))
}

/// What stands between `before` and the first of `after`, on either's first meeting.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &[char]) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let found = rest.split(after).next()?.trim();
    (!found.is_empty()).then_some(found)
}

/// The version-like word behind `marker`: letters, digits, `.`, `-`, `_`, `+`, `~`; with a digit.
pub(super) fn version_after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(marker)?;
    let rest = rest.trim_start();
    let end = rest
        .find(|each: char| !(each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '_' | '+' | '~')))
        .unwrap_or(rest.len());
    let word = rest.get(..end)?;
    word.bytes().any(|byte| byte.is_ascii_digit()).then_some(word)
}

/// `needle` stands somewhere in `bytes`.
pub(super) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len().max(1)).any(|window| window == needle)
}

/// What follows `marker` in binary data.
pub(super) fn behind<'a>(bytes: &'a [u8], marker: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(marker.len().max(1)).position(|window| window == marker)?;
    bytes.get(at + marker.len()..)
}
