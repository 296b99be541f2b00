//! References of maps: `map/<unix seconds>.<number>`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::scan_ref::is_reference;

/// The public name of a map, for example `map/1400000000.10001`. Sorts by launch time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MapRef(String);

/// Why a text is not a map reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a map reference looks like map/1400000000.10001")]
pub struct NotAMapRef;

impl MapRef {
    /// The reference of a map launched at `launched_at`; `number` tells apart the maps of one
    /// second (taken modulo 100,000).
    #[must_use]
    pub fn new(launched_at: Timestamp, number: u32) -> Self {
        Self(format!("map/{:010}.{}", launched_at.as_second(), number % 100_000))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MapRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MapRef {
    type Err = NotAMapRef;

    fn from_str(text: &str) -> Result<Self, NotAMapRef> {
        if is_reference(text, "map/") { Ok(Self(text.to_owned())) } else { Err(NotAMapRef) }
    }
}

impl From<MapRef> for String {
    fn from(reference: MapRef) -> Self {
        reference.0
    }
}

impl TryFrom<String> for MapRef {
    type Error = NotAMapRef;

    fn try_from(text: String) -> Result<Self, NotAMapRef> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_and_a_scan_is_no_map() {
        let reference = MapRef::new(Timestamp::from_second(1_400_000_000).unwrap(), 110_001);
        assert_eq!(reference.as_str(), "map/1400000000.10001");
        assert_eq!(reference.as_str().parse(), Ok(reference));
        for text in ["", "map/", "scan/1400000000.1", "map/1.1", "map/1400000000.123456"] {
            assert_eq!(text.parse::<MapRef>(), Err(NotAMapRef), "input {text:?}");
        }
    }
}
