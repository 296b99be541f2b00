//! The criteria of dynamic search lists: their parameters, what a request makes of them, and how they are
//! told.
//!
//! Deliberately absent: criteria that nothing is known about (virtual patches, exploit kits, top lists).

use palisade_model::SearchCriteria;
use palisade_model::search_list::{Criterion, DateCriterion, Operand};
use palisade_wire::date_time::{parse_american_date, parse_date_time};
use palisade_wire::{Arguments, Parameter, ParameterKind, Rule};

use super::{COMMENTS, GLOBAL, ID, TITLE};
use crate::error::CallError;
use crate::v2::request::OperationRequest;

const SEVERITIES: ParameterKind = ParameterKind::Choices(&["1", "2", "3", "4", "5"]);
const WORDS: ParameterKind = ParameterKind::Titles { max_items: 100, max_chars: 100 };
const DAYS: ParameterKind = ParameterKind::Integer { min: 1, max: 9_999 };

const VULN_TITLE: Parameter = Parameter::new(
    "vuln_title",
    ParameterKind::Text { max_chars: 256 },
    "TLS",
    "Vulnerabilities whose title has this text, in any case of letters.",
);
const DISCOVERY_METHODS: Parameter = Parameter::new(
    "discovery_methods",
    ParameterKind::Choices(&["Remote", "Authenticated", "Remote_Authenticated", "ALL"]),
    "Remote",
    "How they are found: from outside, or with a login.",
);
const CATEGORIES: Parameter =
    Parameter::new("categories", WORDS, "Web server", "Their categories, by the names of the KnowledgeBase.");
const CONFIRMED: Parameter = Parameter::new(
    "confirmed_severities",
    SEVERITIES,
    "4,5",
    "Confirmed vulnerabilities of these severities.",
);
const POTENTIAL: Parameter =
    Parameter::new("potential_severities", SEVERITIES, "5", "Potential vulnerabilities of these severities.");
const INFORMATION: Parameter =
    Parameter::new("ig_severities", SEVERITIES, "1", "Gathered information of these severities.");
const PATCH_AVAILABLE: Parameter = Parameter::new(
    "patch_available",
    ParameterKind::Choices(&["0", "1"]),
    "1",
    "1: the vendor has a patch or a fixed release; 0: it has none.",
);
const CVE_IDS: Parameter = Parameter::new("cve_ids", WORDS, "CVE-2014-3566", "They have one of these CVEs.");
const VENDOR_REFS: Parameter =
    Parameter::new("vendor_refs", WORDS, "RFC 7568", "They have one of these references of vendors.");
const BUGTRAQ_ID: Parameter =
    Parameter::new("bugtraq_id", ParameterKind::Numbers, "12345", "They have one of these Bugtraq numbers.");
const VULN_DETAILS: Parameter = Parameter::new(
    "vuln_details",
    ParameterKind::Text { max_chars: 256 },
    "downgrade",
    "What is said about them has this text, in any case of letters.",
);
const COMPLIANCE_TYPES: Parameter = Parameter::new(
    "compliance_types",
    ParameterKind::Choices(&["PCI"]),
    "PCI",
    "They fail a PCI DSS scan. The content knows no other kind.",
);
const CVSS_BASE: Parameter = Parameter::new(
    "cvss_base",
    ParameterKind::Choice(SCORES),
    "7.0",
    "Their base score of CVSS version 2, as the operand compares.",
);
const CVSS_BASE_OPERAND: Parameter = Parameter::new(
    "cvss_base_operand",
    ParameterKind::Choice(&["1", "2"]),
    "1",
    "1: at least the score; 2: less.",
)
.default("1");
const CVSS3_BASE: Parameter = Parameter::new(
    "cvss3_base",
    ParameterKind::Choice(SCORES),
    "7.0",
    "Their base score of CVSS version 3, as the operand compares, where a public list of CVEs tells one.",
);
const CVSS3_BASE_OPERAND: Parameter = Parameter::new(
    "cvss3_base_operand",
    ParameterKind::Choice(&["1", "2"]),
    "1",
    "1: at least the score; 2: less.",
)
.default("1");
const AUTH_TYPES: Parameter = Parameter::new(
    "auth_types",
    ParameterKind::Choices(&[
        "Windows",
        "Unix",
        "Oracle",
        "SNMP",
        "VMware",
        "DB2",
        "HTTP",
        "MySQL",
        "PostgreSQL",
    ]),
    "Unix",
    "A scan finds them with a login of one of these types.",
);
const USER_CONFIGURATION: Parameter = Parameter::new(
    "user_configuration",
    ParameterKind::Choices(&["disabled", "custom"]),
    "custom",
    "disabled: the subscription has switched them off; custom: it gave them another severity or remarks.",
);
const USER_MODIFIED_TODAY: Parameter = Parameter::new(
    "user_modified_date_today",
    ParameterKind::ZeroOne,
    "1",
    "1: the subscription said something of them today.",
);
const USER_MODIFIED_DAYS: Parameter = Parameter::new(
    "user_modified_date_within_last_days",
    DAYS,
    "30",
    "The subscription said something of them within so many days.",
);
const USER_MODIFIED_BETWEEN: Parameter = Parameter::new(
    "user_modified_date_between",
    ParameterKind::Text { max_chars: 21 },
    "01/01/2026-12/31/2026",
    "The subscription said something of them from one day to another, both included.",
);
const MODIFIED_TODAY: Parameter =
    Parameter::new("service_modified_date_today", ParameterKind::ZeroOne, "1", "1: changed today.");
const MODIFIED_DAYS: Parameter =
    Parameter::new("service_modified_date_within_last_days", DAYS, "30", "Changed within so many days.");
const MODIFIED_BETWEEN: Parameter = Parameter::new(
    "service_modified_date_between",
    ParameterKind::Text { max_chars: 21 },
    "01/01/2026-12/31/2026",
    "Changed from one day to another, both included.",
);
const PUBLISHED_TODAY: Parameter =
    Parameter::new("published_date_today", ParameterKind::ZeroOne, "1", "1: published today.");
const PUBLISHED_DAYS: Parameter =
    Parameter::new("published_date_within_last_days", DAYS, "30", "Published within so many days.");
const PUBLISHED_BETWEEN: Parameter = Parameter::new(
    "published_date_between",
    ParameterKind::Text { max_chars: 21 },
    "01/01/2026-12/31/2026",
    "Published from one day to another, both included.",
);
/// A switch that turns the criterion beside it round.
const fn not(name: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::ZeroOne, "1", "1 turns that criterion round.").default("0")
}
const NOT_VULN_TITLE: Parameter = not("not_vuln_title");
const NOT_CATEGORIES: Parameter = not("not_categories");
const NOT_CVE_IDS: Parameter = not("not_cve_ids");
const NOT_VENDOR_REFS: Parameter = not("not_vendor_refs");
const NOT_BUGTRAQ_ID: Parameter = not("not_bugtraq_id");

/// Every score of CVSS.
const SCORES: &[&str] = &[
    "0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0", "4.5", "5.0", "5.5", "6.0", "6.5", "7.0",
    "7.5", "8.0", "8.5", "9.0", "9.5", "10.0",
];

/// The parameters before those given, and the criteria after them.
macro_rules! with_criteria {
    ($($first:expr),+ $(,)?) => {
        &[
            $($first,)+
            VULN_TITLE,
            NOT_VULN_TITLE,
            DISCOVERY_METHODS,
            CATEGORIES,
            NOT_CATEGORIES,
            CONFIRMED,
            POTENTIAL,
            INFORMATION,
            PATCH_AVAILABLE,
            CVE_IDS,
            NOT_CVE_IDS,
            VENDOR_REFS,
            NOT_VENDOR_REFS,
            BUGTRAQ_ID,
            NOT_BUGTRAQ_ID,
            VULN_DETAILS,
            COMPLIANCE_TYPES,
            CVSS_BASE,
            CVSS_BASE_OPERAND,
            CVSS3_BASE,
            CVSS3_BASE_OPERAND,
            AUTH_TYPES,
            USER_CONFIGURATION,
            USER_MODIFIED_TODAY,
            USER_MODIFIED_DAYS,
            USER_MODIFIED_BETWEEN,
            MODIFIED_TODAY,
            MODIFIED_DAYS,
            MODIFIED_BETWEEN,
            PUBLISHED_TODAY,
            PUBLISHED_DAYS,
            PUBLISHED_BETWEEN,
        ]
    };
}

pub(super) const CREATE: &[Parameter] = with_criteria![TITLE.required(), GLOBAL, COMMENTS];
pub(super) const UPDATE: &[Parameter] = with_criteria![ID, TITLE, GLOBAL, COMMENTS];

pub(super) const RULES: &[Rule] = &[
    Rule::OnlyWith { parameter: "not_vuln_title", with: "vuln_title", value: None },
    Rule::OnlyWith { parameter: "not_categories", with: "categories", value: None },
    Rule::OnlyWith { parameter: "not_cve_ids", with: "cve_ids", value: None },
    Rule::OnlyWith { parameter: "not_vendor_refs", with: "vendor_refs", value: None },
    Rule::OnlyWith { parameter: "not_bugtraq_id", with: "bugtraq_id", value: None },
    Rule::OnlyWith { parameter: "cvss_base_operand", with: "cvss_base", value: None },
    Rule::OnlyWith { parameter: "cvss3_base_operand", with: "cvss3_base", value: None },
    Rule::Exclusive(&[
        "user_modified_date_today",
        "user_modified_date_within_last_days",
        "user_modified_date_between",
    ]),
    Rule::Exclusive(&[
        "service_modified_date_today",
        "service_modified_date_within_last_days",
        "service_modified_date_between",
    ]),
    Rule::Exclusive(&["published_date_today", "published_date_within_last_days", "published_date_between"]),
];

/// The criteria that are set: element and text.
pub(super) fn describe(criteria: &SearchCriteria) -> Vec<(&'static str, String)> {
    criteria.given().into_iter().flat_map(describe_one).collect()
}

fn describe_one(criterion: Criterion<'_>) -> Vec<(&'static str, String)> {
    let turned = |not: bool, text: String| if not { format!("NOT {text}") } else { text };
    let one = match criterion {
        Criterion::Title { part, not } => ("VULN_TITLE", turned(not, part.to_owned())),
        Criterion::Remote(remote) => {
            ("DISCOVERY_METHOD", if remote { "Remote" } else { "Authenticated" }.to_owned())
        }
        Criterion::Categories { any, not } => ("CATEGORY", turned(not, any.join(", "))),
        Criterion::Severities { confirmed, potential, information } => {
            let levels = [
                ("CONFIRMED_SEVERITY", confirmed),
                ("POTENTIAL_SEVERITY", potential),
                ("INFORMATION_SEVERITY", information),
            ];
            let set = levels.into_iter().filter(|(_, levels)| !levels.is_empty());
            return set.map(|(element, levels)| (element, listed(levels))).collect();
        }
        Criterion::Patchable(patchable) => {
            ("PATCH_AVAILABLE", if patchable { "Yes" } else { "No" }.to_owned())
        }
        Criterion::Cves { any, not } => ("CVE_ID", turned(not, any.join(", "))),
        Criterion::VendorReferences { any, not } => ("VENDOR_REFERENCE", turned(not, any.join(", "))),
        Criterion::Bugtraq { any, not } => ("BUGTRAQ_ID", turned(not, listed(any))),
        Criterion::Details { part } => ("VULN_DETAILS", part.to_owned()),
        Criterion::Pci(true) => ("COMPLIANCE_TYPE", "PCI".to_owned()),
        // There is no word for it, and no request asks for it.
        Criterion::Pci(false) => return Vec::new(),
        Criterion::CvssBase { tenths, operand } => ("CVSS_BASE_SCORE", describe_score(tenths, operand)),
        Criterion::Cvss3Base { tenths, operand } => ("CVSS3_BASE_SCORE", describe_score(tenths, operand)),
        Criterion::AuthTypes { any } => ("AUTH_TYPE", any.join(", ")),
        Criterion::Configuration { disabled, custom } => {
            let words = [(disabled, "disabled"), (custom, "custom")];
            let words: Vec<&str> = words.into_iter().filter(|(set, _)| *set).map(|(_, word)| word).collect();
            ("USER_CONFIGURATION", words.join(", "))
        }
        Criterion::UserModified(when) => ("USER_MODIFIED", describe_date(when)),
        Criterion::Modified(when) => ("SERVICE_MODIFIED", describe_date(when)),
        Criterion::Published(when) => ("PUBLISHED", describe_date(when)),
    };
    vec![one]
}

fn listed<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn describe_score(tenths: u16, operand: Operand) -> String {
    let sign = match operand {
        Operand::AtLeast => "at least",
        Operand::Below => "less than",
    };
    format!("{sign} {}.{}", tenths / 10, tenths % 10)
}

fn describe_date(when: DateCriterion) -> String {
    let day = |day: i32| {
        let second = i64::from(day) * 86_400;
        let at = palisade_model::Timestamp::from_second(second).unwrap_or_default();
        at.strftime("%m/%d/%Y").to_string()
    };
    match when {
        DateCriterion::Today => "Today".to_owned(),
        DateCriterion::WithinLastDays(days) => format!("Within the last {days} days"),
        DateCriterion::Between(first, last) => format!("{}-{}", day(first), day(last)),
    }
}

/// The criteria with those of the request in the place of what they were.
pub(super) fn overlay(request: &OperationRequest, old: SearchCriteria) -> Result<SearchCriteria, CallError> {
    let arguments = &request.arguments;
    let filled = |parameter| arguments.filled_text(parameter).map(|text| text.trim().to_owned());
    let words = |parameter, old| arguments.titles(parameter).map_or(old, <[_]>::to_vec);
    // A criterion and its switch go together.
    let not = |of: &Parameter, parameter, old| {
        if arguments.has(of.name) { arguments.switch(parameter) } else { old }
    };
    let user_modified = [&USER_MODIFIED_TODAY, &USER_MODIFIED_DAYS, &USER_MODIFIED_BETWEEN];
    let modified = [&MODIFIED_TODAY, &MODIFIED_DAYS, &MODIFIED_BETWEEN];
    let published = [&PUBLISHED_TODAY, &PUBLISHED_DAYS, &PUBLISHED_BETWEEN];
    Ok(SearchCriteria {
        not_title: not(&VULN_TITLE, &NOT_VULN_TITLE, old.not_title),
        title: if arguments.has(VULN_TITLE.name) { filled(&VULN_TITLE) } else { old.title },
        remote: arguments.choices(&DISCOVERY_METHODS).map_or(old.remote, |methods| {
            let both = methods.contains(&"ALL") || methods.len() > 1;
            (!both).then(|| methods.contains(&"Remote"))
        }),
        not_categories: not(&CATEGORIES, &NOT_CATEGORIES, old.not_categories),
        categories: words(&CATEGORIES, old.categories),
        confirmed: levels(arguments, &CONFIRMED).unwrap_or(old.confirmed),
        potential: levels(arguments, &POTENTIAL).unwrap_or(old.potential),
        information: levels(arguments, &INFORMATION).unwrap_or(old.information),
        patchable: arguments.choices(&PATCH_AVAILABLE).map_or(old.patchable, |flags| match flags {
            [flag] => Some(*flag == "1"),
            _ => None,
        }),
        not_cves: not(&CVE_IDS, &NOT_CVE_IDS, old.not_cves),
        cves: words(&CVE_IDS, old.cves),
        not_vendor_references: not(&VENDOR_REFS, &NOT_VENDOR_REFS, old.not_vendor_references),
        vendor_references: words(&VENDOR_REFS, old.vendor_references),
        not_bugtraq: not(&BUGTRAQ_ID, &NOT_BUGTRAQ_ID, old.not_bugtraq),
        bugtraq: match arguments.numbers(&BUGTRAQ_ID) {
            None => old.bugtraq,
            Some(set) if set.count() > 1_000 => {
                return Err(request.invalid(&BUGTRAQ_ID, "more than 1000 numbers"));
            }
            Some(set) => {
                let numbers = set.ranges().iter().flat_map(|(first, last)| *first..=*last);
                numbers.filter_map(|number| u32::try_from(number).ok()).collect()
            }
        },
        details: if arguments.has(VULN_DETAILS.name) { filled(&VULN_DETAILS) } else { old.details },
        pci: if arguments.has(COMPLIANCE_TYPES.name) { Some(true) } else { old.pci },
        cvss_base: score(arguments, &CVSS_BASE, &CVSS_BASE_OPERAND, old.cvss_base),
        cvss3_base: score(arguments, &CVSS3_BASE, &CVSS3_BASE_OPERAND, old.cvss3_base),
        auth_types: arguments
            .choices(&AUTH_TYPES)
            .map_or(old.auth_types, |types| types.iter().map(|name| (*name).to_owned()).collect()),
        disabled: arguments
            .choices(&USER_CONFIGURATION)
            .map_or(old.disabled, |one| one.contains(&"disabled")),
        custom: arguments.choices(&USER_CONFIGURATION).map_or(old.custom, |one| one.contains(&"custom")),
        user_modified: date(request, user_modified)?.or(old.user_modified),
        modified: date(request, modified)?.or(old.modified),
        published: date(request, published)?.or(old.published),
    })
}

/// A score in tenths, and how it compares.
fn score(
    arguments: &Arguments,
    parameter: &Parameter,
    operand: &Parameter,
    old: Option<(u16, Operand)>,
) -> Option<(u16, Operand)> {
    let Some(score) = arguments.choice(parameter) else { return old };
    let below = arguments.choice(operand) == Some("2");
    let operand = if below { Operand::Below } else { Operand::AtLeast };
    score.replace('.', "").parse().ok().map(|tenths| (tenths, operand))
}

fn levels(arguments: &Arguments, parameter: &Parameter) -> Option<Vec<u8>> {
    Some(arguments.choices(parameter)?.iter().filter_map(|level| level.parse().ok()).collect())
}

/// The date that one of the three parameters names.
fn date(
    request: &OperationRequest,
    [today, days, between]: [&Parameter; 3],
) -> Result<Option<DateCriterion>, CallError> {
    let arguments = &request.arguments;
    if arguments.switch(today) {
        return Ok(Some(DateCriterion::Today));
    }
    if let Some(days) = arguments.integer(days).and_then(|days| u32::try_from(days).ok()) {
        return Ok(Some(DateCriterion::WithinLastDays(days)));
    }
    let Some(text) = arguments.text(between) else { return Ok(None) };
    let day = |text: &str| {
        let at = parse_date_time(&parse_american_date(text.trim())?.to_string())?;
        i32::try_from(at.as_second().div_euclid(86_400)).ok()
    };
    let days = text.split_once('-').and_then(|(first, last)| Some((day(first)?, day(last)?)));
    match days.filter(|(first, last)| first <= last) {
        Some((first, last)) => Ok(Some(DateCriterion::Between(first, last))),
        None => Err(request.invalid(between, "expecting MM/DD/YYYY-MM/DD/YYYY")),
    }
}
