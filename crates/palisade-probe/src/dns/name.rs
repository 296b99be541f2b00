//! Domain names: their text, their wire form, and following compression without going round.

use std::fmt;
use std::str::FromStr;

use crate::reader::Malformed;

/// On the wire, the root's zero included (RFC 1035, 2.3.4).
pub const NAME_BYTES_MAX: usize = 255;
const LABEL_BYTES_MAX: usize = 63;

/// A domain name. The default is the root.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct DomainName {
    labels: Vec<Vec<u8>>,
}

impl DomainName {
    /// Reads the name at `offset` of a whole message; with it comes where reading goes on.
    pub fn parse(message: &[u8], offset: usize) -> Result<(Self, usize), Malformed> {
        let mut labels = Vec::new();
        let mut position = offset;
        let mut end = None;
        let mut bytes_total = 1;
        loop {
            let length = *message.get(position).ok_or(Malformed::Truncated)?;
            match length >> 6 {
                0 if length == 0 => break,
                0 => {
                    let start = position + 1;
                    position = start + usize::from(length);
                    labels.push(message.get(start..position).ok_or(Malformed::Truncated)?.to_vec());
                    bytes_total += usize::from(length) + 1;
                    if bytes_total > NAME_BYTES_MAX {
                        return Err(Malformed::TooLong);
                    }
                }
                3 => {
                    let low = *message.get(position + 1).ok_or(Malformed::Truncated)?;
                    end.get_or_insert(position + 2);
                    let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                    // Only backwards, so every jump shortens what is left to read.
                    if target >= position {
                        return Err(Malformed::Value);
                    }
                    position = target;
                    bytes_total += 1;
                    if bytes_total > NAME_BYTES_MAX {
                        return Err(Malformed::TooLong);
                    }
                }
                _ => return Err(Malformed::Value),
            }
        }
        Ok((Self { labels }, end.unwrap_or(position + 1)))
    }

    /// The wire form, without compression.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in &self.labels {
            bytes.push(u8::try_from(label.len()).unwrap_or(0));
            bytes.extend_from_slice(label);
        }
        bytes.push(0);
        bytes
    }

    #[must_use]
    pub fn is_root(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Bytes that are not plain are shown as `\ddd` (RFC 1035, 5.1). Without the final dot.
impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, label) in self.labels.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            for byte in label {
                match byte {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
                    0x21..=0x7e => write!(f, "{}", char::from(*byte))?,
                    _ => write!(f, "\\{byte:03}")?,
                }
            }
        }
        Ok(())
    }
}

/// Plain names only: no escapes. The empty text and `.` are the root.
impl FromStr for DomainName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut labels = Vec::new();
        for label in text.split('.') {
            let plain = label.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
            if label.is_empty() || !plain {
                return Err(Malformed::Value);
            }
            if label.len() > LABEL_BYTES_MAX {
                return Err(Malformed::TooLong);
            }
            labels.push(label.as_bytes().to_vec());
        }
        let name = Self { labels };
        if name.to_bytes().len() > NAME_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(name) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn loops_and_forward_jumps_are_refused() {
        assert_eq!(DomainName::parse(&[0xc0, 0x00], 0), Err(Malformed::Value));
        assert_eq!(DomainName::parse(&[1, b'a', 0xc0, 0x00], 0), Err(Malformed::TooLong));
        assert_eq!(DomainName::parse(&[0xc0, 0x02, 0], 0), Err(Malformed::Value));
        assert_eq!(DomainName::parse(&[0x40, 0], 0), Err(Malformed::Value));
        assert_eq!(DomainName::parse(&[3, b'a'], 0), Err(Malformed::Truncated));
    }

    #[test]
    fn compression_is_followed() {
        let message = b"\x04test\x00\x03lab\xc0\x00";
        let (name, end) = DomainName::parse(message, 6).unwrap();
        assert_eq!((name.to_string().as_str(), end), ("lab.test", 12));
    }

    proptest! {
        #[test]
        fn names_read_back(labels in proptest::collection::vec("[!-\\-/-\\[\\]-~]{1,20}", 0..10)) {
            let text = labels.join(".");
            let name: DomainName = text.parse().unwrap();
            prop_assert_eq!(name.to_string(), text);
            let bytes = name.to_bytes();
            prop_assert_eq!(DomainName::parse(&bytes, 0).unwrap(), (name, bytes.len()));
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80), offset in 0usize..90) {
            if let Ok((name, end)) = DomainName::parse(&bytes, offset) {
                prop_assert!(end <= bytes.len());
                prop_assert!(name.to_bytes().len() <= NAME_BYTES_MAX);
            }
        }
    }
}
