//! The server's settings, declared once: flag, environment variable, file key, default and the
//! sentence that documents them all come from [`Settings`]. A flag beats the environment, the
//! environment beats the file, the file beats the default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};

use clap::{Arg, Args, Command, FromArgMatches};

/// Largest configuration file read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where name servers are asked.
const DNS_PORT: u16 = 53;

/// How the server runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Folder for everything Palisade keeps: database, documents, master key, certificate
    #[arg(long, env = "PALISADE_DATA", value_name = "DIR", default_value = "./palisade-data")]
    pub(crate) data: PathBuf,

    /// Database URL; without it a SQLite file in the data folder
    ///
    /// `postgres://user:password@host/name` for PostgreSQL, `sqlite:///path/to/file` for another
    /// SQLite file.
    #[arg(long, env = "PALISADE_DATABASE", value_name = "URL", hide_env_values = true)]
    pub(crate) database: Option<String>,

    /// Address and port to listen on
    #[arg(long, env = "PALISADE_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,

    /// Plain HTTP instead of TLS; loopback addresses only, for development
    #[arg(
        long, env = "PALISADE_HTTP", value_name = "BOOL", default_value = "false",
        num_args = 0..=1, default_missing_value = "true", require_equals = true, action = clap::ArgAction::Set
    )]
    pub(crate) http: bool,

    /// Certificate chain in PEM; without it a self-signed certificate in the data folder
    #[arg(long, env = "PALISADE_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(long, env = "PALISADE_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,

    /// The domain of a private platform: documents then name `https://qualysapi.DOMAIN`
    ///
    /// Without it, documents name the scheme, host and port of each request.
    #[arg(long, env = "PALISADE_BASE_URL", value_name = "DOMAIN", value_parser = domain)]
    pub(crate) base_url: Option<String>,

    /// Believe `X-Forwarded-Proto` and `X-Forwarded-For`; only behind a proxy that sets them
    #[arg(
        long, env = "PALISADE_BEHIND_PROXY", value_name = "BOOL", default_value = "false",
        num_args = 0..=1, default_missing_value = "true", require_equals = true, action = clap::ArgAction::Set
    )]
    pub(crate) behind_proxy: bool,

    /// Name of the company, shown in reports and used in new login names
    #[arg(long, env = "PALISADE_COMPANY", value_name = "NAME", default_value = "Palisade",
          value_parser = company)]
    pub(crate) company: String,

    /// Mail server for logins and passwords; without it mails are files in `outbox` of the data folder
    ///
    /// The port is 587 for starttls, 465 for tls and 25 for none, unless it is given.
    #[arg(long, env = "PALISADE_MAIL_SERVER", value_name = "HOST[:PORT]", value_parser = domain)]
    pub(crate) mail_server: Option<String>,

    /// How the connection to the mail server is kept from others: starttls, tls, or none on loopback
    #[arg(long, env = "PALISADE_MAIL_SECURITY", value_name = "HOW", default_value = "starttls",
          value_parser = ["starttls", "tls", "none"])]
    pub(crate) mail_security: String,

    /// Certificates in PEM that the mail server may have beside those the machine trusts
    #[arg(long, env = "PALISADE_MAIL_CERTIFICATE", value_name = "FILE")]
    pub(crate) mail_certificate: Option<PathBuf>,

    /// Login at the mail server
    #[arg(long, env = "PALISADE_MAIL_LOGIN", value_name = "LOGIN")]
    pub(crate) mail_login: Option<String>,

    /// File with the password of that login, on its first line
    #[arg(long, env = "PALISADE_MAIL_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) mail_password_file: Option<PathBuf>,

    /// Sender of mails
    #[arg(long, env = "PALISADE_MAIL_FROM", value_name = "ADDRESS", default_value = "palisade@localhost",
          value_parser = mail_address)]
    pub(crate) mail_from: String,

    /// Name of this server and its built-in scanner; must differ between servers on one database
    #[arg(long, env = "PALISADE_SCANNER_NAME", value_name = "NAME", default_value = "built-in")]
    pub(crate) scanner_name: String,

    /// Seconds between keep-alive comments while a scan runs (1 to 300)
    #[arg(long, env = "PALISADE_KEEP_ALIVE_S", value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=300))]
    pub(crate) keep_alive_s: u32,

    /// Largest request body accepted, in bytes (1024 to 67108864)
    #[arg(long, env = "PALISADE_BODY_MAX_BYTES", value_name = "BYTES", default_value_t = 2_097_152,
          value_parser = clap::value_parser!(u64).range(1024..=67_108_864))]
    pub(crate) body_max_bytes: u64,

    /// Seconds that an answer may wait for a client that does not read; then its connection ends (1 to 3600)
    #[arg(long, env = "PALISADE_STALL_LIMIT_S", value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) stall_limit_s: u32,

    /// Seconds after which a silent scanner loses its slice (10 to 3600)
    #[arg(long, env = "PALISADE_LEASE_S", value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(10..=3600))]
    pub(crate) lease_s: u32,

    /// Calls of each API function that are let in within the window; 0 for any number (0 to 100000)
    ///
    /// The three limits are those of the subscription: servers on one database must agree on them.
    #[arg(long, env = "PALISADE_RATE_LIMIT_CALLS", value_name = "CALLS", default_value_t = 300,
          value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) rate_limit_calls: u32,

    /// Length of the sliding window in which calls are counted, in seconds (1 to 2678400)
    #[arg(long, env = "PALISADE_RATE_LIMIT_WINDOW_S", value_name = "SECONDS", default_value_t = 3600,
          value_parser = clap::value_parser!(u32).range(1..=2_678_400))]
    pub(crate) rate_limit_window_s: u32,

    /// Calls of each API function that may run at the same time; 0 for any number (0 to 1000)
    #[arg(long, env = "PALISADE_CONCURRENCY_LIMIT", value_name = "CALLS", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) concurrency_limit: u32,

    /// Minutes after which an API session that nobody uses is over (1 to 1440)
    #[arg(long, env = "PALISADE_SESSION_IDLE_MINUTES", value_name = "MINUTES", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub(crate) session_idle_minutes: u32,

    /// Give the subscription networks: numbers that equal addresses of different places are told apart by
    ///
    /// Servers on one database must agree on it.
    #[arg(
        long, env = "PALISADE_NETWORKS", value_name = "BOOL", default_value = "false",
        num_args = 0..=1, default_missing_value = "true", require_equals = true, action = clap::ArgAction::Set
    )]
    pub(crate) networks: bool,

    /// Days that a saved report is kept after it was asked for (1 to 3650)
    #[arg(long, env = "PALISADE_REPORT_DAYS", value_name = "DAYS", default_value_t = 7,
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) report_days: u32,

    /// Largest space that all saved reports take together, in MiB; then no further ones are made (1 to 1048576)
    #[arg(long, env = "PALISADE_REPORT_SPACE_MIB", value_name = "MIB", default_value_t = 32768,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) report_space_mib: u32,

    /// Name servers that maps ask, separated by commas, each an address or address:port; the system's without it
    #[arg(long, env = "PALISADE_DNS_RESOLVERS", value_name = "SERVERS", value_delimiter = ',',
          value_parser = resolver)]
    pub(crate) dns_resolvers: Vec<SocketAddrV4>,

    /// Directory of fingerprint databases in the recog format; they name what our own rules do not
    #[arg(long, env = "PALISADE_FINGERPRINTS", value_name = "DIR")]
    pub(crate) fingerprints: Option<PathBuf>,

    /// What to log: a level (error, warn, info, debug, trace) or filters such as palisade_engine=debug
    #[arg(long, env = "PALISADE_LOG", value_name = "FILTER", default_value = "info",
          value_parser = log_filter)]
    pub(crate) log: String,

    /// How to write the log, to standard error
    #[arg(long, env = "PALISADE_LOG_FORMAT", value_name = "FORMAT", default_value = "text",
          value_parser = ["text", "json"])]
    pub(crate) log_format: String,
}

impl Settings {
    /// The settings of a command that needs nothing but the data: a folder, and a database if it is
    /// not in it; the others as the environment has them, or their defaults.
    pub(crate) fn of_data(data: &Path, database: Option<&str>) -> Self {
        let mut words = vec![OsString::from("data"), "--data".into(), data.into()];
        if let Some(database) = database {
            words.extend(["--database".into(), database.into()]);
        }
        let command = Self::augment_args(Command::new("data"));
        match command.try_get_matches_from(words).and_then(|matches| Self::from_arg_matches(&matches)) {
            Ok(settings) => settings,
            // A wrong value in the environment; said as it is for every other command.
            Err(error) => error.exit(),
        }
    }
}

/// A name server: an IPv4 address, with a port if it is not the usual one.
pub(crate) fn resolver(text: &str) -> Result<SocketAddrV4, std::net::AddrParseError> {
    let text = text.trim();
    if text.contains(':') { text.parse() } else { Ok(SocketAddrV4::new(text.parse()?, DNS_PORT)) }
}

/// A filter that would be ignored is refused: whoever wrote it waits for lines that never come.
fn log_filter(text: &str) -> Result<String, tracing_subscriber::filter::ParseError> {
    tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned())
}

/// A host with or without a port; the scheme and the slash at the end that people copy along are let
/// through.
fn domain(text: &str) -> Result<String, &'static str> {
    const REFUSAL: &str = "expecting a host name or address, with or without a port";
    let bare = text.trim().trim_end_matches('/');
    let bare = bare.strip_prefix("https://").unwrap_or(bare);
    let (host, port) = bare.rsplit_once(':').map_or((bare, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_host = host.len() <= 253 && host.split('.').all(label);
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if is_host && is_port { Ok(bare.to_owned()) } else { Err(REFUSAL) }
}

/// A name that goes into reports, mails and logins.
fn company(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("expecting 1 to 100 characters on one line")
    }
}

fn mail_address(text: &str) -> Result<String, &'static str> {
    palisade_app::check_address(text).map_err(|_| "expecting a mail address").map(|()| text.to_owned())
}

/// Why the configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the configuration file {} is larger than {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge { path: PathBuf },
    #[error("the configuration file {} is not TOML", path.display())]
    NotToml {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error(
        "the configuration file {} has the unknown setting '{key}'; `palisade settings` lists all",
        path.display()
    )]
    UnknownKey { path: PathBuf, key: String },
    #[error("the configuration file {} gives '{key}' a value that is not a text, number or boolean", path.display())]
    NotAScalar { path: PathBuf, key: String },
}

/// One row of the list of settings, for documents.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) key: String,
    pub(crate) environment: String,
    pub(crate) value_name: String,
    pub(crate) default: Option<String>,
    pub(crate) help: String,
}

/// All settings, in the order they are declared.
pub(crate) fn describe() -> Vec<Described> {
    Settings::augment_args(Command::new("settings"))
        .get_arguments()
        .filter(|argument| argument.get_long().is_some() && argument.get_env().is_some())
        .map(|argument| Described {
            key: argument.get_id().to_string(),
            environment: argument.get_env().unwrap_or_default().to_string_lossy().into_owned(),
            value_name: argument
                .get_value_names()
                .and_then(|names| names.first())
                .map(ToString::to_string)
                .unwrap_or_default(),
            default: argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned()),
            help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
        })
        .collect()
}

/// The page `docs/settings.md`.
pub(crate) fn page() -> String {
    let rows: String = describe().iter().map(row).collect();
    PAGE_HEAD.to_owned() + &rows
}

const PAGE_HEAD: &str = "\
# Settings

Every setting can be given as a flag, as an environment variable or in the TOML file that
`--config FILE` names. A flag beats the environment, the environment beats the file, the
file beats the default. This page is printed by `palisade settings`.

| flag | environment | file | default | meaning |
| --- | --- | --- | --- | --- |
";

fn row(setting: &Described) -> String {
    let Described { key, environment, value_name, default, help } = setting;
    let flag = key.replace('_', "-");
    let default = default.as_ref().map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
    format!("| `--{flag} {value_name}` | `{environment}` | `{key}` | {default} | {help} |\n")
}

/// `command` with the values of the configuration file as defaults of its arguments.
///
/// # Errors
/// When the file cannot be read, is not TOML, or has a key that is no setting.
pub(crate) fn with_file(command: Command, path: &Path) -> Result<Command, FileError> {
    let values = read(path)?;
    let apply = |argument: Arg| match values.get(argument.get_id().as_str()) {
        Some(value) => argument.default_value(value.clone()),
        None => argument,
    };
    Ok(command.mut_subcommands(|subcommand| {
        let nested = subcommand.mut_args(apply);
        nested.mut_subcommands(|inner| inner.mut_args(apply))
    }))
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let table: toml::Table = text
        .parse()
        .map_err(|source| FileError::NotToml { path: path.to_owned(), source: Box::new(source) })?;
    let known: Vec<String> = describe().into_iter().map(|setting| setting.key).collect();
    table
        .into_iter()
        .map(|(key, value)| {
            if !known.contains(&key) {
                return Err(FileError::UnknownKey { path: path.to_owned(), key });
            }
            match value {
                toml::Value::String(text) => Ok((key, text)),
                toml::Value::Integer(number) => Ok((key, number.to_string())),
                toml::Value::Boolean(yes) => Ok((key, yes.to_string())),
                _ => Err(FileError::NotAScalar { path: path.to_owned(), key }),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(file: &str, arguments: &[&str]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("palisade.toml");
        std::fs::write(&path, file).unwrap();
        let serve = Settings::augment_args(Command::new("serve"));
        let command = with_file(Command::new("palisade").subcommand(serve), &path)
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))?;
        let arguments = ["palisade", "serve"].iter().chain(arguments);
        let matches = command.try_get_matches_from(arguments).map_err(|error| error.kind().to_string())?;
        let (_, matches) = matches.subcommand().unwrap();
        Settings::from_arg_matches(matches).map_err(|error| error.to_string())
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let found =
            settings("company = \"File\"\nkeep_alive_s = 5\nhttp = true", &["--company", "Flag"]).unwrap();
        assert_eq!(found.company, "Flag");
        assert_eq!(found.keep_alive_s, 5);
        assert!(found.http);
        assert_eq!(found.lease_s, 60);
        assert!(!settings("http = true", &["--http=false"]).unwrap().http);
        assert!(settings("", &["--http"]).unwrap().http);
    }

    #[test]
    fn name_servers_are_given_with_or_without_a_port() {
        let found = settings("dns_resolvers = \"10.0.0.1, 10.0.0.2:5353\"", &[]).unwrap();
        let shown: Vec<String> = found.dns_resolvers.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.1:53", "10.0.0.2:5353"]);
        assert!(settings("", &[]).unwrap().dns_resolvers.is_empty());
        assert!(settings("", &["--dns-resolvers", "ns.example.test"]).is_err());
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_key() {
        assert_eq!(
            settings("colour = 1", &[]).unwrap_err(),
            "the configuration file FILE has the unknown setting 'colour'; `palisade settings` lists all"
        );
        assert!(settings("company = [1]", &[]).unwrap_err().contains("'company'"));
        assert!(settings("company = ", &[]).unwrap_err().ends_with("is not TOML"));
        assert!(settings("keep_alive_s = 0", &[]).is_err());
    }

    #[test]
    fn what_goes_into_documents_is_checked() {
        for text in ["scans.example", "https://scans.example:8443/", "10.0.0.1", "x"] {
            assert!(domain(text).is_ok_and(|read| !read.contains('/')), "{text}");
        }
        let long = "x".repeat(64);
        for text in ["", "a b", "a/b", "-a.example", "a..b", "a:0", "a:x", "a:70000", "<a>", "ä", &long] {
            assert!(domain(text).is_err(), "{text}");
        }
        assert_eq!(company(" Quays & Sons "), Ok("Quays & Sons".to_owned()));
        for text in ["", " ", "a\nb", &"x".repeat(101)] {
            assert!(company(text).is_err(), "{text:?}");
        }
        assert!(settings("base_url = \"http://a b\"", &[]).is_err());
        assert!(settings("", &["--company", " "]).is_err());
        assert!(settings("", &["--mail-from", "nobody"]).is_err());
    }

    #[test]
    fn every_setting_is_documented_and_the_page_is_current() {
        for setting in describe() {
            assert!(!setting.help.is_empty(), "{} has no help", setting.key);
            assert_eq!(setting.environment, format!("PALISADE_{}", setting.key.to_uppercase()));
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            page(),
            "docs/settings.md is stale: run `palisade settings > docs/settings.md`"
        );
    }
}
