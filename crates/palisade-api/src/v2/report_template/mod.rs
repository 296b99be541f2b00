//! `report/template/scan/`, `pciscan/`, `patch/` and `map/`: report templates, made, changed, deleted and told.
//! What templates say is in `key_table`.

mod key_table;
mod keys;

use std::sync::LazyLock;

use palisade_app::{ChooseTemplate, ReportTemplateView};
use palisade_model::{Action, Resource, TemplateFamily};
use palisade_wire::dtd::v2::REPORT_TEMPLATE_INFO;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, XmlWriter};

use self::key_table::TITLE;
use self::keys::{Group, keys_of, rules_of};
use crate::answer::{Answer, ContentKind, end_report};
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{BodyForm, Door, HandlerFuture, OperationRow};
use crate::v2::request::OperationRequest;

const ROOT: &str = "REPORTTEMPLATE";
const WRITERS: &str = "Manager: all. Unit Manager, Scanner and Reader: their own.";
const READERS: &str = "Manager: all. Unit Manager, Scanner and Reader: global ones and their own. Auditor: \
     global ones for compliance.";

const REPORT_FORMAT: Parameter = Parameter::new(
    "report_format",
    ParameterKind::Choice(&["xml"]),
    "xml",
    "The form of a template in the body of the request, or in the answer.",
)
.default("xml");
const TEMPLATE_ID: Parameter = Parameter::new(
    "template_id",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "14",
    "The template, by its ID.",
);

/// Made once, and as long as the program runs.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

static ROWS: LazyLock<Vec<OperationRow>> =
    LazyLock::new(|| TemplateFamily::ALL.into_iter().flat_map(rows_of).collect());

/// The operations of all families.
pub(crate) fn rows() -> &'static [OperationRow] {
    &ROWS
}

/// What the templates of a family are of, and the path and the element of them.
const fn words(family: TemplateFamily) -> (&'static str, &'static str, &'static str) {
    match family {
        TemplateFamily::Scan => ("reports on hosts", "report/template/scan", "SCANTEMPLATE"),
        TemplateFamily::PciScan => ("PCI reports", "report/template/pciscan", "PCISCANTEMPLATE"),
        TemplateFamily::Patch => ("reports on patches", "report/template/patch", "PATCHTEMPLATE"),
        TemplateFamily::Map => ("reports on maps", "report/template/map", "MAPTEMPLATE"),
    }
}

fn rows_of(family: TemplateFamily) -> [OperationRow; 4] {
    let (about, resource, _) = words(family);
    let keys = || keys_of(family).map(|key| key.parameter);
    let creating = Operation {
        resource,
        action: "create",
        methods: Methods::Post,
        takes_document: false,
        summary: kept(format!("Make a template of {about}")),
        description: &[
            "Makes a report template, owned by the user. CODE of the answer, where TEXT is empty, has its ID in \
             brackets.",
            "What it says may be given as parameters, or as a document in the body of the request (Content-Type \
             text/xml) of the form that the action export answers with: each INFO is then one parameter, and an \
             empty one none. What is not given has its default.",
            "Choices about graphs, and about what this server does not have, are kept and exported, and change \
             nothing of reports as XML and CSV.",
        ],
        parameters: [REPORT_FORMAT, TITLE.required()]
            .into_iter()
            .chain(keys().filter(|parameter| parameter.name != TITLE.name))
            .collect::<Vec<_>>()
            .leak(),
        rules: rules_of(family).leak(),
        roles: WRITERS,
        answers: Answers::Simple,
        example: Example {
            parameters: &[("title", "Weekly"), ("global", "1")],
            description: "Make a template that everybody may use.",
        },
    };
    let updating = Operation {
        action: "update",
        methods: Methods::PutOrPost,
        summary: kept(format!("Change a template of {about}")),
        description: &[
            "Changes a report template; what is not given stays as it is. Reports that are made from then on go by \
             it. It may be given as a document, as with the action create.",
        ],
        parameters: [REPORT_FORMAT, TEMPLATE_ID.required()]
            .into_iter()
            .chain(keys())
            .collect::<Vec<_>>()
            .leak(),
        example: Example {
            parameters: &[("template_id", "ID"), ("title", "Every week")],
            description: "Give a template another title.",
        },
        ..creating
    };
    let deleting = Operation {
        action: "delete",
        methods: Methods::Post,
        summary: kept(format!("Delete a template of {about}")),
        description: &["Deletes a report template. Reports that were made with it stay."],
        parameters: &[REPORT_FORMAT, DELETED],
        rules: &[],
        example: Example { parameters: &[("template_id", "ID")], description: "Delete a template." },
        ..creating
    };
    let exporting = Operation {
        action: "export",
        methods: Methods::Any,
        summary: kept(format!("Tell templates of {about}")),
        description: &[
            "Tells what report templates say: the one of template_id, or all that the user may use. The document \
             has no RESPONSE around it; with create and update it can be given back as it is.",
        ],
        parameters: &[REPORT_FORMAT, TEMPLATE_ID],
        rules: &[],
        roles: READERS,
        answers: Answers::Document { root: ROOT, dtd: &REPORT_TEMPLATE_INFO },
        example: Example { parameters: &[("template_id", "ID")], description: "Tell one template." },
        ..creating
    };
    let made: &'static [Need] =
        kept([Need::Operation { resource, action: "create", parameters: creating.example.parameters }]);
    [
        row(creating, Action::Add, &[], |request| Box::pin(create(request))),
        row(deleting, Action::Delete, made, |request| Box::pin(delete(request))),
        row(exporting, Action::List, made, |request| Box::pin(export(request))),
        row(updating, Action::Edit, made, |request| Box::pin(update(request))),
    ]
}

const DELETED: Parameter = TEMPLATE_ID.required();

fn row(
    operation: Operation,
    action: Action,
    example_needs: &'static [Need],
    handler: fn(OperationRequest) -> HandlerFuture,
) -> OperationRow {
    OperationRow {
        operation: kept(operation),
        handler,
        permissions: kept([(action, Resource::ReportTemplate)]),
        door: Door::Any,
        example_needs,
        example_document: "",
        body: if matches!(action, Action::Add | Action::Edit) {
            BodyForm::KeyedTexts
        } else {
            BodyForm::Parameters
        },
    }
}

/// The family that the path names.
fn family_of(request: &OperationRequest) -> TemplateFamily {
    let last = request.operation.resource.rsplit('/').next().unwrap_or_default();
    last.parse().unwrap_or(TemplateFamily::Scan)
}

fn apply(request: &OperationRequest, template: &mut ChooseTemplate) {
    keys_of(family_of(request)).for_each(|key| key.apply(template, &request.arguments));
}

fn id_of(request: &OperationRequest) -> Option<i64> {
    request.arguments.integer(&TEMPLATE_ID).and_then(|id| i64::try_from(id).ok())
}

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let mut template = ChooseTemplate::of(family_of(&request));
    apply(&request, &mut template);
    let id = request.app.create_report_template(request.actor()?, template).await?;
    let mut xml = request.document();
    // Clients read the id from here; nothing was refused.
    xml.text("CODE", &format!("Scan Report Template(s) Created Successfully [{id}]"));
    xml.text("TEXT", "");
    Ok(Answer::of(ContentKind::TextXml, xml.finish()))
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let id = id_of(&request).unwrap_or_default();
    let change = |template: &mut ChooseTemplate| apply(&request, template);
    request.app.update_report_template(request.actor()?, id, family_of(&request), change).await?;
    Ok(request.simple_return("Scan Report Template(s) Updated Successfully", &[("ID", id.to_string())]))
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let id = id_of(&request).unwrap_or_default();
    request.app.drop_report_template(request.actor()?, id, family_of(&request)).await?;
    Ok(request.simple_return("Scan Report Template(s) Deleted Successfully", &[("ID", id.to_string())]))
}

async fn export(request: OperationRequest) -> Result<Answer, CallError> {
    let family = family_of(&request);
    let mut templates = request.app.list_report_templates(request.actor()?).await?;
    templates.retain(|template| TemplateFamily::of(template.kind, template.selection) == Some(family));
    if let Some(id) = id_of(&request) {
        templates.retain(|template| template.id == id);
        if templates.is_empty() {
            return Err(request.invalid(&TEMPLATE_ID, "No such report template in the user account"));
        }
    }
    let mut xml = XmlWriter::document(ROOT, &REPORT_TEMPLATE_INFO.url(&request.base_url));
    xml.open(ROOT, &[]);
    for template in templates {
        write_template(&mut xml, family, template);
    }
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_template(xml: &mut XmlWriter, family: TemplateFamily, view: ReportTemplateView) {
    let ReportTemplateView {
        id: _, // not a thing that a template says
        title,
        kind,
        selection,
        owner: _,
        is_global,
        content,
        unknown_only,
        updated_at: _,
    } = view;
    let template = ChooseTemplate { title, kind, selection, is_global, content, unknown_only };
    let (.., element) = words(family);
    xml.element(element, &[], |xml| {
        for group in Group::ALL {
            let keys = keys_of(family).filter(|key| key.group == group);
            xml.list(group.element(), keys, |xml, key| {
                let name = key.parameter.name;
                xml.cdata_with("INFO", &[("key", name)], &key.value(&template));
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use palisade_wire::Rule;

    use super::*;

    fn names(rule: &Rule) -> Vec<&'static str> {
        match *rule {
            Rule::OneOf(names) | Rule::AtLeastOneOf(names) | Rule::Exclusive(names) => names.to_vec(),
            Rule::OnlyWith { parameter, with, .. } => vec![parameter, with],
            Rule::When { parameter, rules, .. } => [vec![parameter], names(&Rule::All(rules))].concat(),
            Rule::All(rules) => rules.iter().flat_map(names).collect(),
        }
    }

    #[test]
    fn rules_are_about_parameters_that_are_there() {
        for row in rows() {
            for name in row.operation.rules.iter().flat_map(names) {
                assert!(row.operation.parameter(name).is_some(), "{}: {name}", row.operation.resource);
            }
        }
    }

    #[test]
    fn every_key_has_a_name_of_its_own_and_a_default_that_it_takes() {
        for family in TemplateFamily::ALL {
            let template = ChooseTemplate::of(family);
            let names: Vec<&str> = keys_of(family).map(|key| key.parameter.name).collect();
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), names.len(), "{family}");
            for key in keys_of(family) {
                let value = key.value(&template);
                let is_text = matches!(key.parameter.kind, ParameterKind::Text { .. });
                assert!(
                    value.is_empty() || is_text || key.parameter.kind.parse(&value).is_ok(),
                    "{family} {}: {value}",
                    key.parameter.name
                );
            }
        }
    }
}
