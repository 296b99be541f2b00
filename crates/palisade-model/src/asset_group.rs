//! Asset groups: named sets of addresses that hosts are scanned, reported and assigned to users by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 255;

/// The title of the group that everybody has: every address within the caller's reach.
pub const ALL: &str = "All";

/// The title of an asset group: 1 to 255 characters, no comma (lists of titles are separated by
/// commas), no control characters, no blanks around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetGroupTitle(String);

/// Why a text is no title of an asset group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATitle {
    #[error("the title is empty")]
    Empty,
    #[error("a title has at most {max} characters")]
    TooLong { max: usize },
    #[error("a title has no comma")]
    Comma,
    #[error("a title has no control characters")]
    ControlCharacter,
}

impl AssetGroupTitle {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names the group of everything, in whatever case.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.eq_ignore_ascii_case(ALL)
    }
}

impl FromStr for AssetGroupTitle {
    type Err = NotATitle;

    fn from_str(text: &str) -> Result<Self, NotATitle> {
        let text = text.trim();
        if text.is_empty() {
            Err(NotATitle::Empty)
        } else if text.chars().count() > TITLE_CHARACTERS_MAX {
            Err(NotATitle::TooLong { max: TITLE_CHARACTERS_MAX })
        } else if text.contains(',') {
            Err(NotATitle::Comma)
        } else if text.chars().any(char::is_control) {
            Err(NotATitle::ControlCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for AssetGroupTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A word that an attribute of asset groups does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a word of this attribute")]
pub struct NotALevel;

/// How much the business depends on the hosts of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum BusinessImpact {
    Low,
    Minor,
    Medium,
    #[default]
    High,
    Critical,
}

impl BusinessImpact {
    /// The words of parameters and of the store, most important first.
    pub const WORDS: &'static [&'static str] = &["critical", "high", "medium", "minor", "low"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Minor => "minor",
            Self::Low => "low",
        }
    }

    /// The name shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Minor => "Minor",
            Self::Low => "Low",
        }
    }

    /// 5 for the most important hosts, 1 for the least.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Critical => 5,
            Self::High => 4,
            Self::Medium => 3,
            Self::Minor => 2,
            Self::Low => 1,
        }
    }
}

impl FromStr for BusinessImpact {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        [Self::Critical, Self::High, Self::Medium, Self::Minor, Self::Low]
            .into_iter()
            .find(|impact| impact.as_str() == text)
            .ok_or(NotALevel)
    }
}

/// The level of an environmental metric of CVSS version 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentLevel {
    None,
    Low,
    LowMedium,
    Medium,
    MediumHigh,
    High,
}

impl EnvironmentLevel {
    /// The words that collateral damage potential takes.
    pub const DAMAGE: &'static [&'static str] = &["none", "low", "low-medium", "medium-high", "high"];
    /// The words that target distribution takes.
    pub const DISTRIBUTION: &'static [&'static str] = &["none", "low", "medium", "high"];
    /// The words that the three requirements take.
    pub const REQUIREMENT: &'static [&'static str] = &["low", "medium", "high"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::LowMedium => "low-medium",
            Self::Medium => "medium",
            Self::MediumHigh => "medium-high",
            Self::High => "high",
        }
    }
}

impl FromStr for EnvironmentLevel {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        [Self::None, Self::Low, Self::LowMedium, Self::Medium, Self::MediumHigh, Self::High]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(NotALevel)
    }
}

/// The environmental metrics of CVSS version 2 for the hosts of a group; `None` is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Environment {
    pub collateral_damage: Option<EnvironmentLevel>,
    pub target_distribution: Option<EnvironmentLevel>,
    pub confidentiality: Option<EnvironmentLevel>,
    pub integrity: Option<EnvironmentLevel>,
    pub availability: Option<EnvironmentLevel>,
}

impl Environment {
    /// What `newer` defines replaces what `self` has.
    #[must_use]
    pub fn overlaid_with(self, newer: Self) -> Self {
        Self {
            collateral_damage: newer.collateral_damage.or(self.collateral_damage),
            target_distribution: newer.target_distribution.or(self.target_distribution),
            confidentiality: newer.confidentiality.or(self.confidentiality),
            integrity: newer.integrity.or(self.integrity),
            availability: newer.availability.or(self.availability),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Result<&str, NotATitle>) {
        let title = text.parse::<AssetGroupTitle>();
        assert_eq!(&title.as_ref().map(AssetGroupTitle::as_str).map_err(Clone::clone), expected, "{text:?}");
    }

    #[test]
    fn titles_keep_their_rules() {
        check(" Web servers ", &Ok("Web servers"));
        check("Büro <A> & \"B\"", &Ok("Büro <A> & \"B\""));
        check("  ", &Err(NotATitle::Empty));
        check("a,b", &Err(NotATitle::Comma));
        check("a\nb", &Err(NotATitle::ControlCharacter));
        check(&"ä".repeat(255), &Ok(&"ä".repeat(255)));
        check(&"a".repeat(256), &Err(NotATitle::TooLong { max: 255 }));
    }

    #[test]
    fn the_group_of_everything_has_its_name_in_any_case() {
        for (text, expected) in [("All", true), ("ALL", true), ("Allies", false)] {
            assert_eq!(text.parse::<AssetGroupTitle>().unwrap().is_all(), expected, "{text}");
        }
    }

    #[test]
    fn words_read_back() {
        for word in BusinessImpact::WORDS {
            assert_eq!(word.parse::<BusinessImpact>().unwrap().as_str(), *word);
        }
        let words = [EnvironmentLevel::DAMAGE, EnvironmentLevel::DISTRIBUTION, EnvironmentLevel::REQUIREMENT];
        for word in words.into_iter().flatten() {
            assert_eq!(word.parse::<EnvironmentLevel>().unwrap().as_str(), *word);
        }
        assert!("huge".parse::<BusinessImpact>().is_err());
    }

    proptest! {
        #[test]
        fn a_title_stands_in_a_list_of_titles(text in any::<String>()) {
            if let Ok(title) = text.parse::<AssetGroupTitle>() {
                let list = format!("{title},{title}");
                let titles: Vec<_> = list.split(',').map(str::parse::<AssetGroupTitle>).collect();
                prop_assert_eq!(titles, vec![Ok(title.clone()), Ok(title)]);
            }
        }
    }
}
