//! Asset groups as comma-separated values: a line each, under the names that the XML answer has.

use std::collections::BTreeSet;

use palisade_app::{AssetGroupView, GroupOwner, GroupTexts};
use palisade_model::asset_group::{Environment, EnvironmentLevel};
use palisade_wire::csv::CsvWriter;
use palisade_wire::date_time::date_time;

use crate::v2::asset_group::document::{ListedGroup, ids_text};

/// A column: its heading, the attributes that show it, and what a group has in it.
type Column = (&'static str, &'static [&'static str], fn(&ListedGroup<'_>) -> String);

const NETWORK_ID: &str = "NETWORK_ID";
const COLUMNS: &[Column] = &[
    ("TITLE", &["TITLE"], |listed| listed.group.title.clone()),
    ("OWNER_USER_ID", &["OWNER", "OWNER_USER_ID"], |listed| {
        owner(listed.group, |owner| owner.id.to_string())
    }),
    ("OWNER_UNIT_ID", &["OWNER", "OWNER_UNIT_ID"], |listed| {
        owner(listed.group, |owner| owner.business_unit.map(|unit| unit.to_string()).unwrap_or_default())
    }),
    (NETWORK_ID, &["NETWORK_IDS"], |listed| listed.network_id.map(|id| id.to_string()).unwrap_or_default()),
    ("LAST_UPDATE", &["LAST_UPDATE"], |listed| date_time(listed.group.updated_at)),
    ("BUSINESS_IMPACT", &["BUSINESS_IMPACT"], |listed| listed.group.business_impact.title().to_owned()),
    ("CVSS_ENVIRO_CDP", &["CVSS"], |listed| level(listed.group, |cvss| cvss.collateral_damage)),
    ("CVSS_ENVIRO_TD", &["CVSS"], |listed| level(listed.group, |cvss| cvss.target_distribution)),
    ("CVSS_ENVIRO_CR", &["CVSS"], |listed| level(listed.group, |cvss| cvss.confidentiality)),
    ("CVSS_ENVIRO_IR", &["CVSS"], |listed| level(listed.group, |cvss| cvss.integrity)),
    ("CVSS_ENVIRO_AR", &["CVSS"], |listed| level(listed.group, |cvss| cvss.availability)),
    ("DEFAULT_APPLIANCE_ID", &["APPLIANCE_LIST"], |listed| ids_text(listed.default_appliance.into_iter())),
    ("APPLIANCE_IDS", &["APPLIANCE_LIST"], |listed| ids_text(listed.appliances.iter().copied())),
    ("IP_SET", &["IP_SET"], |listed| listed.group.ips.to_string()),
    ("DOMAIN_LIST", &["DOMAIN_LIST"], |listed| {
        let names: Vec<&str> = listed.group.domains.iter().map(|domain| domain.name.as_str()).collect();
        names.join(",")
    }),
    ("DNS_LIST", &["DNS_LIST"], |listed| joined(&listed.group.names.dns)),
    ("NETBIOS_LIST", &["NETBIOS_LIST"], |listed| joined(&listed.group.names.netbios)),
    ("ASSIGNED_USER_IDS", &["USER_IDS", "ASSIGNED_USER_IDS"], |listed| {
        ids_text(listed.group.users.iter().map(|user| user.id))
    }),
    ("ASSIGNED_UNIT_IDS", &["UNIT_IDS", "ASSIGNED_UNIT_IDS"], |listed| {
        ids_text(listed.group.business_units.iter().copied())
    }),
    ("COMMENTS", &["COMMENTS"], |listed| {
        // Division, function and location are not shown here either.
        let GroupTexts { comments, division: _, function: _, location: _ } = &listed.group.texts;
        comments.clone().unwrap_or_default()
    }),
    ("OWNER_USER_NAME", &["OWNER_USER_NAME"], |listed| {
        owner(listed.group, |GroupOwner { first_name, last_name, login, .. }| {
            format!("{first_name} {last_name} ({login})")
        })
    }),
];

/// The groups with the columns that the attributes show; the ID always, the network where there are any.
pub(super) fn table(groups: &[ListedGroup<'_>], attributes: &[&str], networks: bool) -> CsvWriter {
    let shown = |(heading, names, _): &&Column| {
        attributes.iter().any(|one| *one == "ALL" || names.contains(one))
            && (networks || *heading != NETWORK_ID)
    };
    let columns: Vec<&Column> = COLUMNS.iter().filter(shown).collect();
    let mut csv = CsvWriter::default();
    csv.row(std::iter::once("ID").chain(columns.iter().map(|(heading, ..)| *heading)));
    for listed in groups {
        let cells = columns.iter().map(|(.., cell)| cell(listed));
        csv.row(std::iter::once(listed.group.id.to_string()).chain(cells));
    }
    csv
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

fn owner(group: &AssetGroupView, told: impl Fn(&GroupOwner) -> String) -> String {
    group.owner.as_ref().map(told).unwrap_or_default()
}

fn level(group: &AssetGroupView, metric: impl Fn(&Environment) -> Option<EnvironmentLevel>) -> String {
    metric(&group.environment).map_or_else(String::new, |level| level.as_str().to_owned())
}
