//! The binary `palisade`: configuration, wiring, commands. Composition only: what a command does
//! is in the crates it puts together.

mod certificate;
mod client;
mod data_directory;
mod distribution;
mod doctor;
mod fingerprints;
mod kb;
mod kb_feed;
mod kb_template;
mod kb_update;
mod mail_server;
mod map;
mod policy;
mod polling;
mod profile;
mod progress;
mod quickstart;
mod report;
mod scan;
mod schedule;
mod server;
mod settings;
mod stall;
mod survey;
mod targets;
mod template;
mod terminal;
mod unit;
mod user;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::settings::Settings;
use crate::terminal::{note, raw};

/// Vulnerability management that people own
///
/// Palisade maps networks, finds hosts, services and vulnerabilities, keeps their history, and gives
/// all of it out over an API compatible with the QualysGuard API. Palisade is not affiliated with
/// Qualys.
///
/// Start with `palisade quickstart`: it makes a data folder, an account and a server, and scans this
/// machine through the API.
#[derive(Debug, Parser)]
#[command(name = "palisade", version, max_term_width = 100)]
struct Cli {
    /// Read settings from this TOML file (see `palisade settings`)
    #[arg(long, env = "PALISADE_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// First run, guided: data folder, account, server, and a real scan through the API
    ///
    /// Examples:
    ///   palisade quickstart                      scan this machine
    ///   palisade quickstart 192.0.2.0/28         scan sixteen addresses
    ///   palisade quickstart --exit --credentials login.txt
    #[command(verbatim_doc_comment)]
    Quickstart(Box<quickstart::QuickstartArguments>),
    /// Run the server: API, scheduler and built-in scanner
    ///
    /// Examples:
    ///   palisade serve --config /etc/palisade.toml
    ///   palisade serve --listen 0.0.0.0:8443 --database postgres://palisade@db.example/palisade
    #[command(verbatim_doc_comment)]
    Serve(Box<Settings>),
    /// Scan hosts without a server and print what was found
    ///
    /// Examples:
    ///   palisade scan 127.0.0.1
    ///   palisade scan --format xml --ports 1-1024 192.0.2.7 > report.xml
    ///   palisade scan --stage ports --ports full --rate 20000 192.0.2.0/24
    ///   palisade scan --format json --qids 38169,38628 www.example.test
    #[command(verbatim_doc_comment)]
    Scan(Box<scan::ScanArguments>),
    /// Map a domain or a netblock without a server and print the map
    ///
    /// Examples:
    ///   palisade map example.test:192.0.2.0/24
    ///   palisade map --format xml none:10.0.0.0/24 > map.xml
    #[command(verbatim_doc_comment)]
    Map(map::MapArguments),
    /// Tell what is missing on this machine, and how to mend it
    Doctor(Box<Settings>),
    /// Make, list, change and delete business units
    #[command(subcommand)]
    Unit(Box<unit::UnitCommand>),
    /// Make, list and change accounts
    #[command(subcommand)]
    User(Box<user::UserCommand>),
    /// List, make and change remediation policies: who gets tickets for what scans find
    #[command(subcommand)]
    Policy(Box<policy::PolicyCommand>),
    /// Make, list and change option profiles, which say how scans are done
    #[command(subcommand)]
    Profile(Box<profile::ProfileCommand>),
    /// Make, list and change distribution groups: people who are told of scheduled scans by mail
    #[command(subcommand)]
    Distribution(Box<distribution::DistributionCommand>),
    /// Look into the KnowledgeBase
    #[command(subcommand)]
    Kb(kb::KbCommand),
    /// Make, list and switch scheduled reports
    #[command(subcommand)]
    Schedule(Box<schedule::ScheduleCommand>),
    /// Make, list and change report templates
    #[command(subcommand)]
    Template(Box<template::TemplateCommand>),
    /// List every setting: flag, environment variable, file key, default, meaning
    Settings,
    /// Print a completion script for a shell
    ///
    /// For example: palisade completions bash > /etc/bash_completion.d/palisade
    #[command(verbatim_doc_comment)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = match arguments(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(Refusal::Usage(error)) => error.exit(),
        Err(Refusal::File(error)) => return report_failure(&error),
    };
    // Whatever is written, the database's own files included, is the owner's alone.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    start_log(&cli.command);
    // A provider is installed once a process; a second installation would change nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report_failure(&error),
    };
    let outcome = runtime.block_on(run(cli.command));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        // Whoever reads the status must not take half a report for a whole one.
        Ok(_) if terminal::output_was_lost() => ExitCode::FAILURE,
        Ok(code) => code,
        Err(error) => report_failure(&*error),
    }
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match command {
        Command::Quickstart(arguments) => quickstart::run(*arguments).await?,
        Command::Serve(settings) => serve(&settings).await?,
        Command::Scan(arguments) => scan::run(*arguments).await?,
        Command::Map(arguments) => map::run(arguments).await?,
        Command::Doctor(settings) => {
            return Ok(if doctor::run(&settings).await { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Unit(command) => unit::run(*command).await?,
        Command::User(command) => user::run(*command).await?,
        Command::Policy(command) => policy::run(*command).await?,
        Command::Profile(command) => profile::run(*command).await?,
        Command::Distribution(command) => distribution::run(*command).await?,
        Command::Kb(command) => kb::run(command).await?,
        Command::Schedule(command) => schedule::run(*command).await?,
        Command::Template(command) => template::run(*command).await?,
        Command::Settings => raw(&settings::page()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "palisade", &mut script);
            raw(&String::from_utf8_lossy(&script));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(settings: &Settings) -> Result<(), server::ServerError> {
    let data = data_directory::DataDirectory::open(&settings.data)?;
    let templates = kb_template::imported(&data)?;
    let app = server::open_app_with(settings, &data, templates.as_deref()).await?;
    let server = server::Server::start(&app, settings, &data, templates, false).await?;
    note(format!("Palisade listens on {}", server.base_url()));
    server.run().await
}

enum Refusal {
    Usage(clap::Error),
    File(settings::FileError),
}

/// Reads the arguments, with the configuration file's values as defaults.
fn arguments(arguments: Vec<OsString>) -> Result<Cli, Refusal> {
    let mut command = Cli::command();
    if let Some(path) = config_path(&arguments) {
        command = settings::with_file(command, &path).map_err(Refusal::File)?;
    }
    let matches = command.try_get_matches_from(arguments).map_err(Refusal::Usage)?;
    Cli::from_arg_matches(&matches).map_err(Refusal::Usage)
}

/// The configuration file, looked for before the arguments are read because it gives their
/// defaults.
fn config_path(arguments: &[OsString]) -> Option<PathBuf> {
    let mut following = arguments.iter();
    while let Some(argument) = following.next() {
        let text = argument.to_string_lossy();
        if text == "--config" {
            return following.next().map(PathBuf::from);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("PALISADE_CONFIG").map(PathBuf::from)
}

fn start_log(command: &Command) {
    let (filter, format) = match command {
        Command::Serve(settings) => (settings.log.as_str(), settings.log_format.as_str()),
        // The tour talks to a person; of the log only what needs them is shown.
        Command::Quickstart(arguments) if arguments.settings().log == "info" => ("warn", "text"),
        Command::Quickstart(arguments) => {
            (arguments.settings().log.as_str(), arguments.settings().log_format.as_str())
        }
        _ => ("warn", "text"),
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Colours are for people; a file or a log collector gets plain text.
        .with_ansi(std::io::stderr().is_terminal());
    // A log can be started once; main is the only place that does.
    let _ = if format == "json" { builder.json().try_init() } else { builder.try_init() };
}

/// An error and what it comes from, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn report_failure(error: &dyn std::error::Error) -> ExitCode {
    note(format!("palisade: {}", chain(error)));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_help() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
