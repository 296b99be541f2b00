//! From where users may sign in: from anywhere, or only from the addresses that Managers named.
//!
//! Holds for every way in: credentials with each call, opening a session, using one, and the web. It
//! does not hold for the command line on the server's machine. Nobody restricts themselves out.

use std::net::IpAddr;

use palisade_model::{Action, IpSet, Resource};
use palisade_store::RestrictedIps;

use crate::actor::Actor;
use crate::app::App;
use crate::authentication::LoginRefused;
use crate::error::{Error, Result};

/// Most ranges that may be named.
const RANGES_MAX: usize = 1_000;

/// What is changed about where users may sign in from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestrictedIpChange {
    /// The addresses that are named count from now on.
    Activate,
    Add(IpSet),
    Delete(IpSet),
    Replace(IpSet),
    /// Names none any more, and lets users sign in from anywhere.
    Clear,
}

impl App {
    /// From where users may sign in.
    pub async fn restricted_ips(&self, actor: &Actor) -> Result<RestrictedIps> {
        // The restriction is the subscription's; who may see it sees all of it.
        let _reach = actor.allow(Action::List, Resource::RestrictedIp)?.reach();
        Ok(self.store().restricted_ips().await?)
    }

    /// Changes from where users may sign in; gives what then holds.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::NoRestrictedIps`] for activating without addresses,
    /// [`Error::LockedOut`] when the caller could not have signed in under it,
    /// [`Error::TooManyRanges`].
    pub async fn change_restricted_ips(
        &self,
        actor: &Actor,
        change: RestrictedIpChange,
    ) -> Result<RestrictedIps> {
        let _reach = actor.allow(Action::Edit, Resource::RestrictedIp)?.reach();
        let word = match &change {
            RestrictedIpChange::Activate => "activate",
            RestrictedIpChange::Add(_) => "add",
            RestrictedIpChange::Delete(_) => "delete",
            RestrictedIpChange::Replace(_) => "replace",
            RestrictedIpChange::Clear => "clear",
        };
        let from = actor.from;
        let changed = self.store().change_restricted_ips(|old| apply(old, change, from)).await??;
        let state = if changed.enabled { "enabled" } else { "disabled" };
        self.record_done(actor, "restricted_ips", word, format!("{state}: {}", changed.ips)).await?;
        Ok(changed)
    }

    /// Refuses users who come from where nobody may sign in.
    pub(crate) async fn check_sign_in_address(&self, from: IpAddr) -> Result<(), LoginRefused> {
        let restricted = self.store().restricted_ips().await;
        let restricted = restricted.map_err(|error| LoginRefused::Unavailable(error.into()))?;
        if lets_in(&restricted, from) { Ok(()) } else { Err(LoginRefused::RestrictedAddress) }
    }
}

/// Whether users may sign in from this address. Only IPv4 addresses are ever named.
fn lets_in(restricted: &RestrictedIps, from: IpAddr) -> bool {
    !restricted.enabled
        || match from.to_canonical() {
            IpAddr::V4(from) => restricted.ips.contains(from),
            IpAddr::V6(_) => false,
        }
}

fn apply(old: RestrictedIps, change: RestrictedIpChange, from: IpAddr) -> Result<RestrictedIps> {
    let RestrictedIps { enabled, ips } = old;
    let new = match change {
        RestrictedIpChange::Activate if ips.is_empty() => return Err(Error::NoRestrictedIps),
        RestrictedIpChange::Activate => RestrictedIps { enabled: true, ips },
        RestrictedIpChange::Add(more) => RestrictedIps { enabled, ips: ips.union(&more) },
        RestrictedIpChange::Delete(gone) => RestrictedIps { enabled, ips: ips.difference(&gone) },
        RestrictedIpChange::Replace(ips) => RestrictedIps { enabled, ips },
        RestrictedIpChange::Clear => RestrictedIps::default(),
    };
    if new.ips.ranges().len() > RANGES_MAX {
        return Err(Error::TooManyRanges { max: RANGES_MAX });
    }
    if lets_in(&new, from) { Ok(new) } else { Err(Error::LockedOut { from }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ips() -> impl Strategy<Value = IpSet> {
        proptest::collection::vec(0_u8..16, 0..4).prop_map(|last| {
            last.iter()
                .filter_map(|last| format!("10.0.0.{last}").parse::<IpSet>().ok())
                .fold(IpSet::new(), |all, one| all.union(&one))
        })
    }

    fn change() -> impl Strategy<Value = RestrictedIpChange> {
        prop_oneof![
            Just(RestrictedIpChange::Activate),
            ips().prop_map(RestrictedIpChange::Add),
            ips().prop_map(RestrictedIpChange::Delete),
            ips().prop_map(RestrictedIpChange::Replace),
            Just(RestrictedIpChange::Clear),
        ]
    }

    proptest! {
        #[test]
        fn whoever_changes_the_list_can_still_sign_in(changes in proptest::collection::vec(change(), 1..9)) {
            let from: IpAddr = "10.0.0.7".parse().unwrap();
            let mut stored = RestrictedIps::default();
            for change in changes {
                if let Ok(new) = apply(stored.clone(), change, from) {
                    stored = new;
                }
                prop_assert!(lets_in(&stored, from));
            }
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_same() {
        let restricted = RestrictedIps { enabled: true, ips: "10.0.0.7".parse().unwrap() };
        for (from, expected) in
            [("10.0.0.7", true), ("::ffff:10.0.0.7", true), ("10.0.0.8", false), ("::1", false)]
        {
            assert_eq!(lets_in(&restricted, from.parse().unwrap()), expected, "{from}");
        }
    }
}
