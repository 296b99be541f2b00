//! What an account says about its holder beside name, role and mail address.

use crate::time_zone::TimeZoneCode;
use crate::words::words;

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

words! {
    /// The colours of the user interface.
    #[derive(Default)]
    pub enum InterfaceStyle or NotAnInterfaceStyle {
        #[default]
        StandardBlue = "standard_blue",
        NavyBlue = "navy_blue",
        CoralRed = "coral_red",
        OliveGreen = "olive_green",
        AccessibleHighContrast = "accessible_high_contrast",
    }
}

/// A text that names no style.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a style of the user interface")]
pub struct NotAnInterfaceStyle;

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
