//! The house rules that a compiler does not know: which crate may use which, sizes, names, leftovers.
//!
//! Deliberately absent: style that rustfmt and clippy already hold.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The rooms from top to bottom, as ARCHITECTURE.md draws them. A crate may use those of lower
/// floors only; of crates on one floor none may use the other.
const FLOORS: &[&[&str]] = &[
    &["palisade"],
    &["palisade-api"],
    &["palisade-report"],
    &["palisade-app"],
    &["palisade-store", "palisade-engine"],
    &[
        "palisade-feed",
        "palisade-fingerprint",
        "palisade-kb",
        "palisade-packet",
        "palisade-probe",
        "palisade-template",
    ],
    &["palisade-wire"],
    &["palisade-model"],
];

/// For tests only; they may use every room but the binary, and nobody may need them to run.
const FOR_TESTS: &[&str] = &["palisade-fuzz", "palisade-testkit"];

/// Libraries that belong to one room: (library, the only crates that may use it at run time, what
/// it stands for).
const OWNED_LIBRARIES: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["palisade-store"], "SQL"),
    ("object_store", &["palisade-store"], "document storage"),
    ("axum", &["palisade-api", "palisade"], "HTTP serving"),
    ("axum-server", &["palisade"], "HTTP serving"),
    ("flate2", &["palisade-feed"], "unpacking"),
    ("quick-xml", &["palisade-fingerprint", "palisade-wire", "palisade"], "XML"),
    ("cel", &["palisade-kb"], "judging facts"),
    ("libc", &["palisade-packet"], "talking to the kernel without a safe wrapper"),
    ("russh", &["palisade-engine"], "signing in over SSH"),
    ("socket2", &["palisade-engine"], "sockets of a scan"),
    ("clap", &["palisade"], "the command line"),
    ("argon2", &["palisade-app"], "passwords"),
    ("lettre", &["palisade-app"], "mail"),
    ("ring", &["palisade-app"], "encryption in the store"),
    ("saphyr-parser", &["palisade-template"], "YAML"),
];

/// Rooms that must stay free of an async runtime.
const PURE: &[&str] = &[
    "palisade-model",
    "palisade-wire",
    "palisade-packet",
    "palisade-probe",
    "palisade-kb",
    "palisade-feed",
    "palisade-fingerprint",
    "palisade-template",
];

/// The only room that may hold unsafe code.
const UNSAFE_ROOM: &str = "palisade-packet";

const LINES_MAX: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// One dependency as a manifest declares it.
struct Arrow {
    from: String,
    to: String,
    /// In `[dependencies]` or `[build-dependencies]`, not only in `[dev-dependencies]`.
    at_run_time: bool,
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages() -> Vec<(String, PathBuf)> {
    metadata()["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().unwrap());
            (package["name"].as_str().unwrap().to_owned(), manifest.parent().unwrap().to_owned())
        })
        .collect()
}

fn arrows() -> Vec<Arrow> {
    let metadata = metadata();
    let mut arrows = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            arrows.push(Arrow {
                from: package["name"].as_str().unwrap().to_owned(),
                to: dependency["name"].as_str().unwrap().to_owned(),
                at_run_time: dependency["kind"] != "dev",
            });
        }
    }
    arrows
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// Text files of the project, without what is built, fetched or made by running it.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    fn walk(directory: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if ![".git", "target", "palisade-data", "__pycache__"].contains(&name.as_str()) {
                    walk(&path, extensions, found);
                }
            } else if extensions.iter().any(|extension| {
                path.extension().is_some_and(|have| have == *extension)
                    || (*extension == "sh"
                        && ["test", "quickstart", "run", "python"].contains(&name.as_str()))
            }) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), extensions, &mut found);
    found.sort();
    assert!(!found.is_empty());
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// Fails with all complaints at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}

#[test]
fn arrows_point_down() {
    let mut complaints = Vec::new();
    for Arrow { from, to, at_run_time } in arrows() {
        if FOR_TESTS.contains(&to.as_str()) && at_run_time {
            complaints.push(format!("{from} needs {to} to run; what it takes from there belongs in {from}"));
        }
        let (Some(upper), Some(lower)) = (floor(&from), floor(&to)) else { continue };
        if lower < upper {
            complaints.push(format!(
                "{from} uses {to}, which stands above it: what {from} needs from there should be owned by \
                 {from} or a crate below it, or be handed in by {to}"
            ));
        } else if lower == upper {
            complaints.push(format!(
                "{from} uses {to}, which stands beside it: what both need should be owned by {}",
                FLOORS[upper + 1].join(" or ")
            ));
        }
    }
    none(&complaints);
}

#[test]
fn every_crate_has_a_floor() {
    let mut complaints = Vec::new();
    for (name, _) in packages() {
        if !FOR_TESTS.contains(&name.as_str()) && floor(&name).is_none() {
            complaints.push(format!("{name} has no place in the order of rooms (FLOORS in tidy.rs)"));
        }
    }
    none(&complaints);
}

#[test]
fn libraries_stay_in_the_room_that_owns_them() {
    let mut complaints = Vec::new();
    for Arrow { from, to, at_run_time } in arrows() {
        if !at_run_time || FOR_TESTS.contains(&from.as_str()) {
            continue;
        }
        for (library, owners, subject) in OWNED_LIBRARIES {
            if to == *library && !owners.contains(&from.as_str()) {
                complaints
                    .push(format!("{from} uses {to}: {subject} should be owned by {}", owners.join(" or ")));
            }
        }
        if PURE.contains(&from.as_str()) && (to.starts_with("tokio") || to == "futures-util") {
            complaints
                .push(format!("{from} uses {to}: waiting and sockets should be owned by palisade-engine"));
        }
    }
    none(&complaints);
}

#[test]
fn crates_are_named_like_their_folders() {
    for (name, directory) in packages() {
        assert_eq!(directory.file_name().unwrap().to_str(), Some(name.as_str()));
        assert!(name == "palisade" || name.starts_with("palisade-"), "{name} lacks the project's prefix");
        assert_eq!(directory.parent(), Some(root().join("crates").as_path()));
    }
}

#[test]
fn files_say_what_they_are_for() {
    let undescribed: Vec<String> = files(&["rs"])
        .iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!"))
        .map(|path| format!("{} does not begin with `//!` and what it is for", relative(path)))
        .collect();
    none(&undescribed);
}

#[test]
fn files_are_not_too_long() {
    let long: Vec<String> = files(&["rs", "sh", "py"])
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{} has {lines} lines, more than {LINES_MAX}", relative(path)))
        .collect();
    none(&long);
}

#[test]
fn files_have_telling_names() {
    const EMPTY_WORDS: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager"];
    let vague: Vec<String> = files(&["rs", "sh", "py"])
        .iter()
        .filter(|path| {
            path.strip_prefix(root()).unwrap().components().any(|part| {
                let part = Path::new(part.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned();
                EMPTY_WORDS.contains(&part.as_str())
            })
        })
        .map(|path| format!("{}: name it after what it holds", relative(path)))
        .collect();
    none(&vague);
}

#[test]
fn nothing_is_left_unfinished() {
    // Put together here, so that this file does not find itself.
    let leftovers: BTreeMap<String, &str> = BTreeMap::from([
        (concat!("to", "do!(").to_owned(), "finish it or leave it out"),
        (concat!("unimple", "mented!(").to_owned(), "finish it or leave it out"),
        (concat!("#[ig", "nore").to_owned(), "a test that does not run tests nothing"),
        (concat!("#[al", "low(").to_owned(), "use #[expect(lint, reason = \"...\")]"),
        (concat!("FIX", "ME").to_owned(), "fix it, or open an issue"),
    ]);
    none(&lines_with(&files(&["rs", "sh", "py"]), &leftovers));
}

#[test]
fn memory_is_touched_by_hand_in_one_room_only() {
    // Put together here, so that this file does not find itself.
    let words = [
        concat!("uns", "afe {"),
        concat!("uns", "afe fn"),
        concat!("uns", "afe impl"),
        concat!("uns", "afe_code"),
    ];
    let unwanted: BTreeMap<String, &str> =
        words.iter().map(|word| ((*word).to_owned(), "belongs in palisade-packet, or nowhere")).collect();
    let room = root().join("crates").join(UNSAFE_ROOM);
    let others: Vec<PathBuf> = files(&["rs"]).into_iter().filter(|path| !path.starts_with(&room)).collect();
    none(&lines_with(&others, &unwanted));
    let mut complaints = Vec::new();
    for path in files(&["rs"]).iter().filter(|path| path.starts_with(&room)) {
        let text = fs::read_to_string(path).unwrap();
        let blocks = text.matches(words[0]).count() + text.matches(words[2]).count();
        let reasons = text.matches("// SAFETY: ").count();
        if blocks != reasons {
            complaints.push(format!(
                "{}: {blocks} unsafe blocks, but {reasons} reasons (`// SAFETY: `)",
                relative(path)
            ));
        }
    }
    none(&complaints);
}

#[test]
fn nothing_points_at_one_machine() {
    let places: BTreeMap<String, &str> = ["\"", "'", "`", " ", "=", "("]
        .iter()
        .flat_map(|before| {
            [["/wo", "rk/"], ["/var", "/tmp"]].map(|parts| format!("{before}{}", parts.concat()))
        })
        .map(|place| (place, "paths of one machine do not belong here"))
        .collect();
    none(&lines_with(&files(&["rs", "sh", "py", "md", "toml", "sql", "yaml", "json"]), &places));
}

fn lines_with(paths: &[PathBuf], unwanted: &BTreeMap<String, &str>) -> Vec<String> {
    let mut complaints = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).unwrap();
        for (number, line) in text.lines().enumerate() {
            for (word, advice) in unwanted {
                if line.contains(word.as_str()) {
                    complaints.push(format!("{}:{}: `{word}`: {advice}", relative(path), number + 1));
                }
            }
        }
    }
    complaints
}

#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut rooms: Vec<String> = packages().into_iter().map(|(name, _)| name).collect();
    for entry in fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let ours = !name.starts_with('.') && !["target", "palisade-data", "crates"].contains(&name.as_str());
        if ours && entry.path().is_dir() {
            rooms.push(name);
        }
    }
    let missing: Vec<String> = rooms
        .iter()
        .filter(|room| !map.contains(&format!("`{room}`")) && !map.contains(&format!("`{room}/`")))
        .map(|room| format!("ARCHITECTURE.md does not say what `{room}` is for"))
        .collect();
    none(&missing);
}
