//! The example of a call, as curl and as Python, and what has to be there before it works. The user
//! guide shows it and the tests run it as shown.
//!
//! Deliberately absent: how the tests make what is needed; that is in their `examples.rs`.

use palisade_wire::operation::ACTION;
use palisade_wire::{Call, Methods};

use crate::v2::registry::{Door, OperationRow};
use crate::v2::session::{LOGIN_VARIABLE, PASSWORD_VARIABLE};

/// The login that examples name.
pub const LOGIN: &str = "acme_ab1";
/// The reference that examples name; readers put that of a scan of their own in its place.
pub const SCAN_REF: &str = "scan/1400000000.10001";
/// The same of a map.
pub const MAP_REF: &str = "map/1400000000.10001";

/// What an example needs, in the order it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Another call comes first.
    Call { script: &'static str, parameters: &'static [(&'static str, &'static str)] },
    /// A user whose login is [`LOGIN`].
    User,
    /// A finished scan of 192.0.2.4 with a saved report; [`SCAN_REF`] stands for its reference.
    SavedReport,
    /// A finished map with a saved report; [`MAP_REF`] stands for its reference.
    SavedMap,
    /// Another operation comes first. `ID` in the example stands for what its answer gives.
    Operation {
        resource: &'static str,
        action: &'static str,
        parameters: &'static [(&'static str, &'static str)],
    },
    /// A session; the environment holds its token as SESSION.
    Session,
    /// Every report that was asked for is finished.
    FinishedReports,
    /// A scheduled report. `ID` in the example stands for its id.
    ReportSchedule,
    /// A scan of 192.0.2.4 that is being done; [`SCAN_REF`] stands for its reference.
    RunningScan,
    /// A paused scan of 192.0.2.4; [`SCAN_REF`] stands for its reference.
    PausedScan,
}

impl Need {
    /// For readers of the guide.
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::Call { script, parameters } => {
                let parameters: Vec<String> =
                    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{script} was called before with {}.", parameters.join(", "))
            }
            Self::Operation { resource, action, parameters } => {
                let parameters: Vec<String> =
                    parameters.iter().map(|(name, value)| format!(", {name}={value}")).collect();
                format!("{resource} was called before with {ACTION}={action}{}.", parameters.join(""))
            }
            Self::Session => "A session was opened; the environment holds its token as SESSION.".to_owned(),
            Self::ReportSchedule => "There is a scheduled report; put its id where ID stands.".to_owned(),
            Self::FinishedReports => "The report is finished.".to_owned(),
            Self::User => format!("There is a user {LOGIN}."),
            Self::SavedReport => {
                format!(
                    "A scan has ended and its report was saved; put its reference where {SCAN_REF} stands."
                )
            }
            Self::SavedMap => {
                format!("A map has ended and its report was saved; put its reference where {MAP_REF} stands.")
            }
            Self::PausedScan => {
                format!("A scan is paused; put its reference where {SCAN_REF} stands.")
            }
            Self::RunningScan => {
                format!("A scan is running; put its reference where {SCAN_REF} stands, if it does.")
            }
        }
    }
}

/// A command for a shell; login and password come from the environment.
pub(crate) fn curl(call: &Call, base_url: &str) -> String {
    let mut lines = vec![format!("curl --user \"$LOGIN:$PASSWORD\" {base_url}/msp/{}", call.script)];
    for (name, value) in call.example.parameters {
        lines.push(format!("     --data-urlencode '{name}={}'", value.replace('\'', r"'\''")));
    }
    lines.join(" \\\n")
}

/// The same with nothing but Python's standard library.
pub(crate) fn python(call: &Call, base_url: &str) -> String {
    let with_parameters = !call.example.parameters.is_empty();
    let mut lines = vec!["import base64, os, urllib.parse, urllib.request".to_owned(), String::new()];
    lines.push(format!("request = urllib.request.Request(\"{base_url}/msp/{}\")", call.script));
    if with_parameters {
        lines.push("request.data = urllib.parse.urlencode({".to_owned());
        for (name, value) in call.example.parameters {
            let value = value.replace('\\', r"\\").replace('"', "\\\"");
            lines.push(format!("    \"{name}\": \"{value}\","));
        }
        lines.push("}).encode()".to_owned());
    }
    lines.extend(
        [
            "credentials = f\"{os.environ['LOGIN']}:{os.environ['PASSWORD']}\".encode()",
            "request.add_header(\"Authorization\", \"Basic \" + base64.b64encode(credentials).decode())",
            "print(urllib.request.urlopen(request).read().decode())",
        ]
        .map(str::to_owned),
    );
    lines.join("\n")
}

/// A command for a shell that makes a request of version 2.
pub(crate) fn operation_curl(row: &OperationRow, base_url: &str) -> String {
    let operation = row.operation;
    let door = match row.door {
        Door::Any | Door::Basic => "--user \"$LOGIN:$PASSWORD\" ",
        Door::Session => "--cookie \"QualysSession=$SESSION\" ",
        Door::Open => "",
    };
    let mut lines = vec![format!("curl --silent {door}--header \"X-Requested-With: curl\"")];
    let pairs = [(ACTION, operation.action)].into_iter().chain(operation.example.parameters.iter().copied());
    if operation.takes_document {
        let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!(
            "     --header \"Content-Type: text/xml\" --data-binary '{}'",
            row.example_document
        ));
        lines.push(format!("     \"{base_url}{}?{}\"", operation.path(), query.join("&")));
        return lines.join(" \\\n");
    }
    if operation.methods == Methods::Get {
        lines.push("     --get".to_owned());
    }
    for (name, value) in pairs {
        lines.push(match value {
            LOGIN_VARIABLE | PASSWORD_VARIABLE => format!("     --data-urlencode \"{name}={value}\""),
            value => format!("     --data-urlencode '{name}={}'", value.replace('\'', r"'\''")),
        });
    }
    lines.push(format!("     {base_url}{}", operation.path()));
    lines.join(" \\\n")
}

/// The same with nothing but Python's standard library.
pub(crate) fn operation_python(row: &OperationRow, base_url: &str) -> String {
    let operation = row.operation;
    let text = |value: &str| format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""));
    let mut lines = vec!["import base64, os, urllib.parse, urllib.request".to_owned(), String::new()];
    lines.push("parameters = {".to_owned());
    let pairs = [(ACTION, operation.action)].into_iter().chain(operation.example.parameters.iter().copied());
    for (name, value) in pairs {
        let value = match value {
            LOGIN_VARIABLE => "os.environ[\"LOGIN\"]".to_owned(),
            PASSWORD_VARIABLE => "os.environ[\"PASSWORD\"]".to_owned(),
            value => text(value),
        };
        lines.push(format!("    \"{name}\": {value},"));
    }
    lines.push("}".to_owned());
    lines.push(format!("url = \"{base_url}{}\"", operation.path()));
    if operation.takes_document || operation.methods == Methods::Get {
        lines.push("url += \"?\" + urllib.parse.urlencode(parameters)".to_owned());
    }
    lines.push("request = urllib.request.Request(url)".to_owned());
    if operation.takes_document {
        lines.push(format!("request.data = \"\"\"{}\"\"\".encode()", row.example_document));
        lines.push("request.add_header(\"Content-Type\", \"text/xml\")".to_owned());
    } else if operation.methods != Methods::Get {
        lines.push("request.data = urllib.parse.urlencode(parameters).encode()".to_owned());
    }
    lines.push("request.add_header(\"X-Requested-With\", \"Python\")".to_owned());
    match row.door {
        Door::Any | Door::Basic => lines.extend([
            "credentials = f\"{os.environ['LOGIN']}:{os.environ['PASSWORD']}\".encode()".to_owned(),
            "request.add_header(\"Authorization\", \"Basic \" + base64.b64encode(credentials).decode())"
                .to_owned(),
        ]),
        Door::Session => lines
            .push("request.add_header(\"Cookie\", \"QualysSession=\" + os.environ[\"SESSION\"])".to_owned()),
        Door::Open => {}
    }
    lines.push("print(urllib.request.urlopen(request).read().decode())".to_owned());
    lines.join("\n")
}
