//! What may be said in an authentication record: fields and the rules between them, as data.
//!
//! Deliberately absent: how a field is asked for over the API and how it is written in a document;
//! both are told from what stands here.

/// A field of a record or of a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name used in parameters and in the store, for example `username`.
    pub name: &'static str,
    pub kind: FieldKind,
    /// Has to be given when a record is made.
    pub required: bool,
    /// What counts when nothing is given.
    pub default: Option<&'static str>,
    /// The name of its element in documents, where it is not the field's own in capitals.
    pub element: Option<&'static str>,
    /// The element that holds it together with its neighbours of the same group.
    pub group: Option<&'static str>,
    /// For people: what it is for.
    pub about: &'static str,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of at most so many characters.
    Text { characters_max: usize },
    /// A text that is encrypted in the store and never shown. Keys have many lines.
    Secret { characters_max: usize },
    /// A port number, 1 to 65535.
    Port,
    /// Port numbers, divided by commas.
    Ports,
    /// `1` or `0`.
    Switch,
    /// One of these words; capitals do not matter, and are kept as they stand here.
    Word(&'static [&'static str]),
    /// Texts of at most so many characters each, divided by commas.
    List { characters_max: usize },
}

/// Items of a list, and ports of a list.
pub const LIST_ITEMS_MAX: usize = 100;
/// Longest private key or certificate.
pub const KEY_CHARACTERS_MAX: usize = 16_384;

impl Field {
    const fn new(name: &'static str, kind: FieldKind, about: &'static str) -> Self {
        Self { name, kind, required: false, default: None, element: None, group: None, about }
    }

    /// See [`FieldKind::Text`].
    #[must_use]
    pub const fn text(name: &'static str, characters_max: usize, about: &'static str) -> Self {
        Self::new(name, FieldKind::Text { characters_max }, about)
    }

    /// See [`FieldKind::Secret`].
    #[must_use]
    pub const fn secret(name: &'static str, characters_max: usize, about: &'static str) -> Self {
        Self::new(name, FieldKind::Secret { characters_max }, about)
    }

    /// See [`FieldKind::Port`].
    #[must_use]
    pub const fn port(about: &'static str) -> Self {
        Self::new("port", FieldKind::Port, about)
    }

    /// See [`FieldKind::Ports`].
    #[must_use]
    pub const fn ports(about: &'static str) -> Self {
        Self::new("port", FieldKind::Ports, about)
    }

    /// See [`FieldKind::Switch`].
    #[must_use]
    pub const fn switch(name: &'static str, about: &'static str) -> Self {
        Self::new(name, FieldKind::Switch, about)
    }

    /// See [`FieldKind::Word`].
    #[must_use]
    pub const fn word(name: &'static str, words: &'static [&'static str], about: &'static str) -> Self {
        Self::new(name, FieldKind::Word(words), about)
    }

    /// See [`FieldKind::List`].
    #[must_use]
    pub const fn list(name: &'static str, characters_max: usize, about: &'static str) -> Self {
        Self::new(name, FieldKind::List { characters_max }, about)
    }

    /// The same, to be given when a record is made.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same with a value for when nothing is given.
    #[must_use]
    pub const fn default(self, value: &'static str) -> Self {
        Self { default: Some(value), ..self }
    }

    /// The same with an element name of its own.
    #[must_use]
    pub const fn element(self, name: &'static str) -> Self {
        Self { element: Some(name), ..self }
    }

    /// The same inside a group.
    #[must_use]
    pub const fn group(self, name: &'static str) -> Self {
        Self { group: Some(name), ..self }
    }

    /// Whether it is encrypted in the store and never shown.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::Secret { .. })
    }

    /// Whether its element comes behind everything else of a record.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.name.contains("agentless")
    }

    /// The name of its element in documents.
    #[must_use]
    pub fn element_name(&self) -> String {
        self.element.map_or_else(|| self.name.to_ascii_uppercase(), str::to_owned)
    }

    /// A given text as it is kept; `None` when the field cannot hold it.
    #[must_use]
    pub fn accept(&self, text: &str) -> Option<String> {
        let is_line = |text: &str| !text.chars().any(char::is_control);
        match self.kind {
            FieldKind::Text { characters_max } => {
                let text = text.trim();
                (is_line(text) && text.chars().count() <= characters_max).then(|| text.to_owned())
            }
            // Blanks belong to a password; a key has lines, which other control characters do not.
            FieldKind::Secret { characters_max } => {
                let shown =
                    |character: char| !character.is_control() || matches!(character, '\r' | '\n' | '\t');
                (text.chars().all(shown) && text.chars().count() <= characters_max).then(|| text.to_owned())
            }
            FieldKind::Port => port(text).map(|port| port.to_string()),
            FieldKind::Ports => {
                let ports: Vec<u16> = text.split(',').map(port).collect::<Option<_>>()?;
                let kept = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
                (ports.len() <= LIST_ITEMS_MAX).then_some(kept)
            }
            FieldKind::Switch => matches!(text, "0" | "1").then(|| text.to_owned()),
            FieldKind::Word(words) => {
                words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| (*word).to_owned())
            }
            FieldKind::List { characters_max } => {
                let items: Vec<&str> = text.split(',').map(str::trim).collect();
                let fits =
                    |item: &&str| !item.is_empty() && is_line(item) && item.chars().count() <= characters_max;
                (items.len() <= LIST_ITEMS_MAX && items.iter().all(fits)).then(|| items.join(","))
            }
        }
    }
}

fn port(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| *port > 0)
}

/// A rule between the fields of a record. Beside the names of fields it may say `ips` for the
/// record's addresses and `vault` for a password that a vault keeps. A switch that is off and a
/// word `none` count as not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// At least one of them.
    AnyOf(&'static [&'static str]),
    /// Exactly one of them.
    OneOf(&'static [&'static str]),
    /// One of them at most.
    Exclusive(&'static [&'static str]),
    /// All of them or none.
    Together(&'static [&'static str]),
    /// The first only beside the second.
    OnlyWith(&'static str, &'static str),
    /// The second is needed where the first has this value.
    Needs(&'static str, &'static str, &'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_accepted_as_they_are_kept() {
        let accept = |field: Field, text: &str| field.accept(text);
        assert_eq!(accept(Field::text("a", 3, ""), " ab ").as_deref(), Some("ab"));
        assert_eq!(accept(Field::text("a", 3, ""), "abcd"), None);
        assert_eq!(accept(Field::text("a", 3, ""), "a\nb"), None);
        assert_eq!(accept(Field::secret("a", 9, ""), " a\nb ").as_deref(), Some(" a\nb "));
        assert_eq!(accept(Field::secret("a", 9, ""), "a\0b"), None);
        assert_eq!(accept(Field::port(""), "0"), None);
        assert_eq!(accept(Field::ports(""), "22, 2222").as_deref(), Some("22,2222"));
        assert_eq!(accept(Field::ports(""), "22,,23"), None);
        assert_eq!(accept(Field::switch("a", ""), "yes"), None);
        assert_eq!(accept(Field::word("a", &["SHA1"], ""), "sha1").as_deref(), Some("SHA1"));
        assert_eq!(accept(Field::list("a", 9, ""), "a.test, b.test").as_deref(), Some("a.test,b.test"));
        assert_eq!(accept(Field::list("a", 9, ""), ""), None);
    }
}
