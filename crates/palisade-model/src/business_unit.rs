//! Business units: parts of a subscription, with asset groups and users of their own.

use std::fmt;
use std::str::FromStr;

use crate::ip_set::IpSet;
use crate::role::Role;

/// Longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 64;

/// Where users are who are in no business unit.
pub const UNASSIGNED: &str = "Unassigned";

/// The title of a business unit: 1 to 64 characters without control characters and without blanks
/// around it; not `Unassigned`, in whatever case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessUnitTitle(String);

/// Why a text is no title of a business unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAUnitTitle {
    #[error("the title is empty")]
    Empty,
    #[error("a title has at most {max} characters")]
    TooLong { max: usize },
    #[error("a title has no control characters")]
    ControlCharacter,
    #[error("the title stands for the users in no business unit")]
    Unassigned,
}

impl BusinessUnitTitle {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BusinessUnitTitle {
    type Err = NotAUnitTitle;

    fn from_str(text: &str) -> Result<Self, NotAUnitTitle> {
        let text = text.trim();
        if text.is_empty() {
            Err(NotAUnitTitle::Empty)
        } else if text.chars().count() > TITLE_CHARACTERS_MAX {
            Err(NotAUnitTitle::TooLong { max: TITLE_CHARACTERS_MAX })
        } else if text.chars().any(char::is_control) {
            Err(NotAUnitTitle::ControlCharacter)
        } else if text.eq_ignore_ascii_case(UNASSIGNED) {
            Err(NotAUnitTitle::Unassigned)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for BusinessUnitTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The addresses a user reaches. A Unit Manager reaches those of the unit; everybody else what is
/// assigned to them, as far as it is within their unit. `unit` holds the addresses of the unit's
/// asset groups, and is `None` for users in no unit.
#[must_use]
pub fn assigned_addresses(role: Role, assigned: &IpSet, unit: Option<&IpSet>) -> IpSet {
    match unit {
        None => assigned.clone(),
        Some(unit) if role == Role::UnitManager => unit.clone(),
        Some(unit) => assigned.intersection(unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_what_people_can_read() {
        for title in ["Harbour", " Łódź, North ", &"x".repeat(64)] {
            assert!(title.parse::<BusinessUnitTitle>().is_ok_and(|read| read.as_str() == title.trim()));
        }
        for title in ["", " ", "unassigned", "a\nb", &"x".repeat(65)] {
            assert!(title.parse::<BusinessUnitTitle>().is_err(), "{title:?}");
        }
    }

    #[test]
    fn nobody_reaches_beyond_the_unit() {
        let set = |text: &str| text.parse::<IpSet>().unwrap_or_default();
        let (assigned, unit) = (set("10.0.0.1-10.0.0.9"), set("10.0.0.5-10.0.0.20"));
        assert_eq!(assigned_addresses(Role::Scanner, &assigned, None), assigned);
        assert_eq!(assigned_addresses(Role::Scanner, &assigned, Some(&unit)), set("10.0.0.5-10.0.0.9"));
        assert_eq!(assigned_addresses(Role::UnitManager, &assigned, Some(&unit)), unit);
        assert_eq!(assigned_addresses(Role::Reader, &IpSet::new(), Some(&unit)), IpSet::new());
    }
}
