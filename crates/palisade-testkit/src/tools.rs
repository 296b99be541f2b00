//! Programs of the machine and of the repository that tests lean on.
//!
//! Deliberately absent: installing them; `./test setup` does that.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The root of the repository.
///
/// # Panics
/// When the sources were moved away after the test was built.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the sources lie where they were")
}

/// Whether the test runs as root.
#[must_use]
pub fn is_root() -> bool {
    output(Command::new("id").arg("-u")).trim() == "0"
}

/// A Python with the client libraries of `clients/requirements.txt`.
#[must_use]
pub fn python() -> Command {
    Command::new(repository().join("clients/python"))
}

/// A Python with the client libraries of `clients/requirements-NAME.txt`.
#[must_use]
pub fn python_with(name: &str) -> Command {
    let mut command = python();
    command.arg(format!("@{name}"));
    command
}

/// Standard output of a command that has to succeed.
///
/// # Panics
/// When it cannot be started or fails; the message holds what it wrote.
#[must_use]
pub fn output(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", told(command, &output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command to its end, whatever that is.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}; `./test setup` installs it"))
}

/// The same with a text on its standard input.
///
/// # Panics
/// When it cannot be started or does not take the text.
#[must_use]
pub fn run_with_input(command: &mut Command, text: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let mut input = child.stdin.take().expect("standard input is a pipe");
    input.write_all(text.as_bytes()).expect("the command reads its input");
    drop(input);
    child.wait_with_output().expect("the command ends")
}

/// A command and what became of it, for messages.
#[must_use]
pub fn told(command: &Command, output: &Output) -> String {
    format!(
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// What `xmllint` says against a document under a DTD; `None` when it is valid.
///
/// # Panics
/// When `xmllint` is missing or the files cannot be written.
#[must_use]
pub fn complaint_of_xmllint(document: &str, dtd: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).expect("a temporary file can be made");
        file.write_all(text.as_bytes()).expect("a temporary file can be written");
        path
    };
    // The DOCTYPE names a server that may be gone; the DTD given here takes its place.
    let mut command = Command::new("xmllint");
    command.args(["--nonet", "--noout", "--dtdvalid"]);
    command.arg(file("document.dtd", dtd)).arg(file("document.xml", document));
    let output = run(&mut command);
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmllint_tells_valid_from_invalid() {
        let dtd = "<!ELEMENT A (B)><!ELEMENT B EMPTY>";
        assert_eq!(complaint_of_xmllint("<A><B/></A>", dtd), None);
        assert!(
            complaint_of_xmllint("<A/>", dtd).is_some_and(|text| text.contains("does not follow the DTD"))
        );
    }
}
