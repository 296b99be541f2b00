//! Asset groups as comma-separated values: a line each, under the names that the XML answer has.

use std::collections::BTreeSet;

use palisade_app::{AssetGroupView, GroupOwner, GroupTexts};
use palisade_model::asset_group::{Environment, EnvironmentLevel};
use palisade_wire::csv::CsvWriter;
use palisade_wire::date_time::date_time;

use crate::v2::asset_group_document::ids_text;

/// A column: its heading, the attributes that show it, and what a group has in it.
type Column = (&'static str, &'static [&'static str], fn(&AssetGroupView) -> String);

const COLUMNS: &[Column] = &[
    ("TITLE", &["TITLE"], |group| group.title.clone()),
    ("OWNER_USER_ID", &["OWNER", "OWNER_USER_ID"], |group| owner(group, |owner| owner.id.to_string())),
    ("OWNER_UNIT_ID", &["OWNER", "OWNER_UNIT_ID"], |group| {
        owner(group, |owner| owner.business_unit.map(|unit| unit.to_string()).unwrap_or_default())
    }),
    ("LAST_UPDATE", &["LAST_UPDATE"], |group| date_time(group.updated_at)),
    ("BUSINESS_IMPACT", &["BUSINESS_IMPACT"], |group| group.business_impact.title().to_owned()),
    ("CVSS_ENVIRO_CDP", &["CVSS"], |group| level(group, |cvss| cvss.collateral_damage)),
    ("CVSS_ENVIRO_TD", &["CVSS"], |group| level(group, |cvss| cvss.target_distribution)),
    ("CVSS_ENVIRO_CR", &["CVSS"], |group| level(group, |cvss| cvss.confidentiality)),
    ("CVSS_ENVIRO_IR", &["CVSS"], |group| level(group, |cvss| cvss.integrity)),
    ("CVSS_ENVIRO_AR", &["CVSS"], |group| level(group, |cvss| cvss.availability)),
    ("IP_SET", &["IP_SET"], |group| group.ips.to_string()),
    ("DOMAIN_LIST", &["DOMAIN_LIST"], |group| {
        let names: Vec<&str> = group.domains.iter().map(|domain| domain.name.as_str()).collect();
        names.join(",")
    }),
    ("DNS_LIST", &["DNS_LIST"], |group| joined(&group.names.dns)),
    ("NETBIOS_LIST", &["NETBIOS_LIST"], |group| joined(&group.names.netbios)),
    ("ASSIGNED_USER_IDS", &["USER_IDS", "ASSIGNED_USER_IDS"], |group| {
        ids_text(group.users.iter().map(|user| user.id))
    }),
    ("ASSIGNED_UNIT_IDS", &["UNIT_IDS", "ASSIGNED_UNIT_IDS"], |group| {
        ids_text(group.business_units.iter().copied())
    }),
    ("COMMENTS", &["COMMENTS"], |group| {
        // Division, function and location are not shown here either.
        let GroupTexts { comments, division: _, function: _, location: _ } = &group.texts;
        comments.clone().unwrap_or_default()
    }),
    ("OWNER_USER_NAME", &["OWNER_USER_NAME"], |group| {
        owner(group, |GroupOwner { first_name, last_name, login, .. }| {
            format!("{first_name} {last_name} ({login})")
        })
    }),
];

/// The groups with the columns that the attributes show; the ID always.
pub(super) fn table(groups: &[AssetGroupView], attributes: &[&str]) -> CsvWriter {
    let shown = |names: &[&str]| attributes.iter().any(|one| *one == "ALL" || names.contains(one));
    let columns: Vec<&Column> = COLUMNS.iter().filter(|(_, names, _)| shown(names)).collect();
    let mut csv = CsvWriter::default();
    csv.row(std::iter::once("ID").chain(columns.iter().map(|(heading, ..)| *heading)));
    for group in groups {
        let cells = columns.iter().map(|(.., cell)| cell(group));
        csv.row(std::iter::once(group.id.to_string()).chain(cells));
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
