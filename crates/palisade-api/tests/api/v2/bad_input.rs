//! Bad input, generated from the declarations: for every operation, every parameter is left out,
//! filled with the wrong thing and with too much, names are misspelt and rules broken. Each is
//! refused with its code and a text that names the parameter; it is in the activity log, and nothing
//! has changed.

use palisade_api::v2::registry::{self, Door};
use palisade_wire::{Methods, Operation, Parameter, Rule};

use crate::bad_input::{Declared, complete, example, good, other_than, state, with, without, wrong_values};
use crate::support::{Server, assert_valid_answer};
use crate::v2::OperationTest;
use crate::v2::walk::{request, row_of};

/// A request that must be refused.
pub(crate) struct Case {
    name: String,
    pairs: Vec<(String, String)>,
    /// How the refusal begins: code and text.
    refusal: String,
}

/// All bad requests of an operation.
pub(crate) fn cases(operation: &Operation) -> Vec<Case> {
    let declared = Declared::from(operation);
    let mut unknown = good(declared);
    unknown.push(("no_such_parameter".to_owned(), "1".to_owned()));
    let mut cases = vec![Case {
        name: "unknown".to_owned(),
        pairs: unknown,
        refusal: "1901 Unrecognized parameter(s): no_such_parameter".to_owned(),
    }];
    for parameter in operation.parameters {
        let name = parameter.name;
        let invalid = format!("1905 parameter {name} has invalid value: ");
        let too_long = "1".repeat(parameter.kind.chars_max() + 1);
        cases.push(Case {
            name: format!("{name} too long"),
            pairs: with(declared, parameter, &too_long),
            refusal: format!("{invalid}(longer than "),
        });
        for value in wrong_values(parameter.kind) {
            cases.push(Case {
                name: format!("{name} is {value:?}"),
                pairs: with(declared, parameter, value),
                refusal: invalid.clone(),
            });
        }
        if parameter.required {
            cases.push(Case {
                name: format!("{name} missing"),
                pairs: without(good(declared), name),
                refusal: format!("1903 Missing required parameter(s): {name}"),
            });
        }
    }
    for rule in operation.rules {
        cases.extend(broken(declared, rule, &[]));
    }
    cases
}

/// Requests that break a rule; `given` is what makes it hold.
fn broken(declared: Declared, rule: &Rule, given: &[(String, String)]) -> Vec<Case> {
    let find = |name: &str| declared.parameter(name).expect("rules name parameters of the operation");
    let pair_up = |names: &'static [&'static str]| {
        names.iter().skip(1).map(move |second| {
            let both = [example(find(names[0])), example(find(second))];
            Case {
                name: format!("{} with {second}", names[0]),
                pairs: complete(declared, [given, &both].concat(), ""),
                refusal: format!("1904 Please specify only one of these parameters: {}, {second}", names[0]),
            }
        })
    };
    let none = |names: &'static [&'static str]| {
        let mut pairs = complete(declared, given.to_vec(), "");
        pairs.retain(|(name, _)| !names.contains(&name.as_str()));
        let refusal = if let [parameter] = *names {
            format!("1903 Missing required parameter(s): {parameter}")
        } else {
            let names = names.join(", ");
            format!("1922 Please specify at least one of the following parameters: {names}")
        };
        Case { name: format!("none of {names:?} with {given:?}"), pairs, refusal }
    };
    match *rule {
        Rule::OneOf(names) => pair_up(names).chain([none(names)]).collect(),
        Rule::AtLeastOneOf(names) => vec![none(names)],
        Rule::Exclusive(names) => pair_up(names).collect(),
        Rule::OnlyWith { parameter, with: partner, value } => {
            vec![alone(declared, find(parameter), find(partner), value)]
        }
        Rule::When { parameter, value, rules } => {
            let given = [given, &[(parameter.to_owned(), value.to_owned())]].concat();
            rules.iter().flat_map(|rule| broken(declared, rule, &given)).collect()
        }
        Rule::All(rules) => rules.iter().flat_map(|rule| broken(declared, rule, given)).collect(),
    }
}

/// A parameter without the partner that it needs, or with another value of it.
fn alone(
    declared: Declared,
    parameter: &'static Parameter,
    partner: &'static Parameter,
    value: Option<&str>,
) -> Case {
    let pairs = vec![example(parameter)];
    let pairs = match value {
        None => without(complete(declared, pairs, partner.name), partner.name),
        Some(value) => {
            let partner = (partner.name.to_owned(), other_than(partner, value).to_owned());
            complete(declared, [pairs, vec![partner]].concat(), "")
        }
    };
    let refusal = "1907 The following combination of key=value pairs is not supported: ";
    Case {
        name: format!("{} without {}", parameter.name, partner.name),
        pairs,
        refusal: format!("{refusal}{}=", parameter.name),
    }
}

/// Everything that a refused request could have changed.
async fn all_state(server: &Server) -> Vec<String> {
    let mut all = state(server).await;
    for row in registry::operations() {
        let operation = row.operation;
        let listing = operation.action == "list" && operation.methods != Methods::Post;
        if !listing || operation.resource == "activity_log" || row.door != Door::Any {
            continue;
        }
        let pairs = good(operation.into());
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.push(server.send(request(server, "manager", row, &pairs).await).await.text);
    }
    all
}

/// Sends all bad requests of the operations of a resource.
pub(crate) async fn check(tests: &[OperationTest]) {
    let server = Server::with_networks().await;
    server.ticket_everything().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let before = all_state(&server).await;
    let mut wrong = Vec::new();
    for test in tests {
        let row = row_of(test);
        for Case { name, pairs, refusal } in cases(row.operation) {
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let response = server.send(request(&server, "manager", row, &pairs).await).await;
            assert_valid_answer(&response);
            let got = response.refusal().unwrap_or_default();
            let entry = server.last_activity().await;
            let logged = entry.refused
                && entry.action == test.action
                && entry.details.contains(&refusal[..4])
                && entry.details.contains(&format!("/api/2.0/fo/{}/", test.resource));
            if response.status != 400 || !got.starts_with(&escaped(&refusal)) || !logged {
                wrong.push(format!(
                    "{} {} {name}: {refusal}\n  got {} {got}\n  logged {entry:?}",
                    test.resource, test.action, response.status
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(all_state(&server).await, before);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn the_good_request_is_good_but_for_what_a_case_breaks() {
    // Otherwise a case could be refused for a fault of the generator.
    for operation in registry::operations().map(|row| row.operation) {
        let mut form = palisade_wire::Form::new(palisade_wire::form::Limits::DEFAULT);
        for (name, value) in good(operation.into()) {
            form.add(&name, value.into_bytes(), palisade_wire::Source::Body).unwrap();
        }
        if let Err(error) = operation.parse(&form) {
            panic!("{} {}: {error}", operation.resource, operation.action);
        }
    }
}
