//! Bad input, generated from the declarations: for every call, every parameter is left out,
//! doubled, filled with the wrong thing and with too much, names are misspelt and rules broken.
//! Each is refused in the call's form, with the parameter named; it is in the activity log, and
//! nothing has changed.

use palisade_api::registry;
use palisade_wire::{Call, Operation, Parameter, ParameterError, ParameterKind, Rule};

use crate::support::http::{Request, form};
use crate::support::{PASSWORD, Server, assert_valid_answer};

/// A request that must be refused.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) pairs: Vec<(String, String)>,
    /// What the answer must say.
    pub(crate) number: u32,
    pub(crate) mentions: String,
}

/// What a call or an operation declares about its parameters.
#[derive(Clone, Copy)]
pub(crate) struct Declared {
    pub(crate) parameters: &'static [Parameter],
    pub(crate) rules: &'static [Rule],
}

impl Declared {
    pub(crate) fn parameter(self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

impl From<&Call> for Declared {
    fn from(call: &Call) -> Self {
        Self { parameters: call.parameters, rules: call.rules }
    }
}

impl From<&Operation> for Declared {
    fn from(operation: &Operation) -> Self {
        Self { parameters: operation.parameters, rules: operation.rules }
    }
}

/// All bad requests of a call.
pub(crate) fn cases(call: &Call) -> Vec<Case> {
    let call = Declared::from(call);
    let mut cases = vec![unknown(call)];
    for parameter in call.parameters {
        cases.push(doubled(call, parameter));
        cases.push(too_long(call, parameter));
        cases.extend(wrong_values(parameter.kind).iter().map(|value| wrong(call, parameter, value)));
        if parameter.required {
            cases.push(missing(call, parameter));
        }
    }
    for rule in call.rules {
        cases.extend(broken(call, rule, &[]));
    }
    cases
}

/// A request that is in order: the required parameters, and one of each group that needs one.
pub(crate) fn good(call: Declared) -> Vec<(String, String)> {
    complete(call, Vec::new(), "")
}

/// The pairs with whatever must stand beside them, but never with `banned`: their partners, the
/// required parameters, one of each group that needs one.
pub(crate) fn complete(
    call: Declared,
    mut pairs: Vec<(String, String)>,
    banned: &str,
) -> Vec<(String, String)> {
    loop {
        let before = pairs.len();
        call.rules.iter().for_each(|rule| satisfy(call, rule, &mut pairs, banned));
        if pairs.len() > before {
            continue;
        }
        // Only now: a partner may have set a required parameter to another value than its example.
        let lacks = |parameter: &&Parameter| parameter.required && !has(&pairs, parameter.name);
        let Some(lacking) = call.parameters.iter().find(|parameter| lacks(parameter)) else { return pairs };
        pairs.push(example(lacking));
    }
}

fn satisfy(call: Declared, rule: &Rule, pairs: &mut Vec<(String, String)>, banned: &str) {
    match *rule {
        Rule::OneOf(names) | Rule::AtLeastOneOf(names) => {
            if !names.iter().any(|name| has(pairs, name))
                && let Some(name) = names.iter().find(|name| **name != banned)
            {
                pairs.push(example(call.parameter(name).unwrap()));
            }
        }
        Rule::OnlyWith { parameter, with, value } => {
            if has(pairs, parameter) && !has(pairs, with) && with != banned {
                let partner = call.parameter(with).unwrap();
                pairs.push((with.to_owned(), value.unwrap_or(partner.example).to_owned()));
            }
        }
        Rule::When { parameter, value, rules } => {
            if pairs.iter().any(|(name, given)| name == parameter && given == value) {
                satisfy(call, &Rule::All(rules), pairs, banned);
            }
        }
        Rule::All(rules) => {
            for rule in rules {
                satisfy(call, rule, pairs, banned);
            }
        }
        Rule::Exclusive(_) => {}
    }
}

pub(crate) fn has(pairs: &[(String, String)], name: &str) -> bool {
    pairs.iter().any(|(given, _)| given == name)
}

pub(crate) fn example(parameter: &Parameter) -> (String, String) {
    (parameter.name.to_owned(), parameter.example.to_owned())
}

/// The good request with one parameter set to `value`.
pub(crate) fn with(call: Declared, parameter: &Parameter, value: &str) -> Vec<(String, String)> {
    complete(call, vec![(parameter.name.to_owned(), value.to_owned())], "")
}

pub(crate) fn without(mut pairs: Vec<(String, String)>, name: &str) -> Vec<(String, String)> {
    pairs.retain(|(other, _)| other != name);
    pairs
}

fn case(name: &str, pairs: Vec<(String, String)>, error: &ParameterError) -> Case {
    Case { name: name.to_owned(), pairs, number: error.number(), mentions: error.to_string() }
}

fn unknown(call: Declared) -> Case {
    let mut pairs = good(call);
    pairs.push(("no_such_parameter".to_owned(), "1".to_owned()));
    case("unknown", pairs, &ParameterError::Unknown { parameter: "no_such_parameter".to_owned() })
}

fn doubled(call: Declared, parameter: &'static Parameter) -> Case {
    let mut pairs = with(call, parameter, parameter.example);
    pairs.push(example(parameter));
    case(
        &format!("{} doubled", parameter.name),
        pairs,
        &ParameterError::Doubled { parameter: parameter.name },
    )
}

fn missing(call: Declared, parameter: &'static Parameter) -> Case {
    let pairs = without(good(call), parameter.name);
    case(
        &format!("{} missing", parameter.name),
        pairs,
        &ParameterError::Missing { parameter: parameter.name },
    )
}

fn too_long(call: Declared, parameter: &'static Parameter) -> Case {
    let max_chars = parameter.kind.chars_max();
    let pairs = with(call, parameter, &"1".repeat(max_chars + 1));
    let error = ParameterError::TooLong { parameter: parameter.name, max_chars };
    case(&format!("{} too long", parameter.name), pairs, &error)
}

/// Values that a parameter of this kind does not take.
pub(crate) fn wrong_values(kind: ParameterKind) -> &'static [&'static str] {
    match kind {
        ParameterKind::Text { .. } => &["a\u{0}b", "a\u{1b}[2Jb"],
        ParameterKind::Choice(_) => &["no_such_choice", "", "ADD "],
        ParameterKind::Choices(_) | ParameterKind::Words(_) => &["no_such_choice", "", ",", "1;2"],
        ParameterKind::Word(_) => &["no_such_choice", "", "CSV "],
        ParameterKind::Numbers => &["", ",", "0", "-1", "x", "1.5", "9-1", "1--2", "99999999999999999999"],
        ParameterKind::YesNo => &["1", "true", "", "maybe"],
        ParameterKind::ZeroOne => &["yes", "2", "", "-1"],
        ParameterKind::IpSet | ParameterKind::ScanOrMapTargets { .. } => &[
            "foo",
            "",
            ",",
            "10.0.0.256",
            "10.0.0.9-10.0.0.1",
            "::1",
            "2001:db8::1",
            "0.0.0.0/0",
            "10.0.0.0/33",
            "10.0.0.1 10.0.0.2",
            "no-such-host.invalid",
            "0.0.0.0",
            "255.255.255.255",
        ],
        ParameterKind::Netblock => &["foo", ",", "10.0.0.256", "::1", "0.0.0.0/0", "example.com"],
        ParameterKind::Domain => &["", ".", "a..b", "10.0.0.1", "www.example.com", "a b", "a.b:10.0.0.1"],
        ParameterKind::DomainList { .. } => &["a..b", "a.example,10.0.0.1", "a.example;b.example"],
        ParameterKind::ScanRef => {
            &["", "scan/1", "map/1400000000.1", "1400000000.10001", "scan/../etc/passwd"]
        }
        ParameterKind::MapRef => &["", "map/1", "scan/1400000000.1", "1400000000.10001"],
        ParameterKind::ScanOrMapRef => &["", "map/1", "scan/1", "compliance/1400000000.1"],
        ParameterKind::MapTargets { .. } => &[
            "",
            ",",
            "10.0.0.1",
            "a..example",
            "www.a.example",
            "a.example:",
            "a.example:b",
            "a.example:10.0.0.256",
            "none:2001:db8::1",
            "a.example,a.example",
        ],
        ParameterKind::DateTime => &["", "yesterday", "2026-13-01", "2026-02-30", "22.11.2026", "1e9"],
        ParameterKind::AmericanDate => &["", "2026-11-22", "22/11/2026", "02/30/2026", "1/1/26"],
        ParameterKind::Weekdays => &["", ",", "Someday", "7", "Sunday;Monday"],
        ParameterKind::Integer { .. } => &["", "x", "-1", "1.5", "99999999999999999999"],
        ParameterKind::QidList { .. } => &["", "x", "0", "-5", "38170;45038", "99999999999"],
        ParameterKind::AssetGroupTitle => &["", " ", "a,b", "a\nb", "a\u{0}b"],
        ParameterKind::HostNames => &["a b", "a,<b>", "ä"],
        ParameterKind::Titles { .. } => &["", ",", "a\nb"],
        ParameterKind::Ports { .. } => &["", ",", "0", "65536", "9-3", "x", "80-", "FULL"],
        ParameterKind::ScanHeader => &["", "  ", "a\r\nb: c", "a\nb", "a\rb", "a\tb", "a\u{0}b", "ä"],
    }
}

fn wrong(call: Declared, parameter: &'static Parameter, value: &str) -> Case {
    Case {
        name: format!("{} is {value:?}", parameter.name),
        pairs: with(call, parameter, value),
        number: 5000,
        mentions: format!("Invalid value for '{}' : ", parameter.name),
    }
}

/// Requests that break a rule; `given` is what makes it hold.
fn broken(call: Declared, rule: &Rule, given: &[(String, String)]) -> Vec<Case> {
    let find = |name: &str| call.parameter(name).expect("rules name parameters of the call");
    let pair_up = |names: &'static [&'static str]| {
        names.iter().skip(1).map(move |second| {
            let both = [example(find(names[0])), example(find(second))];
            let pairs = complete(call, [given, &both].concat(), "");
            let error = ParameterError::Exclusive { first: names[0], second };
            case(&format!("{} with {second}", names[0]), pairs, &error)
        })
    };
    let none = |names: &'static [&'static str]| {
        let mut pairs = complete(call, given.to_vec(), "");
        pairs.retain(|(name, _)| !names.contains(&name.as_str()));
        let error = match *names {
            [parameter] => ParameterError::Missing { parameter },
            _ => ParameterError::NoneOf { parameters: names },
        };
        case(&format!("none of {names:?} with {given:?}"), pairs, &error)
    };
    match *rule {
        Rule::OneOf(names) => pair_up(names).chain([none(names)]).collect(),
        Rule::AtLeastOneOf(names) => vec![none(names)],
        Rule::Exclusive(names) => pair_up(names).collect(),
        Rule::OnlyWith { parameter, with: partner, value } => {
            let mut pairs = vec![example(find(parameter))];
            match value {
                None => pairs = without(complete(call, pairs, partner), partner),
                Some(value) => {
                    pairs.push((partner.to_owned(), other_than(find(partner), value).to_owned()));
                    pairs = complete(call, pairs, "");
                }
            }
            let error = ParameterError::OnlyWith { parameter, with: partner, value };
            vec![case(&format!("{parameter} without {partner}"), pairs, &error)]
        }
        Rule::When { parameter, value, rules } => {
            let given = [given, &[(parameter.to_owned(), value.to_owned())]].concat();
            rules.iter().flat_map(|rule| broken(call, rule, &given)).collect()
        }
        Rule::All(rules) => rules.iter().flat_map(|rule| broken(call, rule, given)).collect(),
    }
}

/// A value that the parameter takes and that is not `value`.
pub(crate) fn other_than(parameter: &Parameter, value: &str) -> &'static str {
    match parameter.kind {
        ParameterKind::Choice(words) => words.iter().find(|word| **word != value).expect("another word"),
        ParameterKind::YesNo if value == "yes" => "no",
        ParameterKind::ZeroOne if value == "1" => "0",
        _ => parameter.example,
    }
}

/// Everything that a refused call could have changed.
pub(crate) async fn state(server: &Server) -> Vec<String> {
    let mut state = Vec::new();
    for script in [
        "asset_domain_list.php",
        "asset_group_list.php",
        "asset_ip_list.php",
        "map_report_list.php",
        "scan_options.php",
        "scan_report_list.php",
        "scan_running_list.php",
        "scheduled_scans.php",
        "ticket_list.php",
        "user_list.php",
    ] {
        let parameters: &[(&str, &str)] = match script {
            "asset_ip_list.php" => &[("detailed_results", "1"), ("detailed_no_results", "1")],
            "ticket_list.php" => &[("since_ticket_number", "1")],
            _ => &[],
        };
        state.push(server.call("manager", script, parameters).await.text);
    }
    state
}

#[tokio::test]
async fn bad_input_is_refused_logged_and_changes_nothing() {
    let server = Server::start().await;
    server.ticket_everything().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let before = state(&server).await;
    let mut wrong = Vec::new();
    for call in registry::CALLS.iter().map(|row| row.call) {
        for Case { name, pairs, number, mentions } in cases(call) {
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let response = server.call("manager", call.script, &pairs).await;
            assert_valid_answer(&response);
            let refusal = response.refusal().unwrap_or_default();
            let entry = server.last_activity().await;
            let logged =
                entry.refused && entry.action == call.script && entry.details.contains(&number.to_string());
            if response.status != 200
                || !refusal.starts_with(&format!("{number} {}", escaped(&mentions)))
                || !logged
            {
                wrong.push(format!(
                    "{} {name}: {number} {mentions}\n  got {} {refusal}\n  logged {entry:?}",
                    call.script, response.status
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(state(&server).await, before);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[tokio::test]
async fn the_good_request_is_good_but_for_what_a_case_breaks() {
    // Otherwise a case could be refused for a fault of the generator.
    for call in registry::CALLS.iter().map(|row| row.call) {
        let mut form = palisade_wire::Form::new(palisade_wire::form::Limits::DEFAULT);
        for (name, value) in good(call.into()) {
            form.add(&name, value.into_bytes(), palisade_wire::Source::Body).unwrap();
        }
        assert!(call.parse(&form).is_ok(), "{}", call.script);
    }
}

#[tokio::test]
async fn names_and_values_that_are_no_text_are_refused() {
    let server = Server::start().await;
    let raw = |query: &str| {
        Request::get(&format!("/msp/asset_ip.php?action=add&{query}")).login("manager", PASSWORD)
    };
    let response = server.send(raw("host_ips=10.0.0.1&comment=%ff%fe")).await;
    assert!(response.refusal().is_some_and(|text| text.starts_with("5000 ")), "{}", response.text);
    let response = server.send(raw("host_ips=10.0.0.1&%ff%fe=1")).await;
    assert!(response.refusal().is_some_and(|text| text.starts_with("5001 ")), "{}", response.text);
    let many: Vec<(String, String)> = (0..300).map(|n| (format!("p{n}"), String::new())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let response = server.send(raw(&form(&many))).await;
    assert!(response.refusal().is_some_and(|text| text.starts_with("5008 ")), "{}", response.text);
}

#[tokio::test]
async fn what_the_subscription_does_not_have_is_not_scanned() {
    let server = Server::start().await;
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[("ip", "203.0.113.1")],
            "3501 Cannot launch scan. These IPs are not in your subscription: 203.0.113.1",
        ),
        (&[("ip", "192.0.2.1"), ("exclude_ip_per_scan", "192.0.2.1")], "3505 "),
        (
            &[("ip", "192.0.2.1"), ("specific_vulns", "4294967295")],
            "5000 Invalid value for 'specific_vulns' : 4294967295.",
        ),
        (
            &[("ip", "192.0.2.1"), ("asset_groups", "Servers")],
            "5009 Invalid value for 'asset_groups' : Servers.",
        ),
        (
            &[("ip", "192.0.2.1"), ("option", "X")],
            "19001 Invalid value for 'option' : X. Invalid option profile name X, expecting one of (",
        ),
    ];
    for (parameters, expected) in cases {
        let response = server.call("manager", "scan.php", parameters).await;
        assert!(
            response.refusal().is_some_and(|text| text.starts_with(expected)),
            "{expected}\n{}",
            response.text
        );
        assert!(server.last_activity().await.refused);
    }
    let running = server.call("manager", "scan_running_list.php", &[]).await;
    assert!(running.text.contains("3511"), "{}", running.text);
}
