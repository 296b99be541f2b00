//! `asset/host/vm/detection/?action=list`: hosts with their detections. What it takes is here; how it
//! is written, in `detection_xml` and `detection_csv`.

use palisade_app::{Between, ListDetections, SearchListsOf};
use palisade_model::DetectionStatus;
use palisade_wire::dtd::v2::HOST_LIST_VM_DETECTION_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, Rule};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::asset_host::selection::{
    AG_IDS, AG_TITLES, COMPLIANCE_ENABLED, HOST_METADATA, HOST_METADATA_FIELDS, ID_MAX, ID_MIN, IDS, IPS,
    NO_VM_SCAN_SINCE, OS_PATTERN, SHOW_ASSET_ID, SHOW_TAGS, TAG_EXCLUDE_SELECTOR, TAG_INCLUDE_SELECTOR,
    TAG_SET_BY, TAG_SET_EXCLUDE, TAG_SET_INCLUDE, TRUNCATION_LIMIT, USE_TAGS, VM_AUTH_SCAN_DATE_AFTER,
    VM_AUTH_SCAN_DATE_BEFORE, VM_PROCESSED_AFTER, VM_PROCESSED_BEFORE, VM_SCAN_DATE_AFTER,
    VM_SCAN_DATE_BEFORE, VM_SCAN_SINCE, between, blame, days_ago, selection, truncation_limit,
};
use crate::v2::asset_host::{detection_csv, detection_xml};
use crate::v2::network::SHOWN_NETWORKS;
use crate::v2::request::OperationRequest;

const fn switch(name: &'static str, example: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::ZeroOne, example, description).default("0")
}

const fn date(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::DateTime, "2026-01-01", description)
}

/// Most search lists of one parameter.
const LISTS_MAX: usize = 100;

const fn days(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::Integer { min: 0, max: 100_000 }, "30", description)
}

const fn scheme(name: &'static str, max: u64, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::Integer { min: 0, max }, "1", description)
}

const MAX_DAYS_SINCE_LAST_VM_SCAN: Parameter =
    days("max_days_since_last_vm_scan", "Only hosts whose last scan was processed within so many days.");
const STATUS: Parameter = Parameter::new(
    "status",
    ParameterKind::Words(&["New", "Active", "Re-Opened", "Fixed"]),
    "New,Fixed",
    "Only detections of these statuses. Gathered information has none, and is not asked for one.",
)
.default("New,Active,Re-Opened");
const QIDS: Parameter = Parameter::new("qids", ParameterKind::Numbers, "38173", "Only these QIDs.");
const SEVERITIES: Parameter =
    Parameter::new("severities", ParameterKind::Numbers, "3-5", "Only QIDs of these severities, 1 to 5.");
const LIST_IDS: ParameterKind = ParameterKind::Numbers;
const LIST_TITLES: ParameterKind = ParameterKind::Titles { max_items: LISTS_MAX, max_chars: 256 };
const INCLUDE_SEARCH_LIST_IDS: Parameter = Parameter::new(
    "include_search_list_ids",
    LIST_IDS,
    "1",
    "Only QIDs on these search lists, static and dynamic ones, by their ids.",
);
const INCLUDE_SEARCH_LIST_TITLES: Parameter = Parameter::new(
    "include_search_list_titles",
    LIST_TITLES,
    "Weak TLS",
    "Only QIDs on these search lists, by their titles.",
);
const EXCLUDE_SEARCH_LIST_IDS: Parameter =
    Parameter::new("exclude_search_list_ids", LIST_IDS, "2", "No QIDs on these search lists, by their ids.");
const EXCLUDE_SEARCH_LIST_TITLES: Parameter = Parameter::new(
    "exclude_search_list_titles",
    LIST_TITLES,
    "Accepted",
    "No QIDs on these search lists, by their titles.",
);
const INCLUDE_VULN_TYPE: Parameter = Parameter::new(
    "include_vuln_type",
    ParameterKind::Choice(&["confirmed", "potential"]),
    "confirmed",
    "Only confirmed vulnerabilities, or only potential ones.",
);
const SHOW_IGS: Parameter =
    switch("show_igs", "1", "1 adds gathered information: what the last stored result of a host has.");
const INCLUDE_IGNORED: Parameter = switch("include_ignored", "1", "1 adds ignored detections.");
const INCLUDE_DISABLED: Parameter =
    switch("include_disabled", "1", "1 adds detections of QIDs that the subscription has disabled.");
const DETECTION_UPDATED_SINCE: Parameter = date(
    "detection_updated_since",
    "Only detections of which something changed then or later: found, fixed, ignored or restored.",
);
const DETECTION_UPDATED_BEFORE: Parameter =
    date("detection_updated_before", "Only detections of which nothing changed then or later.");
const MAX_DAYS_SINCE_DETECTION_UPDATED: Parameter = days(
    "max_days_since_detection_updated",
    "Only detections of which something changed within so many days.",
);
const DETECTION_PROCESSED_BEFORE: Parameter =
    date("detection_processed_before", "Only detections last looked for before.");
const DETECTION_PROCESSED_AFTER: Parameter =
    date("detection_processed_after", "Only detections last looked for then or later.");
const DETECTION_LAST_TESTED_SINCE: Parameter =
    date("detection_last_tested_since", "Only detections last tested then or later.");
const DETECTION_LAST_TESTED_BEFORE: Parameter =
    date("detection_last_tested_before", "Only detections last tested before.");
const DETECTION_LAST_TESTED_SINCE_DAYS: Parameter =
    days("detection_last_tested_since_days", "Only detections last tested within so many days.");
const DETECTION_LAST_TESTED_BEFORE_DAYS: Parameter =
    days("detection_last_tested_before_days", "Only detections last tested before so many days.");
const ACTIVE_KERNELS_ONLY: Parameter = scheme(
    "active_kernels_only",
    3,
    "How detections on kernels that do not run are dealt with. None is known to be one: 0 and 1 show all \
     detections, 2 and 3 none.",
);
const ARF_KERNEL_FILTER: Parameter = scheme(
    "arf_kernel_filter",
    4,
    "The same; 0, 1 and 4 show all detections, 2 and 3, which are about known ones, none.",
);
const ARF_SERVICE_FILTER: Parameter =
    scheme("arf_service_filter", 4, "The same for services that do not run.");
const ARF_CONFIG_FILTER: Parameter =
    scheme("arf_config_filter", 4, "The same for configurations that cannot be exploited.");
const FILTER_SUPERSEDED_QIDS: Parameter = switch(
    "filter_superseded_qids",
    "1",
    "1 leaves out QIDs that others replace. The KnowledgeBase has no such ones.",
);
const SHOW_RESULTS: Parameter =
    Parameter::new("show_results", ParameterKind::ZeroOne, "0", "0 leaves the evidence out.").default("1");
pub(super) const SHOW_REOPENED_INFO: Parameter = switch(
    "show_reopened_info",
    "1",
    "1 shows when, and how often, a detection came back after it had been fixed.",
);
const OUTPUT_FORMAT: Parameter = Parameter::new(
    "output_format",
    ParameterKind::Word(&["XML", "CSV", "CSV_NO_METADATA", "CSV_MS_EXCEL", "CSV_NO_METADATA_MS_EXCEL"]),
    "CSV",
    "CSV has a line for each detection, between marked lines that tell how the list ended; \
     CSV_NO_METADATA leaves those out. _MS_EXCEL cuts long cells.",
)
.default("XML");
pub(super) const SUPPRESS_DUPLICATED_DATA_FROM_CSV: Parameter = switch(
    "suppress_duplicated_data_from_csv",
    "1",
    "1 leaves what is about the host empty in all lines of a host but the first.",
);

pub(super) const LIST: Operation = Operation {
    resource: "asset/host/vm/detection",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List detections by host",
    description: &[
        "Lists hosts by id, each with its detections that fit all filters. Hosts without one are left out.",
        "LAST_FOUND_DATETIME, LAST_TEST_DATETIME and LAST_FIXED_DATETIME tell when a detection was last found, \
         last looked for, and last fixed; LAST_UPDATE_DATETIME when something about it last changed, and \
         LAST_PROCESSED_DATETIME when a scan's result last said anything about it.",
        "Gathered information (TYPE Info) has no history: it is what the last stored result of the host has.",
    ],
    parameters: &[
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
        MAX_DAYS_SINCE_LAST_VM_SCAN,
        VM_PROCESSED_BEFORE,
        VM_PROCESSED_AFTER,
        VM_SCAN_DATE_BEFORE,
        VM_SCAN_DATE_AFTER,
        VM_AUTH_SCAN_DATE_BEFORE,
        VM_AUTH_SCAN_DATE_AFTER,
        COMPLIANCE_ENABLED,
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
        STATUS,
        QIDS,
        SEVERITIES,
        INCLUDE_SEARCH_LIST_IDS,
        INCLUDE_SEARCH_LIST_TITLES,
        EXCLUDE_SEARCH_LIST_IDS,
        EXCLUDE_SEARCH_LIST_TITLES,
        INCLUDE_VULN_TYPE,
        SHOW_IGS,
        INCLUDE_IGNORED,
        INCLUDE_DISABLED,
        DETECTION_UPDATED_SINCE,
        DETECTION_UPDATED_BEFORE,
        MAX_DAYS_SINCE_DETECTION_UPDATED,
        DETECTION_PROCESSED_BEFORE,
        DETECTION_PROCESSED_AFTER,
        DETECTION_LAST_TESTED_SINCE,
        DETECTION_LAST_TESTED_SINCE_DAYS,
        DETECTION_LAST_TESTED_BEFORE,
        DETECTION_LAST_TESTED_BEFORE_DAYS,
        ACTIVE_KERNELS_ONLY,
        ARF_KERNEL_FILTER,
        ARF_SERVICE_FILTER,
        ARF_CONFIG_FILTER,
        FILTER_SUPERSEDED_QIDS,
        SHOW_RESULTS,
        SHOW_REOPENED_INFO,
        TRUNCATION_LIMIT,
        OUTPUT_FORMAT,
        SUPPRESS_DUPLICATED_DATA_FROM_CSV,
    ],
    rules: &[
        Rule::Exclusive(&["ag_ids", "ag_titles"]),
        Rule::Exclusive(&["include_search_list_ids", "include_search_list_titles"]),
        Rule::Exclusive(&["exclude_search_list_ids", "exclude_search_list_titles"]),
        Rule::Exclusive(&["qids", "include_search_list_ids"]),
        Rule::Exclusive(&["qids", "include_search_list_titles"]),
        Rule::Exclusive(&["qids", "exclude_search_list_ids"]),
        Rule::Exclusive(&["qids", "exclude_search_list_titles"]),
        Rule::Exclusive(&["severities", "include_search_list_ids"]),
        Rule::Exclusive(&["severities", "include_search_list_titles"]),
        Rule::Exclusive(&["severities", "exclude_search_list_ids"]),
        Rule::Exclusive(&["severities", "exclude_search_list_titles"]),
        Rule::Exclusive(&["max_days_since_last_vm_scan", "vm_scan_since"]),
        Rule::Exclusive(&["max_days_since_last_vm_scan", "no_vm_scan_since"]),
        Rule::Exclusive(&["max_days_since_detection_updated", "detection_updated_since"]),
        Rule::Exclusive(&["detection_last_tested_since", "detection_last_tested_since_days"]),
        Rule::Exclusive(&["detection_last_tested_before", "detection_last_tested_before_days"]),
        Rule::Exclusive(&["active_kernels_only", "arf_kernel_filter"]),
        Rule::OnlyWith { parameter: "tag_set_include", with: "use_tags", value: Some("1") },
        Rule::OnlyWith { parameter: "tag_set_exclude", with: "use_tags", value: Some("1") },
        Rule::OnlyWith { parameter: "host_metadata_fields", with: "host_metadata", value: None },
    ],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups.",
    answers: Answers::Document { root: "HOST_LIST_VM_DETECTION_OUTPUT", dtd: &HOST_LIST_VM_DETECTION_OUTPUT },
    example: Example {
        parameters: &[
            ("severities", "3-5"),
            ("status", "New,Active,Re-Opened,Fixed"),
            ("show_igs", "1"),
            ("truncation_limit", "100"),
        ],
        description: "List what is severe, with what was fixed, of at most a hundred hosts.",
    },
};

pub(super) async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let wanted = wanted(&request).await?;
    let planned = request.app.plan_detection_list(request.actor()?, wanted).await;
    let plan = planned.map_err(|error| match error {
        palisade_app::Error::UnknownSearchList { .. }
        | palisade_app::Error::UnknownSearchListTitle { .. } => unknown_list(&request, &error),
        error => blame(error),
    })?;
    let format = request.arguments.choice(&OUTPUT_FORMAT).unwrap_or("XML");
    Ok(if format == "XML" {
        detection_xml::answer(request, plan)
    } else {
        detection_csv::answer(request, plan, format)
    })
}

/// Search lists that a request names, by ids or by titles.
fn search_lists(
    request: &OperationRequest,
    ids: &Parameter,
    titles: &Parameter,
) -> Result<Option<SearchListsOf>, CallError> {
    let arguments = &request.arguments;
    if let Some(numbers) = arguments.numbers(ids) {
        if numbers.count() > u64::try_from(LISTS_MAX).unwrap_or(u64::MAX) {
            return Err(request.invalid(ids, "more than 100 search lists"));
        }
        let numbers = numbers.ranges().iter().flat_map(|(first, last)| *first..=*last);
        let numbers = numbers.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        return Ok(Some(SearchListsOf::Ids(numbers.collect())));
    }
    Ok(arguments.titles(titles).map(|titles| SearchListsOf::Titles(titles.to_vec())))
}

/// Blames the parameter that names a list that is not there.
fn unknown_list(request: &OperationRequest, error: &palisade_app::Error) -> CallError {
    let lists = [
        (&INCLUDE_SEARCH_LIST_IDS, &INCLUDE_SEARCH_LIST_TITLES),
        (&EXCLUDE_SEARCH_LIST_IDS, &EXCLUDE_SEARCH_LIST_TITLES),
    ];
    let names = |(ids, titles): &(&Parameter, &Parameter)| match error {
        palisade_app::Error::UnknownSearchList { id } => {
            let numbers = request.arguments.numbers(ids);
            numbers.is_some_and(|numbers| u64::try_from(*id).is_ok_and(|id| numbers.contains(id)))
        }
        palisade_app::Error::UnknownSearchListTitle { title } => {
            request.arguments.titles(titles).is_some_and(|titles| titles.contains(title))
        }
        _ => false,
    };
    let by_title = matches!(error, palisade_app::Error::UnknownSearchListTitle { .. });
    let (ids, titles) =
        lists.into_iter().find(names).unwrap_or((&INCLUDE_SEARCH_LIST_IDS, &INCLUDE_SEARCH_LIST_TITLES));
    request.invalid(if by_title { titles } else { ids }, "No such search list")
}

async fn wanted(request: &OperationRequest) -> Result<ListDetections, CallError> {
    let arguments = &request.arguments;
    let mut hosts = selection(request).await?;
    let last_scan = Between { from: days_ago(request, &MAX_DAYS_SINCE_LAST_VM_SCAN), before: None };
    hosts.processed = hosts.processed.and(last_scan);
    // What these are about is known of no detection.
    let filters = [&ACTIVE_KERNELS_ONLY, &ARF_KERNEL_FILTER, &ARF_SERVICE_FILTER, &ARF_CONFIG_FILTER];
    hosts.nothing |= filters.iter().any(|filter| matches!(arguments.integer(filter), Some(2 | 3)));
    let severities = arguments.numbers(&SEVERITIES);
    if severities.is_some_and(|levels| levels.ranges().last().is_some_and(|(_, last)| *last > 5)) {
        return Err(request.invalid(&SEVERITIES, "a severity is 1 to 5"));
    }
    let kind = arguments.choice(&INCLUDE_VULN_TYPE);
    let updated = between(arguments, &DETECTION_UPDATED_SINCE, &DETECTION_UPDATED_BEFORE);
    let recently = Between { from: days_ago(request, &MAX_DAYS_SINCE_DETECTION_UPDATED), before: None };
    let tested_days = Between {
        from: days_ago(request, &DETECTION_LAST_TESTED_SINCE_DAYS),
        before: days_ago(request, &DETECTION_LAST_TESTED_BEFORE_DAYS),
    };
    let tested = between(arguments, &DETECTION_LAST_TESTED_SINCE, &DETECTION_LAST_TESTED_BEFORE)
        .and(between(arguments, &DETECTION_PROCESSED_AFTER, &DETECTION_PROCESSED_BEFORE))
        .and(tested_days);
    Ok(ListDetections {
        hosts,
        statuses: statuses(arguments),
        qids: arguments.numbers(&QIDS).cloned(),
        severities: severities.cloned(),
        search_lists: search_lists(request, &INCLUDE_SEARCH_LIST_IDS, &INCLUDE_SEARCH_LIST_TITLES)?,
        excluded_search_lists: search_lists(request, &EXCLUDE_SEARCH_LIST_IDS, &EXCLUDE_SEARCH_LIST_TITLES)?,
        confirmed: kind != Some("potential"),
        potential: kind != Some("confirmed"),
        information: arguments.switch(&SHOW_IGS),
        include_ignored: arguments.switch(&INCLUDE_IGNORED),
        include_disabled: arguments.switch(&INCLUDE_DISABLED),
        updated: updated.and(recently),
        tested,
        with_results: shows_results(arguments),
        limit: truncation_limit(arguments),
    })
}

fn statuses(arguments: &Arguments) -> Vec<DetectionStatus> {
    match arguments.choices(&STATUS) {
        Some(words) => words.iter().filter_map(|word| word.parse().ok()).collect(),
        None => DetectionStatus::ALL.into_iter().filter(|status| *status != DetectionStatus::Fixed).collect(),
    }
}

/// Whether evidence is told.
pub(super) fn shows_results(arguments: &Arguments) -> bool {
    !arguments.has(SHOW_RESULTS.name) || arguments.switch(&SHOW_RESULTS)
}
