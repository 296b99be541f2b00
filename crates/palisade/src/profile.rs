//! `palisade profile`: option profiles, managed on the machine that holds the data.
//!
//! A profile leaves and enters as TOML, with every setting under the name it has in the model;
//! what a file does not name is as in the profile a subscription starts with. Settings are changed
//! one by one with `--set`, by the same names.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use palisade_app::{Actor, App, OptionProfileView};
use palisade_model::OptionProfile;
use palisade_model::option_profile::{INITIAL_TITLE, PerformanceLevel};
use toml::{Table, Value};

use crate::server::{ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, plain, raw, titled_table};

/// Longest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What to do with option profiles.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the profiles, the default one first
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Show a profile as the headers of reports do, and all its settings
    Show {
        /// Its title; the default one without
        title: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a profile out of another one
    ///
    /// For example: palisade profile add Gentle --set performance.level=low --set tcp.list=light
    #[command(verbatim_doc_comment)]
    Add {
        /// Its title, at most 64 characters
        title: String,
        /// The profile it is like
        #[arg(long, value_name = "TITLE", default_value = INITIAL_TITLE)]
        like: String,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change settings of a profile; scans that were launched before stay as they are
    ///
    /// For example: palisade profile edit Gentle --set scan_dead_hosts=true --set tcp.additional=8080,9443
    #[command(verbatim_doc_comment)]
    Edit {
        /// Its title
        title: String,
        /// Its new title
        #[arg(long, value_name = "TITLE")]
        rename: Option<String>,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a profile that nothing goes by
    Delete {
        /// Its title
        title: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a profile the one that scans go by unless they name another
    Default {
        /// Its title
        title: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print a profile as TOML
    Export {
        /// Its title
        title: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a profile from a TOML file, or put it in the place of one of its title
    Import {
        /// The file; - for the standard input
        file: PathBuf,
        /// Put it in the place of the profile of its title
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Settings to be changed.
#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// A setting and its value, by the names that `export` shows; may be given again
    #[arg(long = "set", value_name = "SETTING=VALUE")]
    changes: Vec<String>,
}

/// Why a profile command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("the option profile cannot be {attempt}")]
    App {
        attempt: &'static str,
        #[source]
        source: palisade_app::Error,
    },
    #[error("{name} cannot be read")]
    Read {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{name} has more than {max} bytes")]
    TooLarge { name: String, max: u64 },
    #[error("{name} is not an option profile")]
    Form {
        name: String,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("'{change}' is not SETTING=VALUE")]
    Change { change: String },
    #[error("there is no setting '{setting}'")]
    Setting { setting: String },
    #[error("the settings cannot be used")]
    Settings(#[source] Box<toml::de::Error>),
    #[error("the profile cannot be written as TOML")]
    Toml(#[from] toml::ser::Error),
}

fn failed(attempt: &'static str) -> impl FnOnce(palisade_app::Error) -> ProfileError {
    move |source| ProfileError::App { attempt, source }
}

/// Runs the command. A server may be running on the same data.
pub(crate) async fn run(command: ProfileCommand) -> Result<(), ProfileError> {
    let actor = Actor::operator();
    match command {
        ProfileCommand::List { settings } => list(&open_shared(&settings).await?, &actor).await,
        ProfileCommand::Show { title, settings } => {
            let found = open_shared(&settings).await?.option_profile(&actor, title.as_deref()).await;
            let OptionProfileView { version, profile, .. } = found.map_err(failed("shown"))?;
            line(plain(&format!("{}\n\nversion {version}\n", profile.options_text())));
            raw(&to_toml(&profile)?);
            Ok(())
        }
        ProfileCommand::Add { title, like, changes, settings } => {
            let app = open_shared(&settings).await?;
            let model = app.option_profile(&actor, Some(&like)).await.map_err(failed("made"))?.profile;
            let profile = OptionProfile { title, is_default: false, owner: None, ..model };
            let profile = changed(&profile, &changes.changes)?;
            let made = app.add_option_profile(&actor, profile).await.map_err(failed("made"))?;
            said("made", &made);
            Ok(())
        }
        ProfileCommand::Edit { title, rename, changes, settings } => {
            let app = open_shared(&settings).await?;
            let found = app.option_profile(&actor, Some(&title)).await.map_err(failed("edited"))?;
            let mut profile = changed(&found.profile, &changes.changes)?;
            profile.title = rename.unwrap_or(profile.title);
            let edited = app.edit_option_profile(&actor, Some(&title), found.version, profile).await;
            said("edited", &edited.map_err(failed("edited"))?);
            Ok(())
        }
        ProfileCommand::Delete { title, settings } => {
            open_shared(&settings)
                .await?
                .delete_option_profile(&actor, &title)
                .await
                .map_err(failed("deleted"))?;
            line(plain(&format!("{title} is deleted")));
            Ok(())
        }
        ProfileCommand::Default { title, settings } => {
            let made = open_shared(&settings).await?.set_default_option_profile(&actor, &title).await;
            said("the default one", &made.map_err(failed("made the default one"))?);
            Ok(())
        }
        ProfileCommand::Export { title, settings } => {
            let found = open_shared(&settings).await?.option_profile(&actor, Some(&title)).await;
            raw(&to_toml(&found.map_err(failed("exported"))?.profile)?);
            Ok(())
        }
        ProfileCommand::Import { file, replace, settings } => {
            import(&open_shared(&settings).await?, &actor, &file, replace).await
        }
    }
}

fn said(done: &str, view: &OptionProfileView) {
    line(plain(&format!("{} is {done} (version {})", view.profile.title, view.version)));
}

async fn list(app: &App, actor: &Actor) -> Result<(), ProfileError> {
    let profiles = app.list_option_profiles(actor).await.map_err(failed("listed"))?;
    let yes = |flag| if flag { "yes" } else { "" }.to_owned();
    let head = ["title", "default", "global", "owner", "version", "performance"];
    let rows = profiles.into_iter().map(|OptionProfileView { version, profile, .. }| {
        vec![
            plain(&profile.title),
            yes(profile.is_default),
            yes(profile.is_global),
            profile.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            version.to_string(),
            profile.performance.level.title().to_owned(),
        ]
    });
    line(titled_table(&head, rows, "none").trim_end());
    Ok(())
}

async fn import(app: &App, actor: &Actor, file: &Path, replace: bool) -> Result<(), ProfileError> {
    let name = file.display().to_string();
    let text = read(file, &name)?;
    let profile: OptionProfile =
        toml::from_str(&text).map_err(|source| ProfileError::Form { name, source: Box::new(source) })?;
    if !replace {
        said("made", &app.add_option_profile(actor, profile).await.map_err(failed("imported"))?);
        return Ok(());
    }
    let title = profile.title.clone();
    let found = app.option_profile(actor, Some(&title)).await.map_err(failed("replaced"))?;
    let edited = app.edit_option_profile(actor, Some(&title), found.version, profile).await;
    said("replaced", &edited.map_err(failed("replaced"))?);
    Ok(())
}

fn read(file: &Path, name: &str) -> Result<String, ProfileError> {
    let unreadable = |source| ProfileError::Read { name: name.to_owned(), source };
    let input: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(unreadable)?)
    };
    let mut text = String::new();
    input.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > FILE_BYTES_MAX) {
        return Err(ProfileError::TooLarge { name: name.to_owned(), max: FILE_BYTES_MAX });
    }
    Ok(text)
}

fn to_toml(profile: &OptionProfile) -> Result<String, ProfileError> {
    Ok(toml::to_string_pretty(profile)?)
}

/// The profile with settings changed by their names.
fn changed(profile: &OptionProfile, changes: &[String]) -> Result<OptionProfile, ProfileError> {
    let mut table = Table::try_from(profile)?;
    for change in changes {
        let unclear = || ProfileError::Change { change: change.clone() };
        let (setting, value) = change.split_once('=').ok_or_else(unclear)?;
        let path: Vec<&str> = setting.trim().split('.').collect();
        if path == ["performance", "level"] && value.trim() != "custom" {
            // A level brings its own numbers.
            table.insert("performance".to_owned(), Value::Table(Table::new()));
        } else if let ["performance", _] = path.as_slice()
            && profile.performance.level != PerformanceLevel::Custom
            && let Some(Value::Table(performance)) = table.get_mut("performance")
        {
            // Numbers of one's own make it a level of one's own.
            performance.insert("level".to_owned(), Value::String("custom".to_owned()));
        }
        set(&mut table, &path, value_of(value.trim()))
            .ok_or_else(|| ProfileError::Setting { setting: setting.trim().to_owned() })?;
    }
    Value::Table(table).try_into().map_err(|source| ProfileError::Settings(Box::new(source)))
}

/// Sets what `path` leads to; `None` when it leads through something that has no settings.
fn set(table: &mut Table, path: &[&str], value: Value) -> Option<()> {
    match path {
        [] => None,
        [last] => {
            // One port is a list of ports, and not a number.
            let value = match (table.get(*last), value) {
                (Some(Value::String(_)), Value::Integer(number)) => Value::String(number.to_string()),
                (_, value) => value,
            };
            table.insert((*last).to_owned(), value);
            Some(())
        }
        [first, rest @ ..] => {
            let inner = table.entry((*first).to_owned()).or_insert_with(|| Value::Table(Table::new()));
            set(inner.as_table_mut()?, rest, value)
        }
    }
}

/// A value as TOML has it: true, a number, a list; anything else is a text.
fn value_of(text: &str) -> Value {
    let document = format!("value = {text}");
    let read = document.parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match read {
        Some(
            value @ (Value::Boolean(_)
            | Value::Integer(_)
            | Value::Array(_)
            | Value::String(_)
            | Value::Table(_)),
        ) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use palisade_model::option_profile::{PortList, predefined};

    use super::*;

    fn change(changes: &[&str]) -> Result<OptionProfile, ProfileError> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        changed(&OptionProfile::initial(), &changes)
    }

    #[test]
    fn every_profile_leaves_and_comes_back_as_toml() {
        for profile in predefined() {
            let text = to_toml(&profile).unwrap();
            assert_eq!(toml::from_str::<OptionProfile>(&text).unwrap(), profile, "{text}");
            assert_eq!(changed(&profile, &[]).unwrap(), profile);
        }
    }

    #[test]
    fn settings_are_changed_by_their_names() {
        let profile = change(&[
            "tcp.list=light",
            "tcp.additional=8080,9443",
            "scan_dead_hosts=true",
            "performance.level=low",
            "authentication=[\"unix\", \"windows\"]",
            "others.http_header=nightly 7",
        ])
        .unwrap();
        assert_eq!((profile.tcp.list, profile.tcp.additional.len()), (PortList::Light, 2));
        let one_port = change(&["tcp.additional=8080", "udp.additional=53"]).unwrap();
        assert_eq!((one_port.tcp.additional.as_slice(), one_port.udp.additional.len()), (&[8080][..], 1));
        assert!(profile.scan_dead_hosts && profile.performance.is_of_its_level());
        assert_eq!((profile.performance.hosts_external, profile.authentication.len()), (5, 2));
        let header = profile.others.http_header.map(|header| header.to_string());
        assert_eq!(header.as_deref(), Some("nightly 7"));
        let custom = change(&["performance.processes_http=3"]).unwrap().performance;
        assert_eq!((custom.level, custom.processes_http), (PerformanceLevel::Custom, 3));
    }

    #[test]
    fn what_is_no_setting_is_told() {
        let told = |changes: &[&str]| {
            let error = change(changes).unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("{error}: {source}")
        };
        assert!(told(&["tcp.list"]).contains("not SETTING=VALUE"));
        assert!(told(&["title.x=1"]).contains("there is no setting 'title.x'"));
        assert!(told(&["scan_dead_host=true"]).contains("scan_dead_host"));
        assert!(told(&["tcp.list=most"]).contains("cannot be used"));
    }
}
