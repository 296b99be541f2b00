//! `qid/search_list/static/` and `qid/search_list/dynamic/`: named lists of QIDs.

use std::collections::BTreeSet;

use palisade_app::{AddSearchList, EditSearchList, SearchList, SearchListView};
use palisade_model::search_list::{DateCriterion, Operand};
use palisade_model::{Action, Resource, SearchCriteria, SearchListContent};
use palisade_wire::date_time::{parse_american_date, parse_date_time};
use palisade_wire::dtd::v2::{DYNAMIC_SEARCH_LIST_OUTPUT, STATIC_SEARCH_LIST_OUTPUT};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, Rule, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const STATIC: &str = "qid/search_list/static";
const DYNAMIC: &str = "qid/search_list/dynamic";
const ROLES: &str =
    "Manager: all lists. Unit Manager, Scanner and Reader: own lists; they see the global ones.";
const QID_LIST: ParameterKind = ParameterKind::QidList { max_items: 10_000 };
const SEVERITIES: ParameterKind = ParameterKind::Choices(&["1", "2", "3", "4", "5"]);
const WORDS: ParameterKind = ParameterKind::Titles { max_items: 100, max_chars: 100 };
const DAYS: ParameterKind = ParameterKind::Integer { min: 1, max: 9_999 };

const IDS: Parameter = Parameter::new("ids", ParameterKind::Numbers, "1-100", "Only lists with these IDs.");
const ID: Parameter =
    Parameter::new("id", ParameterKind::Integer { min: 1, max: i64::MAX as u64 }, "1", "The list.")
        .required();
const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::Text { max_chars: 256 },
    "Weak TLS",
    "The title; no other list has it.",
);
const GLOBAL: Parameter = Parameter::new(
    "global",
    ParameterKind::ZeroOne,
    "1",
    "1: everybody sees the list. Only a Manager makes such lists.",
)
.default("0 for a new list");
const COMMENTS: Parameter = Parameter::new(
    "comments",
    ParameterKind::Text { max_chars: 2_000 },
    "For the web team",
    "A note about the list; an empty text removes it.",
);
const QIDS: Parameter = Parameter::new("qids", QID_LIST, "900001,900002", "The QIDs on the list.");
const ADD_QIDS: Parameter = Parameter::new("add_qids", QID_LIST, "900002", "QIDs that join the list.");
const REMOVE_QIDS: Parameter = Parameter::new("remove_qids", QID_LIST, "900001", "QIDs that leave the list.");
const SHOW_QIDS: Parameter = Parameter::new(
    "show_qids",
    ParameterKind::ZeroOne,
    "0",
    "0 leaves out the QIDs that are on the list at the moment.",
)
.default("1");

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
            MODIFIED_TODAY,
            MODIFIED_DAYS,
            MODIFIED_BETWEEN,
            PUBLISHED_TODAY,
            PUBLISHED_DAYS,
            PUBLISHED_BETWEEN,
        ]
    };
}

const CRITERIA_RULES: &[Rule] = &[
    Rule::OnlyWith { parameter: "not_vuln_title", with: "vuln_title", value: None },
    Rule::OnlyWith { parameter: "not_categories", with: "categories", value: None },
    Rule::OnlyWith { parameter: "not_cve_ids", with: "cve_ids", value: None },
    Rule::OnlyWith { parameter: "not_vendor_refs", with: "vendor_refs", value: None },
    Rule::OnlyWith { parameter: "not_bugtraq_id", with: "bugtraq_id", value: None },
    Rule::OnlyWith { parameter: "cvss_base_operand", with: "cvss_base", value: None },
    Rule::Exclusive(&[
        "service_modified_date_today",
        "service_modified_date_within_last_days",
        "service_modified_date_between",
    ]),
    Rule::Exclusive(&["published_date_today", "published_date_within_last_days", "published_date_between"]),
];

/// What the operations of both resources have alike.
const LIST: Operation = Operation {
    resource: STATIC,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List static search lists",
    description: &["Lists the lists that the caller may see, by ID, with their QIDs."],
    parameters: &[IDS],
    rules: &[],
    roles: ROLES,
    answers: Answers::Document { root: "STATIC_SEARCH_LIST_OUTPUT", dtd: &STATIC_SEARCH_LIST_OUTPUT },
    example: Example { parameters: &[], description: "See the lists." },
};
const WRITE: Operation = Operation { methods: Methods::Post, answers: Answers::Simple, ..LIST };

pub const STATIC_LIST: Operation = LIST;
pub const STATIC_CREATE: Operation = Operation {
    action: "create",
    summary: "Make a static search list",
    description: &["The QIDs are counted out; all must be in the KnowledgeBase. The answer has the ID."],
    parameters: &[TITLE.required(), QIDS.required(), GLOBAL, COMMENTS],
    example: Example {
        parameters: &[("title", "Weak TLS"), ("qids", "900001,900002")],
        description: "Make a list of two QIDs.",
    },
    ..WRITE
};
pub const STATIC_UPDATE: Operation = Operation {
    action: "update",
    summary: "Change a static search list",
    description: &["Only what is given changes."],
    parameters: &[ID, TITLE, GLOBAL, COMMENTS, QIDS, ADD_QIDS, REMOVE_QIDS],
    rules: &[
        Rule::Exclusive(&["qids", "add_qids"]),
        Rule::Exclusive(&["qids", "remove_qids"]),
        Rule::AtLeastOneOf(&["title", "global", "comments", "qids", "add_qids", "remove_qids"]),
    ],
    example: Example {
        parameters: &[("id", "ID"), ("add_qids", "900002")],
        description: "Put a QID on a list.",
    },
    ..WRITE
};
pub const STATIC_DELETE: Operation = Operation {
    action: "delete",
    summary: "Delete a static search list",
    description: &[
        "A list that an option profile or a report template goes by is not deleted. What was made with the list \
         stays as it is.",
    ],
    parameters: &[ID],
    example: Example { parameters: &[("id", "ID")], description: "Delete a list." },
    ..WRITE
};

pub const DYNAMIC_LIST: Operation = Operation {
    resource: DYNAMIC,
    summary: "List dynamic search lists",
    description: &[
        "Lists the lists that the caller may see, by ID, with their criteria and the QIDs that meet them at the \
         moment.",
    ],
    parameters: &[IDS, SHOW_QIDS],
    answers: Answers::Document { root: "DYNAMIC_SEARCH_LIST_OUTPUT", dtd: &DYNAMIC_SEARCH_LIST_OUTPUT },
    ..LIST
};
pub const DYNAMIC_CREATE: Operation = Operation {
    resource: DYNAMIC,
    action: "create",
    summary: "Make a dynamic search list",
    description: &[
        "On the list is whatever meets all the criteria when it is used. When severities are named, kinds \
         without any are not on it. The answer has the ID.",
    ],
    parameters: with_criteria![TITLE.required(), GLOBAL, COMMENTS],
    rules: CRITERIA_RULES,
    example: Example {
        parameters: &[("title", "Urgent"), ("confirmed_severities", "4,5"), ("potential_severities", "5")],
        description: "Make a list of what is urgent.",
    },
    ..WRITE
};
pub const DYNAMIC_UPDATE: Operation = Operation {
    resource: DYNAMIC,
    action: "update",
    summary: "Change a dynamic search list",
    description: &["What is given replaces that criterion; the other ones stay."],
    parameters: with_criteria![ID, TITLE, GLOBAL, COMMENTS],
    rules: CRITERIA_RULES,
    example: Example {
        parameters: &[("id", "ID"), ("confirmed_severities", "5")],
        description: "Leave only what is most urgent on a list.",
    },
    ..WRITE
};
pub const DYNAMIC_DELETE: Operation =
    Operation { resource: DYNAMIC, summary: "Delete a dynamic search list", ..STATIC_DELETE };

const STATIC_MADE: &[Need] = &[Need::Operation {
    resource: STATIC,
    action: "create",
    parameters: &[("title", "Weak TLS"), ("qids", "900001")],
}];
const DYNAMIC_MADE: &[Need] = &[Need::Operation {
    resource: DYNAMIC,
    action: "create",
    parameters: &[("title", "Urgent"), ("confirmed_severities", "4,5")],
}];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(DYNAMIC_CREATE, create_dynamic, &[(Action::Add, Resource::SearchList)]),
    operation!(DYNAMIC_DELETE, delete, &[(Action::Delete, Resource::SearchList)], needs: DYNAMIC_MADE),
    operation!(DYNAMIC_LIST, list, &[(Action::List, Resource::SearchList)], needs: DYNAMIC_MADE),
    operation!(DYNAMIC_UPDATE, update_dynamic, &[(Action::Edit, Resource::SearchList)], needs: DYNAMIC_MADE),
    operation!(STATIC_CREATE, create_static, &[(Action::Add, Resource::SearchList)]),
    operation!(STATIC_DELETE, delete, &[(Action::Delete, Resource::SearchList)], needs: STATIC_MADE),
    operation!(STATIC_LIST, list, &[(Action::List, Resource::SearchList)], needs: STATIC_MADE),
    operation!(STATIC_UPDATE, update_static, &[(Action::Edit, Resource::SearchList)], needs: STATIC_MADE),
];

fn is_static(request: &OperationRequest) -> bool {
    request.operation.resource == STATIC
}

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let are_static = is_static(&request);
    let mut lists = app.list_search_lists(request.actor()?, are_static).await?;
    if let Some(ids) = arguments.numbers(&IDS) {
        lists.retain(|view| u64::try_from(view.list.id).is_ok_and(|id| ids.contains(id)));
    }
    let show_qids = !arguments.has(SHOW_QIDS.name) || arguments.switch(&SHOW_QIDS);
    let (wrapper, element) =
        if are_static { ("STATIC_LISTS", "STATIC_LIST") } else { ("DYNAMIC_LISTS", "DYNAMIC_LIST") };
    let mut xml = request.document();
    xml.list(wrapper, &lists, |xml, view| {
        xml.element(element, &[], |xml| write_list(xml, view, show_qids));
    });
    Ok(OperationRequest::end(xml))
}

fn write_list(xml: &mut XmlWriter, view: &SearchListView, show_qids: bool) {
    let SearchListView { list, qids, option_profiles, report_templates } = view;
    let SearchList { id, title, owner, is_global, content, comments, created_at, modified_at, modified_by } =
        list;
    xml.text("ID", &id.to_string());
    xml.cdata("TITLE", title);
    xml.text("GLOBAL", if *is_global { "Yes" } else { "No" });
    xml.cdata("OWNER", owner.as_str());
    xml.date_time("CREATED", *created_at);
    xml.text("MODIFIED_BY", modified_by.as_str());
    xml.date_time("MODIFIED", *modified_at);
    if show_qids {
        xml.list("QIDS", qids, |xml, qid| xml.text("QID", &qid.to_string()));
    }
    if let SearchListContent::Dynamic(criteria) = content {
        xml.element("CRITERIA", &[], |xml| {
            for (element, text) in describe(criteria) {
                xml.cdata(element, &text);
            }
        });
    }
    let users = [
        ("OPTION_PROFILES", "OPTION_PROFILE", option_profiles),
        ("REPORT_TEMPLATES", "REPORT_TEMPLATE", report_templates),
    ];
    for (wrapper, element, users) in users {
        xml.list(wrapper, users, |xml, (id, title)| {
            xml.element(element, &[], |xml| {
                xml.text("ID", &id.to_string());
                xml.cdata("TITLE", title);
            });
        });
    }
    xml.optional_cdata("COMMENTS", comments.as_deref());
}

/// The criteria that are set: element and text.
fn describe(criteria: &SearchCriteria) -> Vec<(&'static str, String)> {
    let SearchCriteria {
        title,
        not_title,
        remote,
        categories,
        not_categories,
        confirmed,
        potential,
        information,
        patchable,
        cves,
        not_cves,
        vendor_references,
        not_vendor_references,
        bugtraq,
        not_bugtraq,
        details,
        pci,
        cvss_base,
        modified,
        published,
    } = criteria;
    let turned = |not: &bool, text: String| if *not { format!("NOT {text}") } else { text };
    let words = |words: &[String]| (!words.is_empty()).then(|| words.join(", "));
    let numbers = |numbers: Vec<String>| (!numbers.is_empty()).then(|| numbers.join(", "));
    let levels = |levels: &[u8]| numbers(levels.iter().map(ToString::to_string).collect());
    let yes = |flag: bool| if flag { "Yes" } else { "No" }.to_owned();
    let all = [
        ("VULN_TITLE", title.clone().map(|text| turned(not_title, text))),
        ("DISCOVERY_METHOD", remote.map(|remote| if remote { "Remote" } else { "Authenticated" }.to_owned())),
        ("CATEGORY", words(categories).map(|text| turned(not_categories, text))),
        ("CONFIRMED_SEVERITY", levels(confirmed)),
        ("POTENTIAL_SEVERITY", levels(potential)),
        ("INFORMATION_SEVERITY", levels(information)),
        ("PATCH_AVAILABLE", patchable.map(yes)),
        ("CVE_ID", words(cves).map(|text| turned(not_cves, text))),
        ("VENDOR_REFERENCE", words(vendor_references).map(|text| turned(not_vendor_references, text))),
        (
            "BUGTRAQ_ID",
            numbers(bugtraq.iter().map(ToString::to_string).collect()).map(|text| turned(not_bugtraq, text)),
        ),
        ("VULN_DETAILS", details.clone()),
        ("COMPLIANCE_TYPE", pci.filter(|pci| *pci).map(|_| "PCI".to_owned())),
        ("CVSS_BASE_SCORE", cvss_base.map(describe_score)),
        ("SERVICE_MODIFIED", modified.map(describe_date)),
        ("PUBLISHED", published.map(describe_date)),
    ];
    all.into_iter().filter_map(|(element, text)| Some((element, text?))).collect()
}

fn describe_score((tenths, operand): (u16, Operand)) -> String {
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

fn text(request: &OperationRequest, parameter: &Parameter) -> Option<String> {
    request.arguments.text(parameter).map(|text| text.trim().to_owned())
}

async fn create(request: &OperationRequest, content: SearchListContent) -> Result<Answer, CallError> {
    let new = AddSearchList {
        title: text(request, &TITLE).unwrap_or_default(),
        is_global: request.arguments.switch(&GLOBAL),
        content,
        comments: text(request, &COMMENTS),
    };
    let id = request.app.add_search_list(request.actor()?, new).await?;
    Ok(request.simple_return("New search list created successfully", &[("ID", id.to_string())]))
}

async fn create_static(request: OperationRequest) -> Result<Answer, CallError> {
    let qids = request.arguments.qids(&QIDS).unwrap_or_default().iter().copied().collect();
    create(&request, SearchListContent::Static(qids)).await
}

async fn create_dynamic(request: OperationRequest) -> Result<Answer, CallError> {
    let criteria = overlay(&request, SearchCriteria::default())?;
    create(&request, SearchListContent::Dynamic(Box::new(criteria))).await
}

fn id_of(request: &OperationRequest) -> i64 {
    request.arguments.integer(&ID).and_then(|id| i64::try_from(id).ok()).unwrap_or_default()
}

fn edit_of(request: &OperationRequest) -> EditSearchList {
    let arguments = &request.arguments;
    EditSearchList {
        title: text(request, &TITLE),
        is_global: arguments.has(GLOBAL.name).then(|| arguments.switch(&GLOBAL)),
        comments: text(request, &COMMENTS),
    }
}

async fn update_static(request: OperationRequest) -> Result<Answer, CallError> {
    let set = |parameter| {
        request.arguments.qids(parameter).map(|qids| qids.iter().copied().collect::<BTreeSet<_>>())
    };
    let (replaced, added, removed) = (set(&QIDS), set(&ADD_QIDS), set(&REMOVE_QIDS));
    let change = move |content| match content {
        SearchListContent::Static(mut qids) => {
            qids = replaced.clone().unwrap_or(qids);
            qids.extend(added.iter().flatten().copied());
            qids.retain(|qid| !removed.as_ref().is_some_and(|removed| removed.contains(qid)));
            SearchListContent::Static(qids)
        }
        dynamic @ SearchListContent::Dynamic(_) => dynamic,
    };
    request.app.edit_search_list(request.actor()?, id_of(&request), true, edit_of(&request), change).await?;
    Ok(request.simple_return("search list updated successfully", &[]))
}

async fn update_dynamic(request: OperationRequest) -> Result<Answer, CallError> {
    // Read twice: once to refuse what is wrong, once over what is stored at that moment.
    overlay(&request, SearchCriteria::default())?;
    let change = |content| match content {
        SearchListContent::Dynamic(old) => {
            let new = overlay(&request, (*old).clone());
            SearchListContent::Dynamic(new.map_or(old, Box::new))
        }
        counted_out @ SearchListContent::Static(_) => counted_out,
    };
    request.app.edit_search_list(request.actor()?, id_of(&request), false, edit_of(&request), change).await?;
    Ok(request.simple_return("search list updated successfully", &[]))
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    request.app.delete_search_list(request.actor()?, id_of(&request), is_static(&request)).await?;
    Ok(request.simple_return("search list deleted successfully", &[]))
}

/// The criteria with those of the request in the place of what they were.
fn overlay(request: &OperationRequest, old: SearchCriteria) -> Result<SearchCriteria, CallError> {
    let arguments = &request.arguments;
    let filled = |parameter| arguments.filled_text(parameter).map(|text| text.trim().to_owned());
    let words = |parameter, old| arguments.titles(parameter).map_or(old, <[_]>::to_vec);
    // A criterion and its switch go together.
    let not = |of: &Parameter, parameter, old| {
        if arguments.has(of.name) { arguments.switch(parameter) } else { old }
    };
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
        cvss_base: arguments.choice(&CVSS_BASE).map_or(old.cvss_base, |score| {
            let below = arguments.choice(&CVSS_BASE_OPERAND) == Some("2");
            let operand = if below { Operand::Below } else { Operand::AtLeast };
            score.replace('.', "").parse().ok().map(|tenths| (tenths, operand))
        }),
        modified: date(request, modified)?.or(old.modified),
        published: date(request, published)?.or(old.published),
    })
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
