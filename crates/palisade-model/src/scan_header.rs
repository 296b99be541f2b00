//! The value that every web request of a scan carries, so that the asked site can tell an
//! authorised scan from others.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest value, in characters.
pub const CHARACTERS_MAX: usize = 255;

/// The value of the header `Qualys-Scan`: 1 to 255 printable ASCII characters without blanks
/// around them. So it can neither end its line nor begin another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScanHeader(String);

/// Why a text cannot be sent as a header's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAHeader {
    #[error("the value of a header is not empty")]
    Empty,
    #[error("the value of a header has at most {max} characters")]
    TooLong { max: usize },
    #[error("the value of a header has printable ASCII characters only, and no line breaks")]
    Character,
}

impl ScanHeader {
    /// The header's name.
    pub const NAME: &'static str = "Qualys-Scan";

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScanHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ScanHeader {
    type Err = NotAHeader;

    /// Spaces around the value are dropped, other blanks are not: they are how headers are injected.
    fn from_str(text: &str) -> Result<Self, NotAHeader> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            Err(NotAHeader::Empty)
        } else if text.chars().any(|character| !matches!(character, ' '..='~')) {
            Err(NotAHeader::Character)
        } else if text.len() > CHARACTERS_MAX {
            Err(NotAHeader::TooLong { max: CHARACTERS_MAX })
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl From<ScanHeader> for String {
    fn from(header: ScanHeader) -> Self {
        header.0
    }
}

impl TryFrom<String> for ScanHeader {
    type Error = NotAHeader;

    fn try_from(text: String) -> Result<Self, NotAHeader> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_break_out_of_the_header_is_refused() {
        let accepted = " quays-7: nightly \"x\" ".parse::<ScanHeader>();
        assert_eq!(accepted.as_ref().map(ScanHeader::as_str), Ok("quays-7: nightly \"x\""));
        for text in ["a\r\nHost: b", "a\nb", "a\rb", "a\0b", "a\tb", "\r\n", "ä", "a\u{2028}b", "a\u{7f}"] {
            assert_eq!(text.parse::<ScanHeader>(), Err(NotAHeader::Character), "{text:?}");
        }
        assert_eq!("  ".parse::<ScanHeader>(), Err(NotAHeader::Empty));
        assert_eq!("x".repeat(256).parse::<ScanHeader>(), Err(NotAHeader::TooLong { max: 255 }));
    }

    proptest! {
        #[test]
        fn a_value_stays_on_its_line(text in any::<String>()) {
            if let Ok(header) = text.parse::<ScanHeader>() {
                prop_assert!(header.as_str().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            }
        }
    }
}
