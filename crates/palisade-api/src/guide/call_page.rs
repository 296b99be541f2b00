//! The page of one call, from its declaration.

use palisade_wire::operation::{ACTION, ECHO_REQUEST};
use palisade_wire::{Answers, Call, Dtd, ErrorForm, Operation, Parameter, Rule, XmlWriter};

use crate::example::{self, Need};
use crate::guide::page::{self, link, name_cell, table};
use crate::registry::Row;
use crate::v2::registry::{Door, OperationRow};

/// What a page says, whichever version the call is of.
struct Described<'a> {
    name: String,
    /// Methods and address.
    request: String,
    summary: &'a str,
    description: &'a [&'a str],
    roles: &'a str,
    parameters: &'a [Parameter],
    rules: &'a [Rule],
    example: &'a str,
    needs: &'a [Need],
    curl: String,
    python: String,
}

pub(super) fn write(row: &Row, base_url: &str) -> Vec<u8> {
    let call = row.call;
    let described = Described {
        name: call.script.to_owned(),
        request: format!("{} {base_url}/msp/{}", Call::METHODS.join(" or "), call.script),
        summary: call.summary,
        description: call.description,
        roles: call.roles,
        parameters: call.parameters,
        rules: call.rules,
        example: call.example.description,
        needs: row.example_needs,
        curl: example::curl(call, base_url),
        python: example::python(call, base_url),
    };
    described.page(|page| write_answer(page, call))
}

/// The page of an operation of version 2.
pub(super) fn write_operation(row: &OperationRow, base_url: &str) -> Vec<u8> {
    let operation = row.operation;
    let Operation { action, methods, summary, description, roles, parameters, rules, .. } = *operation;
    let described = Described {
        name: format!("{} {action}", operation.path()),
        request: format!("{} {base_url}{}?{ACTION}={action}", methods.names().join(" or "), operation.path()),
        summary,
        description,
        roles,
        parameters,
        rules,
        example: operation.example.description,
        needs: row.example_needs,
        curl: example::operation_curl(row, base_url),
        python: example::operation_python(row, base_url),
    };
    described.page(|page| write_operation_answer(page, row))
}

impl Described<'_> {
    fn page(&self, answer: impl FnOnce(&mut XmlWriter)) -> Vec<u8> {
        page::write(&self.name, |page| {
            page.text_with("p", &[("class", "summary")], self.summary);
            self.description.iter().for_each(|paragraph| page.text("p", paragraph));
            page.text("h2", "Request");
            page.text("pre", &self.request);
            page.text("p", &format!("Who may call it: {}", self.roles));
            self.write_parameters(page);
            self.write_example(page);
            answer(page);
        })
    }

    fn write_parameters(&self, page: &mut XmlWriter) {
        page.text("h2", "Parameters");
        if self.parameters.is_empty() {
            page.text("p", "None. Any parameter is an error.");
            return;
        }
        let titles = ["Name", "Required", "Value", "Description"];
        let caption = format!("Parameters of {}", self.name);
        table(page, &caption, &titles, self.parameters, |page, parameter| {
            let Parameter { name, kind, required, description, example, default, secret: _ } = parameter;
            name_cell(page, None, name);
            page.text("td", if *required { "yes" } else { "no" });
            page.element("td", &[], |page| {
                page.words(&format!("{kind}. For example"));
                page.text("code", example);
            });
            let default = default.map(|default| format!(" Default: {default}.")).unwrap_or_default();
            page.text("td", &format!("{description}{default}"));
        });
        let rules: Vec<String> = self.rules.iter().flat_map(sentences).collect();
        page.list("ul", &rules, |page, sentence| page.text("li", sentence));
    }

    fn write_example(&self, page: &mut XmlWriter) {
        page.text("h2", "Example");
        page.text("p", self.example);
        if !self.needs.is_empty() {
            page.text("p", "It works when this is so:");
            page.list("ul", self.needs, |page, need| page.text("li", &need.sentence()));
        }
        page.text_with("pre", &[("id", "curl")], &self.curl);
        page.text("p", "The same in Python:");
        page.text_with("pre", &[("id", "python")], &self.python);
        page.text(
            "p",
            "The environment holds LOGIN and PASSWORD. A self-signed certificate is named by CURL_CA_BUNDLE \
             for curl and by SSL_CERT_FILE for Python.",
        );
    }
}

/// A rule in words.
fn sentences(rule: &Rule) -> Vec<String> {
    let sentence = match *rule {
        Rule::All(rules) => return rules.iter().flat_map(sentences).collect(),
        Rule::OneOf(parameters) => format!("Exactly one of {} is required.", parameters.join(", ")),
        Rule::AtLeastOneOf([parameter]) => format!("{parameter} is required."),
        Rule::AtLeastOneOf(parameters) => {
            format!("At least one of {} is required.", parameters.join(", "))
        }
        Rule::Exclusive(parameters) => {
            format!("At most one of {} may be given.", parameters.join(", "))
        }
        Rule::OnlyWith { parameter, with, value: None } => {
            format!("{parameter} may be given only together with {with}.")
        }
        Rule::OnlyWith { parameter, with, value: Some(value) } => {
            format!("{parameter} may be given only together with {with}={value}.")
        }
        Rule::When { parameter, value, rules } => {
            let rules: Vec<String> = rules.iter().flat_map(sentences).collect();
            format!("With {parameter}={value}: {}", rules.join(" "))
        }
    };
    vec![sentence]
}

fn write_document_type(page: &mut XmlWriter, root: &str, dtd: &Dtd) {
    page.element("p", &[], |page| {
        page.words(&format!("The root element is {root}. Its document type is"));
        link(page, &format!("dtd/{}", dtd.file), dtd.file);
    });
}

fn write_guide_link(page: &mut XmlWriter) {
    page.element("p", &[], |page| {
        page.words("The numbers of errors are listed in the");
        link(page, "/resources/api/", "guide");
    });
}

fn write_answer(page: &mut XmlWriter, call: &Call) {
    page.text("h2", "Answer");
    write_document_type(page, call.root, call.dtd);
    let refused = match call.errors {
        ErrorForm::InRoot { .. } => {
            format!("A refused call is answered with a {} that holds one ERROR.", call.root)
        }
        ErrorForm::ReturnInRoot => {
            format!("A refused call is answered with a {} whose RETURN has the status FAILED.", call.root)
        }
        ErrorForm::GenericReturn => {
            "A refused call is answered with a GENERIC_RETURN whose RETURN has the status FAILED.".to_owned()
        }
    };
    page.text("p", &refused);
    write_guide_link(page);
}

fn write_operation_answer(page: &mut XmlWriter, row: &OperationRow) {
    page.text("h2", "Answer");
    match row.operation.answers {
        Answers::Simple => write_document_type(page, "SIMPLE_RETURN", &palisade_wire::dtd::v2::SIMPLE_RETURN),
        Answers::Batch => write_document_type(page, "BATCH_RETURN", &palisade_wire::dtd::v2::BATCH_RETURN),
        Answers::Document { root, dtd } => write_document_type(page, root, dtd),
        Answers::Other(words) => page.text("p", words),
    }
    page.text(
        "p",
        &format!(
            "Every resource also takes {ECHO_REQUEST}=1, which repeats the request in the answer. A refused \
             request is answered with a SIMPLE_RETURN that holds a CODE."
        ),
    );
    if row.door == Door::Basic {
        page.text("p", "The resource takes a login and password only, no session.");
    }
    write_guide_link(page);
}
