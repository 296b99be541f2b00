//! The parameters that choose hosts, for lists and for purging.

use palisade_app::{Between, Error as AppError, SelectHosts, SystemPattern};
use palisade_model::Timestamp;
use palisade_wire::{Arguments, Parameter, ParameterKind};

use crate::error::CallError;
use crate::v2::network::{SHOWN_NETWORKS, has_hosts, named_networks};
use crate::v2::request::OperationRequest;

const SECONDS_PER_DAY: i64 = 86_400;

pub(super) const IDS: Parameter =
    Parameter::new("ids", ParameterKind::Numbers, "1-100", "Hosts by their ids.");
const ID: ParameterKind = ParameterKind::Integer { min: 1, max: i64::MAX as u64 };
pub(super) const ID_MIN: Parameter =
    Parameter::new("id_min", ID, "1", "Only hosts with this id and higher ones.");
pub(super) const ID_MAX: Parameter =
    Parameter::new("id_max", ID, "100", "Only hosts with this id and lower ones.");
pub(super) const IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.0-192.0.2.9", "Hosts by their addresses.");
pub(super) const AG_IDS: Parameter = Parameter::new(
    "ag_ids",
    ParameterKind::Numbers,
    "1-100",
    "Hosts of asset groups, by the ids of the groups. Of a range, groups that are there.",
);
pub(super) const AG_TITLES: Parameter = Parameter::new(
    "ag_titles",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Hosts of asset groups, by the titles of the groups. All stands for every host the caller may see.",
);
pub(super) const OS_PATTERN: Parameter = Parameter::new(
    "os_pattern",
    ParameterKind::Text { max_chars: 500 },
    "^Debian",
    "Only hosts whose operating system fits this regular expression; ^$ for those without a known one. \
     Look-around and back-references are not known.",
);
pub(super) const COMPLIANCE_ENABLED: Parameter = Parameter::new(
    "compliance_enabled",
    ParameterKind::ZeroOne,
    "0",
    "1: only hosts that are in policy compliance, which none is yet. 0: only others.",
);

const fn date(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::DateTime, "2026-01-01", description)
}

const fn switch(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::ZeroOne, "1", description).default("0")
}

pub(super) const VM_SCAN_SINCE: Parameter =
    date("vm_scan_since", "Only hosts whose last scan was processed then or later.");
pub(super) const NO_VM_SCAN_SINCE: Parameter =
    date("no_vm_scan_since", "Only hosts of which no scan was processed then or later.");
pub(super) const VM_PROCESSED_BEFORE: Parameter =
    date("vm_processed_before", "Only hosts whose last scan was processed before.");
pub(super) const VM_PROCESSED_AFTER: Parameter =
    date("vm_processed_after", "Only hosts whose last scan was processed then or later.");
pub(super) const VM_SCAN_DATE_BEFORE: Parameter =
    date("vm_scan_date_before", "Only hosts whose last scan ended before.");
pub(super) const VM_SCAN_DATE_AFTER: Parameter =
    date("vm_scan_date_after", "Only hosts whose last scan ended then or later.");
pub(super) const VM_AUTH_SCAN_DATE_BEFORE: Parameter =
    date("vm_auth_scan_date_before", "Only hosts whose last scan that signed in ended before.");
pub(super) const VM_AUTH_SCAN_DATE_AFTER: Parameter =
    date("vm_auth_scan_date_after", "Only hosts whose last scan that signed in ended then or later.");
pub(super) const NO_COMPLIANCE_SCAN_SINCE: Parameter = date(
    "no_compliance_scan_since",
    "Only hosts without a compliance scan since then: all of them, as there are no compliance scans yet.",
);

pub(super) const SHOW_ASSET_ID: Parameter =
    switch("show_asset_id", "1 adds ASSET_ID, which is the same as ID.");
pub(super) const SHOW_TAGS: Parameter =
    switch("show_tags", "1 shows the tags of hosts. Hosts have no tags yet, so it changes nothing.");
pub(super) const USE_TAGS: Parameter = switch("use_tags", "1 lets hosts be chosen by tags.");
pub(super) const TAG_SET_BY: Parameter =
    Parameter::new("tag_set_by", ParameterKind::Choice(&["id", "name"]), "name", "How tags are named.")
        .default("id");
pub(super) const TAG_INCLUDE_SELECTOR: Parameter = Parameter::new(
    "tag_include_selector",
    ParameterKind::Choice(&["any", "all"]),
    "all",
    "Whether hosts need one of the tags of tag_set_include, or all.",
)
.default("any");
pub(super) const TAG_EXCLUDE_SELECTOR: Parameter = Parameter::new(
    "tag_exclude_selector",
    ParameterKind::Choice(&["any", "all"]),
    "all",
    "Whether one of the tags of tag_set_exclude leaves a host out, or all together.",
)
.default("any");
const TAGS: ParameterKind = ParameterKind::Titles { max_items: 100, max_chars: 255 };
pub(super) const TAG_SET_INCLUDE: Parameter =
    Parameter::new("tag_set_include", TAGS, "Servers", "Only hosts with these tags; none has any yet.");
pub(super) const TAG_SET_EXCLUDE: Parameter =
    Parameter::new("tag_set_exclude", TAGS, "Printers", "No hosts with these tags; none has any yet.");
pub(super) const HOST_METADATA: Parameter = Parameter::new(
    "host_metadata",
    ParameterKind::Choice(&["all", "ec2", "google", "azure"]),
    "all",
    "Shows what clouds tell of their machines. No host is known to be one, so it changes nothing.",
);
pub(super) const HOST_METADATA_FIELDS: Parameter = Parameter::new(
    "host_metadata_fields",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "region",
    "Which of it.",
);

pub(super) const TRUNCATION_LIMIT: Parameter = Parameter::new(
    "truncation_limit",
    ParameterKind::Integer { min: 0, max: 1_000_000 },
    "500",
    "Most hosts of one answer; 0 for all. With more, WARNING has the URL of the next ones.",
)
.default("1000");

/// How many hosts an answer has at most; `None` for all.
pub(super) fn truncation_limit(arguments: &Arguments) -> Option<u64> {
    Some(arguments.integer(&TRUNCATION_LIMIT).unwrap_or(1_000)).filter(|limit| *limit > 0)
}

/// From one date on, and before another.
pub(super) fn between(arguments: &Arguments, from: &Parameter, before: &Parameter) -> Between {
    Between { from: arguments.date_time(from), before: arguments.date_time(before) }
}

/// The moment so many days ago.
pub(super) fn days_ago(request: &OperationRequest, days: &Parameter) -> Option<Timestamp> {
    let days = i64::try_from(request.arguments.integer(days)?).unwrap_or(i64::MAX);
    let second = request.app.clock().now().as_second().saturating_sub(days.saturating_mul(SECONDS_PER_DAY));
    Some(Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The hosts that the request chooses by the parameters of this file.
///
/// # Errors
///
/// For a pattern that cannot be used, and for networks that there are none of.
pub(super) async fn selection(request: &OperationRequest) -> Result<SelectHosts, CallError> {
    let arguments = &request.arguments;
    let system = match arguments.text(&OS_PATTERN).map(SystemPattern::new) {
        None => None,
        Some(Ok(pattern)) => Some(pattern),
        Some(Err(AppError::SystemPattern(_))) => {
            return Err(request.invalid(&OS_PATTERN, "not a regular expression that can be used"));
        }
        Some(Err(error)) => return Err(error.into()),
    };
    let networks = named_networks(request, &SHOWN_NETWORKS).await?;
    let has_tag = arguments.switch(&USE_TAGS) && arguments.has(TAG_SET_INCLUDE.name);
    Ok(SelectHosts {
        ids: arguments.numbers(&IDS).cloned(),
        id_min: arguments.integer(&ID_MIN),
        id_max: arguments.integer(&ID_MAX),
        ips: arguments.ip_set(&IPS).cloned(),
        group_ids: arguments.numbers(&AG_IDS).cloned(),
        group_titles: arguments.titles(&AG_TITLES).map(<[_]>::to_vec),
        system,
        processed: between(arguments, &VM_SCAN_SINCE, &NO_VM_SCAN_SINCE).and(between(
            arguments,
            &VM_PROCESSED_AFTER,
            &VM_PROCESSED_BEFORE,
        )),
        scan_ended: between(arguments, &VM_SCAN_DATE_AFTER, &VM_SCAN_DATE_BEFORE),
        auth_scan_ended: between(arguments, &VM_AUTH_SCAN_DATE_AFTER, &VM_AUTH_SCAN_DATE_BEFORE),
        nothing: has_tag || !has_hosts(networks.as_deref()) || arguments.switch(&COMPLIANCE_ENABLED),
    })
}

/// A fault of the use case, with the parameter that is to blame.
pub(super) fn blame(error: AppError) -> CallError {
    let reason = "No such asset group in the user account";
    match error {
        AppError::UnknownAssetGroup { title } => named(&AG_TITLES, &title, reason),
        AppError::UnknownAssetGroupId { id } => named(&AG_IDS, &id.to_string(), reason),
        error => error.into(),
    }
}

fn named(parameter: &Parameter, value: &str, reason: &str) -> CallError {
    let value: String = value.chars().take(200).collect();
    let text = format!("parameter {} has invalid value: {value} ({reason})", parameter.name);
    CallError::Coded { code: 1905, text }
}
