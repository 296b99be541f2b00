//! The declaration of what version 2 of the API can do: a resource, an action, and what it takes;
//! and the way from raw name-value pairs to typed arguments.
//!
//! Deliberately absent: `action` and `echo_request`, which every resource takes. They are read
//! before the operation is known.

use std::fmt;

use crate::argument::{Argument, Arguments};
use crate::call::{Example, Rule};
use crate::dtd::Dtd;
use crate::form::{Form, Pair};
use crate::parameter::Parameter;
use crate::parameter_error::{InvalidReason, ParameterError, SHOWN_CHARS};

/// Selects what is done with a resource.
pub const ACTION: &str = "action";
/// Asks for the request to be repeated in the answer.
pub const ECHO_REQUEST: &str = "echo_request";

/// Which methods an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Methods {
    /// GET and POST.
    Any,
    /// GET alone.
    Get,
    /// POST alone: something changes.
    Post,
    /// PUT, and POST for clients that have no other way.
    PutOrPost,
}

impl Methods {
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Any => &["GET", "POST"],
            Self::Get => &["GET"],
            Self::Post => &["POST"],
            Self::PutOrPost => &["PUT", "POST"],
        }
    }
}

/// What an operation answers when all went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// `SIMPLE_RETURN`.
    Simple,
    /// `BATCH_RETURN`.
    Batch,
    /// A document of its own.
    Document { root: &'static str, dtd: &'static Dtd },
    /// Something that is not XML, in words of the user guide.
    Other(&'static str),
}

/// What can be done with a resource: everything about it but how it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The path below `/api/2.0/fo/`, without a slash at either end, for example `asset/host`.
    pub resource: &'static str,
    /// The value of `action`, for example `list`.
    pub action: &'static str,
    pub methods: Methods,
    /// Whether the body of the request is an XML document; parameters then stand in the query.
    pub takes_document: bool,
    /// One line.
    pub summary: &'static str,
    /// Paragraphs for the user guide.
    pub description: &'static [&'static str],
    pub parameters: &'static [Parameter],
    pub rules: &'static [Rule],
    /// Who may do it, in words.
    pub roles: &'static str,
    pub answers: Answers,
    pub example: Example,
}

/// A parameter that was given: the last one of its name, as the API has it.
struct Given<'form> {
    parameter: &'static Parameter,
    pair: &'form Pair,
    text: Option<&'form str>,
}

impl Operation {
    /// The path that the resource is reached under.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/api/2.0/fo/{}/", self.resource)
    }

    /// The declared parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Turns the pairs of a request into typed arguments. What is reported first: unknown names,
    /// missing ones, those that exclude each other, combinations, values.
    pub fn parse(&self, form: &Form) -> Result<Arguments, OperationError> {
        let given = self.sort_out(form)?;
        let missing: Vec<&'static str> = self
            .parameters
            .iter()
            .filter(|parameter| {
                parameter.required && !given.iter().any(|one| one.parameter.name == parameter.name)
            })
            .map(|parameter| parameter.name)
            .collect();
        if !missing.is_empty() {
            return Err(OperationError::Missing { parameters: missing });
        }
        let text_of = |name: &str| {
            given.iter().find(|one| one.parameter.name == name).map(|one| one.text.unwrap_or_default())
        };
        for rule in self.rules {
            rule.check(&text_of).map_err(|error| broken(error, &text_of))?;
        }
        let arguments = given.iter().map(parse_one).collect::<Result<_, _>>()?;
        Ok(Arguments::new(arguments))
    }

    /// Name and value of every pair in the order given. The values of secret and of unknown
    /// parameters are masked: a misspelt name may hold a secret.
    #[must_use]
    pub fn masked<'form>(&self, form: &'form Form) -> Vec<(&'form Pair, String)> {
        let shown = |pair: &Pair| match self.parameter(&pair.name) {
            Some(parameter) if parameter.secret => MASK.to_owned(),
            None if ![ACTION, ECHO_REQUEST].contains(&pair.name.as_str()) => MASK.to_owned(),
            _ => String::from_utf8_lossy(&pair.value).into_owned(),
        };
        form.pairs().iter().map(|pair| (pair, shown(pair))).collect()
    }

    fn sort_out<'form>(&self, form: &'form Form) -> Result<Vec<Given<'form>>, OperationError> {
        let mut given: Vec<Given<'_>> = Vec::new();
        let mut unknown: Vec<String> = Vec::new();
        for pair in form.pairs() {
            if [ACTION, ECHO_REQUEST].contains(&pair.name.as_str()) {
                continue;
            }
            let Some(parameter) = self.parameter(&pair.name) else {
                if !unknown.contains(&pair.name) {
                    unknown.push(pair.name.clone());
                }
                continue;
            };
            given.retain(|earlier| earlier.parameter.name != parameter.name);
            given.push(Given { parameter, pair, text: std::str::from_utf8(&pair.value).ok() });
        }
        if unknown.is_empty() { Ok(given) } else { Err(OperationError::Unrecognized { parameters: unknown }) }
    }
}

/// Stands for a value that is not shown.
pub const MASK: &str = "********";

fn parse_one(given: &Given<'_>) -> Result<Argument, OperationError> {
    let Given { parameter, pair, text } = *given;
    let invalid = |reason| OperationError::Invalid {
        parameter: parameter.name,
        value: (!parameter.secret).then(|| String::from_utf8_lossy(&pair.value).into_owned()),
        reason,
    };
    let text = text.ok_or_else(|| invalid(InvalidReason::NotUtf8))?;
    let max_chars = parameter.kind.chars_max();
    if text.chars().count() > max_chars {
        return Err(OperationError::TooLong { parameter: parameter.name, max_chars });
    }
    let value = parameter.kind.parse(text).map_err(invalid)?;
    Ok(Argument { parameter, text: text.to_owned(), value })
}

/// A broken rule as version 2 tells it.
fn broken(error: ParameterError, text_of: &crate::call::TextOf<'_>) -> OperationError {
    match error {
        ParameterError::Missing { parameter } => OperationError::Missing { parameters: vec![parameter] },
        ParameterError::NoneOf { parameters } => OperationError::NoneOf { parameters },
        ParameterError::Exclusive { first, second } => {
            OperationError::Exclusive { parameters: vec![first, second] }
        }
        ParameterError::OnlyWith { parameter, with, .. } => {
            let pairs = [parameter, with].into_iter().filter_map(|name| Some((name, text_of(name)?)));
            OperationError::Combination { pairs: pairs.map(|(name, text)| (name, shown(text))).collect() }
        }
        // Rules give no others.
        ParameterError::Invalid { parameter, .. }
        | ParameterError::Doubled { parameter }
        | ParameterError::TooLong { parameter, .. } => OperationError::Combination {
            pairs: vec![(parameter, shown(text_of(parameter).unwrap_or_default()))],
        },
        ParameterError::Unknown { parameter } => OperationError::Unrecognized { parameters: vec![parameter] },
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// Why the parameters of an operation are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationError {
    Unrecognized {
        parameters: Vec<String>,
    },
    Missing {
        parameters: Vec<&'static str>,
    },
    Exclusive {
        parameters: Vec<&'static str>,
    },
    /// `value` is `None` for a secret parameter.
    Invalid {
        parameter: &'static str,
        value: Option<String>,
        reason: InvalidReason,
    },
    TooLong {
        parameter: &'static str,
        max_chars: usize,
    },
    Combination {
        pairs: Vec<(&'static str, String)>,
    },
    /// None of these was given, one is needed.
    NoneOf {
        parameters: &'static [&'static str],
    },
}

impl OperationError {
    /// The code that goes with the text.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::Unrecognized { .. } => 1901,
            Self::Missing { .. } => 1903,
            Self::Exclusive { .. } => 1904,
            Self::Invalid { .. } | Self::TooLong { .. } => 1905,
            Self::Combination { .. } => 1907,
            Self::NoneOf { .. } => 1922,
        }
    }
}

impl fmt::Display for OperationError {
    /// The texts that clients know, each up to what is particular.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unrecognized { parameters } => {
                let names: Vec<String> = parameters.iter().map(|name| shown(name)).collect();
                write!(f, "Unrecognized parameter(s): {}", names.join(", "))
            }
            Self::Missing { parameters } => {
                write!(f, "Missing required parameter(s): {}", parameters.join(", "))
            }
            Self::Exclusive { parameters } => {
                write!(f, "Please specify only one of these parameters: {}", parameters.join(", "))
            }
            Self::Invalid { parameter, value, reason } => {
                let value = value.as_deref().map_or_else(|| MASK.to_owned(), shown);
                write!(f, "parameter {parameter} has invalid value: {value} ({})", InvalidIn(reason))
            }
            Self::TooLong { parameter, max_chars } => {
                write!(f, "parameter {parameter} has invalid value: (longer than {max_chars} characters)")
            }
            Self::Combination { pairs } => {
                let pairs: Vec<String> = pairs.iter().map(|(name, text)| format!("{name}={text}")).collect();
                write!(
                    f,
                    "The following combination of key=value pairs is not supported: {}",
                    pairs.join(", ")
                )
            }
            Self::NoneOf { parameters } => {
                write!(
                    f,
                    "Please specify at least one of the following parameters: {}",
                    parameters.join(", ")
                )
            }
        }
    }
}

impl std::error::Error for OperationError {}

/// A reason as version 2 has it: in brackets, so without the full stop, and with the part to blame.
struct InvalidIn<'a>(&'a InvalidReason);

impl fmt::Display for InvalidIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let item = self.0.item().map(shown);
        if let (InvalidReason::NotNumbers(_), Some(item)) = (self.0, &item) {
            return write!(f, "neither a positive integer nor a range: {item}");
        }
        let text = self.0.to_string();
        f.write_str(text.trim_end_matches('.'))?;
        item.map_or(Ok(()), |item| write!(f, ": {item}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Limits;
    use crate::parameter::ParameterKind;

    const IDS: Parameter = Parameter::new("ids", ParameterKind::Numbers, "1-3", "Which.");
    const TITLE: Parameter =
        Parameter::new("title", ParameterKind::Text { max_chars: 5 }, "x", "A title.").required();
    const TAGS: Parameter = Parameter::new("show_tags", ParameterKind::ZeroOne, "1", "Tags too.");
    const MODE: Parameter =
        Parameter::new("output_mode", ParameterKind::Choice(&["brief", "full"]), "full", "How much.");
    const SECRET: Parameter =
        Parameter::new("password", ParameterKind::Integer { min: 1, max: 2 }, "1", "Hidden.").secret();
    const OPERATION: Operation = Operation {
        resource: "try",
        action: "list",
        methods: Methods::Any,
        takes_document: false,
        summary: "",
        description: &[],
        parameters: &[IDS, TITLE, TAGS, MODE, SECRET],
        rules: &[
            Rule::OnlyWith { parameter: "show_tags", with: "output_mode", value: Some("full") },
            Rule::Exclusive(&["ids", "password"]),
            Rule::AtLeastOneOf(&["ids", "password"]),
        ],
        roles: "",
        answers: Answers::Simple,
        example: Example { parameters: &[], description: "" },
    };

    #[track_caller]
    fn check(query: &str, body: &str, expected: Result<&str, (u32, &str)>) {
        let mut form = Form::new(Limits::DEFAULT);
        form.add_query(query).unwrap();
        form.add_body(body.as_bytes()).unwrap();
        match (OPERATION.parse(&form), expected) {
            (Ok(arguments), Ok(title)) => assert_eq!(arguments.text(&TITLE), Some(title)),
            (Err(error), Err(expected)) => {
                assert_eq!((error.code(), error.to_string().as_str()), expected);
            }
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn the_last_of_a_name_counts() {
        check("action=list&title=a&ids=1", "title=b&echo_request=1", Ok("b"));
    }

    #[test]
    fn faults_are_told_in_one_order() {
        check("what=1&ids=x&that=", "", Err((1901, "Unrecognized parameter(s): what, that")));
        check("ids=x&password=1", "", Err((1903, "Missing required parameter(s): title")));
        check(
            "title=123456&ids=x&password=1",
            "",
            Err((1904, "Please specify only one of these parameters: ids, password")),
        );
        check(
            "title=123456&show_tags=1&output_mode=brief&ids=x",
            "",
            Err((
                1907,
                "The following combination of key=value pairs is not supported: show_tags=1, output_mode=brief",
            )),
        );
        check(
            "title=1",
            "",
            Err((1922, "Please specify at least one of the following parameters: ids, password")),
        );
    }

    #[test]
    fn values_are_named_with_what_is_wrong() {
        let neither = "neither a positive integer nor a range: abc123";
        check(
            "title=1&ids=4,abc123",
            "",
            Err((1905, &format!("parameter ids has invalid value: 4,abc123 ({neither})"))),
        );
        check(
            "title=1&ids=1&output_mode=x",
            "",
            Err((1905, "parameter output_mode has invalid value: x (Expecting one of (brief, full))")),
        );
        check(
            "title=123456&ids=1",
            "",
            Err((1905, "parameter title has invalid value: (longer than 5 characters)")),
        );
        check(
            "title=1&password=x",
            "",
            Err((
                1905,
                "parameter password has invalid value: ******** (Invalid number, expecting a whole number from 1 to 2)",
            )),
        );
    }

    #[test]
    fn secrets_and_unknown_values_are_masked() {
        let mut form = Form::new(Limits::DEFAULT);
        form.add_query("action=list&title=x&password=1&pasword=1").unwrap();
        let masked: Vec<(&str, String)> =
            OPERATION.masked(&form).into_iter().map(|(pair, value)| (pair.name.as_str(), value)).collect();
        let expected = [("action", "list"), ("title", "x"), ("password", MASK), ("pasword", MASK)];
        assert_eq!(masked, expected.map(|(name, value)| (name, value.to_owned())));
    }
}
