//! The part of BER (X.690) that SNMP and LDAP use: definite lengths, one-byte tags.
//!
//! Absent on purpose: indefinite lengths, tags above 30, REAL. What is written is DER.

use crate::reader::{Malformed, Reader};

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const ENUMERATED: u8 = 0x0a;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// One element: its tag and its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads one element and moves on behind it.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let tag = reader.u8()?;
        if tag & 0x1f == 0x1f {
            return Err(Malformed::Value);
        }
        let length = read_length(reader)?;
        Ok(Self { tag, content: reader.take(length)? })
    }

    /// Reads one element that must have this tag, as a reader over its content.
    pub fn read_as(reader: &mut Reader<'a>, tag: u8) -> Result<Reader<'a>, Malformed> {
        let element = Self::read(reader)?;
        if element.tag == tag { Ok(Reader::new(element.content)) } else { Err(Malformed::Value) }
    }

    /// The content as a signed integer of at most eight bytes.
    pub fn integer(&self) -> Result<i64, Malformed> {
        let (first, _) = self.content.split_first().ok_or(Malformed::Value)?;
        if self.content.len() > 8 {
            return Err(Malformed::Value);
        }
        let sign = if first & 0x80 == 0 { 0 } else { -1_i64 };
        Ok(self.content.iter().fold(sign, |value, byte| (value << 8) | i64::from(*byte)))
    }

    /// The content as an unsigned number: SNMP counters may use the sign bit.
    pub fn unsigned(&self) -> Result<u64, Malformed> {
        let digits = self.content.strip_prefix(&[0]).unwrap_or(self.content);
        if digits.len() > 8 || self.content.is_empty() {
            return Err(Malformed::Value);
        }
        Ok(digits.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
    }

    /// The content as an object identifier.
    pub fn object_identifier(&self) -> Result<Vec<u32>, Malformed> {
        let mut arcs = Vec::new();
        let mut value: u32 = 0;
        for byte in self.content {
            if value >= 1 << 25 {
                return Err(Malformed::Value);
            }
            value = (value << 7) | u32::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            if arcs.is_empty() {
                let first = (value / 40).min(2);
                arcs.push(first);
                value -= first * 40;
            }
            arcs.push(value);
            value = 0;
            if arcs.len() > 128 {
                return Err(Malformed::TooLong);
            }
        }
        if arcs.is_empty() || self.content.last().is_some_and(|byte| byte & 0x80 != 0) {
            return Err(Malformed::Value);
        }
        Ok(arcs)
    }
}

/// How long the element at the start is, header included; `None`: its header is not complete.
pub fn total_length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut reader = Reader::new(bytes);
    let start = reader.left();
    if reader.u8().is_err() {
        return Ok(None);
    }
    match read_length(&mut reader) {
        Ok(length) => Ok(Some(start - reader.left() + length)),
        Err(Malformed::Truncated) => Ok(None),
        Err(other) => Err(other),
    }
}

fn read_length(reader: &mut Reader<'_>) -> Result<usize, Malformed> {
    let first = reader.u8()?;
    if first < 0x80 {
        return Ok(usize::from(first));
    }
    let count = usize::from(first & 0x7f);
    // 0x80 is the indefinite form; more than four bytes of length is nothing we would take.
    if count == 0 || count > 4 {
        return Err(Malformed::Length);
    }
    let digits = reader.take(count)?;
    Ok(digits.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)))
}

/// An element from its tag and content.
#[must_use]
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => bytes.push(length),
        _ => {
            let digits = content.len().to_be_bytes();
            let digits = digits.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// An element made of elements.
#[must_use]
pub fn constructed(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// An INTEGER, or with another tag an ENUMERATED and the like, in as few bytes as it takes.
#[must_use]
pub fn integer(tag: u8, value: i64) -> Vec<u8> {
    let digits = value.to_be_bytes();
    let mut rest = digits.as_slice();
    while let [first, second, ..] = rest {
        let redundant = (*first == 0 && second & 0x80 == 0) || (*first == 0xff && second & 0x80 != 0);
        if !redundant {
            break;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    element(tag, rest)
}

/// A number without a sign, such as SNMP's, in as few bytes as it takes: a leading zero keeps the highest
/// bit from being one.
#[must_use]
pub fn unsigned(tag: u8, value: u64) -> Vec<u8> {
    let digits = value.to_be_bytes();
    let zeros = digits.iter().take_while(|digit| **digit == 0).count().min(digits.len() - 1);
    let digits = digits.get(zeros..).unwrap_or_default();
    let leading: &[u8] = if digits.first().is_some_and(|first| first & 0x80 != 0) { &[0] } else { &[] };
    element(tag, &[leading, digits].concat())
}

/// An OCTET STRING.
#[must_use]
pub fn octets(content: &[u8]) -> Vec<u8> {
    element(OCTET_STRING, content)
}

/// An OBJECT IDENTIFIER; at least two arcs, else it is written empty.
#[must_use]
pub fn object_identifier(arcs: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    if let [first, second, rest @ ..] = arcs {
        push_base_128(&mut content, first * 40 + second);
        for arc in rest {
            push_base_128(&mut content, *arc);
        }
    }
    element(OBJECT_IDENTIFIER, &content)
}

fn push_base_128(content: &mut Vec<u8>, value: u32) {
    for shift in [28, 21, 14, 7] {
        if value >> shift != 0 {
            content.push(0x80 | u8::try_from((value >> shift) & 0x7f).unwrap_or(0));
        }
    }
    content.push(u8::try_from(value & 0x7f).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_encodings() {
        assert_eq!(
            object_identifier(&[1, 3, 6, 1, 2, 1, 1, 1, 0]),
            b"\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00"
        );
        assert_eq!(integer(INTEGER, 128), [2, 2, 0, 128]);
        assert_eq!(integer(INTEGER, -1), [2, 1, 255]);
        assert_eq!(total_length(&[0x30, 0x81]), Ok(None));
        assert_eq!(total_length(&[0x30, 0x80, 0, 0]), Err(Malformed::Length));
    }

    proptest! {
        #[test]
        fn integers_read_back(value: i64) {
            let bytes = integer(INTEGER, value);
            prop_assert_eq!(Element::read(&mut Reader::new(&bytes)).unwrap().integer().unwrap(), value);
        }

        #[test]
        fn numbers_without_a_sign_read_back(value: u64) {
            let bytes = unsigned(INTEGER, value);
            let element = Element::read(&mut Reader::new(&bytes)).unwrap();
            prop_assert_eq!(element.unsigned().unwrap(), value);
            prop_assert_eq!(element.integer().ok(), i64::try_from(value).ok());
        }

        #[test]
        fn object_identifiers_read_back(first in 0u32..3, second in 0u32..40,
                                        rest in proptest::collection::vec(any::<u32>(), 0..20)) {
            let arcs = [vec![first, second], rest].concat();
            let bytes = object_identifier(&arcs);
            let element = Element::read(&mut Reader::new(&bytes)).unwrap();
            prop_assert_eq!(element.object_identifier().unwrap(), arcs);
        }

        #[test]
        fn elements_of_any_length_read_back(content in proptest::collection::vec(any::<u8>(), 0..400)) {
            let bytes = octets(&content);
            prop_assert_eq!(total_length(&bytes).unwrap(), Some(bytes.len()));
            let element = Element::read(&mut Reader::new(&bytes)).unwrap();
            prop_assert_eq!(element.content, content.as_slice());
            for short in 0..bytes.len() {
                prop_assert_eq!(Element::read(&mut Reader::new(&bytes[..short])), Err(Malformed::Truncated));
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while let Ok(element) = Element::read(&mut reader) {
                let _ = (element.integer(), element.unsigned(), element.object_identifier());
            }
            let _ = total_length(&bytes);
        }
    }
}
