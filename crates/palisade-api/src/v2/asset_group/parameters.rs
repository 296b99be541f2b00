//! What a group is made and changed with.

use palisade_model::asset_group::{BusinessImpact, EnvironmentLevel};
use palisade_wire::{Parameter, ParameterKind};

use crate::v2::asset_group::ID;

const TEXT: ParameterKind = ParameterKind::Text { max_chars: 64 };
const NOTE: ParameterKind = ParameterKind::Text { max_chars: 255 };
const DOMAIN_LIST: ParameterKind = ParameterKind::DomainList { max_items: 1_000 };
const APPLIANCES: ParameterKind = ParameterKind::Text { max_chars: 20_000 };

pub(super) const GROUP_ID: Parameter = Parameter::new("id", ID, "1", "The group.").required();
pub(super) const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::AssetGroupTitle,
    "Web servers",
    "The title. It has no comma, and no other group has it.",
)
.required();
pub(super) const IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.1-192.0.2.9",
    "The addresses. All must be in the subscription and within the caller's reach.",
);
pub(super) const DOMAINS: Parameter = Parameter::new(
    "domains",
    DOMAIN_LIST,
    "example.com",
    "The domains. All must be in the subscription and within the caller's reach.",
);
pub(super) const DNS_NAMES: Parameter = Parameter::new(
    "dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "DNS names of hosts. Scans and reports of the group take in the hosts that scans found under them last.",
);
pub(super) const NETBIOS_NAMES: Parameter =
    Parameter::new("netbios_names", ParameterKind::HostNames, "FILES", "NetBIOS names, likewise.");
pub(super) const SET_DNS_NAMES: Parameter = Parameter::new(
    "set_dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "Replaces the DNS names; an empty text removes them all.",
);
pub(super) const ADD_DNS_NAMES: Parameter = Parameter::new(
    "add_dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "DNS names that join the group.",
);
pub(super) const REMOVE_DNS_NAMES: Parameter = Parameter::new(
    "remove_dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "DNS names that leave it.",
);
pub(super) const SET_NETBIOS_NAMES: Parameter = Parameter::new(
    "set_netbios_names",
    ParameterKind::HostNames,
    "FILES",
    "Replaces the NetBIOS names; an empty text removes them all.",
);
pub(super) const ADD_NETBIOS_NAMES: Parameter = Parameter::new(
    "add_netbios_names",
    ParameterKind::HostNames,
    "FILES",
    "NetBIOS names that join the group.",
);
pub(super) const REMOVE_NETBIOS_NAMES: Parameter =
    Parameter::new("remove_netbios_names", ParameterKind::HostNames, "FILES", "NetBIOS names that leave it.");
pub(super) const SET_TITLE: Parameter =
    Parameter::new("set_title", ParameterKind::AssetGroupTitle, "Mail servers", "A new title.");
pub(super) const ADD_IPS: Parameter =
    Parameter::new("add_ips", ParameterKind::IpSet, "192.0.2.10", "Addresses that join the group.");
pub(super) const REMOVE_IPS: Parameter =
    Parameter::new("remove_ips", ParameterKind::IpSet, "192.0.2.9", "Addresses that leave the group.");
pub(super) const SET_IPS: Parameter = Parameter::new(
    "set_ips",
    ParameterKind::Netblock,
    "192.0.2.1-192.0.2.9",
    "Replaces the addresses; an empty text removes them all.",
);
pub(super) const ADD_DOMAINS: Parameter =
    Parameter::new("add_domains", DOMAIN_LIST, "example.com", "Domains that join the group.");
pub(super) const REMOVE_DOMAINS: Parameter =
    Parameter::new("remove_domains", DOMAIN_LIST, "example.com", "Domains that leave the group.");
pub(super) const SET_DOMAINS: Parameter = Parameter::new(
    "set_domains",
    DOMAIN_LIST,
    "example.com",
    "Replaces the domains; an empty text removes them all.",
);

pub(super) const APPLIANCE_IDS: Parameter = Parameter::new(
    "appliance_ids",
    APPLIANCES,
    "1,2",
    "IDs of the scanner appliances that scan the group, separated by commas.",
);
pub(super) const DEFAULT_APPLIANCE_ID: Parameter =
    Parameter::new("default_appliance_id", ID, "1", "The one of them that scans go to where none is named.");
pub(super) const ADD_APPLIANCE_IDS: Parameter =
    Parameter::new("add_appliance_ids", APPLIANCES, "2", "IDs of scanner appliances that join the group.");
pub(super) const REMOVE_APPLIANCE_IDS: Parameter = Parameter::new(
    "remove_appliance_ids",
    APPLIANCES,
    "2",
    "IDs of scanner appliances that leave the group.",
);
pub(super) const SET_APPLIANCE_IDS: Parameter = Parameter::new(
    "set_appliance_ids",
    APPLIANCES,
    "1,2",
    "Replaces the scanner appliances; an empty text removes them all.",
);
pub(super) const SET_DEFAULT_APPLIANCE_ID: Parameter = Parameter::new(
    "set_default_appliance_id",
    ID,
    "1",
    "The scanner appliance of the group that scans go to where none is named.",
);

/// The parameters of what people note, once with and once without `set_` before the name.
macro_rules! notes {
    ($comments:literal, $division:literal, $function:literal, $location:literal, $impact:literal,
     $damage:literal, $distribution:literal, $confidentiality:literal, $integrity:literal, $availability:literal) => {
        [
            Parameter::new($comments, NOTE, "Reached from the Internet", "A note about the group."),
            Parameter::new($division, TEXT, "Sales", "The division the hosts belong to."),
            Parameter::new($function, TEXT, "Web shop", "What the hosts are for."),
            Parameter::new($location, TEXT, "Room 101", "Where the hosts are."),
            Parameter::new(
                $impact,
                ParameterKind::Word(BusinessImpact::WORDS),
                "critical",
                "How much the business depends on the hosts. A new group has high.",
            ),
            Parameter::new(
                $damage,
                ParameterKind::Choice(EnvironmentLevel::DAMAGE),
                "high",
                "Collateral damage potential, of the environmental metrics of CVSS version 2.",
            ),
            Parameter::new(
                $distribution,
                ParameterKind::Choice(EnvironmentLevel::DISTRIBUTION),
                "high",
                "Target distribution, likewise.",
            ),
            Parameter::new(
                $confidentiality,
                ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
                "high",
                "Requirement on confidentiality, likewise.",
            ),
            Parameter::new(
                $integrity,
                ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
                "medium",
                "Requirement on integrity, likewise.",
            ),
            Parameter::new(
                $availability,
                ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
                "low",
                "Requirement on availability, likewise.",
            ),
        ]
    };
}

/// What people note about a new group, and about one that is edited, in the same order.
pub(super) const NOTES: [Parameter; 10] = notes!(
    "comments",
    "division",
    "function",
    "location",
    "business_impact",
    "cvss_enviro_cdp",
    "cvss_enviro_td",
    "cvss_enviro_cr",
    "cvss_enviro_ir",
    "cvss_enviro_ar"
);
pub(super) const SET_NOTES: [Parameter; 10] = notes!(
    "set_comments",
    "set_division",
    "set_function",
    "set_location",
    "set_business_impact",
    "set_cvss_enviro_cdp",
    "set_cvss_enviro_td",
    "set_cvss_enviro_cr",
    "set_cvss_enviro_ir",
    "set_cvss_enviro_ar"
);
