//! Scanner appliances: what they are called, and how they reach into networks.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name of an appliance, and of a VLAN or route, in characters.
pub const NAME_CHARACTERS_MAX: usize = 15;
const PART_CHARACTERS_MAX: usize = 256;
/// Most VLANs, and most static routes, of an appliance.
pub const PARTS_MAX: usize = 4_094;
/// Seconds between two questions of an appliance for work: least, most and usual.
pub const POLLING_INTERVAL_S: std::ops::RangeInclusive<u32> = 60..=3_600;
pub const USUAL_POLLING_INTERVAL_S: u32 = 180;
/// What launches call the server's own scanner; no appliance has this name.
pub const BUILT_IN: &str = "External";

/// The name of an appliance: 1 to 15 printable characters without blanks and commas (lists of names
/// are separated by commas).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplianceName(String);

/// Why a text is no name of an appliance, or no VLAN, or no static route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOfAnAppliance {
    #[error("a name has 1 to {max} characters, and no blanks and commas")]
    Name { max: usize },
    #[error("the name stands for the scanner of the server itself")]
    Reserved,
    #[error("a VLAN is written as number|address|netmask|name, its number from 1 to 4094")]
    Vlan,
    #[error("a static route is written as address|netmask|gateway|name")]
    Route,
    #[error("there are at most {max} of them")]
    TooMany { max: usize },
}

impl ApplianceName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApplianceName {
    type Err = NotOfAnAppliance;

    fn from_str(text: &str) -> Result<Self, NotOfAnAppliance> {
        let length = text.chars().count();
        let allowed =
            |character: char| !character.is_whitespace() && !character.is_control() && character != ',';
        if !(1..=NAME_CHARACTERS_MAX).contains(&length) || !text.chars().all(allowed) {
            return Err(NotOfAnAppliance::Name { max: NAME_CHARACTERS_MAX });
        }
        if text.eq_ignore_ascii_case(BUILT_IN) {
            return Err(NotOfAnAppliance::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ApplianceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A VLAN that an appliance is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// 1 to 4094.
    pub number: u16,
    pub ip: Ipv4Addr,
    pub netmask: Ipv4Addr,
    pub name: String,
}

/// A way that an appliance knows beside its default gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticRoute {
    pub ip: Ipv4Addr,
    pub netmask: Ipv4Addr,
    pub gateway: Ipv4Addr,
    pub name: String,
}

/// Ones first, then noughts.
fn is_netmask(mask: Ipv4Addr) -> bool {
    let bits = u32::from(mask);
    bits.leading_ones() + bits.trailing_zeros() >= u32::BITS
}

fn name_of_part(text: &str) -> Option<String> {
    let fits =
        (1..=PART_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn list<T>(
    text: &str,
    read: impl Fn(&[&str]) -> Option<T>,
    otherwise: NotOfAnAppliance,
) -> Result<Vec<T>, NotOfAnAppliance> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let items: Vec<&str> = text.split(',').collect();
    if items.len() > PARTS_MAX {
        return Err(NotOfAnAppliance::TooMany { max: PARTS_MAX });
    }
    items
        .into_iter()
        .map(|item| {
            let parts: Vec<&str> = item.split('|').map(str::trim).collect();
            read(&parts).ok_or(otherwise)
        })
        .collect()
}

impl Vlan {
    /// Reads a comma-separated list; none for an empty text.
    ///
    /// # Errors
    ///
    /// [`NotOfAnAppliance::Vlan`], [`NotOfAnAppliance::TooMany`].
    pub fn list(text: &str) -> Result<Vec<Self>, NotOfAnAppliance> {
        let read = |parts: &[&str]| {
            let [number, ip, netmask, name] = parts else { return None };
            let number = number.parse().ok().filter(|number| (1..=4_094).contains(number))?;
            let netmask = netmask.parse().ok().filter(|mask| is_netmask(*mask))?;
            Some(Self { number, ip: ip.parse().ok()?, netmask, name: name_of_part(name)? })
        };
        list(text, read, NotOfAnAppliance::Vlan)
    }
}

impl StaticRoute {
    /// Reads a comma-separated list; none for an empty text.
    ///
    /// # Errors
    ///
    /// [`NotOfAnAppliance::Route`], [`NotOfAnAppliance::TooMany`].
    pub fn list(text: &str) -> Result<Vec<Self>, NotOfAnAppliance> {
        let read = |parts: &[&str]| {
            let [ip, netmask, gateway, name] = parts else { return None };
            let netmask = netmask.parse().ok().filter(|mask| is_netmask(*mask))?;
            Some(Self {
                ip: ip.parse().ok()?,
                netmask,
                gateway: gateway.parse().ok()?,
                name: name_of_part(name)?,
            })
        };
        list(text, read, NotOfAnAppliance::Route)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_keep_their_rules() {
        for (text, expected) in [
            ("scanner-1", true),
            ("Büro", true),
            ("exactly15chars_", true),
            ("sixteen_chars_xx", false),
            ("", false),
            ("a b", false),
            ("a,b", false),
            ("external", false),
        ] {
            assert_eq!(text.parse::<ApplianceName>().is_ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn vlans_and_routes_are_read_or_refused() {
        let vlans = Vlan::list("7|10.0.0.2|255.255.255.0|quay, 4094|10.1.0.2|255.255.0.0|pier").unwrap();
        assert_eq!((vlans.len(), vlans[1].number, vlans[1].name.as_str()), (2, 4_094, "pier"));
        assert_eq!(Vlan::list(""), Ok(Vec::new()));
        for text in [
            "0|10.0.0.2|255.255.255.0|quay",
            "4095|10.0.0.2|255.255.255.0|quay",
            "7|10.0.0|255.255.255.0|quay",
            "7|10.0.0.2|255.0.255.0|quay",
            "7|10.0.0.2|255.255.255.0|",
            "7|10.0.0.2|255.255.255.0",
            "7|10.0.0.2|255.255.255.0|quay,",
        ] {
            assert_eq!(Vlan::list(text), Err(NotOfAnAppliance::Vlan), "{text}");
        }
        let routes = StaticRoute::list("10.9.0.0|255.255.0.0|10.0.0.1|far").unwrap();
        assert_eq!(routes[0].gateway, Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(StaticRoute::list("10.9.0.0|255.255.0.0|far"), Err(NotOfAnAppliance::Route));
        let many = vec!["7|10.0.0.2|255.255.255.0|quay"; PARTS_MAX + 1].join(",");
        assert_eq!(Vlan::list(&many), Err(NotOfAnAppliance::TooMany { max: PARTS_MAX }));
    }

    proptest! {
        #[test]
        fn a_name_stands_in_a_list_of_names(text in any::<String>()) {
            if let Ok(name) = text.parse::<ApplianceName>() {
                prop_assert!(!name.as_str().contains([',', ' ']));
                prop_assert_eq!(name.to_string().parse::<ApplianceName>(), Ok(name));
            }
        }

        #[test]
        fn whatever_is_read_does_not_fail(text in any::<String>()) {
            let _ = (Vlan::list(&text), StaticRoute::list(&text));
        }
    }
}
