//! Packed rows: many rows that the database hands over as one text.
//!
//! A row of its own costs the driver an allocation for each column and a message between threads,
//! which is more than the database spends on finding it. Where millions of rows make one answer,
//! the query joins them itself (`string_agg` over `concat_ws`, which both databases have) and
//! [`Unpack`] takes them apart again. A record is its fields, each with a blank after it; a text is
//! its length in bytes, a blank, and the text.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A text in a page of packed rows that it shares with the others there: it has no memory of its own.
#[derive(Clone)]
pub struct SharedText {
    page: Arc<str>,
    place: Range<usize>,
}

impl SharedText {
    /// `None`: no characters begin and end there.
    pub(crate) fn new(page: &Arc<str>, place: Range<usize>) -> Option<Self> {
        page.get(place.clone())?;
        Some(Self { page: Arc::clone(page), place })
    }
}

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        self.page.get(self.place.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq for SharedText {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for SharedText {}

/// Takes records apart, field by field. `None` from any of them: the text is no such record.
#[derive(Debug)]
pub(crate) struct Unpack<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Unpack<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// A field without blanks in it; possibly empty.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let length = rest.as_bytes().iter().position(|byte| *byte == b' ')?;
        self.at += length + 1;
        rest.get(..length)
    }

    /// A whole number.
    pub(crate) fn number(&mut self) -> Option<i64> {
        let bytes = self.text.as_bytes();
        let is_negative = bytes.get(self.at) == Some(&b'-');
        let mut at = self.at + usize::from(is_negative);
        let first = at;
        let mut number: i64 = 0;
        loop {
            match bytes.get(at) {
                Some(digit @ b'0'..=b'9') => {
                    number = number.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
                    at += 1;
                }
                Some(b' ') if at > first => {
                    self.at = at + 1;
                    return Some(if is_negative { -number } else { number });
                }
                _ => return None,
            }
        }
    }

    /// A text, as its place in the whole.
    pub(crate) fn text(&mut self) -> Option<Range<usize>> {
        let length = usize::try_from(self.number()?).ok()?;
        let end = self.at.checked_add(length)?;
        let text = self.at..end;
        self.text.get(text.clone())?;
        if self.text.as_bytes().get(end) != Some(&b' ') {
            return None;
        }
        self.at = end + 1;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_record_is_refused() {
        for text in ["", " ", "-", "12", "1x ", "99999999999999999999 ", "- "] {
            assert_eq!(Unpack::new(text).number(), None, "{text:?}");
        }
        for text in ["3 ab", "3 abc", "2 abc ", "-1 abc ", "1 ä ", "18446744073709551615 a "] {
            assert_eq!(Unpack::new(text).text(), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn records_are_taken_apart(records in proptest::collection::vec((any::<i64>(), "[a-z]{0,5}", any::<String>()), 0..5)) {
            prop_assume!(records.iter().all(|(number, ..)| *number != i64::MIN));
            let packed = records.iter().fold(String::new(), |packed, (number, word, text)| {
                packed + &format!("{number} {word} {} {text} ", text.len())
            });
            let mut unpack = Unpack::new(&packed);
            for (number, word, text) in &records {
                prop_assert!(!unpack.is_at_end());
                prop_assert_eq!(unpack.number(), Some(*number));
                prop_assert_eq!(unpack.word(), Some(word.as_str()));
                prop_assert_eq!(&packed[unpack.text().unwrap()], text.as_str());
            }
            prop_assert!(unpack.is_at_end());
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let mut unpack = Unpack::new(&text);
            while unpack.text().is_some() {}
            let mut unpack = Unpack::new(&text);
            while unpack.word().is_some() {}
        }
    }
}
