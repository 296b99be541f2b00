//! `qid/search_list/static/` and `qid/search_list/dynamic/`: named lists of QIDs.

mod criteria;

use std::collections::BTreeSet;

use palisade_app::{AddSearchList, EditSearchList, SearchList, SearchListView};
use palisade_model::{Action, Resource, SearchCriteria, SearchListContent};
use palisade_wire::dtd::v2::{DYNAMIC_SEARCH_LIST_OUTPUT, STATIC_SEARCH_LIST_OUTPUT};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule, XmlWriter};

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
    parameters: criteria::CREATE,
    rules: criteria::RULES,
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
    parameters: criteria::UPDATE,
    rules: criteria::RULES,
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
            for (element, text) in criteria::describe(criteria) {
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
    let criteria = criteria::overlay(&request, SearchCriteria::default())?;
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
    criteria::overlay(&request, SearchCriteria::default())?;
    let change = |content| match content {
        SearchListContent::Dynamic(old) => {
            let new = criteria::overlay(&request, (*old).clone());
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
