//! The types of authentication records: one row each, with the fields and rules of its own.
//!
//! A type says what a record holds; whether a scan can do anything with it is told by
//! [`RecordKind::signs_in`]. The rows themselves stand in the tables beside this file.

use std::fmt;
use std::str::FromStr;

use super::field::{Field, Rule};
use super::{databases, systems, web};
use crate::option_profile::AuthenticationKind;

/// A type of records.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordType {
    /// The name used in addresses of the API and in the store.
    pub word: &'static str,
    /// The name shown to people.
    pub title: &'static str,
    /// In the order of their elements.
    pub fields: &'static [Field],
    pub rules: &'static [Rule],
    /// Whether the password may be kept by a vault.
    pub vault: bool,
    /// Whether records may have several root tools and private keys.
    pub access_lists: bool,
    /// What lets two records of the type name the same address: they differ in one of these fields.
    pub distinct_by: &'static [&'static str],
    /// What an option profile has to switch on for scans to use the record.
    pub switch: Option<AuthenticationKind>,
    /// Scans sign in with it.
    pub signs_in: bool,
}

impl RecordType {
    /// A type without fields, whose records have addresses.
    pub(super) const fn new(word: &'static str, title: &'static str) -> Self {
        Self {
            word,
            title,
            fields: &[],
            rules: &[Rule::AnyOf(&["ips"])],
            vault: false,
            access_lists: false,
            distinct_by: &[],
            switch: None,
            signs_in: false,
        }
    }
}

/// One of the types.
#[derive(Clone, Copy)]
pub struct RecordKind(&'static RecordType);

/// A text that names no type of records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a type of authentication records")]
pub struct NotARecordKind;

const TABLES: [&[RecordType]; 3] = [systems::TYPES, databases::TYPES, web::TYPES];

impl RecordKind {
    /// Every type, the oldest first.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLES.into_iter().flatten().map(Self)
    }

    /// The field with this name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.0.fields.iter().find(|field| field.name == name)
    }

    /// The name of the type in names of elements: `UNIX`, `ORACLE_LISTENER`.
    #[must_use]
    pub fn element(self) -> String {
        self.0.word.to_ascii_uppercase()
    }
}

impl std::ops::Deref for RecordKind {
    type Target = RecordType;

    fn deref(&self) -> &RecordType {
        self.0
    }
}

impl PartialEq for RecordKind {
    fn eq(&self, other: &Self) -> bool {
        self.0.word == other.0.word
    }
}

impl Eq for RecordKind {}

impl fmt::Debug for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordKind({})", self.0.word)
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.word)
    }
}

impl FromStr for RecordKind {
    type Err = NotARecordKind;

    fn from_str(text: &str) -> Result<Self, NotARecordKind> {
        Self::all().find(|kind| kind.0.word == text).ok_or(NotARecordKind)
    }
}

impl serde::Serialize for RecordKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word)
    }
}

impl<'de> serde::Deserialize<'de> for RecordKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::field::FieldKind;
    use super::*;

    #[test]
    fn types_have_names_of_their_own_and_rules_name_their_fields() {
        let mut words = BTreeSet::new();
        for kind in RecordKind::all() {
            assert!(words.insert(kind.word), "{kind} stands twice");
            assert_eq!(kind.word.parse(), Ok(kind));
            let known = |name: &str| name == "ips" || name == "vault" || kind.field(name).is_some();
            let mut names = BTreeSet::new();
            for field in kind.fields {
                assert!(names.insert(field.name), "{kind} has {} twice", field.name);
                let default = field.default.is_none_or(|text| field.accept(text).as_deref() == Some(text));
                assert!(default, "{kind}: the default of {}", field.name);
                assert!(!(field.is_secret() && field.default.is_some()), "{kind}");
                let is_list = matches!(field.kind, FieldKind::List { .. });
                assert!(!is_list || field.element.is_some(), "{kind}: {} has no element", field.name);
                if let FieldKind::Word(words) = field.kind {
                    assert!(words.len() > 1, "{kind}");
                }
            }
            for rule in kind.rules {
                let named = match rule {
                    Rule::AnyOf(names)
                    | Rule::OneOf(names)
                    | Rule::Exclusive(names)
                    | Rule::Together(names) => names.to_vec(),
                    Rule::OnlyWith(name, other) | Rule::Needs(name, _, other) => vec![*name, *other],
                };
                assert!(named.iter().all(|name| known(name)), "{kind}: {rule:?}");
            }
            assert!(kind.distinct_by.iter().all(|name| known(name)), "{kind}");
            assert!(!kind.signs_in || kind.switch.is_some(), "{kind} is switched on by nothing");
        }
        assert!(words.len() >= 20);
    }
}
