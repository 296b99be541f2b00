//! Puts the content folder `kb/` into the binary, after looking at the structure of every file: its
//! text, and without its examples as JSON, which a process reads much faster when it starts.
//!
//! Only structure is looked at here (keys, examples, unique QIDs, file names), so that a slip is
//! told at once and with the name of the file. Whether the expressions compile and the examples
//! judge as they say needs the crate itself and is the business of its tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// Keys that every file has, besides its examples.
const REQUIRED_KEYS: [&str; 11] = [
    "qid", "title", "severity", "kind", "category", "updated", "scope", "threat", "impact", "solution",
    "when",
];

#[expect(clippy::print_stderr, reason = "how a build script says why it fails")]
fn main() {
    if let Err(message) = embed() {
        eprintln!("{message}");
        process::exit(1);
    }
}

fn embed() -> Result<(), String> {
    let crate_folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?);
    let content = crate_folder.join("../../kb");
    println!("cargo:rerun-if-changed={}", content.display());
    println!("cargo:rerun-if-changed=build.rs");

    let mut files = Vec::new();
    for folder in sorted_entries(&content)? {
        if folder.is_dir() {
            println!("cargo:rerun-if-changed={}", folder.display());
            files.extend(
                sorted_entries(&folder)?
                    .into_iter()
                    .filter(|path| path.extension().is_some_and(|e| e == "toml")),
            );
        }
    }

    let mut seen: BTreeMap<i64, PathBuf> = BTreeMap::new();
    let mut listing = String::from("&[\n");
    for file in &files {
        println!("cargo:rerun-if-changed={}", file.display());
        let (qid, json) = examine(file).map_err(|problem| format!("{}: {problem}", file.display()))?;
        if let Some(other) = seen.insert(qid, file.clone()) {
            return Err(format!("{}: QID {qid} is already taken by {}", file.display(), other.display()));
        }
        let name = file.strip_prefix(&content).unwrap_or(file).display().to_string();
        let path = fs::canonicalize(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let _ =
            writeln!(listing, "    ({name:?}, {json:?}, include_str!({:?})),", path.display().to_string());
    }
    listing.push_str("]\n");

    let target = Path::new(&env::var("OUT_DIR").map_err(|error| error.to_string())?).join("content.rs");
    fs::write(&target, listing).map_err(|error| format!("{}: {error}", target.display()))
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let listing = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in listing {
        paths.push(entry.map_err(|error| format!("{}: {error}", folder.display()))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The QID of a file whose structure is right, and all but its examples as JSON.
fn examine(file: &Path) -> Result<(i64, String), String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    if let Some(missing) = REQUIRED_KEYS.iter().find(|key| !table.contains_key(**key)) {
        return Err(format!("the key `{missing}` is missing"));
    }
    let qid = table.get("qid").and_then(toml::Value::as_integer).ok_or("`qid` is not a whole number")?;
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let slug = stem
        .strip_prefix(&format!("{qid}-"))
        .ok_or("the file name does not start with its QID and a dash")?;
    if slug.is_empty() || !slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err("the file name after the QID is not made of a-z, 0-9 and dashes".to_owned());
    }
    let examples = table.get("example").and_then(toml::Value::as_array).ok_or("there is no [[example]]")?;
    for finds in [true, false] {
        let present = examples.iter().any(|e| e.get("finds").and_then(toml::Value::as_bool) == Some(finds));
        if !present {
            return Err(format!("there is no [[example]] with `finds = {finds}`"));
        }
    }
    table.remove("example");
    Ok((qid, serde_json::to_string(&table).map_err(|error| error.to_string())?))
}
