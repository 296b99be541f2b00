//! Types for operating systems, devices and hypervisors.

use crate::v2::Parameters;

pub(super) const UNIX: Parameters = &[("username", "scan"), ("password", "a secret")];
pub(super) const SNMP: Parameters = &[("community_strings", "a secret")];

crate::v2::auth::types!(
    "docker" &[],
    "palo_alto_firewall" UNIX,
    "snmp" SNMP,
    "unix" UNIX,
    "vcenter" UNIX,
    "vmware" UNIX,
    "windows" UNIX,
);

pub(super) fn types() -> &'static [(&'static str, Parameters)] {
    TYPES
}
