//! References of scans: `scan/<unix seconds>.<number>`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The public name of a scan, for example `scan/1400000000.10001`. Sorts by launch time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScanRef(String);

/// Why a text is not a scan reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a scan reference looks like scan/1400000000.10001")]
pub struct NotAScanRef;

impl ScanRef {
    /// The reference of a scan launched at `launched_at`; `number` tells apart the scans of one
    /// second (taken modulo 100,000).
    #[must_use]
    pub fn new(launched_at: Timestamp, number: u32) -> Self {
        Self(format!("scan/{:010}.{}", launched_at.as_second(), number % 100_000))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScanRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ScanRef {
    type Err = NotAScanRef;

    fn from_str(text: &str) -> Result<Self, NotAScanRef> {
        if is_reference(text, "scan/") { Ok(Self(text.to_owned())) } else { Err(NotAScanRef) }
    }
}

/// Whether a text is `prefix`, ten digits, a dot and one to five digits.
pub(crate) fn is_reference(text: &str, prefix: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix(prefix).and_then(|rest| rest.split_once('.')).is_some_and(|(seconds, number)| {
        seconds.len() == 10 && digits(seconds) && number.len() <= 5 && digits(number)
    })
}

impl From<ScanRef> for String {
    fn from(reference: ScanRef) -> Self {
        reference.0
    }
}

impl TryFrom<String> for ScanRef {
    type Error = NotAScanRef;

    fn try_from(text: String) -> Result<Self, NotAScanRef> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back() {
        let reference = ScanRef::new(Timestamp::from_second(1_400_000_000).unwrap(), 110_001);
        assert_eq!(reference.as_str(), "scan/1400000000.10001");
        assert_eq!(reference.as_str().parse(), Ok(reference));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "scan/",
            "map/1400000000.1",
            "scan/1.1",
            "scan/1400000000.",
            "scan/1400000000.123456",
            "scan/14000000x0.1",
        ] {
            assert_eq!(text.parse::<ScanRef>(), Err(NotAScanRef), "input {text:?}");
        }
    }
}
