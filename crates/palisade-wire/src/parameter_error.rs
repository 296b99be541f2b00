//! Why a parameter is refused, with the number and the text that the API answers.
//!
//! Number 5000 and its texts for addresses are those that clients know. The API's documents name
//! no numbers for the other cases; ours stand next to it, 5001 to 5009, and stay as they are.

use std::fmt;

use palisade_model::asset_group::NotATitle;
use palisade_model::number_set::NotNumbers;
use palisade_model::port_set::NotAPort;
use palisade_model::scan_header::NotAHeader;
use palisade_model::{IpSetError, NotADomain, NotAMapTarget};

use crate::parameter::offending_item;

/// Longest part of a refused value that an error shows, in characters.
pub(crate) const SHOWN_CHARS: usize = 200;

/// Why a value is not what its parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidReason {
    IpSet(IpSetError),
    NotAChoice(&'static [&'static str]),
    NotASwitch {
        on: &'static str,
        off: &'static str,
    },
    NotAScanRef,
    NotAMapRef,
    NotAScanOrMapRef,
    NotAMapTarget(NotAMapTarget),
    NotADate,
    NotAnAmericanDate,
    /// `item` is empty for an empty list.
    NotAWeekday {
        item: String,
    },
    NotAnInteger {
        min: u64,
        max: u64,
    },
    NotAQid {
        item: String,
    },
    NotNumbers(NotNumbers),
    NotATitle(NotATitle),
    NotAPort(NotAPort),
    NotAHeader(NotAHeader),
    TooManyItems {
        max: usize,
    },
    TitleTooLong {
        max_chars: usize,
    },
    NotADomain(NotADomain),
    NotAHostName {
        item: String,
    },
    EmptyList,
    ControlCharacter,
    NotUtf8,
}

impl InvalidReason {
    /// The part of the value that is to blame, when it is only a part.
    pub(crate) fn item(&self) -> Option<&str> {
        match self {
            Self::IpSet(error) => offending_item(error),
            Self::NotAQid { item }
            | Self::NotAHostName { item }
            | Self::NotAWeekday { item }
            | Self::NotAMapTarget(
                NotAMapTarget::Domain { item, .. } | NotAMapTarget::Netblock { item, .. },
            ) if !item.is_empty() => Some(item),
            Self::NotAPort(NotAPort { item })
            | Self::NotNumbers(NotNumbers::NotANumber { item } | NotNumbers::Reversed { item }) => Some(item),
            _ => None,
        }
    }
}

impl fmt::Display for InvalidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IpSet(error) => write_ip_reason(f, error),
            Self::NotAChoice(words) => write!(f, "Expecting one of ({}).", words.join(", ")),
            Self::NotASwitch { on, off } => write!(f, "Expecting one of ({on}, {off})."),
            Self::NotAScanRef => f.write_str("Invalid scan reference."),
            Self::NotAMapRef => f.write_str("Invalid map reference."),
            Self::NotAScanOrMapRef => f.write_str("Invalid scan or map reference."),
            Self::NotAMapTarget(error) => write_target_reason(f, error),
            Self::NotADate => f.write_str("Invalid date, expecting YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ."),
            Self::NotAnAmericanDate => f.write_str("Invalid date, expecting MM/DD/YYYY from 1970 to 2099."),
            Self::NotAWeekday { .. } => {
                f.write_str("Expecting days from Sunday to Saturday or from 0 to 6, separated by commas.")
            }
            Self::NotAnInteger { min, max } => {
                write!(f, "Invalid number, expecting a whole number from {min} to {max}.")
            }
            Self::NotAQid { .. } => f.write_str("Invalid QID."),
            Self::NotNumbers(error) => write_numbers_reason(f, error),
            Self::NotATitle(error) => write_title_reason(f, error),
            Self::NotADomain(error) => write_domain_reason(f, error),
            Self::NotAHostName { .. } => f.write_str("Not the name of a host."),
            Self::NotAPort(_) => f.write_str("Invalid port or range of ports."),
            Self::NotAHeader(error) => write_header_reason(f, *error),
            Self::TooManyItems { max } => write!(f, "The list has more than {max} items."),
            Self::TitleTooLong { max_chars } => {
                write!(f, "A title has at most {max_chars} characters.")
            }
            Self::EmptyList => f.write_str("The list is empty."),
            Self::ControlCharacter => f.write_str("Control characters are not allowed."),
            Self::NotUtf8 => f.write_str("The value is not UTF-8 text."),
        }
    }
}

/// The two texts that clients look for, and then what exactly is wrong.
fn write_ip_reason(f: &mut fmt::Formatter<'_>, error: &IpSetError) -> fmt::Result {
    match error {
        IpSetError::NotAnAddress { .. } => f.write_str("Invalid IP or range."),
        IpSetError::Empty => f.write_str("Invalid IP or range. The list is empty."),
        IpSetError::Ipv6 { .. } => f.write_str("Invalid IP or range. Only IPv4 is supported."),
        IpSetError::Reversed { .. } => f.write_str("Invalid IP or range. The range ends before it starts."),
        IpSetError::NotAHost { .. } => f.write_str("Invalid IP or range. No host can have this address."),
        IpSetError::Prefix { .. } => {
            f.write_str("Invalid CIDR format. Expecting a prefix length of 8 to 32.")
        }
        IpSetError::TooManyItems { max } => {
            write!(f, "Invalid IP or range. The list has more than {max} items.")
        }
    }
}

fn write_numbers_reason(f: &mut fmt::Formatter<'_>, error: &NotNumbers) -> fmt::Result {
    match error {
        NotNumbers::Empty => f.write_str("The list is empty."),
        NotNumbers::NotANumber { .. } => f.write_str("Invalid number or range."),
        NotNumbers::Reversed { .. } => {
            f.write_str("Invalid number or range. The range ends before it starts.")
        }
        NotNumbers::TooManyItems { max } => write!(f, "The list has more than {max} items."),
    }
}

fn write_domain_reason(f: &mut fmt::Formatter<'_>, error: &NotADomain) -> fmt::Result {
    match error {
        NotADomain::Shape => f.write_str("Invalid domain, expecting a name such as example.com, or none."),
        NotADomain::TooLong { max } => write!(f, "A domain has at most {max} characters."),
        NotADomain::Www => f.write_str("A domain is given without www."),
    }
}

fn write_target_reason(f: &mut fmt::Formatter<'_>, error: &NotAMapTarget) -> fmt::Result {
    match error {
        NotAMapTarget::Empty => f.write_str("The list is empty."),
        NotAMapTarget::Domain { source, .. } => write_domain_reason(f, source),
        NotAMapTarget::Netblock { source, .. } => write_ip_reason(f, source),
        NotAMapTarget::TooMany { max: 1 } => f.write_str("Expecting one domain."),
        NotAMapTarget::TooMany { max } => write!(f, "The list has more than {max} items."),
        NotAMapTarget::Twice { domain } => write!(f, "The domain {domain} stands in the list twice."),
    }
}

fn write_title_reason(f: &mut fmt::Formatter<'_>, error: &NotATitle) -> fmt::Result {
    match error {
        NotATitle::Empty => f.write_str("The title is empty."),
        NotATitle::TooLong { max } => write!(f, "A title has at most {max} characters."),
        NotATitle::Comma => f.write_str("A title has no comma."),
        NotATitle::ControlCharacter => f.write_str("Control characters are not allowed."),
    }
}

fn write_header_reason(f: &mut fmt::Formatter<'_>, error: NotAHeader) -> fmt::Result {
    match error {
        NotAHeader::Empty => f.write_str("The value is empty."),
        NotAHeader::TooLong { max } => write!(f, "The value has more than {max} characters."),
        NotAHeader::Character => f.write_str("Expecting printable ASCII characters on one line."),
    }
}

/// Why the parameters of a request are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterError {
    /// `value` is `None` for a secret parameter.
    Invalid {
        parameter: &'static str,
        value: Option<String>,
        reason: InvalidReason,
    },
    /// The call has no such parameter.
    Unknown {
        parameter: String,
    },
    Missing {
        parameter: &'static str,
    },
    Doubled {
        parameter: &'static str,
    },
    TooLong {
        parameter: &'static str,
        max_chars: usize,
    },
    /// Two parameters that exclude one another.
    Exclusive {
        first: &'static str,
        second: &'static str,
    },
    /// None of these was given, one is needed.
    NoneOf {
        parameters: &'static [&'static str],
    },
    /// `parameter` means something only with another one.
    OnlyWith {
        parameter: &'static str,
        with: &'static str,
        value: Option<&'static str>,
    },
}

impl ParameterError {
    /// The number that goes with the text.
    #[must_use]
    pub const fn number(&self) -> u32 {
        match self {
            Self::Invalid { .. } => 5000,
            Self::Unknown { .. } => 5001,
            Self::Missing { .. } => 5002,
            Self::Doubled { .. } => 5003,
            Self::TooLong { .. } => 5004,
            Self::Exclusive { .. } => 5005,
            Self::NoneOf { .. } => 5006,
            Self::OnlyWith { .. } => 5007,
        }
    }

    /// Every number with what it means, for the user guide.
    pub const NUMBERS: &'static [(u32, &'static str)] = &[
        (5000, "A parameter has a value that it does not take. The text names both and says why."),
        (5001, "The call has no parameter of this name. Names are case sensitive."),
        (5002, "A required parameter is missing."),
        (5003, "A parameter was given more than once."),
        (5004, "A value is longer than the parameter allows."),
        (5005, "Two parameters exclude one another."),
        (5006, "One out of a group of parameters is required, and none was given."),
        (5007, "A parameter was given without the one it belongs to."),
    ];
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { parameter, value, reason } => {
                let value = value.as_deref().map_or("********", |value| reason.item().unwrap_or(value));
                write!(f, "Invalid value for '{parameter}' : {}. {reason}", shown(value))
            }
            Self::Unknown { parameter } => write!(f, "Unrecognized parameter '{}'.", shown(parameter)),
            Self::Missing { parameter } => write!(f, "Missing required parameter '{parameter}'."),
            Self::Doubled { parameter } => write!(f, "Parameter '{parameter}' was given more than once."),
            Self::TooLong { parameter, max_chars } => {
                write!(f, "Invalid value for '{parameter}' : longer than {max_chars} characters.")
            }
            Self::Exclusive { first, second } => {
                write!(f, "Parameters '{first}' and '{second}' cannot be used together.")
            }
            Self::NoneOf { parameters } => {
                write!(f, "One of the parameters ({}) is required.", parameters.join(", "))
            }
            Self::OnlyWith { parameter, with, value: None } => {
                write!(f, "Parameter '{parameter}' can only be used together with '{with}'.")
            }
            Self::OnlyWith { parameter, with, value: Some(value) } => {
                write!(f, "Parameter '{parameter}' can only be used together with '{with}={value}'.")
            }
        }
    }
}

impl std::error::Error for ParameterError {}

/// At most [`SHOWN_CHARS`] characters of an input, control characters made visible.
fn shown(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut cut: String = text.chars().take(SHOWN_CHARS).map(clean).collect();
    if cut.len() < text.len() && text.chars().nth(SHOWN_CHARS).is_some() {
        cut.push_str("...");
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameter::ParameterKind;

    #[track_caller]
    fn check(kind: ParameterKind, value: &str, expected: &str) {
        let reason = kind.parse(value).unwrap_err();
        let error = ParameterError::Invalid { parameter: "ip", value: Some(value.to_owned()), reason };
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.number(), 5000);
    }

    #[test]
    fn addresses_are_refused_in_the_words_clients_know() {
        check(ParameterKind::IpSet, "foo", "Invalid value for 'ip' : foo. Invalid IP or range.");
        check(ParameterKind::IpSet, "10.0.0.1,foo", "Invalid value for 'ip' : foo. Invalid IP or range.");
        check(
            ParameterKind::IpSet,
            "0.0.0.0/0",
            "Invalid value for 'ip' : 0.0.0.0/0. Invalid CIDR format. Expecting a prefix length of 8 to 32.",
        );
        check(
            ParameterKind::IpSet,
            "::1",
            "Invalid value for 'ip' : ::1. Invalid IP or range. Only IPv4 is supported.",
        );
    }

    #[test]
    fn long_values_are_cut_and_secrets_hidden() {
        let error = ParameterError::Unknown { parameter: "x".repeat(300) };
        assert_eq!(error.to_string(), format!("Unrecognized parameter '{}...'.", "x".repeat(200)));
        let reason = InvalidReason::ControlCharacter;
        let error = ParameterError::Invalid { parameter: "password", value: None, reason };
        assert!(error.to_string().starts_with("Invalid value for 'password' : ********."));
    }
}
