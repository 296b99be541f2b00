//! The declaration of an API call, and the way from raw name-value pairs to typed arguments.

use crate::argument::{Argument, Arguments};
use crate::dtd::Dtd;
use crate::form::{Form, Pair};
use crate::parameter::Parameter;
use crate::parameter_error::{InvalidReason, ParameterError};

/// What must hold between parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// One and only one of these.
    OneOf(&'static [&'static str]),
    /// One or more of these.
    AtLeastOneOf(&'static [&'static str]),
    /// At most one of these.
    Exclusive(&'static [&'static str]),
    /// `parameter` only when `with` is given too; with `value`, only when it has that value.
    OnlyWith { parameter: &'static str, with: &'static str, value: Option<&'static str> },
    /// These hold when `parameter` has that value. For calls that do several things.
    When { parameter: &'static str, value: &'static str, rules: &'static [Rule] },
    /// Each of these. For rules that several calls have in common.
    All(&'static [Rule]),
}

/// How a call reports that it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorForm {
    /// An `ERROR` element in the call's own root; `attributes` are what the root then carries.
    InRoot { attributes: &'static [(&'static str, &'static str)] },
    /// A `RETURN` with status `FAILED` in the call's own root, after the `API` element.
    ReturnInRoot,
    /// A `GENERIC_RETURN` document with status `FAILED`.
    GenericReturn,
}

/// A request that works, for the user guide and the tests: the parameters and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    pub parameters: &'static [(&'static str, &'static str)],
    pub description: &'static str,
}

/// An API call: everything about it but what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The script's name with its suffix, for example `about.php`. Case matters.
    pub script: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Paragraphs for the user guide.
    pub description: &'static [&'static str],
    pub parameters: &'static [Parameter],
    pub rules: &'static [Rule],
    /// Who may call it, in words.
    pub roles: &'static str,
    /// The root element of the answer.
    pub root: &'static str,
    pub dtd: &'static Dtd,
    pub errors: ErrorForm,
    pub example: Example,
}

impl Call {
    /// The methods every call takes.
    pub const METHODS: [&'static str; 2] = ["GET", "POST"];

    /// The declared parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Turns the pairs of a request into typed arguments. The first fault found is reported, in
    /// this order: unknown names, doubled names, values, missing ones, rules between parameters.
    pub fn parse(&self, form: &Form) -> Result<Arguments, ParameterError> {
        let given = self.sort_out(form)?;
        let mut arguments = Vec::with_capacity(given.len());
        for (parameter, pair) in given {
            arguments.push(parse_one(parameter, pair)?);
        }
        let arguments = Arguments::new(arguments);
        if let Some(missing) =
            self.parameters.iter().find(|parameter| parameter.required && !arguments.has(parameter.name))
        {
            return Err(ParameterError::Missing { parameter: missing.name });
        }
        let text_of = |name: &str| arguments.text_of(name);
        self.rules.iter().try_for_each(|rule| rule.check(&text_of))?;
        Ok(arguments)
    }

    /// The pairs of a request as text for the activity log, at most `chars_max` characters. The
    /// values of secret and of unknown parameters are masked: a misspelt name may hold a secret.
    #[must_use]
    pub fn describe(&self, form: &Form, chars_max: usize) -> String {
        let shown = |pair: &Pair| match self.parameter(&pair.name) {
            Some(parameter) if !parameter.secret => {
                let value: Vec<u8> = pair.value.iter().copied().take(chars_max).collect();
                format!("{}={}", pair.name, String::from_utf8_lossy(&value))
            }
            _ => format!("{}=********", pair.name),
        };
        form.pairs().iter().map(shown).collect::<Vec<_>>().join(", ").chars().take(chars_max).collect()
    }

    /// Each pair with its declaration. The same value once in the query and once in the body is
    /// one argument, because some clients send both.
    fn sort_out<'form>(
        &self,
        form: &'form Form,
    ) -> Result<Vec<(&'static Parameter, &'form Pair)>, ParameterError> {
        let mut given: Vec<(&'static Parameter, &Pair)> = Vec::new();
        for pair in form.pairs() {
            let parameter = self
                .parameter(&pair.name)
                .ok_or_else(|| ParameterError::Unknown { parameter: pair.name.clone() })?;
            match given.iter().find(|(earlier, _)| earlier.name == parameter.name) {
                None => given.push((parameter, pair)),
                Some((_, earlier)) if earlier.source != pair.source && earlier.value == pair.value => {}
                Some(_) => return Err(ParameterError::Doubled { parameter: parameter.name }),
            }
        }
        Ok(given)
    }
}

fn parse_one(parameter: &'static Parameter, pair: &Pair) -> Result<Argument, ParameterError> {
    let name = parameter.name;
    let max_chars = parameter.kind.chars_max();
    let invalid = |value: &str, reason| ParameterError::Invalid {
        parameter: name,
        value: (!parameter.secret).then(|| value.to_owned()),
        reason,
    };
    let Ok(text) = std::str::from_utf8(&pair.value) else {
        return Err(invalid(&String::from_utf8_lossy(&pair.value), InvalidReason::NotUtf8));
    };
    if text.chars().count() > max_chars {
        return Err(ParameterError::TooLong { parameter: name, max_chars });
    }
    let value = parameter.kind.parse(text).map_err(|reason| invalid(text, reason))?;
    Ok(Argument { parameter, text: text.to_owned(), value })
}

/// The text of the parameter of this name, if it was given.
pub(crate) type TextOf<'t> = dyn Fn(&str) -> Option<&'t str> + 't;

impl Rule {
    /// Looks whether the rule holds for what was given.
    pub(crate) fn check(&self, text_of: &TextOf<'_>) -> Result<(), ParameterError> {
        match *self {
            Self::OneOf(parameters) => {
                exclude(parameters, text_of)?;
                require_any(parameters, text_of)
            }
            Self::AtLeastOneOf(parameters) => require_any(parameters, text_of),
            Self::Exclusive(parameters) => exclude(parameters, text_of),
            Self::OnlyWith { parameter, with, value } => {
                let fits = match (text_of(with), value) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    // Only switches have values in more than one case of letters.
                    (Some(text), Some(value)) => text.eq_ignore_ascii_case(value),
                };
                if text_of(parameter).is_some() && !fits {
                    return Err(ParameterError::OnlyWith { parameter, with, value });
                }
                Ok(())
            }
            Self::When { parameter, value, rules } => match text_of(parameter) {
                Some(text) if text.eq_ignore_ascii_case(value) => Self::All(rules).check(text_of),
                _ => Ok(()),
            },
            Self::All(rules) => rules.iter().try_for_each(|rule| rule.check(text_of)),
        }
    }
}

fn require_any(parameters: &'static [&'static str], text_of: &TextOf<'_>) -> Result<(), ParameterError> {
    match *parameters {
        _ if parameters.iter().any(|name| text_of(name).is_some()) => Ok(()),
        [parameter] => Err(ParameterError::Missing { parameter }),
        _ => Err(ParameterError::NoneOf { parameters }),
    }
}

fn exclude(parameters: &'static [&'static str], text_of: &TextOf<'_>) -> Result<(), ParameterError> {
    let mut given = parameters.iter().filter(|name| text_of(name).is_some());
    match (given.next(), given.next()) {
        (Some(first), Some(second)) => Err(ParameterError::Exclusive { first, second }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtd;
    use crate::form::Limits;
    use crate::parameter::ParameterKind;

    const IP: Parameter = Parameter::new("ip", ParameterKind::IpSet, "10.0.0.1", "Targets.");
    const GROUPS: Parameter = Parameter::new(
        "groups",
        ParameterKind::Titles { max_items: 10, max_chars: 10 },
        "All",
        "Groups of targets.",
    );
    const SAVE: Parameter = Parameter::new("save", ParameterKind::YesNo, "yes", "Keep it.");
    const NAME: Parameter =
        Parameter::new("name", ParameterKind::Text { max_chars: 5 }, "x", "A name.").required();
    const NOTE: Parameter = Parameter::new("note", ParameterKind::Text { max_chars: 5 }, "x", "A note.");
    const CALL: Call = Call {
        script: "try.php",
        summary: "",
        description: &[],
        parameters: &[IP, GROUPS, SAVE, NAME, NOTE],
        rules: &[
            Rule::OneOf(&["ip", "groups"]),
            Rule::OnlyWith { parameter: "save", with: "ip", value: None },
            Rule::When {
                parameter: "save",
                value: "yes",
                rules: &[Rule::AtLeastOneOf(&["note"]), Rule::Exclusive(&["note", "groups"])],
            },
        ],
        roles: "",
        root: "TRY",
        dtd: &dtd::GENERIC_RETURN,
        errors: ErrorForm::GenericReturn,
        example: Example { parameters: &[], description: "" },
    };

    fn parse(query: &str, body: &str) -> Result<Arguments, ParameterError> {
        let mut form = Form::new(Limits::DEFAULT);
        form.add_query(query).unwrap();
        form.add_body(body.as_bytes()).unwrap();
        CALL.parse(&form)
    }

    #[track_caller]
    fn check(query: &str, body: &str, expected: Result<&str, &str>) {
        let answer = parse(query, body);
        let shown =
            answer.as_ref().map(|arguments| arguments.ip_set(&IP).map_or(String::new(), ToString::to_string));
        match (shown, expected) {
            (Ok(shown), Ok(expected)) => assert_eq!(shown, expected),
            (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected),
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn query_and_body_are_merged() {
        check("ip=10.0.0.1", "name=x", Ok("10.0.0.1"));
        check("ip=10.0.0.1&name=x", "name=x", Ok("10.0.0.1"));
        check("ip=10.0.0.1&name=x", "name=y", Err("Parameter 'name' was given more than once."));
    }

    #[test]
    fn some_rules_hold_for_a_value_only() {
        check("ip=10.0.0.1&name=x&save=YES", "", Err("Missing required parameter 'note'."));
        check("ip=10.0.0.1&name=x&save=yes&note=x", "", Ok("10.0.0.1"));
        check("ip=10.0.0.1&name=x&save=no", "", Ok("10.0.0.1"));
    }

    #[test]
    fn only_values_of_known_parameters_are_described() {
        let mut form = Form::new(Limits::DEFAULT);
        form.add_query("name=x&pasword=secret&ip=1.1.1.1").unwrap();
        assert_eq!(CALL.describe(&form, 100), "name=x, pasword=********, ip=1.1.1.1");
        assert_eq!(CALL.describe(&form, 8), "name=x, ");
    }

    #[test]
    fn every_kind_of_fault_is_told_apart() {
        check("ip=10.0.0.1&name=x&what=1", "", Err("Unrecognized parameter 'what'."));
        check("ip=10.0.0.1&name=x&name=x", "", Err("Parameter 'name' was given more than once."));
        check("ip=10.0.0.1", "", Err("Missing required parameter 'name'."));
        check("ip=10.0.0.1&name=123456", "", Err("Invalid value for 'name' : longer than 5 characters."));
        check("name=x", "", Err("One of the parameters (ip, groups) is required."));
        check(
            "name=x&ip=1.1.1.1&groups=All",
            "",
            Err("Parameters 'ip' and 'groups' cannot be used together."),
        );
        check("name=x&groups=All&save=yes", "", Err("Parameter 'save' can only be used together with 'ip'."));
        check(
            "name=%ff&ip=1.1.1.1",
            "",
            Err("Invalid value for 'name' : \u{fffd}. The value is not UTF-8 text."),
        );
    }
}
