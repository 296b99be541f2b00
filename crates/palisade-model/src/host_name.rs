//! Names of hosts that an asset group has beside its addresses: whichever host a scan has found under
//! such a name belongs to the group for scans and reports, wherever it is by then.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Most names of a sort that a group has.
pub const NAMES_MAX: usize = 1_000;
/// Longest name.
pub const NAME_CHARACTERS_MAX: usize = 253;

/// DNS names in lower case without a dot at their end, and NetBIOS names in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostNames {
    pub dns: BTreeSet<String>,
    pub netbios: BTreeSet<String>,
}

/// Changes to names: what is replaced comes first, then what joins, then what leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostNamesEdit {
    pub dns: Option<BTreeSet<String>>,
    pub netbios: Option<BTreeSet<String>>,
    pub added: HostNames,
    pub removed: HostNames,
}

impl HostNames {
    /// Names as people write them, each in the form in which it is compared.
    #[must_use]
    pub fn new(dns: &[String], netbios: &[String]) -> Self {
        Self { dns: dns_names(dns), netbios: netbios_names(netbios) }
    }

    /// Adds the names of another group.
    pub fn join(&mut self, other: &Self) {
        self.dns.extend(other.dns.iter().cloned());
        self.netbios.extend(other.netbios.iter().cloned());
    }

    /// What is there after the edit.
    #[must_use]
    pub fn edited(self, edit: &HostNamesEdit) -> Self {
        let HostNamesEdit { dns, netbios, added, removed } = edit;
        let merged = |old: BTreeSet<String>, new: &Option<BTreeSet<String>>, add: &BTreeSet<String>| {
            &new.clone().unwrap_or(old) | add
        };
        Self {
            dns: &merged(self.dns, dns, &added.dns) - &removed.dns,
            netbios: &merged(self.netbios, netbios, &added.netbios) - &removed.netbios,
        }
    }
}

/// DNS names in the form in which they are compared.
#[must_use]
pub fn dns_names(names: &[String]) -> BTreeSet<String> {
    names.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect()
}

/// NetBIOS names likewise.
#[must_use]
pub fn netbios_names(names: &[String]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_ascii_uppercase()).collect()
}

/// Whether a text can be the name of a host: visible ASCII characters that stand in no list and no
/// path.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    (1..=NAME_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b",;:\"'<>|\\/*?&".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_are_compared_in_one_form() {
        let names =
            HostNames::new(&owned(&["WWW.Example.com.", "www.example.com"]), &owned(&["files", "FILES"]));
        assert_eq!((names.dns.len(), names.netbios.len()), (1, 1));
    }

    #[test]
    fn an_edit_replaces_then_adds_then_removes() {
        let old = HostNames::new(&owned(&["a", "b"]), &owned(&["X"]));
        let edit = HostNamesEdit {
            dns: Some(dns_names(&owned(&["c"]))),
            netbios: None,
            added: HostNames::new(&owned(&["d", "e"]), &owned(&["Y"])),
            removed: HostNames::new(&owned(&["e"]), &owned(&["X"])),
        };
        assert_eq!(old.edited(&edit), HostNames::new(&owned(&["c", "d"]), &owned(&["Y"])));
    }

    #[test]
    fn separators_are_in_no_name() {
        assert!(is_host_name("www.example.com") && is_host_name("FILES-1$"));
        for text in ["", "a b", "a,b", "<a>", "..", "ä", &"a".repeat(254)] {
            assert!(!is_host_name(text), "{text}");
        }
    }
}
