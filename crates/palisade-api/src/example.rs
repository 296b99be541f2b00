//! The example of a call, as curl and as Python, and what has to be there before it works. The user
//! guide shows it and the tests run it as shown.
//!
//! Deliberately absent: how the tests make what is needed; that is in their `examples.rs`.

use palisade_wire::Call;

/// The login that examples name.
pub const LOGIN: &str = "acme_ab1";
/// The reference that examples name; readers put that of a scan of their own in its place.
pub const SCAN_REF: &str = "scan/1400000000.10001";

/// What an example needs, in the order it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Another call comes first.
    Call { script: &'static str, parameters: &'static [(&'static str, &'static str)] },
    /// A user whose login is [`LOGIN`].
    User,
    /// A finished scan of 192.0.2.4 with a saved report; [`SCAN_REF`] stands for its reference.
    SavedReport,
    /// A scan of 192.0.2.4 that is being done; [`SCAN_REF`] stands for its reference.
    RunningScan,
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
            Self::User => format!("There is a user {LOGIN}."),
            Self::SavedReport => {
                format!(
                    "A scan has ended and its report was saved; put its reference where {SCAN_REF} stands."
                )
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
