//! `asset/host/?action=list`: the hosts that scans have seen alive, by id.

use std::collections::{BTreeMap, BTreeSet};

use palisade_app::{HostEntry, HostList, HostPage, OwnerView};
use palisade_wire::dtd::v2::HOST_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v1::pages::{Disconnected, Pages};
use crate::v2::asset_host::selection::{
    AG_IDS, AG_TITLES, COMPLIANCE_ENABLED, HOST_METADATA, HOST_METADATA_FIELDS, ID_MAX, ID_MIN, IDS, IPS,
    NO_COMPLIANCE_SCAN_SINCE, NO_VM_SCAN_SINCE, OS_PATTERN, SHOW_ASSET_ID, SHOW_TAGS, TAG_EXCLUDE_SELECTOR,
    TAG_INCLUDE_SELECTOR, TAG_SET_BY, TAG_SET_EXCLUDE, TAG_SET_INCLUDE, TRUNCATION_LIMIT, USE_TAGS,
    VM_AUTH_SCAN_DATE_AFTER, VM_AUTH_SCAN_DATE_BEFORE, VM_PROCESSED_AFTER, VM_PROCESSED_BEFORE,
    VM_SCAN_DATE_AFTER, VM_SCAN_DATE_BEFORE, VM_SCAN_SINCE, blame, selection, truncation_limit,
};
use crate::v2::asset_host::{break_off, close_to_response, tracking_word};
use crate::v2::network::{GLOBAL_ELEMENT, SHOWN_NETWORKS};
use crate::v2::request::OperationRequest;

const DETAILS: Parameter = Parameter::new(
    "details",
    ParameterKind::Choice(&["None", "Basic", "Basic/AGs", "All", "All/AGs"]),
    "All/AGs",
    "None: ids alone. Basic: id, address, tracking method, names, operating system and last scan. All: owner, \
     comments and user-defined fields too. /AGs: asset groups too.",
)
.default("Basic");
const SHOW_ATTRIBUTES: Parameter = Parameter::new(
    "show_attributes",
    ParameterKind::Choice(&["ALL"]),
    "ALL",
    "Taken because some clients send it to every list. Changes nothing; see details.",
);
const COMPLIANCE_SCAN_SINCE: Parameter = none_since("compliance_scan_since");
const SCAP_SCAN_SINCE: Parameter = none_since("scap_scan_since");
const NO_SCAP_SCAN_SINCE: Parameter = Parameter::new(
    "no_scap_scan_since",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only hosts without a SCAP scan since then: all of them, as there are no SCAP scans yet.",
);

const fn none_since(name: &'static str) -> Parameter {
    Parameter::new(
        name,
        ParameterKind::DateTime,
        "2026-01-01",
        "Only hosts with such a scan since then: none, as there are no such scans yet.",
    )
}

pub(super) const LIST: Operation = Operation {
    resource: "asset/host",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List hosts",
    description: &[
        "Lists the hosts that scans have seen alive, by id: those that all filters fit. An id stays with a host \
         until the host is purged. Hosts of asset groups, ids and ranges that the caller may not see are left out.",
    ],
    parameters: &[
        DETAILS,
        TRUNCATION_LIMIT,
        IDS,
        ID_MIN,
        ID_MAX,
        IPS,
        AG_IDS,
        AG_TITLES,
        OS_PATTERN,
        SHOWN_NETWORKS,
        VM_SCAN_SINCE,
        NO_VM_SCAN_SINCE,
        VM_PROCESSED_BEFORE,
        VM_PROCESSED_AFTER,
        VM_SCAN_DATE_BEFORE,
        VM_SCAN_DATE_AFTER,
        VM_AUTH_SCAN_DATE_BEFORE,
        VM_AUTH_SCAN_DATE_AFTER,
        COMPLIANCE_ENABLED,
        COMPLIANCE_SCAN_SINCE,
        NO_COMPLIANCE_SCAN_SINCE,
        SCAP_SCAN_SINCE,
        NO_SCAP_SCAN_SINCE,
        USE_TAGS,
        TAG_SET_BY,
        TAG_INCLUDE_SELECTOR,
        TAG_EXCLUDE_SELECTOR,
        TAG_SET_INCLUDE,
        TAG_SET_EXCLUDE,
        SHOW_TAGS,
        SHOW_ASSET_ID,
        HOST_METADATA,
        HOST_METADATA_FIELDS,
        SHOW_ATTRIBUTES,
    ],
    rules: &[
        Rule::Exclusive(&["ag_ids", "ag_titles"]),
        Rule::OnlyWith { parameter: "tag_set_include", with: "use_tags", value: Some("1") },
        Rule::OnlyWith { parameter: "tag_set_exclude", with: "use_tags", value: Some("1") },
        Rule::OnlyWith { parameter: "host_metadata_fields", with: "host_metadata", value: None },
    ],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups. Auditor: hosts in policy compliance.",
    answers: Answers::Document { root: "HOST_LIST_OUTPUT", dtd: &HOST_LIST_OUTPUT },
    example: Example {
        parameters: &[("details", "All/AGs"), ("ips", "192.0.2.0-192.0.2.9"), ("truncation_limit", "100")],
        description: "List at most a hundred hosts with everything noted about them.",
    },
};

/// How much is told of each host.
#[derive(Debug, Clone, Copy)]
struct Details {
    ids_only: bool,
    all: bool,
    asset_groups: bool,
    asset_id: bool,
    network: bool,
}

/// What the glossary explains.
#[derive(Debug, Default)]
struct Glossary {
    has_fields: bool,
    owners: BTreeSet<String>,
    asset_groups: BTreeSet<u64>,
}

pub(super) async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let word = arguments.choice(&DETAILS).unwrap_or("Basic");
    let details = Details {
        ids_only: word == "None",
        all: word.starts_with("All"),
        asset_groups: word.ends_with("/AGs"),
        asset_id: arguments.switch(&SHOW_ASSET_ID),
        network: request.app.has_networks(),
    };
    let mut hosts = selection(&request).await?;
    hosts.nothing |= arguments.has(COMPLIANCE_SCAN_SINCE.name) || arguments.has(SCAP_SCAN_SINCE.name);
    let (app, actor) = (&request.app, request.actor()?);
    let plan = app.plan_host_list(actor, hosts, truncation_limit(arguments)).await.map_err(blame)?;
    let names = Names {
        owners: if details.all { app.owner_names(actor).await? } else { BTreeMap::new() },
        asset_groups: if details.asset_groups {
            let groups = app.list_asset_groups(actor, None).await?.into_iter();
            groups.filter_map(|group| Some((u64::try_from(group.id).ok()?, group.title))).collect()
        } else {
            BTreeMap::new()
        },
    };
    let (pages, answer) = Pages::new(request.document());
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(pages, &request, plan, details, &names).await;
    });
    Ok(answer)
}

/// What things that hosts refer to are called.
struct Names {
    owners: BTreeMap<String, OwnerView>,
    asset_groups: BTreeMap<u64, String>,
}

async fn send(
    mut pages: Pages,
    request: &OperationRequest,
    plan: HostList,
    details: Details,
    names: &Names,
) -> Result<(), Disconnected> {
    let mut glossary = Glossary::default();
    let mut next = None;
    let mut is_open = false;
    let mut hosts = request.app.host_pages(plan);
    while let Some(page) = hosts.recv().await {
        let entries = match page {
            Ok(HostPage::Hosts(entries)) => entries,
            Ok(HostPage::More { next_id }) => {
                next = Some(next_id);
                continue;
            }
            Err(error) => return break_off(pages, &error).await,
        };
        if !is_open && !details.ids_only {
            pages.xml.open("HOST_LIST", &[]);
        } else if !is_open {
            pages.xml.open("ID_SET", &[]);
        }
        is_open = true;
        if details.ids_only {
            // One by one: there are clients that pass over ranges.
            for entry in &entries {
                pages.xml.number("ID", entry.id);
            }
            pages.turn().await?;
            continue;
        }
        for entry in &entries {
            glossary.note(entry);
            write_host(&mut pages.xml, entry, details);
            pages.turn().await?;
        }
    }
    close_to_response(&mut pages.xml);
    if let Some(next_id) = next {
        let limit = truncation_limit(&request.arguments).unwrap_or(0);
        request.write_warning(&mut pages.xml, limit, &[("id_min", next_id.to_string())]);
    }
    if is_open && !details.ids_only {
        glossary.write(&mut pages.xml, details, names);
    }
    pages.end().await
}

fn write_host(xml: &mut XmlWriter, entry: &HostEntry, details: Details) {
    let HostEntry {
        id,
        ip,
        tracking,
        dns,
        netbios,
        os,
        os_cpe: _, // no element of this list
        last_scan_at,
        scan_ended_at,
        scan_duration_s,
        auth_scan_ended_at,
        auth_scan_duration_s,
        owner,
        comment,
        ud: [ud1, ud2, ud3],
        asset_groups,
    } = entry;
    xml.open("HOST", &[]);
    xml.number("ID", *id);
    if details.asset_id {
        xml.number("ASSET_ID", *id);
    }
    xml.text("IP", &ip.to_string());
    xml.text("TRACKING_METHOD", tracking_word(*tracking));
    if details.network {
        xml.text(GLOBAL_ELEMENT.0, GLOBAL_ELEMENT.1);
    }
    xml.optional_cdata("DNS", dns.as_deref());
    xml.optional_cdata("NETBIOS", netbios.as_deref());
    xml.optional_cdata("OS", os.as_deref());
    xml.date_time("LAST_VULN_SCAN_DATETIME", *last_scan_at);
    xml.date_time("LAST_VM_SCANNED_DATE", *scan_ended_at);
    if let Some(seconds) = scan_duration_s {
        xml.number("LAST_VM_SCANNED_DURATION", *seconds);
    }
    if let Some(at) = auth_scan_ended_at {
        xml.date_time("LAST_VM_AUTH_SCANNED_DATE", *at);
    }
    if let Some(seconds) = auth_scan_duration_s {
        xml.number("LAST_VM_AUTH_SCANNED_DURATION", *seconds);
    }
    if details.all {
        xml.optional_text("OWNER", owner.as_ref().map(ToString::to_string).as_deref());
        xml.optional_cdata("COMMENTS", comment.as_deref());
        if ud1.is_some() || ud2.is_some() || ud3.is_some() {
            xml.element("USER_DEF", &[], |xml| {
                xml.optional_cdata("VALUE_1", ud1.as_deref());
                xml.optional_cdata("VALUE_2", ud2.as_deref());
                xml.optional_cdata("VALUE_3", ud3.as_deref());
            });
        }
    }
    if details.asset_groups && !asset_groups.is_empty() {
        let ids: Vec<String> = asset_groups.iter().map(ToString::to_string).collect();
        xml.text("ASSET_GROUP_IDS", &ids.join(","));
    }
    xml.close();
}

impl Glossary {
    fn note(&mut self, entry: &HostEntry) {
        self.has_fields |= entry.ud.iter().any(Option::is_some);
        self.owners.extend(entry.owner.as_ref().map(ToString::to_string));
        self.asset_groups.extend(&entry.asset_groups);
    }

    fn write(&self, xml: &mut XmlWriter, details: Details, names: &Names) {
        let has_fields = self.has_fields && details.all;
        let owners: Vec<&OwnerView> =
            self.owners.iter().filter_map(|login| names.owners.get(login)).collect();
        let groups: Vec<(u64, &String)> =
            self.asset_groups.iter().filter_map(|id| Some((*id, names.asset_groups.get(id)?))).collect();
        if !has_fields && owners.is_empty() && groups.is_empty() {
            return;
        }
        xml.element("GLOSSARY", &[], |xml| {
            if has_fields {
                xml.element("USER_DEF", &[], |xml| {
                    xml.cdata("LABEL_1", "UD1");
                    xml.cdata("LABEL_2", "UD2");
                    xml.cdata("LABEL_3", "UD3");
                });
            }
            xml.list("USER_LIST", owners, |xml, OwnerView { first_name, last_name, login }| {
                xml.element("USER", &[], |xml| {
                    xml.text("USER_LOGIN", login.as_str());
                    xml.cdata("FIRST_NAME", first_name);
                    xml.cdata("LAST_NAME", last_name);
                });
            });
            xml.list("ASSET_GROUP_LIST", groups, |xml, (id, title)| {
                xml.element("ASSET_GROUP", &[], |xml| {
                    xml.number("ID", id);
                    xml.cdata("TITLE", title);
                });
            });
        });
    }
}
