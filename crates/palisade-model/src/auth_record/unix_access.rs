//! Several root tools and several private keys of one Unix record, in the order they are tried.
//!
//! Documents name them as lists; forms name one tool and one key as fields of the record. A record has
//! either: whatever was said last, in a list or in fields, takes the place of the other. What is secret
//! of a list stands among the record's secrets, under names with the number of the entry.
//!
//! Deliberately absent: tools that somebody described themselves, vaults for these secrets, and
//! certificates other than those of OpenSSH.

use serde::{Deserialize, Serialize};

use super::field::{Field, KEY_CHARACTERS_MAX};
use super::record::{BadRecord, GivenFields, RecordContent, SignIn};
use super::secrets::Secrets;

/// Most root tools of one record.
pub const ROOT_TOOLS_MAX: usize = 5;
/// Most private keys of one record. Services close a connection after some refusals, commonly six.
pub const PRIVATE_KEYS_MAX: usize = 5;

/// The fields that name one tool.
const TOOL_FIELDS: [&str; 2] = ["root_tool", "root_tool_password"];
/// The fields that name one key of each sort.
const KEY_FIELDS: [&str; 3] = ["rsa_private_key", "private_key", "dsa_private_key"];

const TOOL_PASSWORD: Field = Field::secret("root_tool_password", 100, "The password of a root tool.");
const KEY: Field = Field::secret("private_key", KEY_CHARACTERS_MAX, "A private key.");
const PASSPHRASE: Field = Field::secret("passphrase", 255, "What a private key is encrypted with.");
const CERTIFICATE: Field = Field::secret("certificate", KEY_CHARACTERS_MAX, "The certificate of a key.");

/// How a user becomes root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RootTool {
    Sudo,
    /// `su` through `sudo`.
    Pimsu,
    /// `pbrun`
    PowerBroker,
    Su,
}

impl RootTool {
    pub const ALL: [Self; 4] = [Self::Sudo, Self::Pimsu, Self::PowerBroker, Self::Su];

    /// The name in parameters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sudo => "sudo",
            Self::Pimsu => "pimsu",
            Self::PowerBroker => "powerbroker",
            Self::Su => "su",
        }
    }

    /// The name in documents.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sudo => "Sudo",
            Self::Pimsu => "Pimsu",
            Self::PowerBroker => "PowerBroker",
            Self::Su => "Su",
        }
    }

    /// The tool of this name, whatever its capitals.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.word().eq_ignore_ascii_case(name))
    }
}

/// The sort of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeySort {
    Rsa,
    Dsa,
    Ecdsa,
    Ed25519,
}

impl KeySort {
    pub const ALL: [Self; 4] = [Self::Rsa, Self::Dsa, Self::Ecdsa, Self::Ed25519];

    /// The name in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Dsa => "dsa",
            Self::Ecdsa => "ecdsa",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The sort of this name, whatever its capitals.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.word().eq_ignore_ascii_case(name))
    }
}

/// What may be shown of a root tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootToolEntry {
    pub tool: RootTool,
    /// Whether it has a password of its own; else it is given that of the user.
    pub has_password: bool,
}

/// What may be shown of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateKeyEntry {
    /// `None` where nobody said it.
    pub sort: Option<KeySort>,
    pub has_passphrase: bool,
    /// Whether it has a certificate of OpenSSH.
    pub has_certificate: bool,
}

/// Root tools and private keys as a document names them, with their secrets. Empty lists say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GivenAccess {
    root_tools: Vec<RootToolEntry>,
    private_keys: Vec<PrivateKeyEntry>,
    secrets: Secrets,
}

impl GivenAccess {
    /// Adds a tool; an empty password means that it has none of its own.
    pub fn add_root_tool(&mut self, tool: RootTool, password: String) {
        let number = self.root_tools.len() + 1;
        self.root_tools.push(RootToolEntry { tool, has_password: !password.is_empty() });
        self.secrets.set(&name_of(number, &TOOL_PASSWORD), password);
    }

    /// Adds a key; an empty passphrase or certificate means that it has none.
    pub fn add_private_key(
        &mut self,
        sort: Option<KeySort>,
        key: String,
        passphrase: String,
        certificate: String,
    ) {
        let number = self.private_keys.len() + 1;
        self.private_keys.push(PrivateKeyEntry {
            sort,
            has_passphrase: !passphrase.is_empty(),
            has_certificate: !certificate.is_empty(),
        });
        for (field, secret) in [(&KEY, key), (&PASSPHRASE, passphrase), (&CERTIFICATE, certificate)] {
            self.secrets.set(&name_of(number, field), secret);
        }
    }

    #[must_use]
    pub fn root_tools(&self) -> usize {
        self.root_tools.len()
    }

    #[must_use]
    pub fn private_keys(&self) -> usize {
        self.private_keys.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root_tools.is_empty() && self.private_keys.is_empty()
    }

    /// Copies the secrets of entry `number` to those of a record.
    fn hand_over(&self, number: usize, fields: &[Field], secrets: &mut Secrets) -> Result<(), BadRecord> {
        for field in fields {
            let name = name_of(number, field);
            if let Some(text) = self.secrets.reveal(&name) {
                let kept = field.accept(text).ok_or_else(|| BadRecord::Value { field: name.clone() })?;
                secrets.set(&name, kept);
            }
        }
        Ok(())
    }
}

/// The name of a secret of an entry: `private_key_2`.
fn name_of(number: usize, field: &Field) -> String {
    format!("{}_{number}", field.name)
}

/// A root tool to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootToolInUse<'a> {
    pub tool: RootTool,
    secrets: &'a Secrets,
    number: Option<usize>,
}

impl<'a> RootToolInUse<'a> {
    /// What it is to be given: its own password, else that of the user.
    #[must_use]
    pub fn password(&self) -> Option<&'a str> {
        let own = match self.number {
            Some(number) => self.secrets.reveal(&name_of(number, &TOOL_PASSWORD)),
            None => self.secrets.reveal(TOOL_PASSWORD.name),
        };
        own.or_else(|| self.secrets.reveal("password"))
    }
}

/// A private key to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivateKeyInUse<'a> {
    pub sort: Option<KeySort>,
    secrets: &'a Secrets,
    /// The number in the list, or the field.
    place: Result<usize, &'static str>,
}

impl<'a> PrivateKeyInUse<'a> {
    /// The key itself, as PEM or OpenSSH write it.
    #[must_use]
    pub fn key(&self) -> &'a str {
        let key = match self.place {
            Ok(number) => self.secrets.reveal(&name_of(number, &KEY)),
            Err(field) => self.secrets.reveal(field),
        };
        key.unwrap_or_default()
    }

    /// What it is encrypted with.
    #[must_use]
    pub fn passphrase(&self) -> Option<&'a str> {
        match self.place {
            Ok(number) => self.secrets.reveal(&name_of(number, &PASSPHRASE)),
            Err(_) => self.secrets.reveal(PASSPHRASE.name),
        }
    }

    /// The certificate that OpenSSH made for it, in one line.
    #[must_use]
    pub fn certificate(&self) -> Option<&'a str> {
        self.place.ok().and_then(|number| self.secrets.reveal(&name_of(number, &CERTIFICATE)))
    }
}

impl RecordContent {
    /// Takes in the lists of a document after [`RecordContent::take`], or forgets the lists that
    /// fields of a form replace.
    ///
    /// # Errors
    ///
    /// [`BadRecord::MoreThanOne`] where a tool or a key is given both ways, [`BadRecord::Needs`] for a
    /// password or a passphrase beside a list, [`BadRecord::Value`].
    pub fn take_access(&mut self, given: &GivenFields, secrets: &mut Secrets) -> Result<(), BadRecord> {
        let said = |name: &str| given.fields.contains_key(name) || given.secrets.has(name);
        let GivenAccess { root_tools, private_keys, .. } = &given.access;
        if !root_tools.is_empty() {
            refuse_both_ways("ROOT_TOOLS", TOOL_FIELDS.into_iter().find(|name| said(name)))?;
            self.forget_tools(secrets);
            let first = root_tools.first().map_or("none", |entry| entry.tool.word());
            // Whoever knows of one tool only sees the first.
            self.fields.insert("root_tool".to_owned(), first.to_owned());
            self.root_tools = at_most(root_tools, ROOT_TOOLS_MAX, "root_tool")?;
            (1..=self.root_tools.len())
                .try_for_each(|number| given.access.hand_over(number, &[TOOL_PASSWORD], secrets))?;
        } else if said("root_tool") {
            self.forget_listed_tools(secrets);
        } else if given.secrets.has("root_tool_password") && !self.root_tools.is_empty() {
            return Err(BadRecord::Needs { field: "root_tool_password", other: "root_tool" });
        }
        if !private_keys.is_empty() {
            let named = KEY_FIELDS.into_iter().chain(["passphrase"]).find(|name| said(name));
            refuse_both_ways("PRIVATE_KEY_CERTIFICATES", named)?;
            self.forget_keys(secrets);
            self.private_keys = at_most(private_keys, PRIVATE_KEYS_MAX, "private_key")?;
            (1..=self.private_keys.len()).try_for_each(|number| {
                given.access.hand_over(number, &[KEY, PASSPHRASE, CERTIFICATE], secrets)
            })?;
        } else if KEY_FIELDS.into_iter().any(said) {
            self.forget_listed_keys(secrets);
        } else if given.secrets.has("passphrase") && !self.private_keys.is_empty() {
            return Err(BadRecord::Needs { field: "passphrase", other: "private_key" });
        }
        Ok(())
    }

    fn forget_tools(&mut self, secrets: &mut Secrets) {
        self.forget_listed_tools(secrets);
        for name in TOOL_FIELDS {
            self.fields.remove(name);
            self.secrets.remove(name);
            secrets.remove(name);
        }
    }

    fn forget_listed_tools(&mut self, secrets: &mut Secrets) {
        for number in 1..=self.root_tools.len() {
            secrets.remove(&name_of(number, &TOOL_PASSWORD));
        }
        self.root_tools.clear();
    }

    fn forget_keys(&mut self, secrets: &mut Secrets) {
        self.forget_listed_keys(secrets);
        for name in KEY_FIELDS.into_iter().chain(["passphrase"]) {
            self.secrets.remove(name);
            secrets.remove(name);
        }
    }

    fn forget_listed_keys(&mut self, secrets: &mut Secrets) {
        for number in 1..=self.private_keys.len() {
            for field in [KEY, PASSPHRASE, CERTIFICATE] {
                secrets.remove(&name_of(number, &field));
            }
        }
        self.private_keys.clear();
    }

    /// All root tools, however they were given, in the order they are tried.
    #[must_use]
    pub fn all_root_tools(&self) -> Vec<RootToolEntry> {
        if !self.root_tools.is_empty() {
            return self.root_tools.clone();
        }
        let named = self.fields.get("root_tool").and_then(|name| RootTool::named(name));
        let has_password = self.secrets.contains("root_tool_password");
        named.map(|tool| RootToolEntry { tool, has_password }).into_iter().collect()
    }

    /// All private keys, however they were given, in the order they are tried.
    #[must_use]
    pub fn all_private_keys(&self) -> Vec<PrivateKeyEntry> {
        if !self.private_keys.is_empty() {
            return self.private_keys.clone();
        }
        let has_passphrase = self.secrets.contains("passphrase");
        let named = KEY_FIELDS.into_iter().filter(|name| self.secrets.contains(*name));
        let entry =
            |name| PrivateKeyEntry { sort: sort_of_field(name), has_passphrase, has_certificate: false };
        named.map(entry).collect()
    }
}

impl SignIn {
    /// The root tools to be tried, in this order.
    #[must_use]
    pub fn root_tools_in_use(&self) -> Vec<RootToolInUse<'_>> {
        let secrets = &self.secrets;
        if self.root_tools.is_empty() {
            let named = self.value("root_tool").and_then(RootTool::named);
            return named.map(|tool| RootToolInUse { tool, secrets, number: None }).into_iter().collect();
        }
        let numbered = (1..).zip(&self.root_tools);
        numbered
            .map(|(number, entry)| RootToolInUse { tool: entry.tool, secrets, number: Some(number) })
            .collect()
    }

    /// The private keys to be tried, in this order.
    #[must_use]
    pub fn private_keys_in_use(&self) -> Vec<PrivateKeyInUse<'_>> {
        let secrets = &self.secrets;
        if self.private_keys.is_empty() {
            let named = KEY_FIELDS.into_iter().filter(|name| secrets.has(name));
            let key = |name| PrivateKeyInUse { sort: sort_of_field(name), secrets, place: Err(name) };
            return named.map(key).collect();
        }
        let numbered = (1..).zip(&self.private_keys);
        numbered
            .map(|(number, entry)| PrivateKeyInUse { sort: entry.sort, secrets, place: Ok(number) })
            .collect()
    }
}

fn sort_of_field(name: &str) -> Option<KeySort> {
    match name {
        "rsa_private_key" => Some(KeySort::Rsa),
        "dsa_private_key" => Some(KeySort::Dsa),
        _ => None,
    }
}

fn refuse_both_ways(list: &'static str, named: Option<&'static str>) -> Result<(), BadRecord> {
    match named {
        Some(name) => Err(BadRecord::MoreThanOne { fields: vec![name, list] }),
        None => Ok(()),
    }
}

fn at_most<T: Clone>(entries: &[T], max: usize, field: &str) -> Result<Vec<T>, BadRecord> {
    if entries.len() > max {
        return Err(BadRecord::Value { field: field.to_owned() });
    }
    Ok(entries.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth_record::RecordKind;
    use crate::ip_set::IpSet;

    type Taken = Result<(), BadRecord>;

    struct Record {
        content: RecordContent,
        secrets: Secrets,
    }

    impl Record {
        fn new() -> Self {
            let mut record = Self { content: RecordContent::default(), secrets: Secrets::default() };
            record.content.fields.insert("username".to_owned(), "a".to_owned());
            record
        }

        fn say(&mut self, texts: &[(&str, &str)], access: GivenAccess) -> Taken {
            let kind: RecordKind = "unix".parse().unwrap();
            let mut given = GivenFields { access, ..GivenFields::default() };
            for (name, text) in texts {
                let is_secret = kind.field(name).is_some_and(Field::is_secret);
                if is_secret && !text.is_empty() {
                    given.secrets.set(name, (*text).to_owned());
                } else {
                    given.fields.insert((*name).to_owned(), (*text).to_owned());
                }
            }
            let Self { content, secrets } = self;
            content.take(kind.fields, &given, secrets)?;
            content.take_access(&given, secrets)?;
            content.check(kind, true)
        }

        fn sign_in(&self) -> SignIn {
            SignIn {
                record_id: 1,
                kind: "unix".parse().unwrap(),
                ips: IpSet::new(),
                fields: self.content.fields.clone(),
                root_tools: self.content.root_tools.clone(),
                private_keys: self.content.private_keys.clone(),
                secrets: self.secrets.clone(),
                unusable: None,
            }
        }
    }

    fn tools(passwords: &[(RootTool, &str)]) -> GivenAccess {
        let mut access = GivenAccess::default();
        for (tool, password) in passwords {
            access.add_root_tool(*tool, (*password).to_owned());
        }
        access
    }

    fn keys(keys: &[(Option<KeySort>, &str, &str, &str)]) -> GivenAccess {
        let mut access = GivenAccess::default();
        for (sort, key, passphrase, certificate) in keys {
            let own = |text: &&str| (*text).to_owned();
            access.add_private_key(*sort, own(key), own(passphrase), own(certificate));
        }
        access
    }

    fn passwords(record: &Record) -> Vec<(RootTool, Option<String>)> {
        let sign_in = record.sign_in();
        let tools = sign_in.root_tools_in_use();
        tools.iter().map(|tool| (tool.tool, tool.password().map(str::to_owned))).collect()
    }

    #[test]
    fn tools_are_tried_in_their_order_each_with_its_password() {
        let mut record = Record::new();
        record.say(&[("password", "user")], tools(&[(RootTool::Su, "one"), (RootTool::Sudo, "")])).unwrap();
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(passwords(&record), [(RootTool::Su, own("one")), (RootTool::Sudo, own("user"))]);
        let entry = |tool, has_password| RootToolEntry { tool, has_password };
        assert_eq!(
            record.content.all_root_tools(),
            [entry(RootTool::Su, true), entry(RootTool::Sudo, false)]
        );
        assert_eq!(record.content.fields["root_tool"], "su");
        record.say(&[], tools(&[(RootTool::Pimsu, "")])).unwrap();
        assert_eq!(passwords(&record), [(RootTool::Pimsu, own("user"))], "a list replaces a list");
        record.say(&[("root_tool", "sudo"), ("root_tool_password", "x")], GivenAccess::default()).unwrap();
        assert_eq!(passwords(&record), [(RootTool::Sudo, own("x"))], "a field replaces a list");
        assert_eq!(record.content.all_root_tools(), [entry(RootTool::Sudo, true)]);
        record.say(&[], tools(&[(RootTool::Su, "")])).unwrap();
        assert_eq!(passwords(&record), [(RootTool::Su, own("user"))], "a list replaces a field");
        record.say(&[("root_tool", "none")], GivenAccess::default()).unwrap();
        assert!(passwords(&record).is_empty() && record.content.all_root_tools().is_empty());
        assert_eq!(record.secrets.names().collect::<Vec<_>>(), ["password"]);
    }

    #[test]
    fn keys_are_tried_in_their_order() {
        let mut record = Record::new();
        let sorts = [Some(KeySort::Ed25519), Some(KeySort::Rsa)];
        record.say(&[], keys(&[(sorts[0], "k1", "p1", "c1"), (sorts[1], "k2", "", "")])).unwrap();
        let told = |record: &Record| -> Vec<String> {
            let sign_in = record.sign_in();
            let keys = sign_in.private_keys_in_use();
            keys.iter()
                .map(|key| format!("{} {:?} {:?}", key.key(), key.passphrase(), key.certificate()))
                .collect()
        };
        assert_eq!(told(&record), ["k1 Some(\"p1\") Some(\"c1\")", "k2 None None"]);
        let entry =
            |sort, has_passphrase, has_certificate| PrivateKeyEntry { sort, has_passphrase, has_certificate };
        let shown = [entry(sorts[0], true, true), entry(sorts[1], false, false)];
        assert_eq!(record.content.all_private_keys(), shown);
        record.say(&[("private_key", "k3"), ("passphrase", "p3")], GivenAccess::default()).unwrap();
        assert_eq!(told(&record), ["k3 Some(\"p3\") None"], "a field replaces a list");
        assert_eq!(record.content.all_private_keys(), [entry(None, true, false)]);
        record.say(&[], keys(&[(None, "k4", "", "")])).unwrap();
        assert_eq!(told(&record), ["k4 None None"], "a list replaces a field");
        assert_eq!(record.secrets.names().collect::<Vec<_>>(), ["private_key_1"]);
        assert!(record.content.secrets.is_empty());
    }

    #[test]
    fn what_is_said_in_two_ways_or_too_often_is_refused() {
        let mut record = Record::new();
        let both = record.say(&[("root_tool", "su"), ("password", "x")], tools(&[(RootTool::Su, "")]));
        assert!(matches!(both, Err(BadRecord::MoreThanOne { .. })), "{both:?}");
        let both = record.say(&[("rsa_private_key", "k")], keys(&[(None, "k", "", "")]));
        assert!(matches!(both, Err(BadRecord::MoreThanOne { .. })), "{both:?}");
        let mut record = Record::new();
        let long = record.say(&[], keys(&[(None, "k", &"p".repeat(256), "")]));
        assert_eq!(long, Err(BadRecord::Value { field: "passphrase_1".to_owned() }));
        let many = record.say(&[], keys(&[(None, "k", "", ""); PRIVATE_KEYS_MAX + 1]));
        assert_eq!(many, Err(BadRecord::Value { field: "private_key".to_owned() }));
        let mut record = Record::new();
        record.say(&[], keys(&[(None, "k", "", "")])).unwrap();
        let apart = record.say(&[("passphrase", "x")], GivenAccess::default());
        assert!(matches!(apart, Err(BadRecord::Needs { .. })), "{apart:?}");
        let neither = Record::new().say(&[], tools(&[(RootTool::Su, "x")]));
        assert!(matches!(neither, Err(BadRecord::NoneOf { .. })), "a tool alone lets nobody in: {neither:?}");
    }

    #[test]
    fn secrets_are_not_printed_and_older_records_are_read() {
        let given = keys(&[(Some(KeySort::Rsa), "Tr0ub4dor", "Tr0ub4dor", "Tr0ub4dor")]);
        assert!(!format!("{given:?}").contains("Tr0ub4dor"));
        let mut record = Record::new();
        record.say(&[], given).unwrap();
        assert!(!format!("{:?}", record.sign_in().private_keys_in_use()).contains("Tr0ub4dor"));
        let text = serde_json::to_string(&record.content).unwrap();
        assert!(!text.contains("Tr0ub4dor"), "{text}");
        assert_eq!(serde_json::from_str::<RecordContent>(&text).unwrap(), record.content);
        let older = r#"{"fields":{"username":"a","root_tool":"sudo"},"secrets":["password"],"vault":null}"#;
        let older: RecordContent = serde_json::from_str(older).unwrap();
        assert_eq!(older.all_root_tools(), [RootToolEntry { tool: RootTool::Sudo, has_password: false }]);
        let written = serde_json::to_string(&older).unwrap();
        assert!(!written.contains("root_tools"), "what has no lists is written as before: {written}");
    }
}
