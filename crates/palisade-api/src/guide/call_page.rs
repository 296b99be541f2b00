//! The page of one call, from its declaration.

use palisade_wire::{Call, ErrorForm, Parameter, Rule, XmlWriter};

use crate::example;
use crate::guide::page::{self, link, name_cell, table};
use crate::registry::Row;

pub(super) fn write(row: &Row, base_url: &str) -> Vec<u8> {
    let call = row.call;
    page::write(call.script, |page| {
        page.text_with("p", &[("class", "summary")], call.summary);
        call.description.iter().for_each(|paragraph| page.text("p", paragraph));
        page.text("h2", "Request");
        page.text("pre", &format!("{} {base_url}/msp/{}", Call::METHODS.join(" or "), call.script));
        page.text("p", &format!("Who may call it: {}", call.roles));
        write_parameters(page, call);
        write_example(page, row, base_url);
        write_answer(page, call);
    })
}

fn write_parameters(page: &mut XmlWriter, call: &Call) {
    page.text("h2", "Parameters");
    if call.parameters.is_empty() {
        page.text("p", "None. Any parameter is an error.");
        return;
    }
    let titles = ["Name", "Required", "Value", "Description"];
    table(page, &format!("Parameters of {}", call.script), &titles, call.parameters, |page, parameter| {
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
    page.list("ul", call.rules, |page, rule| page.text("li", &sentence(rule)));
}

/// A rule in words.
fn sentence(rule: &Rule) -> String {
    match *rule {
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
            let rules: Vec<String> = rules.iter().map(sentence).collect();
            format!("With {parameter}={value}: {}", rules.join(" "))
        }
    }
}

fn write_example(page: &mut XmlWriter, row: &Row, base_url: &str) {
    let call = row.call;
    page.text("h2", "Example");
    page.text("p", call.example.description);
    if !row.example_needs.is_empty() {
        page.text("p", "It works when this is so:");
        page.list("ul", row.example_needs, |page, need| page.text("li", &need.sentence()));
    }
    page.text_with("pre", &[("id", "curl")], &example::curl(call, base_url));
    page.text("p", "The same in Python:");
    page.text_with("pre", &[("id", "python")], &example::python(call, base_url));
    page.text(
        "p",
        "The environment holds LOGIN and PASSWORD. A self-signed certificate is named by CURL_CA_BUNDLE for \
         curl and by SSL_CERT_FILE for Python.",
    );
}

fn write_answer(page: &mut XmlWriter, call: &Call) {
    page.text("h2", "Answer");
    page.element("p", &[], |page| {
        page.words(&format!("The root element is {}. Its document type is", call.root));
        link(page, &format!("dtd/{}", call.dtd.file), call.dtd.file);
    });
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
    page.element("p", &[], |page| {
        page.words("The numbers of errors are listed in the");
        link(page, "/resources/api/", "guide");
    });
}
