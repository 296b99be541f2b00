//! Whom a scheduled task tells of what it starts, and when.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// Longest message, in characters.
pub const MESSAGE_CHARACTERS_MAX: usize = 4_000;
/// Most distribution groups of one task.
pub const GROUPS_MAX: usize = 100;

/// Whom a task tells, and when. The owner is always told of an end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notifications {
    /// Before each start.
    pub before: Option<BeforeLaunch>,
    /// Said of each end; possibly nothing beside what is said anyway.
    pub after: Option<String>,
    /// Distribution groups that are told beside the owner, by id.
    pub groups: Vec<i64>,
}

/// What is told before a start, and how long before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeforeLaunch {
    pub unit: LeadUnit,
    /// How many of the unit.
    pub time: u16,
    /// Possibly nothing beside what is said anyway.
    pub message: String,
}

words! {
    /// What the time before a start is counted in.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum LeadUnit or NotALeadUnit {
        Days = "days",
        Hours = "hours",
        Minutes = "minutes",
    }
}

/// A text that is no unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a unit is one of days, hours, minutes")]
pub struct NotALeadUnit;

/// A time that is not among those of its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{unit} before a start are {min} to {max}")]
pub struct LeadOutOfRange {
    pub unit: LeadUnit,
    pub min: u16,
    pub max: u16,
}

impl LeadUnit {
    /// How many of the unit there may be, both included.
    #[must_use]
    pub const fn bounds(self) -> (u16, u16) {
        match self {
            Self::Days => (1, 31),
            Self::Hours => (1, 24),
            Self::Minutes => (5, 120),
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Days => 86_400,
            Self::Hours => 3_600,
            Self::Minutes => 60,
        }
    }
}

impl BeforeLaunch {
    /// # Errors
    ///
    /// When there are fewer or more of the unit than there may be.
    pub fn new(unit: LeadUnit, time: u16, message: String) -> Result<Self, LeadOutOfRange> {
        let (min, max) = unit.bounds();
        if (min..=max).contains(&time) {
            Ok(Self { unit, time, message })
        } else {
            Err(LeadOutOfRange { unit, min, max })
        }
    }

    /// Microseconds before the start.
    #[must_use]
    pub fn lead_us(&self) -> i64 {
        self.unit.seconds() * i64::from(self.time) * 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_bounds() {
        for unit in LeadUnit::ALL {
            assert_eq!(unit.as_str().parse(), Ok(unit));
            let (min, max) = unit.bounds();
            let before = |time| BeforeLaunch::new(unit, time, String::new());
            assert!(before(min).is_ok() && before(max).is_ok());
            assert_eq!(before(max + 1), Err(LeadOutOfRange { unit, min, max }));
            assert_eq!(before(min - 1), Err(LeadOutOfRange { unit, min, max }));
        }
        let hours = BeforeLaunch::new(LeadUnit::Hours, 2, String::new()).unwrap();
        assert_eq!(hours.lead_us(), 7_200_000_000);
        assert!("weeks".parse::<LeadUnit>().is_err());
    }

    #[test]
    fn notifications_read_back() {
        let before = BeforeLaunch::new(LeadUnit::Days, 1, "Soon".to_owned()).unwrap();
        let all = Notifications { before: Some(before), after: Some(String::new()), groups: vec![3] };
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Notifications>(&json).unwrap(), all);
        assert_eq!(serde_json::from_str::<Notifications>("{}").unwrap(), Notifications::default());
    }
}
