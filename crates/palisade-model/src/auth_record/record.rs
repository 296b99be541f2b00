//! A record, what it holds, and whether it may be so.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::field::{Field, Rule};
use super::kind::RecordKind;
use super::secrets::Secrets;
use super::unix_access::{GivenAccess, PrivateKeyEntry, RootToolEntry};
use super::vault::{REFERENCE_FIELDS, VaultReference};
use crate::ip_set::IpSet;

/// Longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 255;
/// Longest comments, in characters.
pub const COMMENTS_CHARACTERS_MAX: usize = 1_999;

/// Fields that stand in the place of addresses.
const WEB_PLACES: [&str; 2] = ["realm", "vhost"];

/// What people say in a record, all but its title, comments and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordContent {
    /// What may be shown, by the names of fields. What was left out is absent, also where it has a
    /// default.
    pub fields: BTreeMap<String, String>,
    /// The names of the secrets that are kept.
    pub secrets: BTreeSet<String>,
    /// Where the password is, when it is not here.
    pub vault: Option<VaultReference>,
    /// Root tools in the order they are tried, where they were given as a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub root_tools: Vec<RootToolEntry>,
    /// Private keys in the order they are tried, where they were given as a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private_keys: Vec<PrivateKeyEntry>,
}

/// What somebody says in a record. Fields that are not named stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GivenFields {
    /// Fields that may be shown; with an empty text any field, which clears it.
    pub fields: BTreeMap<String, String>,
    pub secrets: Secrets,
    /// Lists of a document, of Unix records alone.
    pub access: GivenAccess,
}

impl GivenFields {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.secrets.is_empty() && self.access.is_empty()
    }
}

/// Why a record cannot be so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    #[error("there is no field '{field}'")]
    UnknownField { field: String },
    #[error("'{field}' cannot have this value")]
    Value { field: String },
    #[error("'{field}' is missing")]
    Missing { field: String },
    #[error("one of these is needed: {}", .fields.join(", "))]
    NoneOf { fields: Vec<&'static str> },
    #[error("only one of these can be given: {}", .fields.join(", "))]
    MoreThanOne { fields: Vec<&'static str> },
    #[error("these have to be given together: {}", .fields.join(", "))]
    Apart { fields: Vec<&'static str> },
    #[error("'{field}' needs '{other}'")]
    Needs { field: &'static str, other: &'static str },
    #[error("'{field}' cannot be changed")]
    Fixed { field: &'static str },
}

impl RecordContent {
    /// The value of a field, its default when it was not given.
    #[must_use]
    pub fn value(&self, field: &Field) -> Option<&str> {
        self.fields.get(field.name).map(String::as_str).or(field.default)
    }

    /// Takes in what was given for some `fields`: an empty text clears one. Secrets come with
    /// `given.secrets`, go to `secrets` and leave their names here.
    ///
    /// # Errors
    ///
    /// [`BadRecord::UnknownField`], [`BadRecord::Value`].
    pub fn take(
        &mut self,
        fields: &[Field],
        given: &GivenFields,
        secrets: &mut Secrets,
    ) -> Result<(), BadRecord> {
        let find = |name: &str| {
            let field = fields.iter().find(|field| field.name == name);
            field.ok_or_else(|| BadRecord::UnknownField { field: name.to_owned() })
        };
        let bad = |name: &str| BadRecord::Value { field: name.to_owned() };
        for (name, text) in &given.fields {
            let field = find(name)?;
            if text.is_empty() {
                self.fields.remove(name);
                self.secrets.remove(name);
                secrets.remove(name);
            } else if field.is_secret() {
                return Err(bad(name));
            } else {
                self.fields.insert(name.clone(), field.accept(text).ok_or_else(|| bad(name))?);
            }
        }
        for name in given.secrets.names() {
            let text = given.secrets.reveal(name).unwrap_or_default();
            let kept = find(name)?.accept(text).ok_or_else(|| bad(name))?;
            self.secrets.insert(name.to_owned());
            secrets.set(name, kept);
        }
        Ok(())
    }

    /// The first required field that is neither given nor kept by a vault.
    ///
    /// # Errors
    ///
    /// [`BadRecord::Missing`].
    pub fn check_required(&self, fields: &[Field]) -> Result<(), BadRecord> {
        for field in fields.iter().filter(|field| field.required) {
            let has = self.fields.contains_key(field.name) || self.secrets.contains(field.name);
            let elsewhere = field.name == "password" && self.vault.is_some();
            if !has && !elsewhere {
                return Err(BadRecord::Missing { field: field.name.to_owned() });
            }
        }
        Ok(())
    }

    /// Whether a record with this content, and with or without addresses, may be.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn check(&self, kind: RecordKind, has_ips: bool) -> Result<(), BadRecord> {
        self.check_required(kind.fields)?;
        if self.vault.is_some() && !kind.vault {
            return Err(BadRecord::Value { field: "login_type".to_owned() });
        }
        kind.rules.iter().try_for_each(|rule| self.keeps(kind, rule, has_ips))
    }

    fn keeps(&self, kind: RecordKind, rule: &Rule, has_ips: bool) -> Result<(), BadRecord> {
        let has = |name: &str| self.has(kind, name, has_ips);
        let count = |names: &[&str]| names.iter().filter(|name| has(name)).count();
        match rule {
            Rule::AnyOf(names) | Rule::OneOf(names) if count(names) == 0 => Err(none_of(names)),
            Rule::OneOf(names) | Rule::Exclusive(names) if count(names) > 1 => {
                Err(BadRecord::MoreThanOne { fields: names.to_vec() })
            }
            Rule::Together(names) if !matches!(count(names), 0) && count(names) < names.len() => {
                Err(BadRecord::Apart { fields: names.to_vec() })
            }
            Rule::OnlyWith(field, other) if has(field) && !has(other) => {
                Err(BadRecord::Needs { field, other })
            }
            Rule::Needs(field, value, other) => {
                let is = kind.field(field).and_then(|field| self.value(field)) == Some(*value);
                if is && !has(other) { Err(BadRecord::Needs { field, other }) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Whether something stands in the field that means something.
    fn has(&self, kind: RecordKind, name: &str, has_ips: bool) -> bool {
        match name {
            "ips" => has_ips,
            "vault" => self.vault.is_some(),
            "private_key" if !self.private_keys.is_empty() => true,
            name if kind.field(name).is_some_and(Field::is_secret) => self.secrets.contains(name),
            name => self.fields.get(name).is_some_and(|value| !matches!(value.as_str(), "" | "0" | "none")),
        }
    }

    /// Whether it is for a realm or a virtual host of the web instead of hosts.
    #[must_use]
    pub fn names_a_web_place(&self) -> bool {
        WEB_PLACES.iter().any(|name| self.fields.contains_key(*name))
    }

    /// Whether both may name the same address: they differ in what tells records of the type apart.
    #[must_use]
    pub fn is_distinct_from(&self, other: &Self, kind: RecordKind) -> bool {
        kind.distinct_by.iter().any(|name| {
            let field = kind.field(name);
            field.and_then(|field| self.value(field)) != field.and_then(|field| other.value(field))
        })
    }
}

fn none_of(names: &'static [&'static str]) -> BadRecord {
    match names {
        [only] => BadRecord::Missing { field: (*only).to_owned() },
        names => BadRecord::NoneOf { fields: names.to_vec() },
    }
}

/// Reads what a record says of a vault; `None` for an unknown field or a bad value.
///
/// # Errors
///
/// [`BadRecord::Value`] with the field.
pub fn vault_reference(vault_id: i64, given: &BTreeMap<String, String>) -> Result<VaultReference, BadRecord> {
    let mut reference = VaultReference { vault_id, fields: BTreeMap::new() };
    for (name, text) in given.iter().filter(|(_, text)| !text.is_empty()) {
        let bad = || BadRecord::Value { field: name.clone() };
        let field = REFERENCE_FIELDS.iter().find(|field| field.name == name.as_str()).ok_or_else(bad)?;
        reference.fields.insert(name.clone(), field.accept(text).ok_or_else(bad)?);
    }
    Ok(reference)
}

/// A record as a scanner gets it, with what it needs to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub record_id: i64,
    pub kind: RecordKind,
    /// The hosts of the scan that it is for.
    pub ips: IpSet,
    /// What may be shown; see [`RecordContent::fields`].
    pub fields: BTreeMap<String, String>,
    /// See [`RecordContent::root_tools`].
    #[serde(default)]
    pub root_tools: Vec<RootToolEntry>,
    /// See [`RecordContent::private_keys`].
    #[serde(default)]
    pub private_keys: Vec<PrivateKeyEntry>,
    pub secrets: Secrets,
    /// Why it cannot be used, for people: `the password is kept by a vault`.
    pub unusable: Option<String>,
}

impl SignIn {
    /// The value of a field that may be shown, its default when it was not given.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let default = self.kind.field(name).and_then(|field| field.default);
        self.fields.get(name).map(String::as_str).or(default)
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name) == Some("1")
    }

    /// Whether it is for a realm or a virtual host of the web, wherever that is.
    #[must_use]
    pub fn names_a_web_place(&self) -> bool {
        WEB_PLACES.iter().any(|name| self.fields.contains_key(*name))
    }

    /// Who signs in; empty where the type has no user.
    #[must_use]
    pub fn user_name(&self) -> &str {
        self.value("username").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(kind: &str, texts: &[(&str, &str)]) -> (RecordKind, Result<RecordContent, BadRecord>) {
        let kind: RecordKind = kind.parse().unwrap();
        let mut given = GivenFields::default();
        for (name, text) in texts {
            if kind.field(name).is_some_and(Field::is_secret) {
                given.secrets.set(name, (*text).to_owned());
            } else {
                given.fields.insert((*name).to_owned(), (*text).to_owned());
            }
        }
        let (mut content, mut secrets) = (RecordContent::default(), Secrets::default());
        (kind, content.take(kind.fields, &given, &mut secrets).map(|()| content))
    }

    fn verdict(kind: &str, given: &[(&str, &str)], has_ips: bool) -> Result<(), BadRecord> {
        let (kind, content) = content(kind, given);
        content.and_then(|content| content.check(kind, has_ips))
    }

    #[test]
    fn records_that_may_be() {
        let password = ("password", "x");
        for (kind, given, has_ips) in [
            ("unix", vec![("username", "root"), password], true),
            ("unix", vec![("username", "root"), ("skip_password", "1"), ("rsa_private_key", "k")], true),
            ("windows", vec![("username", "a"), password, ("windows_ad_domain", "a.test")], false),
            ("oracle", vec![("username", "a"), password, ("sid", "ORCL")], true),
            ("snmp", vec![("community_strings", "public")], true),
            ("snmp", vec![("version", "V3"), ("username", "a")], true),
            ("http", vec![("username", "a"), password, ("realm", "Stock")], false),
            ("ms_iis", vec![], true),
        ] {
            assert_eq!(verdict(kind, &given, has_ips), Ok(()), "{kind} {given:?}");
        }
    }

    #[test]
    fn records_that_may_not_be() {
        let missing = |field: &str| BadRecord::Missing { field: field.to_owned() };
        let user = ("username", "a");
        assert_eq!(verdict("unix", &[("password", "x")], true), Err(missing("username")));
        assert_eq!(verdict("unix", &[user, ("password", "x")], false), Err(missing("ips")));
        assert!(matches!(verdict("unix", &[user], true), Err(BadRecord::NoneOf { .. })));
        let both = [user, ("password", "x"), ("skip_password", "1")];
        assert!(matches!(verdict("unix", &both, true), Err(BadRecord::MoreThanOne { .. })));
        assert!(matches!(verdict("snmp", &[], true), Err(BadRecord::Needs { .. })));
        let half = [("community_strings", "a"), ("auth_alg", "MD5")];
        assert!(matches!(verdict("snmp", &half, true), Err(BadRecord::Apart { .. })));
        assert!(matches!(
            verdict("http", &[user, ("password", "x"), ("realm", "a")], true),
            Err(BadRecord::MoreThanOne { .. })
        ));
        assert!(matches!(verdict("snmp", &[("sid", "a")], true), Err(BadRecord::UnknownField { .. })));
        assert!(matches!(verdict("snmp", &[("version", "v4")], true), Err(BadRecord::Value { .. })));
    }

    #[test]
    fn databases_share_an_address_where_ports_differ() {
        let (kind, first) = content("mysql", &[("port", "3306")]);
        let (_, same) = content("mysql", &[]);
        let (_, other) = content("mysql", &[("port", "3307")]);
        let (first, same, other) = (first.unwrap(), same.unwrap(), other.unwrap());
        assert!(!first.is_distinct_from(&same, kind) && first.is_distinct_from(&other, kind));
        let (unix, a) = content("unix", &[("port", "22")]);
        let (_, b) = content("unix", &[("port", "23")]);
        assert!(!a.unwrap().is_distinct_from(&b.unwrap(), unix));
    }

    #[test]
    fn an_empty_text_clears() {
        let (kind, content) = content("unix", &[("username", "a"), ("password", "x")]);
        let (mut content, mut secrets) = (content.unwrap(), Secrets::default());
        let given =
            GivenFields { fields: [("password".to_owned(), String::new())].into(), ..GivenFields::default() };
        content.take(kind.fields, &given, &mut secrets).unwrap();
        assert!(content.secrets.is_empty());
        assert!(!format!("{content:?}").contains('x'));
    }
}
