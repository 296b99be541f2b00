//! What is installed beside the binary: the settings and the unit of the system service.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::fs;
use std::path::Path;
use std::process::Command;

use palisade_testkit::{server, tools};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
/// Where docs/operating.md puts binary and settings.
const INSTALLED: &str = "/usr/local/bin/palisade";
const SETTINGS: &str = "/etc/palisade/palisade.toml";

fn packaged(name: &str) -> String {
    fs::read_to_string(tools::repository().join("packaging").join(name)).unwrap()
}

#[test]
fn the_packaged_settings_are_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("palisade.toml");
    // What is commented out is an example that people will use.
    let text: Vec<String> = packaged("palisade.toml")
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(example) if example.contains(" = \"") => example.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    assert!(text.iter().any(|line| line.starts_with("database = ")), "{text:?}");
    fs::write(&file, text.join("\n")).unwrap();
    let mut command = server::clean(Path::new(PALISADE));
    let told = tools::output(command.arg("--config").arg(&file).arg("settings"));
    for key in text.iter().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key) {
        assert!(told.contains(&format!("`{key}`")), "{key} is no setting");
    }
}

#[test]
fn the_unit_starts_the_server_as_the_documents_install_it() {
    let unit = packaged("palisade.service");
    let start = format!("ExecStart={INSTALLED} serve --config {SETTINGS}\n");
    assert!(unit.contains(&start), "{unit}");
    let documents = fs::read_to_string(tools::repository().join("docs/operating.md")).unwrap();
    for path in [INSTALLED, SETTINGS, "/etc/systemd/system/palisade.service"] {
        assert!(documents.contains(path), "docs/operating.md does not name {path}");
    }
    assert!(packaged("palisade.toml").contains("data = \"/var/lib/palisade\"\n"));
    assert!(unit.contains("StateDirectory=palisade\n") && unit.contains("StateDirectoryMode=0700\n"));

    // Where systemd is, it reads the unit, with a binary that is there.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("palisade.service");
    fs::write(&file, unit.replace(INSTALLED, PALISADE)).unwrap();
    let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(&file).output() else { return };
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaint: Vec<&str> = complaint.lines().filter(|line| line.contains("palisade.service")).collect();
    assert!(output.status.success() && complaint.is_empty(), "{complaint:?}");
}
