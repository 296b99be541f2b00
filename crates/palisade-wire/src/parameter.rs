//! One parameter of an API call: its name, what it may hold, and the sentence that documents it.

use std::fmt;

use palisade_model::asset_group::TITLE_CHARACTERS_MAX;
use palisade_model::dns_name::DNS_NAME_CHARACTERS_MAX;
use palisade_model::schedule::NotAWeekday;
use palisade_model::{IpSet, IpSetError, MapTarget, PortSet, host_name};

use crate::argument::Value;
use crate::date_time::{parse_american_date, parse_date_time};
use crate::parameter_error::InvalidReason;

/// Longest list of addresses, in characters: the most items a list may have, written out long.
const IP_SET_CHARS_MAX: usize = 1_000_000;
/// Longest list of numbers, in characters: the most items a list may have, written out long.
const NUMBERS_CHARS_MAX: usize = palisade_model::number_set::ITEMS_MAX * 20;
/// Longest value of the kinds that are one word or number, or few words.
const WORD_CHARS_MAX: usize = 100;

/// What a parameter may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Free text without control characters (tabs and line ends are allowed), possibly empty.
    Text { max_chars: usize },
    /// One of these words, exactly.
    Choice(&'static [&'static str]),
    /// One of these words, in any case of letters.
    Word(&'static [&'static str]),
    /// Some of these words in any case of letters, separated by commas.
    Words(&'static [&'static str]),
    /// `yes` or `no`, in any case.
    YesNo,
    /// `0` or `1`.
    ZeroOne,
    /// IPv4 addresses, ranges and CIDR blocks, separated by commas.
    IpSet,
    /// The same, or nothing.
    Netblock,
    /// One domain, or `none`.
    Domain,
    /// Domains separated by commas, or nothing.
    DomainList { max_items: usize },
    /// `scan/<seconds>.<number>`.
    ScanRef,
    /// `map/<seconds>.<number>`.
    MapRef,
    /// One of the two.
    ScanOrMapRef,
    /// Domains, each with a netblock after a colon if it has one, separated by commas or semicolons.
    MapTargets { max_items: usize },
    /// Addresses to be scanned, or what is to be mapped: which, another parameter tells.
    ScanOrMapTargets { max_items: usize },
    /// A date or a date and time, UTC.
    DateTime,
    /// A day as `MM/DD/YYYY`, from 1970 to 2099.
    AmericanDate,
    /// Days of the week by name or by number (Sunday is 0), separated by commas.
    Weekdays,
    /// A whole number within bounds, both included.
    Integer { min: u64, max: u64 },
    /// QIDs separated by commas.
    QidList { max_items: usize },
    /// The title of one asset group.
    AssetGroupTitle,
    /// Some of these words, separated by commas.
    Choices(&'static [&'static str]),
    /// Numbers from 1 on and ranges of them, separated by commas.
    Numbers,
    /// Names of hosts separated by commas, or nothing.
    HostNames,
    /// Titles separated by commas.
    Titles { max_items: usize, max_chars: usize },
    /// Ports and ranges of ports separated by commas, at least one; or one of these words.
    Ports { words: &'static [&'static str], max_chars: usize },
    /// What may stand as the value of an HTTP header.
    ScanHeader,
}

impl ParameterKind {
    /// Most characters a value may have before it is even looked at.
    #[must_use]
    pub const fn chars_max(self) -> usize {
        match self {
            Self::Text { max_chars } | Self::Ports { max_chars, .. } => max_chars,
            Self::ScanHeader => palisade_model::scan_header::CHARACTERS_MAX,
            Self::Choice(_)
            | Self::Choices(_)
            | Self::Word(_)
            | Self::Words(_)
            | Self::YesNo
            | Self::ZeroOne
            | Self::ScanRef
            | Self::MapRef
            | Self::ScanOrMapRef
            | Self::DateTime
            | Self::AmericanDate
            | Self::Weekdays
            | Self::Integer { .. } => WORD_CHARS_MAX,
            Self::IpSet | Self::Netblock | Self::MapTargets { .. } | Self::ScanOrMapTargets { .. } => {
                IP_SET_CHARS_MAX
            }
            Self::Domain => DNS_NAME_CHARACTERS_MAX + 1,
            Self::DomainList { max_items } => max_items * (DNS_NAME_CHARACTERS_MAX + 2),
            Self::AssetGroupTitle => TITLE_CHARACTERS_MAX,
            Self::Numbers => NUMBERS_CHARS_MAX,
            // Ten digits, a comma and a blank.
            Self::QidList { max_items } => max_items * 12,
            Self::HostNames => host_name::NAMES_MAX * (host_name::NAME_CHARACTERS_MAX + 2),
            Self::Titles { max_items, max_chars } => max_items * (max_chars + 2),
        }
    }

    /// Turns the text into a value of this kind.
    pub fn parse(self, text: &str) -> Result<Value, InvalidReason> {
        match self {
            Self::Text { .. } => parse_text(text),
            Self::Choice(words) => words
                .iter()
                .find(|word| **word == text)
                .map(|word| Value::Choice(word))
                .ok_or(InvalidReason::NotAChoice(words)),
            Self::Choices(words) => parse_choices(text, words, |word, item| word == item),
            Self::Word(words) => words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(text))
                .map(|word| Value::Choice(word))
                .ok_or(InvalidReason::NotAChoice(words)),
            Self::Words(words) => parse_choices(text, words, str::eq_ignore_ascii_case),
            Self::Numbers => text.parse().map(Value::Numbers).map_err(InvalidReason::NotNumbers),
            Self::YesNo => parse_switch(text, "yes", "no"),
            Self::ZeroOne => parse_switch(text, "1", "0"),
            Self::Netblock if text.trim().is_empty() => Ok(Value::IpSet(IpSet::new())),
            Self::IpSet | Self::Netblock => text.parse().map(Value::IpSet).map_err(InvalidReason::IpSet),
            Self::Domain => text.parse().map(Value::Domain).map_err(InvalidReason::NotADomain),
            Self::DomainList { max_items } => parse_domains(text, max_items),
            Self::ScanRef => text.parse().map(Value::ScanRef).map_err(|_| InvalidReason::NotAScanRef),
            Self::MapRef => text.parse().map(Value::MapRef).map_err(|_| InvalidReason::NotAMapRef),
            Self::ScanOrMapRef => match text.parse() {
                Ok(scan) => Ok(Value::ScanRef(scan)),
                Err(_) => text.parse().map(Value::MapRef).map_err(|_| InvalidReason::NotAScanOrMapRef),
            },
            Self::MapTargets { max_items } => {
                MapTarget::list(text, max_items).map(Value::MapTargets).map_err(InvalidReason::NotAMapTarget)
            }
            Self::ScanOrMapTargets { max_items } => match Self::IpSet.parse(text) {
                Ok(addresses) => Ok(addresses),
                // What is neither was more likely meant as an address.
                Err(reason) => Self::MapTargets { max_items }.parse(text).map_err(|_| reason),
            },
            Self::DateTime => parse_date_time(text).map(Value::DateTime).ok_or(InvalidReason::NotADate),
            Self::AmericanDate => {
                parse_american_date(text).map(Value::Date).ok_or(InvalidReason::NotAnAmericanDate)
            }
            Self::Weekdays => text
                .parse()
                .map(Value::Weekdays)
                .map_err(|NotAWeekday { item }| InvalidReason::NotAWeekday { item }),
            Self::Integer { min, max } => text
                .parse()
                .ok()
                .filter(|number| (min..=max).contains(number))
                .map(Value::Integer)
                .ok_or(InvalidReason::NotAnInteger { min, max }),
            Self::AssetGroupTitle => {
                text.parse().map(Value::AssetGroupTitle).map_err(InvalidReason::NotATitle)
            }
            Self::QidList { max_items } => parse_qids(text, max_items),
            Self::HostNames => parse_host_names(text),
            Self::Titles { max_items, max_chars } => parse_titles(text, max_items, max_chars),
            Self::Ports { words, .. } => parse_ports(text, words),
            Self::ScanHeader => text.parse().map(Value::ScanHeader).map_err(InvalidReason::NotAHeader),
        }
    }
}

impl fmt::Display for ParameterKind {
    /// The type as the user guide names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { max_chars } => write!(f, "text, at most {max_chars} characters"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Choices(words) => write!(f, "some of {}, separated by commas", words.join(", ")),
            Self::Word(words) => write!(f, "one of {}, in any case", words.join(", ")),
            Self::Words(words) => {
                write!(f, "some of {}, in any case, separated by commas", words.join(", "))
            }
            Self::Numbers => f.write_str("numbers and ranges of numbers, separated by commas"),
            Self::YesNo => f.write_str("yes or no"),
            Self::ZeroOne => f.write_str("0 or 1"),
            Self::IpSet => f.write_str("IPv4 addresses, ranges and CIDR blocks, separated by commas"),
            Self::Netblock => {
                f.write_str("IPv4 addresses, ranges and CIDR blocks, separated by commas; may be empty")
            }
            Self::Domain => f.write_str("domain without www., or none"),
            Self::DomainList { max_items } => {
                write!(f, "domains separated by commas, at most {max_items}; may be empty")
            }
            Self::ScanRef => f.write_str("scan reference, scan/<seconds>.<number>"),
            Self::MapRef => f.write_str("map reference, map/<seconds>.<number>"),
            Self::ScanOrMapRef => {
                f.write_str("reference of a scan or map, scan/<seconds>.<number> or map/<seconds>.<number>")
            }
            Self::MapTargets { max_items: 1 } => f.write_str("domain, or domain:netblock"),
            Self::MapTargets { max_items } => {
                write!(f, "domains or domain:netblock, separated by commas, at most {max_items}")
            }
            Self::ScanOrMapTargets { max_items } => write!(
                f,
                "IPv4 addresses, ranges and CIDR blocks; or domains or domain:netblock, at most {max_items}; \
                 separated by commas"
            ),
            Self::DateTime => f.write_str("date, YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ (UTC)"),
            Self::AmericanDate => f.write_str("date, MM/DD/YYYY"),
            Self::Weekdays => {
                f.write_str("names of days or their numbers from 0 for Sunday, separated by commas")
            }
            Self::Integer { min, max } => write!(f, "whole number, {min} to {max}"),
            Self::QidList { max_items } => write!(f, "QIDs separated by commas, at most {max_items}"),
            Self::AssetGroupTitle => {
                write!(f, "title, at most {TITLE_CHARACTERS_MAX} characters, no comma")
            }
            Self::HostNames => {
                write!(
                    f,
                    "names of hosts separated by commas, at most {}; may be empty",
                    host_name::NAMES_MAX
                )
            }
            Self::Titles { max_items, max_chars } => {
                write!(f, "titles separated by commas, at most {max_items} of {max_chars} characters each")
            }
            Self::Ports { words, .. } => {
                write!(f, "{}, or ports and ranges of ports separated by commas", words.join(", "))
            }
            Self::ScanHeader => write!(
                f,
                "printable ASCII characters on one line, at most {}",
                palisade_model::scan_header::CHARACTERS_MAX
            ),
        }
    }
}

fn parse_text(text: &str) -> Result<Value, InvalidReason> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(InvalidReason::ControlCharacter);
    }
    Ok(Value::Text(text.to_owned()))
}

fn parse_switch(text: &str, on: &'static str, off: &'static str) -> Result<Value, InvalidReason> {
    if text.eq_ignore_ascii_case(on) {
        Ok(Value::Switch(true))
    } else if text.eq_ignore_ascii_case(off) {
        Ok(Value::Switch(false))
    } else {
        Err(InvalidReason::NotASwitch { on, off })
    }
}

/// Each word once, in the order given.
fn parse_choices(
    text: &str,
    words: &'static [&'static str],
    is_same: fn(&str, &str) -> bool,
) -> Result<Value, InvalidReason> {
    let mut chosen = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let word = words.iter().find(|word| is_same(word, item)).ok_or(InvalidReason::NotAChoice(words))?;
        if !chosen.contains(word) {
            chosen.push(*word);
        }
    }
    if chosen.is_empty() { Err(InvalidReason::EmptyList) } else { Ok(Value::Choices(chosen)) }
}

fn parse_qids(text: &str, max_items: usize) -> Result<Value, InvalidReason> {
    let mut qids = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let qid = item.parse().map_err(|_| InvalidReason::NotAQid { item: item.to_owned() })?;
        if qids.contains(&qid) {
            continue;
        }
        if qids.len() >= max_items {
            return Err(InvalidReason::TooManyItems { max: max_items });
        }
        qids.push(qid);
    }
    if qids.is_empty() { Err(InvalidReason::EmptyList) } else { Ok(Value::Qids(qids)) }
}

fn parse_domains(text: &str, max_items: usize) -> Result<Value, InvalidReason> {
    let mut domains = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let domain = item.parse().map_err(InvalidReason::NotADomain)?;
        if domains.contains(&domain) {
            continue;
        }
        if domains.len() >= max_items {
            return Err(InvalidReason::TooManyItems { max: max_items });
        }
        domains.push(domain);
    }
    Ok(Value::Domains(domains))
}

fn parse_ports(text: &str, words: &'static [&'static str]) -> Result<Value, InvalidReason> {
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Ok(Value::Choice(word));
    }
    match text.parse::<PortSet>() {
        Ok(ports) if ports.is_empty() => Err(InvalidReason::EmptyList),
        Ok(ports) => Ok(Value::Ports(ports)),
        Err(error) => Err(InvalidReason::NotAPort(error)),
    }
}

fn parse_host_names(text: &str) -> Result<Value, InvalidReason> {
    let names: Vec<String> =
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.len() > host_name::NAMES_MAX {
        return Err(InvalidReason::TooManyItems { max: host_name::NAMES_MAX });
    }
    match names.iter().find(|name| !host_name::is_host_name(name)) {
        Some(name) => Err(InvalidReason::NotAHostName { item: name.clone() }),
        None => Ok(Value::Titles(names)),
    }
}

fn parse_titles(text: &str, max_items: usize, max_chars: usize) -> Result<Value, InvalidReason> {
    if text.chars().any(char::is_control) {
        return Err(InvalidReason::ControlCharacter);
    }
    let titles: Vec<String> =
        text.split(',').map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned).collect();
    if titles.is_empty() {
        Err(InvalidReason::EmptyList)
    } else if titles.len() > max_items {
        Err(InvalidReason::TooManyItems { max: max_items })
    } else if titles.iter().any(|title| title.chars().count() > max_chars) {
        Err(InvalidReason::TitleTooLong { max_chars })
    } else {
        Ok(Value::Titles(titles))
    }
}

/// The offending part of a list of addresses, when the error knows it.
pub(crate) fn offending_item(error: &IpSetError) -> Option<&str> {
    match error {
        IpSetError::NotAnAddress { item }
        | IpSetError::Ipv6 { item }
        | IpSetError::Reversed { item }
        | IpSetError::Prefix { item }
        | IpSetError::NotAHost { item } => Some(item),
        IpSetError::Empty | IpSetError::TooManyItems { .. } => None,
    }
}

/// One parameter of a call. Built as a constant: `Parameter::new(..).required().example(..)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// As it stands in a request; lower case, case matters.
    pub name: &'static str,
    pub kind: ParameterKind,
    pub required: bool,
    /// One or two sentences for the user guide.
    pub description: &'static str,
    /// A value that the parameter takes; also used by the generated tests.
    pub example: &'static str,
    /// What holds when the parameter is absent, in words of the user guide.
    pub default: Option<&'static str>,
    /// Its value is never shown: not in errors, not in the activity log.
    pub secret: bool,
}

impl Parameter {
    /// An optional parameter.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: ParameterKind,
        example: &'static str,
        description: &'static str,
    ) -> Self {
        Self { name, kind, required: false, description, example, default: None, secret: false }
    }

    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: ParameterKind, text: &str, expected: &Result<Value, InvalidReason>) {
        assert_eq!(&kind.parse(text), expected, "{kind:?} from {text:?}");
    }

    #[test]
    fn the_two_families_of_switches_are_not_interchangeable() {
        check(ParameterKind::YesNo, "Yes", &Ok(Value::Switch(true)));
        check(ParameterKind::YesNo, "no", &Ok(Value::Switch(false)));
        check(ParameterKind::ZeroOne, "1", &Ok(Value::Switch(true)));
        check(ParameterKind::YesNo, "1", &Err(InvalidReason::NotASwitch { on: "yes", off: "no" }));
        check(ParameterKind::ZeroOne, "yes", &Err(InvalidReason::NotASwitch { on: "1", off: "0" }));
    }

    #[test]
    fn lists_tolerate_blanks_and_know_their_bounds() {
        let qids = [6, 45038].into_iter().filter_map(palisade_model::Qid::new).collect();
        let kind = ParameterKind::QidList { max_items: 2 };
        check(kind, "6, 45038,6", &Ok(Value::Qids(qids)));
        check(kind, "6,7,8", &Err(InvalidReason::TooManyItems { max: 2 }));
        check(kind, "6,x", &Err(InvalidReason::NotAQid { item: "x".to_owned() }));
        check(kind, " , ", &Err(InvalidReason::EmptyList));
        let kind = ParameterKind::Choices(&["OPEN", "CLOSED"]);
        check(kind, "CLOSED, OPEN,CLOSED", &Ok(Value::Choices(vec!["CLOSED", "OPEN"])));
        check(kind, "open", &Err(InvalidReason::NotAChoice(&["OPEN", "CLOSED"])));
        check(kind, ",", &Err(InvalidReason::EmptyList));
        let kind = ParameterKind::Words(&["Re-Opened", "New"]);
        check(kind, "new, RE-OPENED,New", &Ok(Value::Choices(vec!["New", "Re-Opened"])));
        check(kind, "Old", &Err(InvalidReason::NotAChoice(&["Re-Opened", "New"])));
        check(ParameterKind::Word(&["XML", "CSV"]), "csv", &Ok(Value::Choice("CSV")));
        check(ParameterKind::Word(&["XML", "CSV"]), "", &Err(InvalidReason::NotAChoice(&["XML", "CSV"])));
        let kind = ParameterKind::Titles { max_items: 2, max_chars: 5 };
        check(kind, "All, Some", &Ok(Value::Titles(vec!["All".to_owned(), "Some".to_owned()])));
        check(kind, "Longer", &Err(InvalidReason::TitleTooLong { max_chars: 5 }));
    }

    #[test]
    fn ports_are_a_list_or_a_word() {
        let kind = ParameterKind::Ports { words: &["default", "full"], max_chars: 99 };
        check(kind, "full", &Ok(Value::Choice("full")));
        check(kind, "21, 8000-8002", &Ok(Value::Ports([21, 8_000, 8_001, 8_002].into_iter().collect())));
        check(kind, " ", &Err(InvalidReason::EmptyList));
        let wrong = palisade_model::port_set::NotAPort { item: "x".to_owned() };
        check(kind, "21,x", &Err(InvalidReason::NotAPort(wrong)));
    }

    #[test]
    fn numbers_keep_their_bounds() {
        let kind = ParameterKind::Integer { min: 1, max: 10 };
        check(kind, "10", &Ok(Value::Integer(10)));
        check(kind, "0", &Err(InvalidReason::NotAnInteger { min: 1, max: 10 }));
        check(kind, "ten", &Err(InvalidReason::NotAnInteger { min: 1, max: 10 }));
    }

    #[test]
    fn days_are_named_or_numbered() {
        check(ParameterKind::Weekdays, "Sunday,tuesday", &Ok(Value::Weekdays("0,2".parse().unwrap())));
        let reason = InvalidReason::NotAWeekday { item: "Someday".to_owned() };
        check(ParameterKind::Weekdays, "1,Someday", &Err(reason));
    }

    #[test]
    fn control_characters_are_no_text() {
        check(ParameterKind::Text { max_chars: 9 }, "a\tb\nc", &Ok(Value::Text("a\tb\nc".to_owned())));
        check(ParameterKind::Text { max_chars: 9 }, "a\u{0}b", &Err(InvalidReason::ControlCharacter));
    }
}
