//! Names as name servers know them: what holds for domains and for virtual hosts alike.
//!
//! No DNS here: that a name is well made says nothing of whether anything answers by it.

use std::str::FromStr;

/// Longest name, in characters.
pub const DNS_NAME_CHARACTERS_MAX: usize = 253;
/// Longest part between dots, in characters.
const LABEL_CHARACTERS_MAX: usize = 63;

/// A name in lower case and without a dot at its end. It has letters, digits, hyphens and underscores and is no
/// address, so that it can stand in a web request and in a TLS handshake as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DnsName(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotADnsName {
    Shape,
    TooLong,
}

impl DnsName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> Self {
        name.0
    }
}

impl FromStr for DnsName {
    type Err = NotADnsName;

    fn from_str(text: &str) -> Result<Self, NotADnsName> {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if text.len() > DNS_NAME_CHARACTERS_MAX {
            return Err(NotADnsName::TooLong);
        }
        let last = text.rsplit('.').next().unwrap_or(&text);
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || !text.split('.').all(is_label) {
            return Err(NotADnsName::Shape);
        }
        Ok(Self(text))
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=LABEL_CHARACTERS_MAX).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}
