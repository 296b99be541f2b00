//! CPE names, version 2.3: how the field names products, and when a name in a vulnerability's
//! record speaks about a product that was seen.
//!
//! Read from the formatted string (`cpe:2.3:a:nginx:nginx:1.18.0:*:...`) and from the older URI
//! (`cpe:/a:nginx:nginx:1.18.0`). Deliberately absent: the dictionary of names, and wildcards
//! inside a value other than `*` at its ends.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::version::compare;

/// Attributes of a formatted string after `cpe:2.3`.
const ATTRIBUTES: usize = 11;
/// Longest name taken, in bytes.
const NAME_BYTES_MAX: usize = 1_024;
/// Words by which distributions mark the versions of their own builds.
const DISTRIBUTION_MARKS: [&str; 8] = ["debian", "ubuntu", "deb", "el6", "el7", "el8", "el9", "rh"];

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CpeValue {
    /// `*`: whatever it is.
    Any,
    /// `-`: the product has no such thing.
    NotApplicable,
    /// In lower case and without quoting.
    Text(String),
}

impl CpeValue {
    /// The value, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Any | Self::NotApplicable => None,
        }
    }

    /// Whether what a record asks for is so of a product of which `seen` is known. What is not known
    /// of the product is not taken for what the record asks.
    fn covers(&self, seen: &Self) -> bool {
        match (self, seen) {
            (Self::Any, _) | (Self::NotApplicable, Self::Any | Self::NotApplicable) => true,
            (Self::Text(asked), Self::Text(seen)) => match asked.strip_suffix('*') {
                Some(start) if !start.is_empty() => seen.starts_with(start),
                _ => asked == seen,
            },
            _ => false,
        }
    }
}

/// The name of a product, or of many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CpeName {
    /// `a` application, `o` operating system, `h` hardware.
    pub part: char,
    pub vendor: CpeValue,
    pub product: CpeValue,
    pub version: CpeValue,
    pub update: CpeValue,
    /// Edition, language, software edition, target software, target hardware, other.
    rest: [CpeValue; 6],
}

/// Why a text is not a CPE name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CPE name")]
pub struct NotACpeName;

impl FromStr for CpeName {
    type Err = NotACpeName;

    fn from_str(text: &str) -> Result<Self, NotACpeName> {
        if text.len() > NAME_BYTES_MAX {
            return Err(NotACpeName);
        }
        let mut values = if let Some(formatted) = text.strip_prefix("cpe:2.3:") {
            let values: Vec<CpeValue> = split_quoted(formatted).map(unquoted).collect();
            if values.len() > ATTRIBUTES { Err(NotACpeName) } else { Ok(values) }
        } else if let Some(uri) = text.strip_prefix("cpe:/") {
            Ok(uri.split(':').take(ATTRIBUTES).map(from_uri).collect())
        } else {
            Err(NotACpeName)
        }?
        .into_iter();
        let part = match values.next() {
            Some(CpeValue::Text(part)) if ["a", "o", "h"].contains(&part.as_str()) => part,
            _ => return Err(NotACpeName),
        };
        let mut next = || values.next().unwrap_or(CpeValue::Any);
        let name = Self {
            part: part.chars().next().ok_or(NotACpeName)?,
            vendor: next(),
            product: next(),
            version: next(),
            update: next(),
            rest: std::array::from_fn(|_| next()),
        };
        // A name that names nothing would speak about everything.
        if name.product.text().is_none() { Err(NotACpeName) } else { Ok(name) }
    }
}

impl TryFrom<String> for CpeName {
    type Error = NotACpeName;

    fn try_from(text: String) -> Result<Self, NotACpeName> {
        text.parse()
    }
}

impl From<CpeName> for String {
    fn from(name: CpeName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for CpeName {
    /// The formatted string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cpe:2.3:{}", self.part)?;
        for value in [&self.vendor, &self.product, &self.version, &self.update].into_iter().chain(&self.rest)
        {
            match value {
                CpeValue::Any => f.write_str(":*")?,
                CpeValue::NotApplicable => f.write_str(":-")?,
                CpeValue::Text(text) => write!(f, ":{}", Quoted(text))?,
            }
        }
        Ok(())
    }
}

impl CpeName {
    /// Whether this name of a record is about the product `seen`, versions aside.
    #[must_use]
    pub fn is_about(&self, seen: &Self) -> bool {
        self.part == seen.part
            && self.vendor.covers(&seen.vendor)
            && self.product.covers(&seen.product)
            && self.rest.iter().zip(&seen.rest).all(|(asked, seen)| asked.covers(seen))
    }

    /// Whether this name of a record, which has no range of versions beside it, is about the version
    /// of `seen`. A product of unknown version is never meant.
    #[must_use]
    pub fn has_version_of(&self, seen: &Self) -> bool {
        let Some(version) = seen.version.text() else { return false };
        match &self.version {
            CpeValue::NotApplicable => false,
            CpeValue::Any => self.update.covers(&seen.update),
            CpeValue::Text(asked) => {
                let same =
                    |seen: &str| CpeValue::Text(asked.clone()).covers(&CpeValue::Text(seen.to_owned()));
                let joined = joined(version, &seen.update);
                (same(upstream(version)) && self.update.covers(&seen.update))
                    || (self.update.text().is_none() && same(&joined))
            }
        }
    }

    /// The version and its update as products print them: `9.2p1`. `None` when it is not known.
    #[must_use]
    pub fn version_text(&self) -> Option<String> {
        Some(joined(self.version.text()?, &self.update))
    }
}

fn joined(version: &str, update: &CpeValue) -> String {
    format!("{}{}", upstream(version), update.text().unwrap_or_default())
}

/// The version without what a distribution adds to it: `9.18.24` of `9.18.24-1-debian`.
#[must_use]
pub fn upstream(version: &str) -> &str {
    let marked = version.contains(['+', '~'])
        || version
            .split(|character: char| !character.is_ascii_alphanumeric())
            .skip(1)
            .any(|word| DISTRIBUTION_MARKS.iter().any(|mark| word.starts_with(mark)));
    if !marked {
        return version;
    }
    version.split(['-', '+', '~']).next().unwrap_or(version)
}

/// Where a range of versions ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionBound {
    #[serde(rename = "v")]
    pub version: String,
    /// Whether the version itself is in the range.
    #[serde(rename = "i", default, skip_serializing_if = "std::ops::Not::not")]
    pub inclusive: bool,
}

/// The versions between two bounds, either of which may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VersionRange {
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub start: Option<VersionBound>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub end: Option<VersionBound>,
}

impl VersionRange {
    /// Whether it has no bounds.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// Whether the version of `seen` lies in it. Bounds are versions without the update (`9.3`), so
    /// that `9.3p1` is not beyond an inclusive `9.3`, unless they name one themselves (`9.3p2`).
    #[must_use]
    pub fn contains(&self, seen: &CpeName) -> bool {
        let Some(version) = seen.version.text() else { return false };
        let order = |bound: &VersionBound| {
            let named = if names_update(&bound.version) {
                joined(version, &seen.update)
            } else {
                upstream(version).to_owned()
            };
            compare(&named, &bound.version.to_ascii_lowercase())
        };
        self.start.as_ref().is_none_or(|start| {
            let order = order(start);
            order.is_gt() || (start.inclusive && order.is_eq())
        }) && self.end.as_ref().is_none_or(|end| {
            let order = order(end);
            order.is_lt() || (end.inclusive && order.is_eq())
        })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.start, &self.end) {
            (None, None) => f.write_str("all versions"),
            (Some(start), None) => from(f, start),
            (None, Some(end)) => to(f, end),
            (Some(start), Some(end)) => {
                from(f, start)?;
                f.write_str(" ")?;
                to(f, end)
            }
        }
    }
}

fn from(f: &mut fmt::Formatter<'_>, start: &VersionBound) -> fmt::Result {
    write!(f, "{} {}", if start.inclusive { "from" } else { "after" }, start.version)
}

fn to(f: &mut fmt::Formatter<'_>, end: &VersionBound) -> fmt::Result {
    write!(f, "{} {}", if end.inclusive { "up to and including" } else { "before" }, end.version)
}

/// `9.3p2`: a number, `p`, a number.
fn names_update(version: &str) -> bool {
    version.to_ascii_lowercase().rsplit_once('p').is_some_and(|(before, after)| {
        before.ends_with(|last: char| last.is_ascii_digit())
            && !after.is_empty()
            && after.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Divides at colons that are not quoted.
fn split_quoted(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        let divides = character == ':' && !quoted;
        quoted = character == '\\' && !quoted;
        divides
    })
}

fn unquoted(text: &str) -> CpeValue {
    match text {
        "*" | "" => CpeValue::Any,
        "-" => CpeValue::NotApplicable,
        _ => {
            let mut plain = String::with_capacity(text.len());
            let mut quoted = false;
            for character in text.chars() {
                if character == '\\' && !quoted {
                    quoted = true;
                } else {
                    quoted = false;
                    plain.extend(character.to_lowercase());
                }
            }
            CpeValue::Text(plain)
        }
    }
}

/// In the URI nothing is `*`, and what is not plain is percent-encoded.
fn from_uri(text: &str) -> CpeValue {
    match text {
        "" => CpeValue::Any,
        "-" => CpeValue::NotApplicable,
        _ => {
            let mut bytes = Vec::with_capacity(text.len());
            let mut rest = text.as_bytes();
            while let [first, after @ ..] = rest {
                let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
                match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                    Some(byte) if *first == b'%' => {
                        bytes.push(byte);
                        rest = after.get(2..).unwrap_or_default();
                    }
                    _ => {
                        bytes.push(*first);
                        rest = after;
                    }
                }
            }
            CpeValue::Text(String::from_utf8_lossy(&bytes).to_lowercase())
        }
    }
}

/// A value with its quoting.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A lone `-` or `*` as a text would read as something else.
        let is_sign = ["-", "*"].contains(&self.0);
        let open_end = self.0.len() - usize::from(self.0.ends_with('*') && !is_sign);
        for (at, character) in self.0.char_indices() {
            let plain =
                character.is_ascii_alphanumeric() || "._-".contains(character) || !character.is_ascii();
            if is_sign || !(plain || at >= open_end) {
                f.write_str("\\")?;
            }
            write!(f, "{character}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> CpeName {
        text.parse().unwrap()
    }

    fn seen(version: &str) -> CpeName {
        name(&format!("cpe:2.3:a:acme:server:{version}:*:*:*:*:*:*:*"))
    }

    fn bound(version: &str, inclusive: bool) -> VersionBound {
        VersionBound { version: version.to_owned(), inclusive }
    }

    #[test]
    fn both_forms_are_read() {
        let formatted = name("cpe:2.3:a:Nginx:nginx:1.18.0:*:*:*:*:*:*:*");
        assert_eq!(formatted, name("cpe:/a:nginx:nginx:1.18.0"));
        assert_eq!(formatted.to_string(), "cpe:2.3:a:nginx:nginx:1.18.0:*:*:*:*:*:*:*");
        let quoted = name(r"cpe:2.3:o:cisco:ios:12.2\(55\)se3:*:*:*:*:*:*:*");
        assert_eq!(quoted.version.text(), Some("12.2(55)se3"));
        assert_eq!(quoted, name("cpe:/o:cisco:ios:12.2%2855%29se3"));
        assert_eq!(name(&quoted.to_string()), quoted);
        assert_eq!(name(r"cpe:2.3:a:x\:y:z:-").vendor.text(), Some("x:y"));
        for bad in [
            "",
            "cpe:2.3:",
            "cpe:2.3:x:a:b",
            "cpe:2.3:a:b",
            "cpe:2.3:a:b:*",
            "cpe:/",
            "cpe:2.3:a:b:c:d:e:f:g:h:i:j:k:l",
        ] {
            assert!(bad.parse::<CpeName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_record_is_about_what_it_names() {
        let product = seen("1.0");
        assert!(name("cpe:2.3:a:acme:server:*:*:*:*:*:*:*:*").is_about(&product));
        assert!(name("cpe:2.3:a:acme:server:-:-:-:*:*:-:*:*").is_about(&product));
        for other in [
            "cpe:2.3:a:acme:client:*:*:*:*:*:*:*:*",
            "cpe:2.3:o:acme:server:*:*:*:*:*:*:*:*",
            "cpe:2.3:a:acme:server:*:*:*:*:*:wordpress:*:*",
            "cpe:2.3:a:acme:server:*:*:*:*:enterprise:*:*:*",
        ] {
            assert!(!name(other).is_about(&product), "{other}");
        }
    }

    #[test]
    fn versions_without_a_range_must_be_the_same() {
        assert!(seen("1.0").has_version_of(&seen("1.0")));
        assert!(!seen("1.0").has_version_of(&seen("1.0.1")));
        assert!(seen("1.0").has_version_of(&seen("1.0-2-debian")));
        assert!(seen("*").has_version_of(&seen("1.0")));
        for unknown in ["*", "-"] {
            assert!(!seen("*").has_version_of(&seen(unknown)), "an unknown version is never meant");
            assert!(!seen("1.0").has_version_of(&seen(unknown)));
        }
        assert!(!seen("-").has_version_of(&seen("1.0")));
        let patched = name("cpe:2.3:a:acme:server:9.3:p1:*:*:*:*:*:*");
        assert!(patched.has_version_of(&patched));
        assert!(!patched.has_version_of(&name("cpe:2.3:a:acme:server:9.3:p2")));
        assert!(!patched.has_version_of(&seen("9.3")));
        assert!(seen("9.3").has_version_of(&patched));
        assert!(seen("9.3p1").has_version_of(&patched));
        assert!(!name("cpe:2.3:a:acme:server:9.3:-").has_version_of(&patched));
        assert!(name("cpe:2.3:a:acme:server:9.3:-").has_version_of(&seen("9.3")));
    }

    #[test]
    fn ranges_end_where_they_say() {
        let range = VersionRange { start: Some(bound("1.0", true)), end: Some(bound("1.20.1", false)) };
        for (version, inside) in [
            ("0.9", false),
            ("1.0", true),
            ("1.9", true),
            ("1.20.0", true),
            ("1.20.1", false),
            ("2", false),
            ("*", false),
            ("-", false),
        ] {
            assert_eq!(range.contains(&seen(version)), inside, "{version}");
        }
        let range = VersionRange { start: Some(bound("1.0", false)), end: Some(bound("1.2", true)) };
        assert!(
            !range.contains(&seen("1.0")) && range.contains(&seen("1.2")) && !range.contains(&seen("1.2.1"))
        );
        assert!(range.contains(&seen("1.2-3+deb12u1")), "what a distribution adds is no later version");
        let patched = name("cpe:2.3:a:acme:server:9.3:p1");
        let until =
            |version: &str, inclusive| VersionRange { start: None, end: Some(bound(version, inclusive)) };
        assert!(until("9.3", true).contains(&patched) && !until("9.3", false).contains(&patched));
        assert!(until("9.3p2", false).contains(&patched) && !until("9.3p1", false).contains(&patched));
        assert_eq!(range.to_string(), "after 1.0 up to and including 1.2");
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_prints_reads_back(text in any::<String>(), parts in proptest::collection::vec("[ -~]{0,6}", 2..12)) {
            for text in [text.clone(), format!("cpe:2.3:{text}"), format!("cpe:/{text}"), format!("cpe:2.3:a:{}", parts.join(":"))] {
                if let Ok(name) = text.parse::<CpeName>() {
                    let again: CpeName = name.to_string().parse().unwrap();
                    prop_assert_eq!(again.product, name.product.clone());
                    let _ = name.has_version_of(&name);
                }
            }
        }
    }
}
