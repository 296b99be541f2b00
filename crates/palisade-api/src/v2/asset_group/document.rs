//! An asset group of `asset/group/?action=list`, as XML.

use std::collections::BTreeSet;

use palisade_app::{AssetGroupView, DomainView, GroupOwner, GroupTexts};
use palisade_model::asset_group::{Environment, EnvironmentLevel};
use palisade_wire::XmlWriter;

use crate::v2::asset_ip::write_ip_set;

/// A group, and what is kept beside it.
#[derive(Debug)]
pub(super) struct ListedGroup<'a> {
    pub(super) group: &'a AssetGroupView,
    /// `None` where the subscription has no networks.
    pub(super) network_id: Option<i64>,
    /// Ids of its scanner appliances.
    pub(super) appliances: Vec<i64>,
    pub(super) default_appliance: Option<i64>,
}

pub(super) fn write_group(xml: &mut XmlWriter, listed: &ListedGroup<'_>, attributes: &[&str]) {
    let ListedGroup { group, network_id, appliances, default_appliance } = listed;
    let AssetGroupView {
        id,
        title,
        ips,
        domains,
        names,
        business_impact,
        texts,
        environment,
        updated_at,
        users,
        owner,
        business_units,
    } = group;
    // Division, function and location have no elements here.
    let GroupTexts { comments, division: _, function: _, location: _ } = texts;
    let shows = |names: &[&str]| attributes.iter().any(|one| *one == "ALL" || names.contains(one));
    xml.element("ASSET_GROUP", &[], |xml| {
        xml.text("ID", &id.to_string());
        if shows(&["TITLE"]) {
            xml.cdata("TITLE", title);
        }
        if let Some(GroupOwner { id, business_unit, .. }) = owner {
            if shows(&["OWNER", "OWNER_USER_ID"]) {
                xml.text("OWNER_USER_ID", &id.to_string());
            }
            if let Some(unit) = business_unit
                && shows(&["OWNER", "OWNER_UNIT_ID"])
            {
                xml.text("OWNER_UNIT_ID", &unit.to_string());
            }
        }
        if let Some(network_id) = network_id
            && shows(&["NETWORK_IDS"])
        {
            xml.text("NETWORK_ID", &network_id.to_string());
        }
        if shows(&["LAST_UPDATE"]) {
            xml.date_time("LAST_UPDATE", *updated_at);
        }
        if shows(&["BUSINESS_IMPACT"]) {
            xml.text("BUSINESS_IMPACT", business_impact.title());
        }
        if shows(&["CVSS"]) {
            write_environment(xml, *environment);
        }
        if shows(&["APPLIANCE_LIST"]) {
            write_ids(xml, "DEFAULT_APPLIANCE_ID", default_appliance.iter().copied());
            write_ids(xml, "APPLIANCE_IDS", appliances.iter().copied());
        }
        if shows(&["IP_SET"]) {
            write_ip_set(xml, ips);
        }
        if shows(&["DOMAIN_LIST"]) {
            xml.list("DOMAIN_LIST", domains, write_domain);
        }
        if shows(&["DNS_LIST"]) {
            write_names(xml, "DNS_LIST", "DNS", &names.dns);
        }
        if shows(&["NETBIOS_LIST"]) {
            write_names(xml, "NETBIOS_LIST", "NETBIOS", &names.netbios);
        }
        if shows(&["USER_IDS", "ASSIGNED_USER_IDS"]) {
            write_ids(xml, "ASSIGNED_USER_IDS", users.iter().map(|user| user.id));
        }
        if shows(&["UNIT_IDS", "ASSIGNED_UNIT_IDS"]) {
            write_ids(xml, "ASSIGNED_UNIT_IDS", business_units.iter().copied());
        }
        if shows(&["COMMENTS"]) {
            xml.optional_cdata("COMMENTS", comments.as_deref());
        }
        if let Some(GroupOwner { first_name, last_name, login, .. }) = owner
            && shows(&["OWNER_USER_NAME"])
        {
            xml.text("OWNER_USER_NAME", &format!("{first_name} {last_name} ({login})"));
        }
    });
}

/// Ids separated by commas; nothing when there are none.
fn write_ids(xml: &mut XmlWriter, element: &str, ids: impl Iterator<Item = i64>) {
    let ids = ids_text(ids);
    if !ids.is_empty() {
        xml.text(element, &ids);
    }
}

/// Ids separated by commas.
pub(super) fn ids_text(ids: impl Iterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    ids.join(", ")
}

/// A list of names; nothing when there are none.
pub(crate) fn write_names(
    xml: &mut XmlWriter,
    list: &'static str,
    element: &'static str,
    names: &BTreeSet<String>,
) {
    let names: Vec<&String> = names.iter().collect();
    xml.list(list, &names, |xml, name| xml.text(element, name));
}

pub(crate) fn write_domain(xml: &mut XmlWriter, domain: &DomainView) {
    let DomainView { id: _, name, netblock } = domain;
    let netblock = netblock.to_string();
    let attributes: &[(&str, &str)] = if netblock.is_empty() { &[] } else { &[("netblock", &netblock)] };
    xml.text_with("DOMAIN", attributes, name.as_str());
}

pub(crate) fn write_environment(xml: &mut XmlWriter, environment: Environment) {
    let Environment { collateral_damage, target_distribution, confidentiality, integrity, availability } =
        environment;
    for (element, level) in [
        ("CVSS_ENVIRO_CDP", collateral_damage),
        ("CVSS_ENVIRO_TD", target_distribution),
        ("CVSS_ENVIRO_CR", confidentiality),
        ("CVSS_ENVIRO_IR", integrity),
        ("CVSS_ENVIRO_AR", availability),
    ] {
        xml.optional_text(element, level.map(EnvironmentLevel::as_str));
    }
}
