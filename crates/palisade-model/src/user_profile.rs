//! What an account says about its holder beside name, role and mail address.

use std::fmt;
use std::str::FromStr;

use crate::time_zone::TimeZoneCode;

/// The holder of an account. Texts are empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserProfile {
    /// The user's name in another system; case matters.
    pub external_id: String,
    pub title: String,
    pub phone: String,
    pub fax: String,
    pub company: String,
    pub address1: String,
    pub address2: String,
    pub city: String,
    /// The full name of the country.
    pub country: String,
    pub state: String,
    pub zip_code: String,
    /// `None`: the zone of whatever shows the time.
    pub time_zone: Option<TimeZoneCode>,
    pub interface_style: InterfaceStyle,
}

/// The colours of the user interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InterfaceStyle {
    #[default]
    StandardBlue,
    NavyBlue,
    CoralRed,
    OliveGreen,
    AccessibleHighContrast,
}

impl InterfaceStyle {
    pub const ALL: [Self; 5] =
        [Self::StandardBlue, Self::NavyBlue, Self::CoralRed, Self::OliveGreen, Self::AccessibleHighContrast];

    /// The words of parameters, in the order of [`InterfaceStyle::ALL`].
    pub const WORDS: &'static [&'static str] =
        &["standard_blue", "navy_blue", "coral_red", "olive_green", "accessible_high_contrast"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StandardBlue => "standard_blue",
            Self::NavyBlue => "navy_blue",
            Self::CoralRed => "coral_red",
            Self::OliveGreen => "olive_green",
            Self::AccessibleHighContrast => "accessible_high_contrast",
        }
    }
}

impl fmt::Display for InterfaceStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no style.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a style of the user interface")]
pub struct NotAnInterfaceStyle;

impl FromStr for InterfaceStyle {
    type Err = NotAnInterfaceStyle;

    fn from_str(text: &str) -> Result<Self, NotAnInterfaceStyle> {
        Self::ALL.into_iter().find(|style| style.as_str() == text).ok_or(NotAnInterfaceStyle)
    }
}

/// What is to change about the holder of an account; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEdit {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub external_id: Option<String>,
    pub title: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub state: Option<String>,
    pub zip_code: Option<String>,
    pub time_zone: Option<Option<TimeZoneCode>>,
    pub interface_style: Option<InterfaceStyle>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_the_styles_in_their_order() {
        assert_eq!(InterfaceStyle::ALL.map(InterfaceStyle::as_str), InterfaceStyle::WORDS);
    }
}
