//! One fingerprint: a pattern, and what it is known to mean.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use palisade_model::fact::{OperatingSystem, OsEvidence, Product, printable};
use regex::bytes::Regex;

use crate::pattern::{Flags, compile};

/// Characters a parameter keeps.
const VALUE_CHARACTERS_MAX: usize = 500;
/// Parameters with this prefix are for building others only.
const TEMPORARY_PREFIX: &str = "_tmp.";

/// Where a parameter's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Always the same, but for names of other parameters in braces.
    Fixed(String),
    /// A group of the pattern, from 1.
    Group(usize),
}

/// A text that the fingerprint must recognise, and what it must then say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Example {
    pub(crate) text: Vec<u8>,
    pub(crate) expected: BTreeMap<String, String>,
}

/// A pattern and its meaning. The pattern is compiled when it is needed first.
#[derive(Debug)]
pub struct Fingerprint {
    pub(crate) pattern: String,
    pub(crate) flags: Flags,
    pub(crate) description: String,
    pub(crate) parameters: Vec<(String, Source)>,
    pub(crate) examples: Vec<Example>,
    /// For bytes.
    pub(crate) compiled: OnceLock<Result<Regex, String>>,
    /// For text beyond ASCII, where a dot is a character.
    pub(crate) compiled_for_text: OnceLock<Result<Regex, String>>,
}

impl Fingerprint {
    /// The words of the database on what this is.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    pub(crate) fn regex(&self) -> Result<&Regex, &str> {
        let compiled = self.compiled.get_or_init(|| compile(&self.pattern, self.flags, false));
        compiled.as_ref().map_err(String::as_str)
    }

    fn regex_for(&self, text: &[u8]) -> Result<&Regex, &str> {
        if text.is_ascii() || std::str::from_utf8(text).is_err() {
            return self.regex();
        }
        let compiled = self.compiled_for_text.get_or_init(|| compile(&self.pattern, self.flags, true));
        compiled.as_ref().map_err(String::as_str)
    }

    /// What `text` means, if the pattern matches it. A pattern that does not compile matches nothing.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> Option<Match> {
        let captures = self.regex_for(text).ok()?.captures(text)?;
        let mut values = BTreeMap::new();
        for (name, source) in &self.parameters {
            let value = match source {
                Source::Fixed(value) => Some(value.clone()),
                Source::Group(number) => {
                    captures.get(*number).map(|group| printable(group.as_bytes(), VALUE_CHARACTERS_MAX))
                }
            };
            if let Some(value) = value {
                values.insert(name.clone(), value);
            }
        }
        Some(Match { values: resolved(&values), description: self.description.clone() })
    }
}

/// Fills in `{name}` from the other parameters. A version that is not known becomes `-` in a CPE
/// name; any other value with a part that is not known is left out.
fn resolved(values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut whole = BTreeMap::new();
    for (name, value) in values {
        if name.starts_with(TEMPORARY_PREFIX) {
            continue;
        }
        if let Some(value) = filled(name, value, values) {
            whole.insert(name.clone(), value);
        }
    }
    whole
}

fn filled(name: &str, value: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((part, behind)) = after.split_once('}').filter(|(part, _)| is_name(part)) else {
            out.push_str(before);
            out.push('{');
            rest = after;
            continue;
        };
        out.push_str(before);
        match values.get(part) {
            Some(known) => out.push_str(known),
            None if last_label(name) == "cpe23" && last_label(part) == "version" => out.push('-'),
            None => return None,
        }
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

fn last_label(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
}

/// What a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    values: BTreeMap<String, String>,
    description: String,
}

impl Match {
    /// A parameter by its name, such as `service.version`; at most 500 characters, printable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All parameters by name.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// The service's product, if the fingerprint names one.
    #[must_use]
    pub fn product(&self) -> Option<Product> {
        let name = self.get("service.product").or_else(|| self.get("service.family"))?;
        Some(Product {
            vendor: self.get("service.vendor").unwrap_or_default().to_owned(),
            name: name.to_owned(),
            version: self.get("service.version").map(str::to_owned),
            cpe: self.get("service.cpe23").map(formatted_cpe),
        })
    }

    /// The operating system, if the fingerprint names one. `technique` is where the text was seen,
    /// `text` the text itself; `confidence` of 0 to 100 is the caller's, who knows the technique.
    #[must_use]
    pub fn operating_system(&self, technique: &str, text: &[u8], confidence: u8) -> Option<OperatingSystem> {
        let product = self.get("os.product").or_else(|| self.get("os.family"))?;
        let vendor = self.get("os.vendor").unwrap_or_default();
        let mut name =
            if product.starts_with(vendor) { product.to_owned() } else { format!("{vendor} {product}") };
        if let Some(version) = self.get("os.version") {
            name = format!("{name} {version}");
        }
        let evidence = OsEvidence {
            technique: technique.to_owned(),
            name: name.clone(),
            detail: printable(text, VALUE_CHARACTERS_MAX),
        };
        let cpe = self.get("os.cpe23").map(formatted_cpe);
        Some(OperatingSystem { name, cpe, confidence, evidence: vec![evidence] })
    }
}

/// The databases write CPE names as URIs (`cpe:/a:vendor:product:1.0`); facts have the 2.3 form.
fn formatted_cpe(uri: &str) -> String {
    let Some(parts) = uri.strip_prefix("cpe:/") else { return uri.to_owned() };
    let mut fields: Vec<&str> =
        parts.split(':').map(|part| if part.is_empty() { "*" } else { part }).collect();
    fields.resize(11, "*");
    format!("cpe:2.3:{}", fields.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(pattern: &str, parameters: &[(&str, Source)]) -> Fingerprint {
        Fingerprint {
            pattern: pattern.to_owned(),
            flags: Flags::default(),
            description: "a server".to_owned(),
            parameters: parameters
                .iter()
                .map(|(name, source)| ((*name).to_owned(), source.clone()))
                .collect(),
            examples: Vec::new(),
            compiled: OnceLock::new(),
            compiled_for_text: OnceLock::new(),
        }
    }

    fn fixed(value: &str) -> Source {
        Source::Fixed(value.to_owned())
    }

    #[test]
    fn values_are_fixed_captured_and_built_from_each_other() {
        let known = fingerprint(
            r"^Acme(?:/([\d.]+))?(?: \((\w+)\))?$",
            &[
                ("service.vendor", fixed("Acme")),
                ("service.product", fixed("Server")),
                ("service.version", Source::Group(1)),
                ("service.cpe23", fixed("cpe:/a:acme:server:{service.version}")),
                ("_tmp.system", Source::Group(2)),
                ("os.product", fixed("{_tmp.system}")),
                ("host.note", fixed("a {brace} stays {service.version}")),
            ],
        );
        let found = known.matches(b"Acme/1.2 (Plan9)").unwrap();
        assert_eq!(found.get("service.version"), Some("1.2"));
        assert_eq!(found.get("os.product"), Some("Plan9"));
        assert!(found.values().keys().all(|name| !name.starts_with("_tmp.")));
        let product = found.product().unwrap();
        assert_eq!((product.vendor.as_str(), product.name.as_str()), ("Acme", "Server"));
        assert_eq!(product.cpe.as_deref(), Some("cpe:2.3:a:acme:server:1.2:*:*:*:*:*:*:*"));

        let bare = known.matches(b"Acme").unwrap();
        assert_eq!(bare.get("service.cpe23"), Some("cpe:/a:acme:server:-"));
        assert_eq!(bare.get("os.product"), None);
        assert_eq!(bare.operating_system("x", b"Acme", 50), None);
        assert_eq!(known.matches(b"Other"), None);
    }

    #[test]
    fn an_operating_system_is_named_once() {
        let known = fingerprint(
            "^W",
            &[("os.vendor", fixed("Acme")), ("os.product", fixed("Acme OS")), ("os.version", fixed("3"))],
        );
        let system = known.matches(b"W").unwrap().operating_system("SMB", b"W\x1b", 70).unwrap();
        assert_eq!((system.name.as_str(), system.confidence), ("Acme OS 3", 70));
        assert_eq!(system.evidence[0].detail, "W\u{fffd}");
    }
}
